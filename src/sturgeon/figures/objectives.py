"""Several objectives at once: the trials that no other beats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sturgeon.errors import InputError
from sturgeon.figures.common.axes import value_axis
from sturgeon.figures.common.labels import describe_config, label, round_off
from sturgeon.figures.common.snapshot import Shown, take_snapshot
from sturgeon.figures.common.theme import GREY, ORANGE, new_figure, set_caption, style_axes
from sturgeon.figures.common.thinning import MOST_POINTS, join_sentences, say_thinned, thin_trials
from sturgeon.languages import translator
from sturgeon.study.trial import is_finite

if TYPE_CHECKING:
    import plotly.graph_objects as go


def pareto_front(study: Shown, *, language: str = "en") -> go.Figure:
    """Draw two objectives against each other, and the trials that no other beats.

    Args:
        study: What to draw; of more than two objectives the first two are the axes.
        language: ``"en"``, ``"vi"`` or ``"zh"``.

    Raises:
        InputError: The study has one objective only.
    """
    seen, words = take_snapshot(study), translator(language)
    _ = words.gettext
    if len(seen.objectives) < 2:
        raise InputError(f"A Pareto front needs two objectives; the study has one, {seen.metric!r}.")
    first, second = seen.objectives[:2]
    both = [one for one in seen.valued if all(is_finite(seen.of(one, goal)) for goal in (first, second))]
    front = sorted(seen.front, key=lambda one: one.value or 0.0)
    numbers = {one.number for one in front}
    others = thin_trials([one for one in both if one.number not in numbers], seen.ranked, MOST_POINTS)
    figure = new_figure(_("Pareto front"), height=440)
    looks = (
        (others, _("trials"), {"color": GREY, "symbol": "circle-open", "size": 7}, "markers"),
        (
            front,
            _("no other beats them"),
            {"color": ORANGE, "symbol": "diamond", "size": 10},
            "lines+markers",
        ),
    )
    for trials, name, marker, mode in looks:
        figure.add_scatter(
            x=[round_off(seen.of(one, first)) for one in trials],
            y=[round_off(seen.of(one, second)) for one in trials],
            mode=mode if len(seen.objectives) == 2 else "markers",
            name=name,
            marker=marker,
            line={"color": ORANGE, "width": 1.5, "shape": "hv" if first.sign > 0 else "vh"},
            customdata=[one.number for one in trials],
            text=[describe_config(one.config, seen.by_importance) for one in trials],
            hovertemplate=_("trial") + " %{customdata}: %{x}, %{y}<br>%{text}<extra></extra>",
        )
    layouts, notes = [], []
    for goal in (first, second):
        axis, beyond = value_axis([seen.of(one, goal) or 0.0 for one in both], goal.sign, words)
        better = _("less is better") if goal.sign > 0 else _("more is better")
        layouts.append({"title": {"text": f"{label(goal.metric)} ({better})"}, **axis})
        notes.append(beyond)
    figure.update_layout(xaxis=layouts[0], yaxis=layouts[1])
    more = ""
    if len(seen.objectives) > 2:
        more = _("The first two of {count} objectives are drawn.").format(count=len(seen.objectives))
    set_caption(figure, join_sentences(more, say_thinned(len(others) + len(front), len(both), words), *notes))
    return style_axes(figure)
