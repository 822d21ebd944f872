"""How a search looked: random against a grid, and from coarse to fine."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from sturgeon.errors import SturgeonError
from sturgeon.figures.common.axes import axis_of
from sturgeon.figures.common.labels import describe_config, label, round_off
from sturgeon.figures.common.snapshot import Shown, Snapshot, take_snapshot
from sturgeon.figures.common.theme import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    new_figure,
    set_caption,
    style_axes,
)
from sturgeon.figures.common.thinning import MOST_POINTS, join_sentences, say_thinned, thin_trials
from sturgeon.languages import translator
from sturgeon.search.record import Observation, Record
from sturgeon.search.region import Region
from sturgeon.space import Integer, Real, Space

if TYPE_CHECKING:
    import plotly.graph_objects as go

ROUNDS = 4
WITHIN = 0.3
"""How far a region's box goes beyond a whole number."""
_LOOKS = ((GREY, "circle-open"), (PURPLE, "square"), (GREEN, "diamond"), (BLUE, "circle"))


def random_against_grid(study: Shown, *, language: str = "en") -> go.Figure:
    """Draw how many values of each hyperparameter were tried, and what a grid of equal size would have tried.

    Args:
        study: What to draw.
        language: ``"en"``, ``"vi"`` or ``"zh"``.

    Raises:
        InputError: The language is none of these.
    """
    seen, words = take_snapshot(study), translator(language)
    _ = words.gettext
    begun = [one for one in seen.trials if one.state != "waiting"]
    names = list(seen.by_importance)
    tried = {name: len({repr(one.config[name]) for one in begun if name in one.config}) for name in names}
    points = grid_points([float(seen.space[name].size) for name in names], len(begun))
    figure = new_figure(_("Values tried, and those of a grid"), height=130 + 40 * max(2, len(names)))
    shown = [label(name) for name in reversed(names)]
    for title, counts, colour, pattern in (
        (_("a grid of equal size"), dict(zip(names, points, strict=True)), GREY, "/"),
        (_("this study"), tried, BLUE, ""),
    ):
        values = [counts[name] for name in reversed(names)]
        figure.add_bar(
            orientation="h",
            y=shown,
            x=values,
            name=title,
            text=[str(value) for value in values],
            textposition="outside",
            cliponaxis=False,
            marker={
                "color": colour,
                "pattern": {"shape": pattern, "fillmode": "overlay", "solidity": 0.2, "fgcolor": "white"},
            },
            hovertemplate="%{y}: %{x}<extra></extra>",
        )
    figure.update_layout(
        barmode="group",
        legend={"traceorder": "reversed"},
        xaxis={"title": {"text": _("different values tried")}, "rangemode": "tozero"},
    )
    caption = _(
        "A grid of {count} trials has room for {most} values of a hyperparameter at most, however much that "
        "one matters; drawn at random, nearly every trial tries a new one."
    ).format(count=len(begun), most=max(points, default=1))
    set_caption(figure, caption)
    return style_axes(figure)


def grid_points(sizes: list[float], trials: int) -> list[int]:
    """How many values of each hyperparameter a grid has that needs no more than some trials.

    It grows by one value at a time, of what mattered most first, in turn.

    Args:
        sizes: How many values each hyperparameter has, infinite for a real number; what mattered most first.
        trials: How many trials there are.

    Example:
        >>> grid_points([math.inf, math.inf], 25), grid_points([math.inf, 2.0], 25)
        ([5, 5], [12, 2])
        >>> grid_points([math.inf] * 7, 64)
        [2, 2, 2, 2, 2, 2, 1]
    """
    points, grew = [1] * len(sizes), True
    while grew:
        grew = False
        for place, size in enumerate(sizes):
            larger = [*points[:place], points[place] + 1, *points[place + 1 :]]
            if larger[place] <= size and math.prod(larger) <= trials:
                points, grew = larger, True
    return points


