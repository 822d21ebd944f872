"""Plotly's text, colours and marks in Matplotlib's terms."""

from __future__ import annotations

import html
import re
from typing import Any

MARKERS = {
    "circle": "o",
    "square": "s",
    "diamond": "D",
    "x": "x",
    "x-thin": "x",
    "triangle-up": "^",
    "star": "*",
}
DASHES: dict[str, Any] = {
    "solid": "-",
    "dash": "--",
    "dot": ":",
    "dashdot": "-.",
    "longdash": (0, (8, 4)),
    "longdashdot": (0, (8, 3, 2, 3)),
}
_BREAK = re.compile(r"<br\s*/?>")
_RGBA = re.compile(r"rgba?\(([^)]*)\)")


def plain_label(text: str | None) -> str:
    r"""Undo what ``label`` did, as Matplotlib takes text as it is.

    Example:
        >>> plain_label("&lt;b&gt;rate&lt;/b&gt;<br>1")
        '<b>rate</b>\n1'
    """
    return html.unescape(_BREAK.sub("\n", text or ""))


def to_colour(colour: str | None, otherwise: str = "#8A8F98") -> Any:
    """A colour that Matplotlib knows.

    Example:
        >>> to_colour("rgba(255, 0, 0, 0.5)"), to_colour("#1A80BF")
        ((1.0, 0.0, 0.0, 0.5), '#1A80BF')
    """
    found = _RGBA.fullmatch(colour or "")
    if found is None:
        return colour or otherwise
    parts = [float(part) for part in found[1].split(",")]
    alpha = parts[3] if len(parts) > 3 else 1.0
    return (*(part / 255 for part in parts[:3]), alpha)
