"""A text file, plain or compressed, as blocks of whole lines of UTF-8: checked, and never whole in memory."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from sturgeon.data.reading.formats.contents import START_BYTES, find_contents, not_a_table
from sturgeon.data.reading.likely_encoding import guess_encoding
from sturgeon.data.reading.text_encoding import SAMPLE_BYTES, Transcoded, find_encoding
from sturgeon.errors import DataError, option

BLOCK_BYTES = 2**23

_MAGIC = {".gz": b"\x1f\x8b", ".bz2": b"BZh", ".xz": b"\xfd7zXZ\0", ".zst": b"\x28\xb5\x2f\xfd"}
_CONTROLS = bytes({*range(32)} - {*b"\t\n\v\f\r\x1a\x1b"})
_FEW_CONTROLS = 0.005
_SPELLED = {".gz": "gzipped", ".bz2": "bzipped", ".xz": "of the xz format", ".zst": "of the Zstandard format"}
JSON_ENDINGS = (".jsonl", ".ndjson", ".json")
COMPRESSED = tuple(_MAGIC)
"""The endings of compressed files."""


@dataclass(frozen=True, slots=True)
class TextFile:
    """A text file and what is known of it before it is opened.

    Attributes:
        path: Where it lies; its ending says how it is compressed.
        encoding: Its encoding, if the user named one.
        name: What it is called in messages; None for its path.
    """

    path: Path
    encoding: str | None = None
    name: str | None = None

    @property
    def called(self) -> str:
        """What to call it in messages."""
        return f"'{self.path}'" if self.name is None else self.name

    @property
    def ending(self) -> str:
        """Its name's ending, where that says that it is compressed; else nothing."""
        return self.path.suffix.lower() if self.path.suffix.lower() in COMPRESSED else ""

    @property
    def is_json(self) -> bool:
        """Whether its name says that it is JSON."""
        return self.path.name.lower().removesuffix(self.ending).endswith(JSON_ENDINGS)


@contextmanager
def open_text(file: TextFile, *, skip: int = 0) -> Iterator[IO[bytes]]:
    """Open a file for its text as UTF-8, unpacked where its name ends in .gz, .bz2, .xz or .zst.

    Args:
        file: The file.
        skip: How many bytes of the text to pass over.

    Yields:
        The open file, behind its byte order mark, if there is one.

    Raises:
        DataError: It is compressed and its name does not say so, or the other way round, it is cut off, or it
            is not of the encoding that was named.
        OSError: It cannot be read.
    """
    with _unpacked(file) as start:
        encoding, mark = find_encoding(start.read(SAMPLE_BYTES), file.encoding)
    with _unpacked(file) as text:
        text.read(mark)
        if encoding.replace("_", "-").lower() in ("utf-8", "utf8", "utf-8-sig"):
            text.read(skip)
            yield text
        else:
            recoded = io.BufferedReader(Transcoded(text, encoding, file.called), 2**20)
            recoded.read(skip)
            yield cast(IO[bytes], recoded)


@contextmanager
def _unpacked(file: TextFile) -> Iterator[IO[bytes]]:
    with file.path.open("rb") as packed:
        start = packed.read(8)
        packed.seek(0)
        for ending, magic in _MAGIC.items():
            if not file.ending and start.startswith(magic):
                raise DataError(
                    f"a table that is {_SPELLED[ending]} must end in {ending}; {file.called} does not; "
                    f"rename it to '{file.path.name}{ending}'"
                )
        try:
            with _unpack(packed, file.ending) as text:
                yield text
        except (gzip.BadGzipFile, EOFError, zlib.error, lzma.LZMAError, _Damaged) as error:
            raise DataError(
                f"a {file.ending} file must be whole and {_SPELLED[file.ending]}; {file.called} is not "
                f"({str(error).splitlines()[0]}); fetch or compress it again"
            ) from None


class _Damaged(Exception):
    """A compressed file whose library says so by an OSError, as if the disk had failed."""


@contextmanager
def _unpack(packed: IO[bytes], ending: str) -> Iterator[IO[bytes]]:
    if ending in (".bz2", ".zst"):
        with bz2.open(packed) if ending == ".bz2" else _open_zstandard(packed) as text:
            yield cast(IO[bytes], io.BufferedReader(_Checked(cast(IO[bytes], text)), 2**20))
        return
    with (
        cast(IO[bytes], gzip.open(packed))
        if ending == ".gz"
        else cast(IO[bytes], lzma.open(packed))
        if ending == ".xz"
        else packed
    ) as text:
        yield text