def coarse_to_fine(
    study: Shown, *, x: str | None = None, y: str | None = None, language: str = "en"
) -> go.Figure:
    """Draw the trials of each quarter of the search, and the regions in which it looked closer.

    Args:
        study: What to draw.
        x: One hyperparameter with a range; None for the one that mattered most.
        y: Another one; None for the next that mattered.
        language: ``"en"``, ``"vi"`` or ``"zh"``.

    Raises:
        InputError: The language is none of these.
    """
    seen, words = take_snapshot(study), translator(language)
    _ = words.gettext
    ranged = [name for name in seen.by_importance if isinstance(seen.space[name], Real | Integer)]
    chosen = [name for name in (x, y) if name in ranged]
    names = (chosen + [name for name in ranged if name not in chosen])[:2]
    begun = [
        one for one in seen.trials if one.state != "waiting" and all(name in one.config for name in names)
    ]
    drawn = thin_trials(begun, seen.ranked, MOST_POINTS)
    figure = new_figure(_("From coarse to fine"), height=460)
    axes = [axis_of(seen.space, name) for name in names]
    regions = _regions(seen)
    for region in regions:
        _add_region(figure, region, seen.space, axes)
    size = max(1, -(-(max((one.number for one in seen.trials), default=0) + 1) // ROUNDS))
    for quarter, (colour, symbol) in enumerate(_LOOKS):
        points = [one for one in drawn if one.number // size == quarter]
        if points:
            along = [[axis.position(one.config[axis.name]) for one in points] for axis in axes]
            upwards = along[1] if len(axes) > 1 else [float(one.number) for one in points]
            figure.add_scatter(
                x=[round_off(value, 6) for value in along[0]],
                y=[round_off(value, 6) for value in upwards],
                mode="markers",
                name=_("trials {first}–{last}").format(first=points[0].number, last=points[-1].number),
                marker={"color": colour, "symbol": symbol, "size": 7, "opacity": 0.75},
                customdata=[one.number for one in points],
                text=[describe_config(one.config, seen.by_importance) for one in points],
                hovertemplate=_("trial") + " %{customdata}<br>%{text}<extra></extra>",
            )
    best = seen.best
    if best is not None and all(name in best.config for name in names):
        figure.add_scatter(
            x=[axes[0].position(best.config[names[0]])],
            y=[axes[1].position(best.config[names[1]]) if len(axes) > 1 else best.number],
            mode="markers",
            name=_("the best"),
            marker={"color": ORANGE, "symbol": "star", "size": 15, "line": {"color": "white", "width": 1}},
            hovertemplate=_("trial") + f" {best.number}<extra></extra>",
        )
    figure.update_layout(xaxis={"title": {"text": axes[0].title}, **axes[0].layout})
    told = {"title": {"text": _("trial")}}
    figure.update_layout(
        yaxis={"title": {"text": axes[1].title}, **axes[1].layout} if len(axes) > 1 else told
    )
    caption = ""
    if regions:
        caption = _(
            "The boxes are the regions, around the best, in which the search looked closer, level by level."
        )
    set_caption(figure, join_sentences(caption, say_thinned(len(drawn), len(begun), words)))
    return style_axes(figure)


def _regions(seen: Snapshot) -> list[Region]:
    """The regions around the best configuration, without the whole space; none where the search has none."""
    find = getattr(seen.search, "regions", None)
    if find is None or not seen.valued:
        return []
    sign = seen.objective.sign
    record = Record(
        Observation(one.number, one.config, one.state, None if one.value is None else sign * one.value)
        for one in seen.trials
        if one.state in ("complete", "stopped")
    )
    try:
        found = [region for region in find(seen.space, record) if region.level > 0]
    except SturgeonError:
        return []
    if not found:
        return []
    return [region for region in found if region.centre == found[0].centre] or found


def _add_region(figure: Any, region: Region, space: Space, axes: list[Any]) -> None:
    if any(axis.name not in region.low for axis in axes):
        return
    ends = [_ends(region, space, axis) for axis in axes]
    shape: dict[str, Any] = {"x0": ends[0][0], "x1": ends[0][1], "yref": "paper", "y0": 0, "y1": 1}
    if len(ends) > 1:
        shape |= {"yref": "y", "y0": ends[1][0], "y1": ends[1][1]}
    figure.add_shape(
        type="rect",
        **shape,
        line={
            "color": ORANGE,
            "width": 1 + 0.5 * region.level,
            "dash": "dash" if region.level == 1 else "solid",
        },
        fillcolor="rgba(213, 94, 0, 0.06)",
        layer="below",
    )


def _ends(region: Region, space: Space, axis: Any) -> tuple[float, float]:
    """Where a region begins and ends along an axis; around whole numbers, so that these lie inside."""
    item, low, high = space[axis.name], region.low[axis.name], region.high[axis.name]
    if not isinstance(item, Integer):
        return axis.position(low), axis.position(high)
    if item.scale == "power_of_two":
        return low / 2**WITHIN, high * 2**WITHIN
    return low - WITHIN, high + WITHIN
