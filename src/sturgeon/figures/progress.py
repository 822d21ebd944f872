"""How a search went on: the best so far, and how the trials learnt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from sturgeon.errors import InputError, option
from sturgeon.figures.common.axes import metric_title, value_axis, whole_ticks
from sturgeon.figures.common.labels import describe_config, label, round_off
from sturgeon.figures.common.snapshot import Shown, take_snapshot
from sturgeon.figures.common.theme import (
    BLUE,
    DASHES,
    FAINT,
    GREEN,
    GREY,
    ORANGE,
    SERIES,
    STATES,
    new_figure,
    set_caption,
    style_axes,
)
from sturgeon.figures.common.thinning import (
    MOST_CURVES,
    MOST_POINTS,
    MOST_STEPS,
    even_choice,
    join_sentences,
    say_thinned,
    thin_trials,
)
from sturgeon.languages import translator
from sturgeon.study import TrialRecord

if TYPE_CHECKING:
    import plotly.graph_objects as go

Against = Literal["trials", "epochs", "seconds"]
HIGHLIGHTED = 5
"""How many of the best learning curves are coloured."""


def best_so_far(study: Shown, *, against: Against = "trials", language: str = "en") -> go.Figure:
    """Draw the value of each trial and the best so far, in the order in which trials ended.

    Args:
        study: What to draw.
        against: What it is drawn against: trials ended, epochs trained in all, or seconds since the start.
        language: ``"en"``, ``"vi"`` or ``"zh"``.

    Raises:
        InputError: ``against`` is none of the three.
    """
    if against not in ("trials", "epochs", "seconds"):
        raise InputError(
            f"`{option('against')}` must be trials, epochs or seconds; got {against!r}. "
            "Leave it out for trials."
        )
    seen, words = take_snapshot(study), translator(language)
    _ = words.gettext
    order = [one for one in _by_end(seen.trials) if one.state in ("complete", "stopped", "failed")]
    places = dict(zip((one.number for one in order), _places(order, against), strict=True))
    valued = {one.number for one in seen.valued}
    drawn = [one for one in order if one.number in valued and not math.isnan(places[one.number])]
    sign = seen.objective.sign
    steps: list[TrialRecord] = []
    for one in drawn:
        if not steps or sign * (one.value or 0.0) < sign * (steps[-1].value or 0.0):
            steps.append(one)
    shown = thin_trials(drawn, seen.ranked, MOST_POINTS)
    axis, beyond = value_axis([one.value or 0.0 for one in drawn], sign, words)
    titles = {
        "trials": _("trials that ended"),
        "epochs": _("epochs trained, all trials together"),
        "seconds": _("seconds since the start"),
    }
    figure = new_figure(_("Best so far"))
    names = {"complete": _("complete"), "stopped": _("stopped early")}
    for state, name in names.items():
        points = [one for one in shown if one.state == state]
        if points:
            colour, symbol = STATES[state]
            figure.add_scatter(
                x=[places[one.number] for one in points],
                y=[round_off(one.value) for one in points],
                mode="markers",
                name=name,
                marker={"color": colour, "symbol": symbol, "size": 6, "opacity": 0.7},
                customdata=[one.number for one in points],
                text=[describe_config(one.config, seen.by_importance) for one in points],
                hovertemplate=_("trial") + " %{customdata}: %{y}<br>%{text}<extra></extra>",
            )
    if steps:
        last = max(places[one.number] for one in drawn)
        figure.add_scatter(
            x=[*(places[one.number] for one in steps), last],
            y=[round_off(one.value) for one in (*steps, steps[-1])],
            mode="lines",
            name=_("best so far"),
            line={"color": BLUE, "width": 2.5, "shape": "hv"},
            hovertemplate="%{y}<extra></extra>",
        )
    failed = [places[one.number] for one in order if one.state == "failed"]
    note = ""
    if failed:
        note = words.ngettext(
            "{count} trial failed and has no value.", "{count} trials failed and have no value.", len(failed)
        ).format(count=len(failed))
    set_caption(figure, join_sentences(say_thinned(len(shown), len(drawn), words), beyond, note))
    along = whole_ticks(len(order)) if against == "trials" else {}
    figure.update_layout(xaxis={"title": {"text": titles[against]}, "rangemode": "tozero", **along})
    figure.update_layout(yaxis={"title": {"text": metric_title(seen)}, **axis})
    return style_axes(figure)


def learning_curves(
    study: Shown,
    *,
    metric: str | None = None,
    trials: Sequence[int] | None = None,
    language: str = "en",
) -> go.Figure:
    """Draw how trials learnt: the best in colour, those stopped early in grey, by the rule that stopped them.

    Args:
        study: What to draw.
        metric: Which of the reported metrics; None for the (first) objective.
        trials: The numbers of those to draw, each in its own colour; None for all.
        language: ``"en"``, ``"vi"`` or ``"zh"``.

    Raises:
        InputError: No trial reported such a metric.
    """
    seen, words = take_snapshot(study), translator(language)
    _ = words.gettext
    metric = seen.metric if metric is None else metric
    asked = None if trials is None else set(trials)
    there = [one for one in seen.trials if one.curves.get(metric) and (asked is None or one.number in asked)]
    if not there:
        known = sorted({name for one in seen.trials for name in one.curves})
        raise InputError(
            f"Learning curves need a metric that trials report; got {metric!r}. "
            + (f"They report {', '.join(known)}." if known else "They report none.")
        )
    best = there
    if asked is None:
        best = [one for one in seen.ranked if one.curves.get(metric)][:HIGHLIGHTED]
    chosen = {one.number for one in best}
    others = [one for one in thin_trials(there, seen.ranked, MOST_CURVES) if one.number not in chosen]
    figure = new_figure(_("Learning curves"))
    rules = _rules([one for one in others if one.state == "stopped"])
    for rule, members in rules.items():
        name = _("stopped early: {rule}").format(rule=rule) if rule else _("stopped early")
        dash = DASHES[1 + list(rules).index(rule) % 3]
        _add_curves(figure, members, metric, name, FAINT, dash=dash, width=1, ends=True)
    groups = [
        (("complete",), _("complete"), "rgba(26, 128, 191, 0.55)", "solid"),
        (("failed",), _("failed"), ORANGE, "dot"),
        (("running", "paused", "waiting"), _("not ended"), GREEN, "solid"),
    ]
    for states, name, colour, dash in groups:
        members = [one for one in others if one.state in states]
        _add_curves(figure, members, metric, name, colour, dash=dash, width=1)
    failing = {} if asked is None else {"failed": _("failed"), "stopped": _("stopped early")}
    for place, one in enumerate(best):
        name = _("trial {number}").format(number=one.number)
        if one.state in failing:
            name = f"{name} ({failing[one.state]})"
        colour, dash = SERIES[place % len(SERIES)], DASHES[place % len(DASHES)]
        _add_curves(figure, [one], metric, name, colour, dash=dash, width=2.5)
    values = [value for one in (*best, *others) for __, value in one.curves[metric] if math.isfinite(value)]
    sign = seen.objective.sign if metric == seen.metric else 1.0
    axis, beyond = value_axis(values, sign, words)
    drawn = len(best) + len(others)
    longest = max(one.curves[metric][-1][0] for one in (*best, *others))
    set_caption(
        figure,
        join_sentences(
            _("The best are in colour.") if others else "", say_thinned(drawn, len(there), words), beyond
        ),
    )
    figure.update_layout(
        xaxis={"title": {"text": _("step")}, **whole_ticks(longest)},
        yaxis={"title": {"text": label(metric)}, **axis},
        showlegend=bool(others) or len(best) > 1,
    )
    return style_axes(figure)


def _add_curves(
    figure: Any,
    trials: Sequence[TrialRecord],
    metric: str,
    name: str,
    colour: str,
    *,
    dash: str,
    width: float,
    ends: bool = False,
) -> None:
    """Add trials as one line with gaps between them, which is far quicker to draw than a line for each."""
    if not trials:
        return
    x: list[float | None] = []
    y: list[float | None] = []
    numbers: list[int | None] = []
    for one in trials:
        points = even_choice(one.curves[metric], MOST_STEPS)
        x += [*(step for step, _ in points), None]
        y += [*(round_off(value) if math.isfinite(value) else None for _, value in points), None]
        numbers += [*(one.number for _ in points), None]
    figure.add_scatter(
        x=x,
        y=y,
        mode="lines",
        name=name,
        line={"color": colour, "width": width, "dash": dash},
        customdata=numbers,
        hovertemplate="%{customdata}: %{y}<extra></extra>",
        connectgaps=False,
    )
    if ends:
        figure.add_scatter(
            x=[one.curves[metric][-1][0] for one in trials],
            y=[
                round_off(value) if math.isfinite(value := one.curves[metric][-1][1]) else None
                for one in trials
            ],
            mode="markers",
            marker={"color": GREY, "symbol": "x-thin", "size": 5, "line": {"color": GREY, "width": 1}},
            showlegend=False,
            text=[label(one.reason or "", 160) for one in trials],
            customdata=[one.number for one in trials],
            hovertemplate="%{customdata}: %{text}<extra></extra>",
        )


def _rules(stopped: Sequence[TrialRecord]) -> dict[str, list[TrialRecord]]:
    """The trials by the rule that stopped them: what their reason says before a colon."""
    found: dict[str, list[TrialRecord]] = {}
    for one in stopped:
        rule, colon, _ = (one.reason or "").partition(":")
        found.setdefault(label(rule, 32) if colon else "", []).append(one)
    return dict(list(found.items())[:4]) | _rest(list(found.items())[4:])


def _rest(groups: list[tuple[str, list[TrialRecord]]]) -> dict[str, list[TrialRecord]]:
    return {"…": [one for _, trials in groups for one in trials]} if groups else {}


def _by_end(trials: Sequence[TrialRecord]) -> list[TrialRecord]:
    """The trials in the order in which they ended; those of an unknown time by number, and first."""
    return sorted(trials, key=lambda one: (one.ended.timestamp() if one.ended else 0.0, one.number))


def _places(order: Sequence[TrialRecord], against: Against) -> list[float]:
    """Where each trial stands; NaN where its time is not known."""
    if against == "trials":
        return [float(place) for place in range(1, len(order) + 1)]
    if against == "epochs":
        total, places = 0, []
        for one in order:
            total += max((len(curve) for curve in one.curves.values()), default=0)
            places.append(float(total))
        return places
    start = min((one.started.timestamp() for one in order if one.started), default=0.0)
    return [round(one.ended.timestamp() - start, 2) if one.ended else math.nan for one in order]
