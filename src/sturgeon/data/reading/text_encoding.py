"""Which encoding a text file has, and its text as UTF-8, whatever the encoding."""

from __future__ import annotations

import codecs
import io
from typing import IO

from sturgeon.errors import DataError, option

SAMPLE_BYTES = 2**14
_BLOCK_BYTES = 2**20
_FEW_ZEROS = 3

# That of UTF-32 begins as that of UTF-16 does, so it comes first.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE = (("utf-32-le", 4, 0), ("utf-32-be", 4, 3), ("utf-16-le", 2, 0), ("utf-16-be", 2, 1))


def find_encoding(start: bytes, asked: str | None = None) -> tuple[str, int]:
    r"""Tell the encoding of a text by its first bytes.

    A byte order mark decides; then what was asked for; then zero bytes, which text in UTF-16 and UTF-32 has
    at every second place, or in three of four, where a character is a Latin letter, a digit or a separator.

    Args:
        start: The first bytes, some thousands.
        asked: The encoding that the user named.

    Returns:
        The encoding, UTF-8 where nothing speaks against it, and the size of the mark.

    Example:
        >>> find_encoding("a,b\n1,2\n".encode("utf-16-le"))
        ('utf-16-le', 0)
        >>> find_encoding(b"\xef\xbb\xbfa,b\n"), find_encoding(b"caf\xe9", "latin-1")
        (('utf-8', 3), ('latin-1', 0))
    """
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding, len(mark)
    if asked is not None:
        return asked, 0
    if b"\0" in start:
        for encoding, width, place in _WIDE:
            if _is_wide(start, encoding, width, place):
                return encoding, 0
    return "utf-8", 0


def _is_wide(start: bytes, encoding: str, width: int, place: int) -> bool:
    """Whether bytes are text of so many to a character, the one that tells ASCII at a place among them."""
    whole = start[: len(start) // width * width]
    characters = [whole[first::width] for first in range(width)]
    zeros = [part.count(0) for part in characters]
    if not whole or zeros[place] > 0 or max(zeros) < max(_FEW_ZEROS, len(characters[0]) / 10):
        return False
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(whole)
    except UnicodeDecodeError:
        return False
    # Bytes that are no text at all may decode, too, but to control characters, or to none that a table needs.
    if any(character < " " and character not in "\t\n\r\f\v" for character in text):
        return False
    return sum(" " <= character <= "~" for character in text) >= len(text) / 10


class Transcoded(io.RawIOBase):
    r"""A text file's bytes as they would be in UTF-8.

    Args:
        file: The file, open behind its byte order mark.
        encoding: Its encoding.
        called: What to call it in messages.

    Raises:
        DataError: While it is read, where its text is not of that encoding.

    Example:
        >>> Transcoded(io.BytesIO(b"caf\xe9"), "latin-1", "'t.csv'").read()
        b'caf\xc3\xa9'
    """

    def __init__(self, file: IO[bytes], encoding: str, called: str) -> None:
        self._file = file
        self._called = called
        self._encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._ready = b""
        self._ended = False

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Fill a buffer, as far as there is text."""
        while not self._ready and not self._ended:
            block = self._file.read(_BLOCK_BYTES)
            self._ended = not block
            self._ready = self._decode(block)
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def _decode(self, block: bytes) -> bytes:
        try:
            return self._decoder.decode(block, final=self._ended).encode("utf-8")
        except UnicodeError as error:
            raise DataError(
                f"a table must be text of its encoding; {self._called} is not {self._encoding} "
                f"({str(error).rpartition(': ')[2]}); name another with `{option('encoding')}`"
            ) from None
