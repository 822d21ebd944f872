"""Check the shape of separated text before it is read: the header, and as many fields in every row.

pandas would shift a row that has too many fields and fill one that has too few. Python's own reader of
CSV tells the line of either, but takes minutes for a large table; so blocks of lines without quotes, most of
them, are checked by counting bytes.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np

from sturgeon.data.reading.preamble import Preamble, find_preamble
from sturgeon.data.reading.row_numbers import UNNAMED
from sturgeon.data.reading.rules import is_padded
from sturgeon.data.reading.text_file import BLOCK_BYTES, TextFile, read_lines
from sturgeon.errors import DataError

_DELIMITERS = (",", ";", "\t", "|")
_SPELLED = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_TWO_LINES = re.compile(rb"\S[^\n]*\n\s*\S[^\n]*\n")
_FIRST_NUMBERS = ("0", "1")
_ZERO_OR_SIGN = ("0", "-", "+")
_DECIMAL_POINT = re.compile(r"[+-]?\d*\.\d+([eE][+-]?\d+)?|[+-]?\d+")


@dataclass(frozen=True, slots=True)
class Shape:
    """What is known of a file of separated text once every line has been looked at.

    Attributes:
        delimiter: What separates the fields: ``,``, ``;``, ``|`` or a tab.
        header: The columns' names, stripped; a first one without a name is called as pandas calls it.
        most_rows: As many rows as there are, or a few more: blank lines may be counted.
        padded: The places of the columns in which a cell begins with a zero before another digit.
        start: How many bytes of text stand before the header.
        trailing: How many separators stand at the end of every row, with nothing behind them.
        unnamed: Whether the first column had no name.
    """

    delimiter: str
    header: tuple[str, ...]
    most_rows: int
    padded: frozenset[int] = frozenset()
    start: int = 0
    trailing: int = 0
    unnamed: bool = False

    @property
    def fields(self) -> int:
        """How many fields a row has."""
        return len(self.header) + self.trailing


def spelled(delimiter: str) -> str:
    """Name a separator for a message.

    Example:
        >>> spelled(";"), spelled("^")
        ('semicolons', "'^'")
    """
    return _SPELLED.get(delimiter, repr(delimiter))


def check_shape(file: TextFile, *, block_bytes: int = BLOCK_BYTES) -> Shape:
    r"""Check that every row has as many fields as the header.

    Comments before the header, and a line in which Excel names the separator, are passed over; so is a
    separator at the end of every row.

    Args:
        file: Text separated by commas, semicolons, tabs or vertical bars.
        block_bytes: How much to look at at once; it has no effect on the result.

    Returns:
        Its shape.

    Raises:
        DataError: It is not such a file, or has no rows; the message has the line.
        OSError: It cannot be read.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "fish.csv")
        ...     _ = path.write_text("length;river\n1.5;Volga\n")
        ...     shape = check_shape(TextFile(path))
        >>> shape.delimiter, shape.header, shape.most_rows
        (';', ('length', 'river'), 1)
    """
    blocks = read_lines(file, block_bytes=block_bytes)
    text, preamble = _read_beginning(blocks)
    is_tsv = file.path.name.lower().removesuffix(file.ending).endswith((".tsv", ".tab"))
    is_tsv = is_tsv and "\t" in text.lstrip("\r\n").partition("\n")[0]
    delimiter = preamble.separator or ("\t" if is_tsv else _find_delimiter(text))
    lines = io.StringIO(text, newline="")
    rows = _Rows(lines, delimiter, file, preamble.lines)
    names = [name.strip() for name in next(rows, (1, []))[1]]
    _refuse_numbers(names, file)
    here, behind = lines.tell(), rows.lines
    line, row = _next_row(rows)
    named = len(names)
    names, trailing = _leave_out_ends(names, row)
    unnamed = len(names) > 1 and not names[0]
    header = (_name_row_numbers(names), *names[1:]) if unnamed else tuple(names)
    padded: set[int] = set()
    shape = Shape(delimiter, header, 0, start=preamble.size, trailing=trailing, unnamed=unnamed)
    try:
        count = _check_rows(chain([text[here:].encode()], blocks), shape, behind, file, padded)
    except DataError:
        if len(names) <= named:
            raise
        raise _uneven(line, len(row), replace(shape, header=header[1:]), file) from None
    if count == 0:
        raise DataError(f"a table must have at least one row; {file.called} has a header only; add data")
    return replace(shape, most_rows=count, padded=frozenset(padded))


def _read_beginning(blocks: Iterator[bytes]) -> tuple[str, Preamble]:
    """Read a header and a line more, so far as there are; give them without what stands before."""
    before = b""
    for block in blocks:
        before += block
        preamble = find_preamble(before.decode(), whole=False)
        if preamble is not None and _TWO_LINES.search(before, preamble.size):
            break
    else:
        preamble = find_preamble(before.decode(), whole=True) or Preamble()
    return before[preamble.size :].decode(), preamble


def _leave_out_ends(names: list[str], row: list[str]) -> tuple[list[str], int]:
    """Leave out columns without names or cells at the end, such as a spreadsheet's empty ones.

    Args:
        names: The header's fields.
        row: Those of the first row.

    Returns:
        The names, and how many fields at the end of each row are no columns. Before the names stands ``""``
        for row numbers that the header does not know of, as R writes them.
    """
    nameless, empty = _count_empty(names), _count_empty([cell.strip() for cell in row])
    if len(row) == len(names) - nameless:
        return names[: len(row)], 0  # the header alone has them
    if len(row) == len(names):
        ends = max(min(nameless, empty), min(nameless, 1))
        return names[: len(names) - ends], ends
    if not nameless and len(row) == len(names) + empty:
        return names, empty
    if not nameless and len(row) == len(names) + 1 and row[0].strip() in _FIRST_NUMBERS:
        return ["", *names], 0
    return (names[:-1], 1) if nameless else (names, 0)


def _count_empty(fields: list[str]) -> int:
    """How many fields at the end are empty, not counting the first of all."""
    return next((end for end, field in enumerate(reversed(fields[1:])) if field), max(len(fields) - 1, 0))


def _name_row_numbers(names: list[str]) -> str:
    return UNNAMED if UNNAMED not in names else f"{UNNAMED}.1"  # as pandas would


def _next_row(rows: _Rows) -> tuple[int, list[str]]:
    try:
        return next(rows, (1, []))
    except DataError:  # its quotes end in a later block, or nowhere; it is told when all rows are checked
        return 1, []


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


def _refuse_numbers(header: list[str], file: TextFile) -> None:
    if all(_DECIMAL_POINT.fullmatch(name) for name in header) and any("." in name for name in header):
        raise DataError(
            f"the first line of a table must name the columns; {file.called} begins with numbers "
            f"({', '.join(header[:3])} …); add a header line"
        )


def _check_rows(blocks: Iterator[bytes], shape: Shape, lines: int, file: TextFile, padded: set[int]) -> int:
    """Check the rows behind the header, which took so many lines; return how many there are at most.

    The places of columns with leading zeros are put into ``padded``.
    """
    count = 0
    for block in blocks:
        if not block:
            continue
        if not _is_even(block, shape, padded):
            # A quote may hold the ends of lines, here or in any later block: from here on, row by row.
            rows = _Rows(_text_lines(chain([block], blocks)), shape.delimiter, file, lines)
            return count + _check_one_by_one(rows, shape, file, padded)
        ends = block.count(b"\n") + (not block.endswith(b"\n"))
        lines, count = lines + ends, count + ends
    return count


def _is_even(block: bytes, shape: Shape, padded: set[int]) -> bool:
    """Whether a block has no quotes, and in every line as many fields as it should; False if in doubt.

    Where it has, the places of columns with leading zeros are put into ``padded``.
    """
    fields = shape.fields
    if b'"' in block or block.count(b"\r") != block.count(b"\r\n") or (fields == 1 and not block.strip()):
        return False
    codes = np.frombuffer(block if block.endswith(b"\n") else block + b"\n", np.uint8)
    ends = np.flatnonzero(codes == ord("\n"))
    if not shape.delimiter.isascii():
        return False
    marks = np.flatnonzero(codes == ord(shape.delimiter))
    in_line = np.diff(np.searchsorted(marks, ends), prepend=0)
    if not (in_line == fields - 1).all():
        return False
    if shape.trailing:
        last = ends - 1 - (codes[ends - 1] == ord("\r"))
        if not all((codes[last - place] == ord(shape.delimiter)).all() for place in range(shape.trailing)):
            return False
    _find_padded(codes, ends, marks, fields, padded)
    return True


def _find_padded(
    codes: np.ndarray, ends: np.ndarray, marks: np.ndarray, fields: int, padded: set[int]
) -> None:
    """Put into ``padded`` the places of columns in which a cell begins with a zero before another digit.

    Args:
        codes: The bytes of whole lines of so many fields.
        ends: Where lines end.
        marks: Where the separators are.
        fields: How many fields a line has.
        padded: Takes the places.
    """
    if _begins_padded(codes, np.concatenate(([0], ends[:-1] + 1))).any():
        padded.add(0)
    found = _begins_padded(codes[1:], marks)
    if found.any():
        padded.update((np.unique(np.flatnonzero(found) % (fields - 1)) + 1).tolist())


def _begins_padded(codes: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Whether the cells that start there begin with a zero before another digit; a sign may stand before.

    Whole arrays are compared, not the few cells that begin with a zero: selecting these takes longer.
    """
    if codes.size < 3:
        return np.zeros(len(starts), np.bool_)
    first = codes.take(starts, mode="clip")
    while (blank := first == ord(" ")).any():
        starts = starts + blank
        first = codes.take(starts, mode="clip")
    second, third = (codes[skipped:].take(starts, mode="clip") for skipped in (1, 2))
    found = (first == ord("0")) & (second - ord("0") < 10)  # of unsigned bytes: a digit
    signed = (first == ord("-")) | (first == ord("+"))
    found |= signed & (second == ord("0")) & (third - ord("0") < 10)
    return found


