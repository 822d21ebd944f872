"""Which of the languages to use: the one asked for, or the first that the reader prefers."""

from __future__ import annotations

import os
from collections.abc import Mapping

from sturgeon.errors import InputError, option

LANGUAGES: dict[str, str] = {"en": "English", "vi": "Tiếng Việt", "zh": "中文"}
"""The code of each language, which HTML's ``lang`` takes too, and its own name."""

_VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


def check_language(language: str) -> str:
    """Give a language's code back.

    Raises:
        InputError: There is no such language.

    Example:
        >>> check_language("vi")
        'vi'
    """
    if language not in LANGUAGES:
        raise InputError(
            f"`{option('language')}` must be one of {', '.join(LANGUAGES)}; got {language!r}. "
            "Leave it out for English."
        )
    return language


def choose_language(accepted: str | None) -> str:
    """Choose by what a browser says that its reader prefers.

    Args:
        accepted: The header ``Accept-Language``, such as ``"vi-VN,vi;q=0.9,en;q=0.5"``; None without one.

    Returns:
        The code of the language that is wanted most among those that there are; English where none is.

    Example:
        >>> choose_language("fr, zh-CN;q=0.8, en;q=0.5"), choose_language(None)
        ('zh', 'en')
    """
    wanted: list[tuple[float, str]] = []
    for part in (accepted or "")[:1000].split(","):
        name, _, weight = part.partition(";")
        code = name.strip().replace("_", "-").split("-")[0].lower()
        if code in LANGUAGES and (share := _weight(weight)) > 0:
            wanted.append((share, code))
    return max(wanted, key=lambda one: one[0])[1] if wanted else "en"


def language_of_environment(variables: Mapping[str, str] | None = None) -> str:
    """Choose by the variables that name the language of a command line, in gettext's order.

    Args:
        variables: What to look at; None for the process's own environment.

    Example:
        >>> language_of_environment({"LANG": "vi_VN.UTF-8"}), language_of_environment({"LANG": "C"})
        ('vi', 'en')
    """
    variables = os.environ if variables is None else variables
    named = next((variables[name] for name in _VARIABLES if variables.get(name)), "")
    codes = (one.split(".")[0].split("_")[0].lower() for one in named.split(":"))
    return next((code for code in codes if code in LANGUAGES), "en")


def _weight(text: str) -> float:
    """The weight of ``q=0.8``; 1 where there is none, 0 where it makes no sense."""
    name, _, number = text.strip().partition("=")
    if not name:
        return 1.0
    try:
        return float(number) if name.strip() == "q" else 0.0
    except ValueError:
        return 0.0
