"""Checks of the rules' settings."""

from __future__ import annotations

from sturgeon.errors import InputError


def check_whole_from(least: int, name: str, value: object, example: str) -> None:
    """Refuse a setting that is no whole number from ``least``.

    Args:
        least: The smallest value allowed.
        name: The setting's name.
        value: What was given.
        example: What to write instead.

    Raises:
        InputError: It is none.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InputError(f"`{name}` must be a whole number from {least}; got {value!r}. Write {example}.")
