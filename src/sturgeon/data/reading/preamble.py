"""What stands before the header of separated text: comments, and Excel's line that names a separator."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass

_SEPARATOR = re.compile(r'\s*"?sep=(.)"?\s*', re.IGNORECASE)
_COMMENTS = ("#", "%", "//")
_BEGINS = re.compile(r'\s*(#|%|//|"?sep=)', re.IGNORECASE)
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_NUMBER = re.compile(r"\s*[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?\s*")
_LEAST_LINES = 2


@dataclass(frozen=True, slots=True)
class Preamble:
    """How much stands before the header.

    Attributes:
        size: In bytes of UTF-8.
        lines: In lines.
        separator: What separates the fields, where a line says so.
    """

    size: int = 0
    lines: int = 0
    separator: str | None = None


def find_preamble(text: str, *, whole: bool) -> Preamble | None:
    r"""Find the lines before the header that begin with ``#``, ``%`` or ``//``, and Excel's ``sep=;``.

    Such a line may be the header itself: where it has as many fields as the line behind it,
    which looks like a row.

    Args:
        text: The file's first lines.
        whole: Whether that is all of it.

    Returns:
        What stands before the header; None where more of the file has to be seen.

    Example:
        >>> find_preamble("# of 2020\n\na,b\n1,2\n", whole=True)
        Preamble(size=11, lines=2, separator=None)
        >>> find_preamble("#a,b\n1,2\n3,4\n", whole=True)
        Preamble(size=0, lines=0, separator=None)
        >>> find_preamble("sep=|\na|b\n1|2\n", whole=True)
        Preamble(size=6, lines=1, separator='|')
    """
    if not _BEGINS.match(text):
        return Preamble() if whole or text.strip() else None
    lines = _LINE.findall(text)
    place, separator = 0, None
    comments: list[int] = []
    while place < len(lines):
        line = lines[place]
        if line.startswith(_COMMENTS):
            comments.append(place)
        elif (named := _SEPARATOR.fullmatch(line)) is not None and separator is None:
            separator, comments = named[1], []
        elif line.strip():
            break
        place += 1
    behind = [line for line in lines[place:] if line.strip()]
    if len(behind) < _LEAST_LINES and not whole:
        return None
    if comments and _is_header(lines[comments[-1]], behind, separator):
        place = comments[-1]
    size = len("".join(lines[:place]).encode())
    return Preamble(size, place, separator)


def _is_header(comment: str, behind: list[str], separator: str | None) -> bool:
    """Whether a line that is a comment by its beginning names the columns of the lines behind it."""
    if not behind:
        return True
    for delimiter in [separator] if separator else [",", ";", "\t", "|"]:
        rows = [_fields(line, delimiter) for line in (comment, *behind[:2])]
        if len(rows[0]) > 1 and len(rows[0]) == len(rows[1]):
            numbers = [any(map(_NUMBER.fullmatch, row)) for row in rows[1:]]
            return numbers[0] or numbers[-1] is False
    return False


def _fields(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return []
