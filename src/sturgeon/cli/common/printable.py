"""Text of a study, which may be a stranger's, as it may be printed on a terminal."""

from sturgeon.plain_text import printable

__all__ = ["printable"]
