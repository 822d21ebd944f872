"""Comma-, semicolon- and tab-separated text: check its shape line by line, then let pandas read it."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import pandas as pd

from sturgeon.data.names import check_names
from sturgeon.errors import DataError

_DELIMITERS = (",", ";", "\t")
_SPELLED = {",": "commas", ";": "semicolons", "\t": "tabs"}
# The same bits that Parquet would hold: pandas reads floats so by itself since 3.1, and warns of the option.
_PANDAS = tuple(int(part) for part in pd.__version__.split(".")[:2])
_EXACT_FLOATS: dict[str, Any] = {} if _PANDAS >= (3, 1) else {"float_precision": "round_trip"}
_GZIP_MAGIC = b"\x1f\x8b"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_DECIMAL_POINT = re.compile(r"[+-]?\d*\.\d+([eE][+-]?\d+)?|[+-]?\d+")


def read_delimited(content: bytes, path: Path) -> pd.DataFrame:
    r"""Read separated text, plain or gzipped.

    Args:
        content: The file's bytes.
        path: Its name: the ending says whether it is gzipped and whether it is TSV; messages name it.

    Returns:
        The table with stripped text cells; missing cells are NaN.

    Raises:
        DataError: The content is not such a table; the message has the line.

    Example:
        >>> read_delimited(b"a;b\n1;x\n2;?\n", Path("t.csv")).shape
        (2, 2)
    """
    text = _decode(_unzip(content, path), path)
    delimiter = "\t" if ".tsv" in path.name.lower()[-7:] else _find_delimiter(text)
    header = _check_shape(text, delimiter, path)
    check_names(header, f"'{path}'")
    try:
        frame = pd.read_csv(
            io.StringIO(text),
            sep=delimiter,
            header=0,
            names=header,
            index_col=False,
            skipinitialspace=True,
            na_values=["?"],
            low_memory=False,  # types from the whole column, not from chunks of it
            **_EXACT_FLOATS,
        )
    except (pd.errors.ParserError, ValueError) as error:
        raise DataError(
            f"a table must be {_SPELLED[delimiter]}-separated text; '{path}' is not "
            f"({str(error).splitlines()[0]}); correct the file"
        ) from None
    return _strip_text(frame, delimiter, path)


def _unzip(content: bytes, path: Path) -> bytes:
    zipped = content.startswith(_GZIP_MAGIC)
    if not path.name.lower().endswith(".gz"):
        if zipped:
            raise DataError(
                f"a gzipped table must end in .gz; '{path}' does not; rename it to '{path.name}.gz'"
            )
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"a .gz file must be whole and gzipped; '{path}' is not ({error}); fetch or compress it again"
        ) from None


def _decode(content: bytes, path: Path) -> str:
    if not content.strip():
        raise DataError(f"a table must have a header and rows; '{path}' is empty; check how it was written")
    if content.startswith(_UTF16_MARKS):
        raise DataError(f"a table must be UTF-8 text; '{path}' is UTF-16; save it as UTF-8")
    if b"\0" in content:
        line = content.count(b"\n", 0, content.index(b"\0")) + 1
        raise DataError(
            f"a table must be text; '{path}' is binary (a zero byte on line {line}); export it as CSV or "
            "Parquet"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"a table must be UTF-8 text; got byte 0x{content[error.start]:02x} on line {line} of '{path}'; "
            "save it as UTF-8"
        ) from None


def _find_delimiter(text: str) -> str:
    """Take the separator that cuts the header into most columns; a comma when none or several do.

    Looking at the header only is safe: column names rarely hold separators, cells often do.
    """

    def columns(delimiter: str) -> int:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
        try:
            return next((len(row) for row in rows if row), 0)
        except csv.Error:
            return 0

    return max(_DELIMITERS, key=columns)  # the first of equals


def _check_shape(text: str, delimiter: str, path: Path) -> list[str]:
    """Check that every row has as many fields as the header, and return the header."""
    rows = _numbered_rows(text, delimiter, path)
    _, header = next(rows, (1, []))
    header = [name.strip() for name in header]
    if all(_DECIMAL_POINT.fullmatch(name) for name in header) and any("." in name for name in header):
        raise DataError(
            f"the first line of a table must name the columns; '{path}' begins with numbers "
            f"({', '.join(header[:3])} …); add a header line"
        )
    count = 0
    for line, row in rows:
        count += 1
        if len(row) != len(header):
            raise DataError(
                f"every row must have as many fields as the header; line {line} of '{path}' has {len(row)}, "
                f"expected {len(header)} (separated by {_SPELLED[delimiter]}); correct that line"
            )
    if count == 0:
        raise DataError(f"a table must have at least one row; '{path}' has a header only; add data")
    return header


def _numbered_rows(text: str, delimiter: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield (line on which the row starts, its fields), blank lines left out."""
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True
    )
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(
                f"quotes in a table must be closed and enclose a whole field; the row from line {line} of "
                f"'{path}' breaks that ({error}); correct the quotes"
            ) from None
        if row and row != [""]:  # pandas, too, passes over a line of blanks
            yield line, row


def _strip_text(frame: pd.DataFrame, delimiter: str, path: Path) -> pd.DataFrame:
    """Strip blanks at the ends of text cells; an emptied cell or a ``?`` is missing."""
    for name in frame.columns:
        column = cast(pd.Series, frame[name])
        if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
            continue
        codes, values = pd.factorize(column)
        stripped = [value.strip() if isinstance(value, str) else value for value in values]
        if delimiter != "," and any(isinstance(v, str) and _DECIMAL_COMMA.fullmatch(v) for v in stripped):
            _refuse_decimal_commas(stripped, str(name), path)
        if any(new is not old for new, old in zip(stripped, values, strict=True)):
            stripped = [None if value in ("", "?") else value for value in stripped]
            frame[name] = pd.Series([*stripped, None], dtype=column.dtype).take(codes).set_axis(frame.index)
    return frame


def _refuse_decimal_commas(values: Sequence[object], name: str, path: Path) -> None:
    texts = [str(value) for value in values]
    if all(re.fullmatch(r"[+-]?\d+(,\d+)?", text) for text in texts):
        example = next(text for text in texts if "," in text)
        raise DataError(
            f"decimals must be written with a point; got '{example}' in column {name!r} of '{path}'; "
            "save it with decimal points"
        )
