"""What has to be known of a file, or of a database, before its table can be read."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from sturgeon.errors import DataError, option


@dataclass(frozen=True, slots=True)
class FileOptions:
    """How a table is found in what holds it.

    Attributes:
        encoding: The encoding of a text file that is neither UTF-8 nor begins with a byte order mark.
        sheet: Of a workbook, the sheet by its name or its number, from 1; None for the first.
        sql: A query; the table's place is then the URL of a database.

    Raises:
        DataError: There is no such encoding.

    Example:
        >>> FileOptions(encoding="latin-1").encoding
        'latin-1'
    """

    encoding: str | None = None
    sheet: str | int | None = None
    sql: str | None = None

    def __post_init__(self) -> None:
        if self.encoding is not None and not _is_encoding(self.encoding):
            raise DataError(
                f"`{option('encoding')}` must name an encoding of text; got {self.encoding!r}; for instance "
                "windows-1252, latin-1, gb18030, shift-jis, windows-1258, utf-16"
            )


def _is_encoding(name: str) -> bool:
    try:
        codecs.lookup(name)
        return name.isascii() and isinstance("\n".encode(name), bytes) and b"a".decode(name) is not None
    except LookupError:  # unknown, or no encoding of text, such as base64
        return False
    except (UnicodeError, TypeError, ValueError):
        return _is_wide(name)


def _is_wide(name: str) -> bool:
    """Whether a character takes two bytes or four, so that a single one is no text."""
    try:
        return "a".encode(name).decode(name) == "a"
    except (UnicodeError, TypeError, ValueError, LookupError):
        return False
