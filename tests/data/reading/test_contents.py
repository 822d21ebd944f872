"""A file that is no table, or one under another's name: one line says what it is and what to do."""

from __future__ import annotations

import gzip
import io
import pickle
import sqlite3
import tarfile
import zipfile

import numpy as np
import pandas as pd
import pytest

from sturgeon.data import read_table
from sturgeon.errors import DataError

NOISE = np.random.default_rng(0).bytes(2000)


def _zip(member: str, contents: bytes = b"x,y\n1,a\n") -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        archive.writestr(member, contents)
    return kept.getvalue()


def _tar() -> bytes:
    kept = io.BytesIO()
    with tarfile.open(fileobj=kept, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("fish.csv"), io.BytesIO())
    return kept.getvalue()


def _saved(save) -> bytes:
    kept = io.BytesIO()
    save(kept)
    return kept.getvalue()


TABLE = pd.DataFrame({"x": [1, 2], "y": ["a", "b"]})
WHAT = {
    "PNG": (b"\x89PNG\r\n\x1a\n" + NOISE, "a PNG image"),
    "JPEG": (b"\xff\xd8\xff\xe0\0\x10JFIF" + NOISE, "a JPEG image"),
    "GIF": (b"GIF89a" + NOISE, "a GIF image"),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n" + NOISE, "a PDF document; export it"),
    "film": (b"\0\0\0\x18ftypmp42" + NOISE, "a film or a picture"),
    "ZIP": (_zip("fish.csv"), "a ZIP archive; unpack it and give the table inside, 'fish.csv'"),
    "workbook": (_zip("[Content_Types].xml"), "a workbook"),
    "TAR": (_tar(), "a TAR archive; unpack it"),
    "pickle": (pickle.dumps({"x": [1]}), "a pickle, which can run code"),
    "NumPy": (_saved(lambda kept: np.save(kept, np.ones(9))), "an array of NumPy"),
    "NumPy archive": (_saved(lambda kept: np.savez(kept, a=np.ones(9))), "an archive of NumPy"),
    "Parquet": (_saved(TABLE.to_parquet), "a Parquet file; rename it to .parquet"),
    "Feather": (_saved(TABLE.to_feather), "a Feather file; rename it to .feather"),
    "web page": (b"\n<!DOCTYPE html><html><table>", "a web page; download the file itself"),
    "XML": (b"<?xml version='1.0'?><rows/>", "an XML document"),
    "ARFF": (b"% fish\n@RELATION fish\n@attribute x numeric\n", "an ARFF file"),
    "JSON": (b'[{"x": 1, "y": "a"}]', "JSON; rename it to .json"),
    "Git LFS": (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "git lfs pull"),
    "noise": (NOISE.replace(b"\0", b"\1"), "binary"),
}


OWN = {"Parquet": ".parquet", "Feather": ".feather", "JSON": ".jsonl", "workbook": ".xlsx", "noise": ".bin"}
CASES = [
    (kind, ending) for ending in (".csv", ".parquet", ".bin") for kind in WHAT if OWN.get(kind) != ending
]
CASES = [case for case in CASES if case != ("noise", ".parquet")]
CASES += [
    ("PNG", ".csv.gz"),
    ("web page", ".csv.gz"),
    ("PDF", ".jsonl"),
    ("ZIP", ".xlsx"),
    ("XML", ".feather"),
]


@pytest.mark.parametrize(("kind", "ending"), CASES)
def test_what_is_no_such_table_is_named(kind, ending, tmp_path):
    contents, what = WHAT[kind]
    path = tmp_path / f"fish{ending}"
    path.write_bytes(gzip.compress(contents) if ending.endswith(".gz") else contents)
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert what in str(caught.value)
    assert "encoding" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_database_is_to_be_given_by_its_url(tmp_path):
    with sqlite3.connect(tmp_path / "fish.db") as database:
        database.execute("create table fish (x)")
    with pytest.raises(DataError, match="a SQLite database; give its URL"):
        read_table(tmp_path / "fish.db")


def test_a_line_of_another_encoding_in_a_file_of_utf_8_is_named(tmp_path):
    lines = ["city,y", *["Zürich,1", "Łódź,0"] * 9]
    text = "\n".join(lines).encode().replace("Zürich".encode(), "Zürich".encode("latin-1"), 1)
    (tmp_path / "t.csv").write_bytes(text)
    with pytest.raises(DataError, match=r"of one encoding; line 2 of .* is not UTF-8 \(byte 0xfc\)"):
        read_table(tmp_path / "t.csv")
