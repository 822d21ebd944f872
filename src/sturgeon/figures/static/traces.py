"""Plotly's traces in Matplotlib: points, lines, bars, heatmaps and contours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sturgeon.figures.static.axes import Panel
from sturgeon.figures.static.text import DASHES, MARKERS, plain_label, to_colour


def add_trace(panel: Panel, trace: Mapping[str, Any], bars: tuple[int, int]) -> Any:
    """Draw a trace.

    Args:
        panel: Where to.
        trace: Plotly's trace, as JSON.
        bars: Of grouped bars, which group this is and how many there are.

    Returns:
        What stands for it in a legend, or None.
    """
    kind = trace.get("type", "scatter")
    if kind == "scatter":
        return _add_scatter(panel, trace)
    if kind == "bar":
        return _add_bars(panel, trace, bars)
    if kind in ("heatmap", "contour"):
        _add_surface(panel, trace, filled=kind == "contour")
        return None
    raise ValueError(f"a trace of type {kind!r} cannot be drawn without a browser")


def _add_scatter(panel: Panel, trace: Mapping[str, Any]) -> Any:
    x, y = panel.along("x", trace.get("x", ())), panel.along("y", trace.get("y", ()))
    mode, line, marker = trace.get("mode", "lines"), trace.get("line", {}), trace.get("marker", {})
    found = None
    if "lines" in mode:
        style = {"hv": "steps-post", "vh": "steps-pre"}.get(line.get("shape", ""), "default")
        (found,) = panel.axes.plot(
            x,
            y,
            color=to_colour(line.get("color")),
            linewidth=0.75 * line.get("width", 2),
            linestyle=DASHES[line.get("dash", "solid")],
            drawstyle=style,
        )
    if "markers" in mode:
        symbol = marker.get("symbol", "circle")
        hollow = symbol.endswith("-open")
        colour, edge = to_colour(marker.get("color")), marker.get("line", {})
        shape = MARKERS[symbol.removesuffix("-open")]
        edges = to_colour(edge.get("color"), "none") if not hollow else colour
        looks: dict[str, Any] = {"facecolors": "none" if hollow else colour, "edgecolors": edges}
        if shape == "x":
            looks = {"color": colour}
        points = panel.axes.scatter(
            x,
            y,
            s=0.6 * np.square(marker.get("size", 6)),
            marker=shape,
            alpha=marker.get("opacity"),
            linewidths=1.2 if hollow or shape == "x" else edge.get("width", 0),
            zorder=3,
            **looks,
        )
        found = found or points
    for which, error in (("x", trace.get("error_x")), ("y", trace.get("error_y"))):
        if error:
            _add_errors(panel, x, y, which, error)
    return found


def _add_errors(panel: Panel, x: Any, y: Any, which: str, error: Mapping[str, Any]) -> None:
    sides = [error.get("arrayminus", error["array"]), error["array"]]
    lengths = {f"{which}err": np.array(sides, dtype=float)}
    looks = {
        "fmt": "none",
        "ecolor": to_colour(error.get("color")),
        "elinewidth": 1,
        "capsize": 2,
        "zorder": 3,
    }
    panel.axes.errorbar(x, y, **lengths, **looks)


def _add_bars(panel: Panel, trace: Mapping[str, Any], bars: tuple[int, int]) -> Any:
    names = trace.get("y", ())
    y, x = np.array(panel.along("y", names)), np.array(panel.along("x", trace.get("x", ())))
    group, groups = bars
    height = 0.72 / groups
    middle = y + (group - (groups - 1) / 2) * height
    marker = trace.get("marker", {})
    base = trace.get("base")
    drawn = panel.axes.barh(
        middle,
        x,
        height=height,
        left=0 if base is None else np.array(base, dtype=float),
        color=to_colour(marker.get("color")),
        hatch={"/": "//", "\\": "\\\\", ".": "..", "x": "xx"}.get(
            (marker.get("pattern") or {}).get("shape", "")
        ),
        edgecolor="white",
        linewidth=0.5,
    )
    if trace.get("error_x"):
        _add_errors(panel, x, middle, "x", trace["error_x"])
    if trace.get("textposition") == "outside":
        panel.axes.bar_label(drawn, [plain_label(text) for text in trace["text"]], padding=3, fontsize=8)
    return drawn


def _add_surface(panel: Panel, trace: Mapping[str, Any], *, filled: bool) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    stops = [(float(place), to_colour(colour)) for place, colour in trace["colorscale"]]
    colours = LinearSegmentedColormap.from_list("values", stops)
    x, y = panel.along("x", trace["x"]), panel.along("y", trace["y"])
    z = np.array(trace["z"], dtype=float)
    options: dict[str, Any] = {"cmap": colours, "alpha": trace.get("opacity")}
    if filled:
        drawn = panel.axes.contourf(x, y, z, levels=trace.get("ncontours", 14), **options)
    else:
        drawn = panel.axes.pcolormesh(
            x,
            y,
            z,
            vmin=trace.get("zmin"),
            vmax=trace.get("zmax"),
            edgecolors="white" if trace.get("xgap") else "none",
            linewidth=1 if trace.get("xgap") else 0,
            antialiased=bool(trace.get("xgap")),  # else light shines through between cells
            **options,
        )
    if trace.get("texttemplate"):
        for row, texts in enumerate(trace["text"]):
            for column, text in enumerate(texts):
                red, green, blue, _ = drawn.cmap(drawn.norm(z[row, column]))
                ink = "white" if 0.3 * red + 0.6 * green + 0.1 * blue < 0.55 else "black"
                panel.axes.text(
                    x[column], y[row], str(text), color=ink, ha="center", va="center", fontsize=10
                )
    bar = trace.get("colorbar", {})
    scale = panel.axes.figure.colorbar(drawn, ax=panel.axes, fraction=0.04, pad=0.02)
    scale.outline.set_visible(False)
    scale.set_label(plain_label((bar.get("title") or {}).get("text")))
    if bar.get("tickformat") == ".0%":
        from matplotlib.ticker import PercentFormatter

        scale.ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
