"""The pictures of the claims: a few kinds, in the colours and the frame of all pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sturgeon.figures.common.axes import log_ticks
from sturgeon.figures.common.theme import DASHES, SERIES, new_figure, style_axes

if TYPE_CHECKING:
    import plotly.graph_objects as go

SYMBOLS = ("circle", "diamond", "square", "triangle-up", "x", "cross")
Points = tuple[Sequence[Any], Sequence[Any]]


def draw_lines(
    title: str,
    x: str,
    y: str,
    lines: Mapping[str, Points],
    *,
    caption: str = "",
    marks: bool = True,
    **axes: Any,
) -> go.Figure:
    """Draw curves.

    Args:
        title: What is shown.
        x: The title of the axis.
        y: Likewise.
        lines: By name, the points.
        caption: How to read it.
        marks: Whether points have symbols.
        **axes: ``log_x``, ``log_y``: whether an axis is logarithmic.
    """
    figure = new_figure(title, caption)
    for place, (name, (xs, ys)) in enumerate(lines.items()):
        figure.add_scatter(
            x=list(xs),
            y=list(ys),
            name=name,
            mode="lines+markers" if marks else "lines",
            line={"color": SERIES[place % 6], "dash": DASHES[place % 6], "width": 2},
            marker={"symbol": SYMBOLS[place % 6], "size": 7},
        )
    return _titled(figure, x, y, **axes)


def draw_points(
    title: str, x: str, y: str, groups: Mapping[str, Points], *, caption: str = "", **axes: Any
) -> go.Figure:
    """Draw points, each group with its colour and symbol; see :func:`draw_lines`."""
    figure = new_figure(title, caption)
    for place, (name, (xs, ys)) in enumerate(groups.items()):
        figure.add_scatter(
            x=list(xs),
            y=list(ys),
            name=name,
            mode="markers",
            marker={"color": SERIES[place % 6], "symbol": SYMBOLS[place % 6], "size": 8},
        )
    return _titled(figure, x, y, **axes)


def draw_bars(
    title: str,
    x: str,
    y: str,
    bars: Mapping[str, Points],
    *,
    caption: str = "",
    **axes: Any,
) -> go.Figure:
    """Draw bars beside each other, one colour a group; see :func:`draw_lines`."""
    figure = new_figure(title, caption)
    for place, (name, (xs, ys)) in enumerate(bars.items()):
        figure.add_bar(x=list(xs), y=list(ys), name=name, marker={"color": SERIES[place % 6]})
    figure.update_xaxes(type="category")  # or "16" and "32" would be places, not names
    return _titled(figure, x, y, **axes)


def _titled(figure: go.Figure, x: str, y: str, *, log_x: bool = False, log_y: bool = False) -> go.Figure:
    figure.update_layout(
        showlegend=len(figure.data) > 1,  # pyright: ignore[reportArgumentType]
        xaxis={"title": {"text": x}, **(_log(figure, "x") if log_x else {})},
        yaxis={"title": {"text": y}, **(_log(figure, "y") if log_y else {})},
        barmode="group",
    )
    return style_axes(figure)


def _log(figure: go.Figure, axis: str) -> dict[str, Any]:
    """A log axis whose ticks are plain numbers where they have few zeros."""
    traces: Any = figure.data
    drawn = np.concatenate([np.asarray(trace[axis], float) for trace in traces])
    drawn = drawn[np.isfinite(drawn) & (drawn > 0)]
    ticks = log_ticks(float(drawn.min()), float(drawn.max())) if len(drawn) else {}
    return {"type": "log", "nticks": 6, **ticks}