def _open_zstandard(packed: IO[bytes]) -> IO[bytes]:
    import pyarrow as pa

    return cast(IO[bytes], pa.CompressedInputStream(pa.PythonFile(packed, mode="r"), "zstd"))


class _Checked(io.RawIOBase):
    """A decompressor's output; its OSErrors tell of damage."""

    def __init__(self, text: IO[bytes]) -> None:
        self._text = text

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        try:
            block = self._text.read(len(buffer))
        except OSError as error:
            raise _Damaged(str(error) or "it is damaged") from None
        buffer[: len(block)] = block
        return len(block)


def read_lines(file: TextFile, *, block_bytes: int = BLOCK_BYTES) -> Iterator[bytes]:
    """Read a file as blocks that end where a line ends.

    Args:
        file: The file.
        block_bytes: The size of a block, unless a line is longer.

    Yields:
        Some megabytes of UTF-8, each block but the last ending in a newline.

    Raises:
        DataError: The file is empty, something else than a table, or not UTF-8 text; the message has the
            line.
        OSError: It cannot be read.
    """
    lines, blank, rest, begun = 0, True, b"", False
    with open_text(file) as text:
        while block := text.read(block_bytes):
            if not begun:
                begun = True
                _check_contents(block[:START_BYTES], file)
            head, newline, tail = block.rpartition(b"\n")
            if not newline:  # a line that is longer than a block
                rest += block
                continue
            whole, rest = rest + head + newline, tail
            _check_is_text(whole, lines, file)
            lines += whole.count(b"\n")
            blank = blank and not whole.strip()
            yield whole
    _check_is_text(rest, lines, file)
    if blank and not rest.strip():
        raise DataError(
            f"a table must have a header and rows; {file.called} is empty; check how it was written"
        )
    if rest:
        yield rest


def _check_contents(start: bytes, file: TextFile) -> None:
    contents = find_contents(start)
    if contents is not None and not (contents.form == "json" and file.is_json):
        raise not_a_table(contents, file.called)


def _check_is_text(block: bytes, lines: int, file: TextFile) -> None:
    """Raise unless a block that comes after so many lines is UTF-8 text."""
    if b"\0" in block:
        raise _is_binary(f"a zero byte on line {_line_of(block, block.index(0), lines)}", file)
    if block.isascii():
        return
    try:
        block.decode("utf-8")
    except UnicodeDecodeError as error:
        line = _line_of(block, error.start, lines)
        sample = block[block.rfind(b"\n", 0, error.start) + 1 :][:SAMPLE_BYTES]
        if len(sample) - len(sample.translate(None, _CONTROLS)) > _FEW_CONTROLS * len(sample):
            raise _is_binary(f"control characters on line {line}", file) from None
        if _is_utf8_but_for_a_few(block, error.start):
            raise DataError(
                f"a table must be text of one encoding; line {line} of {file.called} is not UTF-8 (byte "
                f"0x{block[error.start]:02x}), while other lines are; correct that line"
            ) from None
        likely = guess_encoding(sample)
        reads = f", which {likely[0]} reads as {likely[1]!r}" if likely else ""
        encoding = option("encoding", likely[0] if likely else None)
        raise DataError(
            f"a table must be UTF-8 text, or its encoding be named; got byte 0x{block[error.start]:02x} on "
            f"line {line} of {file.called}{reads}; give `{encoding}`, or save it as UTF-8"
        ) from None


def _line_of(block: bytes, place: int, lines: int) -> int:
    return lines + block.count(b"\n", 0, place) + 1


def _is_binary(why: str, file: TextFile) -> DataError:
    return DataError(f"a table must be text; {file.called} is binary ({why}); export it as CSV or Parquet")


def _is_utf8_but_for_a_few(block: bytes, wrong: int) -> bool:
    """Whether text before or behind a wrong byte is UTF-8 that is more than ASCII, so that UTF-8 is meant."""
    near = block[: wrong + SAMPLE_BYTES][-2 * SAMPLE_BYTES :].split(b"\n")[1:-1]
    others = [line for line in near if not line.isascii()]
    return sum(map(_is_utf8, others)) > len(others) / 2


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
