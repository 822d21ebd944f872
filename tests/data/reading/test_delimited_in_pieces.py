"""A file read in pieces is the file read at once, wherever the pieces are cut."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sturgeon.data.reading.delimited import read_delimited
from sturgeon.data.reading.row_shape import check_shape
from sturgeon.data.reading.rules import MISSING_WORDS, CellRules, is_padded
from sturgeon.data.reading.text_file import TextFile, read_lines
from sturgeon.errors import DataError

ORDINARY = ["", "1", "-2", "1.5", "True", "False", "a", "b c", "?", "NA"]
# Not 2**64 - 1: a column of it and of missing cells makes pandas forget that those are missing.
AWKWARD = ["007", "9007199254740993", "-1e300", "1e999", "0x10", "true", "Infinity", "é"]


def write(path: Path, columns: list[list[str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([f"c{number}" for number in range(len(columns))])
        writer.writerows(zip(*columns, strict=True))
    return path


@st.composite
def tables(draw):
    """Columns whose beginning may look unlike the rest."""
    rows = draw(st.integers(1, 9))
    columns = []
    for _ in range(draw(st.integers(2, 3))):
        few = draw(st.lists(st.sampled_from(ORDINARY + AWKWARD), min_size=1, max_size=3))
        columns.append(draw(st.lists(st.sampled_from(few), min_size=rows, max_size=rows)))
    return columns


@settings(max_examples=60, deadline=None, derandomize=True)
@given(tables(), st.integers(1, 4))
def test_types_are_those_of_whole_columns_wherever_chunks_end(tmp_path_factory, columns, chunk_rows):
    path = write(tmp_path_factory.mktemp("pieces") / "t.csv", columns)
    at_once = pd.read_csv(path, na_values=["?"], skipinitialspace=True, low_memory=False)
    old = CellRules(as_spelled=False)
    pd.testing.assert_frame_equal(read_delimited(path, rules=old, chunk_rows=chunk_rows), at_once)
    as_text = [name for name, cells in zip(at_once, columns, strict=True) if loses_spelling(cells)]
    frame = read_delimited(path, chunk_rows=chunk_rows)
    pd.testing.assert_frame_equal(frame.drop(columns=as_text), at_once.drop(columns=as_text))
    for name in as_text:
        cells = columns[int(name[1:])]
        expected = [None if cell in ("", *MISSING_WORDS) else cell for cell in cells]
        assert [None if pd.isna(cell) else cell for cell in frame[name]] == expected


def loses_spelling(cells):
    """Whether pandas would make numbers of leading zeros, or Booleans of more than True and False."""
    present = {cell for cell in cells if cell not in ("", *MISSING_WORDS)}
    booleans = present <= {"True", "False", "true"} and present and set(cells) != {"True", "False"}
    return any(map(is_padded, cells)) or booleans


@pytest.mark.parametrize("chunk_rows", [1, 2, 100])
def test_words_are_stripped_whichever_chunk_they_are_in(tmp_path, chunk_rows):
    path = tmp_path / "t.csv"
    path.write_text("n,w\n1, a\n2,b \n?,  \n4,a\n5,7 \n")
    frame = read_delimited(path, chunk_rows=chunk_rows)
    assert frame["w"].isna().tolist() == [False, False, True, False, False]
    assert frame["w"].dropna().tolist() == ["a", "b", "a", "7"]
    assert frame["n"].isna().tolist() == [False, False, True, False, False]


lines = st.lists(st.sampled_from(["1,2", '"a",b', '"x,\ny",2', "", "é,?", "3,4\r"]), min_size=1, max_size=8)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(lines, st.integers(1, 30), st.booleans())
def test_blocks_are_the_file_and_end_with_lines(tmp_path_factory, rows, block_bytes, ends):
    path = tmp_path_factory.mktemp("blocks") / "t.csv"
    content = ("a,b\n" + "\n".join(rows) + "\n" * ends).encode()
    path.write_bytes(content)
    blocks = list(read_lines(TextFile(path), block_bytes=block_bytes))
    assert b"".join(blocks) == content
    assert all(block.endswith(b"\n") for block in blocks[:-1])


@settings(max_examples=100, deadline=None, derandomize=True)
@given(lines, st.integers(1, 30))
def test_a_ragged_line_is_named_alike_wherever_blocks_end(tmp_path_factory, rows, block_bytes):
    path = tmp_path_factory.mktemp("ragged") / "t.csv"
    head = "\na,b\n" + "\n".join(rows)
    path.write_bytes(f"{head}\n1,2,3\n4,5\n".encode())
    line = head.replace("\r\n", "\n").count("\n") + 2
    with pytest.raises(DataError, match=rf"line {line} of .* has 3, expected 2"):
        check_shape(TextFile(path), block_bytes=block_bytes)
