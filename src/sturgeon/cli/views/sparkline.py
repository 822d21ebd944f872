"""Bars and curves as text: a character a value."""

from __future__ import annotations

import math
from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
_PARTS = " ▏▎▍▌▋▊▉█"
WIDTH = 12


def sparkline(values: Sequence[float], width: int = WIDTH, ends: tuple[float, float] | None = None) -> str:
    """Draw values as a line of blocks.

    Args:
        values: What to draw; where one is not finite, there is a gap.
        width: How many characters at most.
        ends: What is lowest and highest; None for the values' own.

    Example:
        >>> sparkline([3.0, 2.0, 1.0, 1.0])
        '█▄▁▁'
        >>> sparkline([0.0, math.nan, 1.0])
        '▁ █'
    """
    if len(values) > width:
        values = [values[round(place * (len(values) - 1) / (width - 1))] for place in range(width)]
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return ""
    low, high = ends or (min(finite), max(finite))
    last = len(BLOCKS) - 1
    line = ""
    for value in values:
        share = 0.0 if high <= low else min(1.0, max(0.0, (value - low) / (high - low)))
        line += BLOCKS[int(share * last)] if math.isfinite(value) else " "
    return line


def bar(share: float, width: int = 20) -> str:
    """Draw a share of 1 as a bar, to an eighth of a character.

    Example:
        >>> bar(0.5, 4), bar(0.3, 4), bar(0.0, 4)
        ('██', '█▎', '')
    """
    eighths = round(max(0.0, min(1.0, share)) * width * 8)
    return (_PARTS[8] * (eighths // 8) + (_PARTS[eighths % 8] if eighths % 8 else "")).rstrip()


def common_ends(curves: Sequence[Sequence[float]]) -> tuple[float, float] | None:
    """The lowest and highest value of curves, without the few far beyond; None where there is none."""
    finite = sorted(value for curve in curves for value in curve if math.isfinite(value))
    if not finite:
        return None
    rest = len(finite) // 20
    return finite[rest], finite[len(finite) - 1 - rest]
