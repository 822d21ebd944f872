"""What a file holds, told by its first bytes: a picture under a table's name, or a table under another's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from sturgeon.errors import DataError, option

START_BYTES = 512

_EXPORT = "export it as CSV or Parquet"
_TABLE = "give the file of the table"
_UNPACK = "unpack it and give the table inside"


@dataclass(frozen=True, slots=True)
class Contents:
    """What the first bytes of a file prove.

    Attributes:
        what: What it is, with its article.
        remedy: What to do, where a table is wanted.
        form: The form of table that it is, as :class:`sturgeon.data.reading.place.Place` names it; ``""`` for
            none that is read.
    """

    what: str
    remedy: str = _TABLE
    form: str = ""


_WORKBOOK = Contents("a workbook, or another document of an office program", "rename it to .xlsx", "workbook")
_BYTES: tuple[tuple[bytes, Contents], ...] = (
    (b"\x89PNG\r\n\x1a\n", Contents("a PNG image")),
    (b"\xff\xd8\xff", Contents("a JPEG image")),
    (b"GIF8", Contents("a GIF image")),
    (b"II*\0", Contents("a TIFF image")),
    (b"MM\0*", Contents("a TIFF image")),
    (b"%PDF-", Contents("a PDF document", _EXPORT)),
    (b"%!PS", Contents("a PostScript document", _EXPORT)),
    (b"{\\rtf", Contents("a document in RTF", _EXPORT)),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Contents(_WORKBOOK.what, "rename it to .xls", "workbook")),
    (b"7z\xbc\xaf\x27\x1c", Contents("a 7z archive", _UNPACK)),
    (b"Rar!\x1a\x07", Contents("a RAR archive", _UNPACK)),
    (b"PAR1", Contents("a Parquet file", "rename it to .parquet", "parquet")),
    (b"ARROW1", Contents("a Feather file", "rename it to .feather", "feather")),
    (b"FEA1", Contents("a Feather file", "rename it to .feather", "feather")),
    (b"SQLite format 3\0", Contents("a SQLite database", "give its URL and a query")),
    (b"\x89HDF\r\n\x1a\n", Contents("an HDF5 file", _EXPORT)),
    (b"\x93NUMPY", Contents("an array of NumPy", _EXPORT)),
    (b"Obj\x01", Contents("an Avro file", _EXPORT)),
    (b"ORC", Contents("an ORC file", _EXPORT)),
    (b"$FL2", Contents("a file of SPSS", _EXPORT)),
    (b"$FL3", Contents("a file of SPSS", _EXPORT)),
    (b"<stata_dta>", Contents("a file of Stata", _EXPORT)),
    (bytes(12) + b"\xc2\xea\x81\x60", Contents("a file of SAS", _EXPORT)),
    (b"RDX", Contents("a file of R", _EXPORT)),
    (b"X\n\0\0\0", Contents("a file of R", _EXPORT)),
    (b"ID3", Contents("a sound")),
    (b"OggS", Contents("a sound or a film")),
    (b"fLaC", Contents("a sound")),
    (b"\x7fELF", Contents("a program")),
    (b"version https://git-lfs", Contents("a pointer of Git LFS", "fetch what it points to: git lfs pull")),
)
_PATTERNS: tuple[tuple[re.Pattern[bytes], Contents], ...] = (
    (re.compile(rb"RIFF.{4}(WEBP|WAVE|AVI )", re.DOTALL), Contents("a picture, a sound or a film")),
    (re.compile(rb".{4}ftyp", re.DOTALL), Contents("a film or a picture")),
    (re.compile(rb"BM.{4}\0{4}", re.DOTALL), Contents("a BMP image")),
    (re.compile(rb"MZ.{57,}", re.DOTALL), Contents("a program")),
    (
        re.compile(rb"\x80[\x02-\x05][\x95cX}(\]]", re.DOTALL),
        Contents("a pickle, which can run code", _EXPORT),
    ),
    (re.compile(rb".{257}ustar", re.DOTALL), Contents("a TAR archive", _UNPACK)),
    (
        re.compile(rb"\s*(<!--.*?-->\s*)?(<!doctype html|<html)", re.IGNORECASE | re.DOTALL),
        Contents("a web page", "download the file itself, not the page that shows it"),
    ),
    (re.compile(rb"\s*<\?xml\b"), Contents("an XML document", _EXPORT)),
    (re.compile(rb"(\s*%[^\n]*\n)*\s*@relation\s", re.IGNORECASE), Contents("an ARFF file", _EXPORT)),
    (
        re.compile(rb'\s*(\[\s*)?\{\s*("[^"]*"\s*:|\})'),
        Contents("JSON", "rename it to .json, or .jsonl with an object on each line", "json"),
    ),
)
_PACKED = ((b"\x1f\x8b", "gzipped"), (b"BZh", "bzipped"), (b"\xfd7zXZ\0", "of the xz format"))


def find_contents(start: bytes) -> Contents | None:
    r"""Tell what a file holds.

    Args:
        start: Its first bytes, `START_BYTES` of them if there are so many; of a text, in UTF-8.

    Returns:
        What it is; None for separated text and whatever else is not known.

    Example:
        >>> find_contents(b"\x89PNG\r\n\x1a\n").what, find_contents(b"length,river\n1,Elbe\n")
        ('a PNG image', None)
    """
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _find_archive(start)
    for magic, contents in _BYTES:
        if start.startswith(magic):
            return contents
    return next((contents for pattern, contents in _PATTERNS if pattern.match(start)), None)


def _find_archive(start: bytes) -> Contents:
    """Tell by its first member what a ZIP archive is."""
    first = start[30 : 30 + int.from_bytes(start[26:28], "little")].decode("utf-8", "replace")
    if first in ("[Content_Types].xml", "mimetype") or first.startswith(("_rels/", "docProps/", "xl/")):
        if b"application/vnd.oasis.opendocument.spreadsheet" in start:
            return Contents("a workbook of OpenDocument", "rename it to .ods", "workbook")
        return _WORKBOOK
    if first.endswith(".npy"):
        return Contents("an archive of NumPy", _EXPORT)
    inside = f", {first!r}" if first.isprintable() and 0 < len(first) <= 80 else ""
    return Contents("a ZIP archive", _UNPACK + inside)


def check_contents(path: Path, form: str) -> None:
    """Raise where a file is not of the form that its ending says, and it can be told what it is instead.

    Args:
        path: The file.
        form: "parquet", "feather" or "workbook"; a text's contents are looked at when it is unpacked.

    Raises:
        DataError: It is something else; the message says what, and what to do.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(START_BYTES)
    packed = next((how for magic, how in _PACKED if start.startswith(magic)), None)
    if packed is not None:
        raise DataError(
            f"a table that is not text must not be compressed as a whole; '{path}' is {packed}; unpack it"
        )
    contents = find_contents(start)
    if contents is not None and contents.form != form:
        raise not_a_table(contents, f"'{path}'", f"a {path.suffix} file must hold what its ending says")


def not_a_table(contents: Contents, called: str, rule: str = "a table must be text") -> DataError:
    """Say what a file is instead of the table that is wanted.

    Example:
        >>> print(not_a_table(Contents("a PNG image"), "'fish.csv'"))
        a table must be text; 'fish.csv' is a PNG image; give the file of the table
    """
    remedy = contents.remedy
    if contents.what == "a SQLite database":
        remedy = f"give its URL, such as sqlite:///fish.db, and a query: `{option('sql', 'select …')}`"
    return DataError(f"{rule}; {called} is {contents.what}; {remedy}")
