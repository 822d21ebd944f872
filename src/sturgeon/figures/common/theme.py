"""Colours and the frame of every picture.

The colours are those of Okabe and Ito (2008) that stand out from white and from black alike, the blue a
little lighter for that; none carries a meaning alone: symbols and dashes do, too. Paper and plot are
transparent and the frame is a grey between, so that one figure is at home on a light page and on a dark one.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import plotly.graph_objects as go

ASSETS = Path(__file__).parents[1] / "assets"
"""What a page needs that shows figures: ``figures.css`` and ``fit.js``."""

BLUE, ORANGE, GREEN, PURPLE = "#1A80BF", "#D55E00", "#009E73", "#CC79A7"
GREY = "#8A8F98"
INK = "#767B84"
"""Of text: 4.5 to 1 or nearly so against white and against the dark page."""
GRID = "rgba(128, 128, 128, 0.22)"
FAINT = "rgba(138, 143, 152, 0.5)"
SERIES = (BLUE, ORANGE, GREEN, PURPLE, "#56B4E9", "#E69F00")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
VALUES = ((0.0, BLUE), (0.5, "#A9A9A9"), (1.0, ORANGE))
"""From the best value to the worst."""

STATES = {
    "complete": (BLUE, "circle"),
    "stopped": (GREY, "x"),
    "failed": (ORANGE, "triangle-up"),
    "running": (GREEN, "circle-open"),
    "paused": (PURPLE, "diamond-open"),
    "waiting": (GREY, "square-open"),
}
"""The colour and the symbol of each state."""

_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Noto Sans SC', 'PingFang SC', sans-serif"


def new_figure(title: str, caption: str = "", *, height: int = 380, **layout: Any) -> go.Figure:
    """Make an empty figure.

    Args:
        title: What it shows.
        caption: A sentence or two: how to read it, what was left out. It goes along as
            ``figure.layout.meta["caption"]`` for whoever shows the figure.
        height: In pixels.
        **layout: Anything else of Plotly's layout.
    """
    import plotly.graph_objects as go

    figure = go.Figure(
        layout={
            "template": "none",
            "title": {"text": title, "x": 0, "xref": "paper", "xanchor": "left", "font": {"size": 16}},
            "meta": {"title": title, "caption": caption},
            "font": {"family": _FONT, "size": 13, "color": INK},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "colorway": SERIES,
            "height": height,
            "margin": {"l": 56, "r": 16, "t": 48, "b": 56},
            "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "xanchor": "left"},
            "hoverlabel": {"font": {"family": _FONT, "size": 12}, "align": "left"},
            "hovermode": "closest",
            "barcornerradius": 3,
        }
    )
    figure.update_layout(**layout)
    return figure


def style_axes(figure: go.Figure) -> go.Figure:
    """Give all axes of a figure the same thin lines; to be called when they are all there."""
    line = {"gridcolor": GRID, "zeroline": False, "linecolor": GRID, "showline": True, "automargin": True}
    figure.update_xaxes(ticks="outside", tickcolor=GRID, ticklen=4, **line)
    figure.update_yaxes(ticks="outside", tickcolor=GRID, ticklen=4, **line)
    return figure


def set_caption(figure: go.Figure, caption: str) -> None:
    """Say what a figure's caption is."""
    layout: Any = figure.layout
    figure.update_layout(meta={**layout.meta, "caption": caption})
