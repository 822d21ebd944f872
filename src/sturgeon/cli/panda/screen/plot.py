"""Curves drawn with the dots of Braille letters, two by four to a character."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rich.text import Text

from sturgeon.caviar.progress import format_metric

_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))  # by column, by row
_GUTTER = 11


@dataclass(frozen=True, slots=True)
class Line:
    """A curve to be drawn.

    Attributes:
        points: Pairs of epoch and value, in order; a value that is not finite leaves a gap.
        style: Its colour, as Rich writes it.
    """

    points: Sequence[tuple[float, float]]
    style: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A sign on a curve.

    Attributes:
        at: Epoch and value.
        sign: One character.
        style: Its colour.
    """

    at: tuple[float, float]
    sign: str
    style: str


def smooth(points: Sequence[tuple[float, float]], weight: float) -> list[tuple[float, float]]:
    """Average a curve exponentially, with ``weight`` on what was before; gaps stay.

    Example:
        >>> smooth([(1, 1.0), (2, 0.0)], 0.5)
        [(1, 1.0), (2, 0.5)]
    """
    mean, found = math.nan, []
    for epoch, value in points:
        if math.isfinite(value):
            mean = value if math.isnan(mean) else weight * mean + (1 - weight) * value
            found.append((epoch, mean))
        else:
            found.append((epoch, value))
    return found


def draw(lines: Sequence[Line], marks: Sequence[Mark], size: tuple[int, int], *, log: bool = False) -> Text:
    """Draw curves with their axes.

    Args:
        lines: Later ones lie over earlier ones.
        marks: Signs over the curves.
        size: Columns and rows of the whole.
        log: Whether the values are drawn by their logarithm; those that have none are left out.

    Example:
        >>> print(draw([Line([(1, 1.0), (2, 0.0)], "red")], [], (14, 3)).plain)
             1.000 ⠱⡀
             0.000  ⠈⢆
                   1 … 2
    """
    width, height = max(size[0] - _GUTTER, 2), max(size[1] - 1, 1)
    scaled = [_scaled(line, log) for line in lines]
    finite = [point for line in scaled for point in line.points if math.isfinite(point[1])]
    if not finite:
        return Text("no epoch has been trained yet", "dim")
    left, right = min(p[0] for p in finite), max(p[0] for p in finite)
    low, high = min(p[1] for p in finite), max(p[1] for p in finite)

    def place(point: tuple[float, float]) -> tuple[int, int]:
        across = (point[0] - left) / ((right - left) or 1.0)
        down = (high - point[1]) / ((high - low) or 1.0)
        return round(across * (2 * width - 1)), round(down * (4 * height - 1))

    cells: dict[tuple[int, int], tuple[int, str]] = {}
    for line in scaled:
        for x, y in _dots(line.points, place):
            before, _ = cells.get((x // 2, y // 4), (0, ""))
            cells[x // 2, y // 4] = before | _DOTS[x % 2][y % 4], line.style
    signs = {}
    for mark in marks:
        value = _value(mark.at[1], log)
        if math.isfinite(value) and left <= mark.at[0] <= right:
            x, y = place((mark.at[0], min(max(value, low), high)))
            signs[x // 2, y // 4] = mark
    picture = Text(no_wrap=True)
    for row in range(height):
        value = high - (high - low) * (row / (height - 1) if height > 1 else 0.0)
        labelled = row in (0, height // 2, height - 1)
        label = format_metric(10**value if log else value) if labelled else ""
        picture.append(f"{label:>{_GUTTER - 1}} ", "dim")
        for column in range(width):
            mark = signs.get((column, row))
            dots, style = cells.get((column, row), (0, ""))
            picture.append(
                mark.sign if mark else chr(0x2800 + dots) if dots else " ", mark.style if mark else style
            )
        picture.rstrip()
        picture.append("\n")
    ends = f"{left:g} … {right:g}" if right > left else f"{left:g}"
    picture.append(f"{'':{_GUTTER}}{ends:^{width}}".rstrip(), "dim")
    return picture


def _scaled(line: Line, log: bool) -> Line:
    return Line([(epoch, _value(value, log)) for epoch, value in line.points], line.style)


def _value(value: float, log: bool) -> float:
    if not log:
        return value
    return math.log10(value) if value > 0 else math.nan


def _dots(
    points: Sequence[tuple[float, float]], place: Callable[[tuple[float, float]], tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    """The dots of a curve: its points, and those on the straight lines between them."""
    before: tuple[int, int] | None = None
    for point in points:
        if not math.isfinite(point[1]):
            before = None
            continue
        x, y = place(point)
        yield x, y
        if before is not None:
            steps = max(abs(x - before[0]), abs(y - before[1]))
            for step in range(1, steps):
                yield (
                    round(before[0] + (x - before[0]) * step / steps),
                    round(before[1] + (y - before[1]) * step / steps),
                )
        before = (x, y)
