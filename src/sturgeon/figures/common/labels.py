"""Text of a study as a picture may show it: nothing in it is obeyed, and it is short."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from typing import Any

from sturgeon.plain_text import plain, printable, shorten

LONGEST_NAME = 40


def label(text: object, limit: int = LONGEST_NAME) -> str:
    r"""Write text of a study so that Plotly shows it as it is.

    Plotly takes ``<b>``, ``<a href>`` and ``%{x}`` in text for its own; here they become letters, and so do
    control characters.

    Args:
        text: A name, an option, a reason.
        limit: The most characters.

    Example:
        >>> label("<b>rate</b>"), label("%{x}")
        ('&lt;b&gt;rate&lt;/b&gt;', '&#37;{x}')
    """
    shown = printable(shorten(str(text), limit) if limit <= LONGEST_NAME else plain(str(text), limit))
    return html.escape(shown, quote=False).replace("%", "&#37;").replace("$", "&#36;")


def label_lines(text: object, width: int, lines: int = 2) -> str:
    """Write text of a study over a few lines, where there is little room beside it.

    Args:
        text: A name or an option.
        width: The most characters of a line.
        lines: The most lines; what is longer loses its middle.

    Example:
        >>> label_lines("sgd with momentum", 8), label_lines("piecewise_linear", 10)
        ('sgd with<br>momentum', 'piecewise_<br>linear')
    """
    rest, found = shorten(str(text), (width + 1) * lines - 1), []
    while rest and len(found) < lines - 1 and len(rest) > width:
        cut = max((rest.rfind(one, 0, width) + 1 for one in "_-./"), default=0)
        cut = max(cut, rest.rfind(" ", 0, width + 1)) or width
        found.append(rest[:cut])
        rest = rest[cut:].lstrip(" ")
    found.append(rest)
    return "<br>".join(label(one, width) for one in found)


def format_value(value: object) -> str:
    """Write a number with four significant digits, anything else as it is.

    Example:
        >>> format_value(0.0123456), format_value(64), format_value(None)
        ('0.01235', '64', '–')
    """
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def describe_config(config: Mapping[str, Any], names: Iterable[str], most: int = 6) -> str:
    """A configuration as lines of a hover label; inactive hyperparameters are left out.

    Args:
        config: The configuration.
        names: What to show of it.
        most: The most lines.
    """
    known = [name for name in names if name in config]
    lines = [f"{label(name)} = {label(format_value(config[name]))}" for name in known[:most]]
    return "<br>".join([*lines, "…"] if len(known) > most else lines)


def round_off(value: float | None, digits: int = 5) -> float | None:
    """Keep what a picture can show of a number, so that a file with many stays small."""
    return None if value is None else float(f"{value:.{digits}g}")
