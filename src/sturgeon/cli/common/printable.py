"""Text of a study, which may be a stranger's, as it may be printed on a terminal."""

from __future__ import annotations


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
