"""Text that can be kept and shown: written as UTF-8, without NUL, and no longer than anyone reads."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

LONGEST_LINE = 400
LONGEST_MESSAGE = 10_000
LONGEST_TRACEBACK = 50_000


def is_plain(text: str) -> bool:
    r"""Tell whether text can be written as it is.

    Example:
        >>> is_plain("café"), is_plain("caf\udce9"), is_plain("a\0b")
        (True, False, False)
    """
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def plain(text: str, limit: int | None = None) -> str:
    r"""Make text one that can be written, and leave out its middle where it is longer than a limit.

    Args:
        text: Any text; what cannot be written is escaped.
        limit: The most characters to keep; None for all.

    Example:
        >>> plain("caf\udce9"), plain("x" * 100, 30)
        ('caf\\udce9', 'xxxxxx [88 characters] xxxxxx')
    """
    if limit is not None and len(text) > limit:
        kept = max(1, (limit - len(f" [{len(text)} characters] ")) // 2)
        text = f"{text[:kept]} [{len(text) - 2 * kept} characters] {text[-kept:]}"
    if is_plain(text):
        return str.__str__(text)  # not a subclass of it, which another process may not know
    return text.encode(errors="backslashreplace").decode().replace("\0", "\\x00")


def shorten(text: str, limit: int) -> str:
    """Leave out the middle of a name that is longer than there is room, so that its two ends are seen.

    Args:
        text: Any text.
        limit: The most characters to keep, at least 3.

    Example:
        >>> shorten("piecewise_linear", 10), shorten("adam", 10)
        ('piecew…ear', 'adam')
    """
    if len(text) <= limit:
        return plain(text)
    tail = (limit - 1) // 3
    return plain(f"{text[: limit - 1 - tail]}…{text[len(text) - tail :]}")


def message_of(error: BaseException) -> str:
    """Give what an exception says, whatever its text is like.

    Example:
        >>> message_of(ValueError("no such layer"))
        'no such layer'
    """
    try:
        return plain(str(error), LONGEST_MESSAGE)
    except Exception as broken:  # `str` of an exception is code of its own, and may raise anything
        return f"(its text cannot be made: {type(broken).__name__})"


def printable(text: object) -> str:
    r"""Write what a terminal would obey, such as an escape sequence, as letters; line breaks become spaces.

    Args:
        text: What a study holds: a name, an option, a note, an error.

    Example:
        >>> printable("a\x1b[31mred\nb") == r"a\x1b[31mred b"
        True
    """
    return "".join(
        one
        if one.isprintable()
        else " "
        if one.isspace() and one not in "\x1c\x1d\x1e\x1f\x85"
        else one.encode("unicode_escape").decode()
        for one in str(text)
    )


def plain_number(value: float) -> str:
    """Write a number of a message as whoever gave it would: six digits, and all of those before the point.

    Example:
        >>> plain_number(1048576.0), plain_number(0.1), plain_number(1e300), plain_number(1e-7)
        ('1048576', '0.1', '1e+300', '1e-07')
    """
    number = float(value)
    if number.is_integer() and abs(number) < 1e15:
        return str(int(number))
    short = f"{number:g}"
    return f"{number:.15g}" if "e+" in short else short


def tell_bounds(low: float, high: float) -> str:
    """Write the bounds that somebody gave.

    Example:
        >>> tell_bounds(0, 1048576.0)
        'low=0, high=1048576'
    """
    return f"low={plain_number(low)}, high={plain_number(high)}"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence that names the nearest of the known names, after a space; nothing where none is near.

    Example:
        >>> did_you_mean("learnin_rate", ["layers", "learning_rate"]), did_you_mean("x", ["layers"])
        (" Did you mean 'learning_rate'?", '')
    """
    close = get_close_matches(name, list(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
