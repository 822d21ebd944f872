"""All hyperparameters of many trials at once: a line a trial, an axis a hyperparameter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sturgeon.figures.common.axes import metric_title, unit_ticks, value_axis
from sturgeon.figures.common.labels import describe_config, format_value, label
from sturgeon.figures.common.snapshot import Shown, Snapshot, take_snapshot
from sturgeon.figures.common.theme import BLUE, GREY, INK, ORANGE, new_figure, set_caption, style_axes
from sturgeon.figures.common.thinning import join_sentences, say_thinned, thin_trials
from sturgeon.languages import translator
from sturgeon.study import TrialRecord

if TYPE_CHECKING:
    import plotly.graph_objects as go

MOST_AXES = 8
MOST_LINES = 300
INACTIVE = -0.1
"""The height at which a hyperparameter that is not active is drawn."""


def parallel_coordinates(study: Shown, *, language: str = "en") -> go.Figure:
    """Draw a line for each trial through its values, each on its own scale, the best on top.

    Args:
        study: What to draw.
        language: ``"en"``, ``"vi"`` or ``"zh"``.

    Raises:
        InputError: The language is none of these.
    """
    seen, words = take_snapshot(study), translator(language)
    _ = words.gettext
    names = list(seen.by_importance[:MOST_AXES])
    drawn = thin_trials(seen.valued, seen.ranked, MOST_LINES)
    axis, _beyond = value_axis([one.value or 0.0 for one in drawn], seen.objective.sign, words)
    heights = _value_heights(drawn, axis)
    unit = seen.space.to_unit([one.config for one in drawn]) if drawn else np.zeros((0, 1))
    columns = [seen.space.coordinates.index(name) for name in names]
    figure = new_figure(_("All hyperparameters together"), height=460)
    place = {one.number: rank for rank, one in enumerate(seen.ranked)}
    count = max(1, len(seen.ranked))
    bands = [
        (_("the worst half"), 0.5, 1.01, "rgba(138, 143, 152, 0.4)", 1.0, "dot"),
        (_("the better half"), 0.1, 0.5, "rgba(0, 158, 115, 0.55)", 1.0, "solid"),
        (_("the best tenth"), -1.0, 0.1, BLUE, 1.6, "solid"),
    ]
    rows = {one.number: row for row, one in enumerate(drawn)}
    for name, low, high, colour, width, dash in bands:
        members = [one for one in drawn if low <= place[one.number] / count < high and place[one.number]]
        _add_lines(figure, seen, members, rows, unit[:, columns], heights, name, colour, width, dash)
    best = [one for one in drawn if place[one.number] == 0]
    _add_lines(figure, seen, best, rows, unit[:, columns], heights, _("the best"), ORANGE, 3.0, "solid")
    notes: list[dict[str, Any]] = []
    for number, name in enumerate(names):
        for tick, text in zip(*unit_ticks(seen.space, name), strict=True):
            notes.append(_tick(number, tick, text))
    if np.isnan(unit[:, columns]).any():
        notes.append(_tick(0, INACTIVE, _("not active")))
        figure.update_layout(margin={"l": 20 + 6 * len(_("not active"))})
    for share, text in _value_ticks(axis, drawn):
        notes.append(_tick(len(names), share, text))
    titles = [label(name, 18) for name in names] + [metric_title(seen)]
    figure.update_layout(
        annotations=notes,
        xaxis={
            "tickvals": list(range(len(titles))),
            "ticktext": titles,
            "range": [-0.35, len(titles) - 0.45],
            "side": "bottom",
        },
        yaxis={"visible": False, "range": [-0.16, 1.06]},
    )
    style_axes(figure)
    figure.update_xaxes(showgrid=True, gridcolor=GREY, showline=False, ticks="")
    more = ""
    if len(seen.space.coordinates) > len(names):
        more = _("The {count} that mattered most are drawn.").format(count=len(names))
    set_caption(figure, join_sentences(say_thinned(len(drawn), len(seen.valued), words), more))
    return figure


def _add_lines(
    figure: go.Figure,
    seen: Snapshot,
    members: list[TrialRecord],
    rows: dict[int, int],
    unit: np.ndarray,
    heights: list[float],
    name: str,
    colour: str,
    width: float,
    dash: str,
) -> None:
    if not members:
        return
    x: list[float | None] = []
    y: list[float | None] = []
    texts: list[str] = []
    for one in members:
        row = rows[one.number]
        values = [INACTIVE if np.isnan(value) else round(float(value), 4) for value in unit[row]]
        x += [*range(len(values) + 1), None]
        y += [*values, heights[row], None]
        hover = f"{one.number}: {format_value(one.value)}"
        if len(members) == 1:
            hover += "<br>" + describe_config(one.config, seen.by_importance)
        texts += [hover] * (len(values) + 1) + [""]
    line = {"color": colour, "width": width, "dash": dash}
    figure.add_scatter(
        x=x, y=y, mode="lines", name=name, line=line, text=texts, hovertemplate="%{text}<extra></extra>"
    )


def _tick(axis: float, place: float, text: str) -> dict[str, Any]:
    """A text beside an axis."""
    font = {"size": 11, "color": INK}
    return {
        "x": axis,
        "y": place,
        "text": text,
        "showarrow": False,
        "xanchor": "right",
        "xshift": -4,
        "font": font,
    }


def _value_heights(drawn: list[TrialRecord], axis: dict) -> list[float]:
    """Where each value lies on the last axis, from 0 to 1; beyond an end, at that end."""
    low, high = axis.get("range", (0.0, 1.0))
    values = np.array([one.value or 0.0 for one in drawn])
    scaled = np.log10(values) if axis.get("type") == "log" else values
    return np.clip((scaled - low) / (high - low), 0, 1).round(4).tolist()


def _value_ticks(axis: dict, drawn: list[TrialRecord]) -> list[tuple[float, str]]:
    """Places and texts along the last axis."""
    if "range" not in axis:
        return [(0.0, format_value(drawn[0].value))] if drawn else []
    low, high = axis["range"]
    log = axis.get("type") == "log"
    there = np.array([one.value or 0.0 for one in drawn])
    ends = np.clip(np.log10([there.min(), there.max()]) if log else [there.min(), there.max()], low, high)
    places = np.linspace(ends[0], ends[1], 5 if ends[1] > ends[0] else 1)
    texts = [f"{10**place if log else place:.3g}" for place in places]
    return [((place - low) / (high - low), text) for place, text in zip(places.tolist(), texts, strict=True)]
