"""A text file, plain or gzipped, as blocks of whole lines: checked, and never all of it in memory."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from sturgeon.errors import DataError

BLOCK_BYTES = 2**23

_GZIP_MAGIC = b"\x1f\x8b"
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@contextmanager
def open_text(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for its bytes, unzipped where its name ends in .gz.

    Args:
        path: The file.

    Yields:
        The open file, at its beginning; behind a UTF-8 byte order mark, if there is one.

    Raises:
        DataError: It is gzipped and its name does not say so, or the other way round, or it is cut off.
        OSError: It cannot be read.
    """
    zipped = path.name.lower().endswith(".gz")
    with path.open("rb") as file:
        if not zipped and file.read(2) == _GZIP_MAGIC:
            raise DataError(
                f"a gzipped table must end in .gz; '{path}' does not; rename it to '{path.name}.gz'"
            )
        file.seek(0)
        try:
            with cast(IO[bytes], gzip.open(file)) if zipped else file as text:
                if text.read(len(_UTF8_MARK)) != _UTF8_MARK:
                    text.seek(0)
                yield text
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise DataError(
                f"a .gz file must be whole and gzipped; '{path}' is not ({error}); fetch or compress it again"
            ) from None


def read_lines(path: Path, *, block_bytes: int = BLOCK_BYTES) -> Iterator[bytes]:
    """Read a file as blocks that end where a line ends.

    Args:
        path: The file.
        block_bytes: The size of a block, unless a line is longer.

    Yields:
        Some megabytes of UTF-8, each block but the last ending in a newline.

    Raises:
        DataError: The file is empty, or is not UTF-8 text; the message has the line.
        OSError: It cannot be read.
    """
    lines, blank, rest = 0, True, b""
    with open_text(path) as file:
        while block := file.read(block_bytes):
            if not lines and not rest and block.startswith(_UTF16_MARKS):
                raise DataError(f"a table must be UTF-8 text; '{path}' is UTF-16; save it as UTF-8")
            head, newline, tail = block.rpartition(b"\n")
            if not newline:  # a line that is longer than a block
                rest += block
                continue
            whole, rest = rest + head + newline, tail
            _check_is_text(whole, lines, path)
            lines += whole.count(b"\n")
            blank = blank and not whole.strip()
            yield whole
    _check_is_text(rest, lines, path)
    if blank and not rest.strip():
        raise DataError(f"a table must have a header and rows; '{path}' is empty; check how it was written")
    if rest:
        yield rest


def _check_is_text(block: bytes, lines: int, path: Path) -> None:
    """Raise unless a block that comes after so many lines is UTF-8 text."""
    if b"\0" in block:
        line = lines + block.count(b"\n", 0, block.index(b"\0")) + 1
        raise DataError(
            f"a table must be text; '{path}' is binary (a zero byte on line {line}); export it as CSV or "
            "Parquet"
        )
    if block.isascii():
        return
    try:
        block.decode("utf-8")
    except UnicodeDecodeError as error:
        line = lines + block.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"a table must be UTF-8 text; got byte 0x{block[error.start]:02x} on line {line} of '{path}'; "
            "save it as UTF-8"
        ) from None