def _check_one_by_one(rows: _Rows, shape: Shape, file: TextFile, padded: set[int]) -> int:
    count = 0
    for line, row in rows:
        count += 1
        for place, cell in enumerate(row):
            if cell[:1] in _ZERO_OR_SIGN and place not in padded and is_padded(cell, decimals=True):
                padded.add(place)
        if len(row) != shape.fields or any(cell.strip() for cell in row[len(shape.header) :]):
            raise _uneven(line, len(row), shape, file, title=count == 1 and len(row) > shape.fields)
    return count


def _uneven(line: int, fields: int, shape: Shape, file: TextFile, *, title: bool = False) -> DataError:
    return DataError(
        f"every row must have as many fields as the header; line {line} of {file.called} has {fields}, "
        f"expected {len(shape.header)} (separated by {spelled(shape.delimiter)}); correct that line"
        f"{', or remove the lines before it if they are a title' if title else ''}"
    )


def _text_lines(blocks: Iterator[bytes]) -> Iterator[str]:
    for block in blocks:
        yield from io.StringIO(block.decode(), newline="")


class _Rows:
    """Yields (line on which the row starts, its fields), blank lines left out.

    Args:
        lines: The lines, with their ends.
        delimiter: What separates the fields.
        file: The file, for messages.
        before: How many lines came before.
    """

    def __init__(self, lines: Iterator[str], delimiter: str, file: TextFile, before: int = 0) -> None:
        self._reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
        self._file = file
        self._before = before

    @property
    def lines(self) -> int:
        """How many lines have been read, those before included."""
        return self._before + self._reader.line_num

    def __iter__(self) -> _Rows:
        return self

    def __next__(self) -> tuple[int, list[str]]:
        while True:
            line = self.lines + 1
            try:
                row = next(self._reader)
            except csv.Error as error:
                raise DataError(
                    "quotes in a table must be closed and enclose a whole field; the row from line "
                    f"{line} of {self._file.called} breaks that ({error}); correct the quotes"
                ) from None
            if row and row != [""]:  # pandas, too, passes over a line of blanks
                return line, row
