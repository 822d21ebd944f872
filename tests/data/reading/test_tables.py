"""Reading a table: what is accepted, and the one line that each bad file gets."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sturgeon.data import read_table
from sturgeon.errors import DataError

WINE = Path(__file__).parents[3] / "examples" / "data" / "wine_quality_white.csv"
EXPECTED = pd.DataFrame({"length": [1.5, 2.0], "river": ["Volga", "Elbe"]})


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    raw = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    return path


def message_of(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_table(path)
    message = str(caught.value)
    assert "\n" not in message
    assert "; " in message  # rule; what was received; remedy
    return message


def test_reads_the_wine_table():
    frame = read_table(WINE)
    assert frame.shape == (4898, 12)
    assert frame["quality"].tolist()[:3] == [6, 6, 6]
    assert all(kind in "if" for kind in (dtype.kind for dtype in frame.dtypes))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", "length,river\n1.5,Volga\n2,Elbe\n"),
        ("t.csv", "length;river\n1.5;Volga\n2;Elbe\n"),
        ("t.csv", "length\triver\n1.5\tVolga\n2\tElbe\n"),
        ("t.csv.gz", "length,river\n1.5,Volga\n2,Elbe\n"),
        ("t.tsv", "length\triver\n1.5\tVolga\n2\tElbe\n"),
        ("T.TSV.gz", "length\triver\n1.5\tVolga\n2\tElbe\n"),
        ("t.csv", "length, river\n1.5, Volga\n2 , Elbe \n"),
        ("t.csv", "\ufefflength,river\n1.5,Volga\n2,Elbe"),
        ("t.csv", "length,river\r\n1.5,Volga\r\n\r\n   \r\n2,Elbe\r\n"),
        ("t.csv", '"length","river"\n"1.5","Volga"\n2,"Elbe"\n'),
    ],
)
def test_reads_every_accepted_spelling_of_one_table(tmp_path, name, content):
    frame = read_table(write(tmp_path, name, content))
    pd.testing.assert_frame_equal(frame, EXPECTED, check_dtype=False)


@pytest.mark.parametrize("blank", ["", "?", " ?", "? ", "NA", "NaN", "nan", "null"])
def test_missing_cells_are_missing(tmp_path, blank):
    frame = read_table(write(tmp_path, "t.csv", f"a,b\n1,x\n{blank},{blank}\n"))
    assert frame["b"].isna().tolist() == [False, True]
    assert frame["a"].isna().tolist() == [False, True]


def test_quoted_newlines_and_separators_belong_to_the_cell(tmp_path):
    frame = read_table(write(tmp_path, "t.csv", 'a,b\n1,"x,\ny"\n2,z\n'))
    assert frame["b"].tolist() == ["x,\ny", "z"]


def test_a_ragged_row_after_a_quoted_newline_is_named_by_its_line_in_the_file(tmp_path):
    message = message_of(write(tmp_path, "t.csv", 'a,b\n1,"x\ny"\n\n2,z,3\n'))
    assert "line 5 of" in message
    assert "has 3, expected 2" in message


def test_floats_have_the_bits_that_were_written(tmp_path):
    numbers = np.random.default_rng(0).normal(size=1000) * 10.0 ** np.arange(-500, 500).clip(-200, 200)
    frame = read_table(write(tmp_path, "t.csv", "a\n" + "\n".join(map(repr, numbers.tolist()))))
    np.testing.assert_array_equal(frame["a"], numbers)


def test_parquet_is_read_like_csv(tmp_path):
    path = tmp_path / "t.parquet"
    EXPECTED.to_parquet(path, index=False)
    pd.testing.assert_frame_equal(read_table(path), EXPECTED, check_dtype=False)


def test_a_folder_named_like_a_partition_adds_no_column(tmp_path):
    folder = tmp_path / "year=1"
    folder.mkdir()
    EXPECTED.to_parquet(folder / "t.parquet", index=False)
    assert list(read_table(folder / "t.parquet").columns) == ["length", "river"]


@pytest.mark.parametrize(
    ("name", "content", "parts"),
    [
        ("t.csv", "", ["is empty"]),
        ("t.csv", " \n\n", ["is empty"]),
        ("t.csv", "a,b\n", ["header only", "at least one row"]),
        ("t.csv", "a,b\n1,2\n3\n", ["line 3 of", "has 1, expected 2"]),
        ("t.csv", "a,b\n1,2,\n3,4,5\n", ["line 3 of", "has 3, expected 2"]),
        ("t.csv", "a,b, a\n1,2,3\n", ["columns 1 and 3", "'a'", "rename"]),
        ("t.csv", ",a,b\n7,1,2\n", ["column 1", "has none", "index=False"]),
        ("t.csv", "a,b\n1,\0\n", ["binary", "line 2"]),
        ("t.csv", b"a,b\n1,caf\xe9\n", ["UTF-8", "0xe9", "line 2"]),
        ("t.csv", gzip.compress(b"a\n1\n", mtime=0), ["gzipped", "rename it to", ".csv.gz"]),
        ("t.csv", 'a,b\n1,"x\n2,y\n', ["quotes", "line 2"]),
        ("t.csv", "0.5,1.5\n0.6,1.6\n", ["name the columns", "0.5", "header"]),
        ("t.xlsx", "a,b\n", ["workbook", "is not"]),
        ("t.pkl", "a,b\n", [".csv", ".tsv", ".gz", ".parquet"]),
        ("t.parquet", "a,b\n1,2\n", ["Parquet", "does not"]),
    ],
)
def test_a_bad_file_gets_one_line_that_says_what_and_where(tmp_path, name, content, parts):
    path = write(tmp_path, name, content)
    message = message_of(path)
    for part in [*parts, str(path)]:
        assert part in message


def test_a_cut_off_gzip_is_refused(tmp_path):
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * 1000)[:-12])
    assert "whole and gzipped" in message_of(path)
    path.write_bytes(b"a,b\n1,2\n")
    assert "whole and gzipped" in message_of(path)


def test_a_missing_file_and_a_directory_are_refused(tmp_path):
    assert "there is no" in message_of(tmp_path / "nowhere.csv")
    (tmp_path / "folder.csv").mkdir()
    assert "is a directory" in message_of(tmp_path / "folder.csv")


def test_a_parquet_of_no_rows_or_of_equal_names_is_refused(tmp_path):
    path = tmp_path / "t.parquet"
    EXPECTED.iloc[:0].to_parquet(path)
    assert "at least one row" in message_of(path)
    pq.write_table(pa.table([pa.array([1]), pa.array([2])], names=["a", "a"]), path)
    assert "columns 1 and 2" in message_of(path)
