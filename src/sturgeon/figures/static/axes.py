"""Plotly's axes in Matplotlib: where they lie, their scale, range, ticks and titles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sturgeon.figures.static.text import plain_label

GRID = (0.5, 0.5, 0.5, 0.25)


@dataclass
class Panel:
    """One pair of axes.

    Attributes:
        axes: Matplotlib's axes.
        x: Plotly's settings of the x axis.
        y: Plotly's settings of the y axis.
        places: For an axis of names, the place of each.
    """

    axes: Any
    x: Mapping[str, Any]
    y: Mapping[str, Any]
    places: dict[str, dict[str, int]] = field(default_factory=lambda: {"x": {}, "y": {}})

    def along(self, which: str, values: Any) -> list[float]:
        """Numbers for what is drawn along an axis: names become places, and None a gap."""
        known, settings = self.places[which], self.x if which == "x" else self.y
        order = settings.get("categoryarray")
        if order is not None and not known:
            known.update({name: place for place, name in enumerate(order)})
        found = []
        for value in values:
            if isinstance(value, str):
                known.setdefault(value, len(known))
                found.append(float(known[value]))
            else:
                found.append(float("nan") if value is None else float(value))
        return found

    def finish(self) -> None:
        """Set scales, ranges, ticks and titles; to be called when all is drawn."""
        for which, settings in (("x", self.x), ("y", self.y)):
            _finish_axis(self.axes, which, settings, self.places[which])


def add_panels(
    figure: Any, layout: Mapping[str, Any], box: tuple[float, float, float, float], used: set[str]
) -> dict[str, Panel]:
    """Add a panel for each pair of axes of a layout.

    Args:
        figure: Matplotlib's figure.
        layout: Plotly's layout.
        box: Where they lie: left, bottom, width and height as shares of the figure.
        used: The names of those that something is drawn in.

    Returns:
        The panels by the names of their axes, such as ``"x2y2"``.
    """
    panels = {}
    names = [name.removeprefix("xaxis") for name in layout if name.startswith("xaxis")] or [""]
    for name in sorted(names, key=lambda one: int(one or 1)):
        if used and f"x{name}y{name}" not in used:
            continue
        x, y = layout.get(f"xaxis{name}", {}), layout.get(f"yaxis{name}", {})
        (left, right), (low, high) = x.get("domain", (0, 1)), y.get("domain", (0, 1))
        place = (
            box[0] + left * box[2],
            box[1] + low * box[3],
            (right - left) * box[2],
            (high - low) * box[3],
        )
        axes = figure.add_axes(place)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        for side in ("left", "bottom"):
            axes.spines[side].set_color(GRID)
        axes.tick_params(colors="#3c424b", labelsize=9, color=GRID)
        axes.set_axisbelow(True)
        panels[f"x{name}y{name}"] = Panel(axes, x, y)
    return panels


def _finish_axis(axes: Any, which: str, settings: Mapping[str, Any], places: Mapping[str, int]) -> None:
    axis = getattr(axes, f"{which}axis")
    set_scale, set_limits = getattr(axes, f"set_{which}scale"), getattr(axes, f"set_{which}lim")
    log = settings.get("type") == "log"
    if log:
        set_scale("log")
        axis.minorticks_off()
    if settings.get("showgrid", True):
        axis.grid(True, color=GRID, linewidth=0.7)
    if "range" in settings and settings["range"] is not None:
        low, high = settings["range"]
        set_limits((10**low, 10**high) if log else (low, high))
    elif settings.get("rangemode") == "tozero":
        set_limits(0, None)
    if places:
        axis.set_ticks(list(places.values()), [plain_label(name) for name in places])
    elif settings.get("tickvals") is not None:
        texts = settings.get("ticktext") or [str(value) for value in settings["tickvals"]]
        axis.set_ticks(list(settings["tickvals"]), [plain_label(text) for text in texts])
    elif settings.get("dtick") is not None:
        from matplotlib.ticker import MultipleLocator

        axis.set_major_locator(MultipleLocator(settings["dtick"]))
    if settings.get("tickformat") == ".0%":
        from matplotlib.ticker import PercentFormatter

        axis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    if settings.get("tickangle"):
        axis.set_tick_params(rotation=settings["tickangle"])
    if settings.get("showticklabels") is False:
        axis.set_tick_params(labelleft=False, labelbottom=False)
    if settings.get("autorange") == "reversed":
        axis.set_inverted(True)
    if settings.get("visible") is False:
        axis.set_visible(False)
        axes.spines["left" if which == "y" else "bottom"].set_visible(False)
    title = (settings.get("title") or {}).get("text")
    if title:
        getattr(axes, f"set_{which}label")(plain_label(title), color="#1d2127", fontsize=10)
