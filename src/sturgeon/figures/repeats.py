"""How far a trial's value is luck: its spread over folds, and over repeats with other seeds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sturgeon.errors import InputError
from sturgeon.figures.common.axes import metric_title
from sturgeon.figures.common.labels import describe_config, round_off
from sturgeon.figures.common.snapshot import Shown, Snapshot, take_snapshot
from sturgeon.figures.common.theme import BLUE, GREY, ORANGE, new_figure, set_caption, style_axes
from sturgeon.figures.common.thinning import join_sentences
from sturgeon.languages import translator
from sturgeon.study import TrialRecord
from sturgeon.study.trial import is_finite

if TYPE_CHECKING:
    import plotly.graph_objects as go

SHOWN = 15
_REPEAT = re.compile(r"repeat (\d+): (\S+)=(\S+)")


def spread(study: Shown, *, language: str = "en") -> go.Figure:
    """Draw the best trials' values with the standard error over folds, and what other seeds gave.

    Args:
        study: What to draw.
        language: ``"en"``, ``"vi"`` or ``"zh"``.

    Raises:
        InputError: Each trial was trained once, or the language is none of these.
    """
    seen, words = take_snapshot(study), translator(language)
    _ = words.gettext
    trials = [one for one in seen.ranked if has_spread(one, seen)][:SHOWN]
    if not trials:
        raise InputError(
            "The picture needs trials that were trained more than once; each was trained once, without folds "
            "or repeats. Tune with either."
        )
    figure = new_figure(_("Spread over folds and repeats"), height=150 + 26 * max(4, len(trials)))
    names = [_("trial {number}").format(number=one.number) for one in trials]
    errors = [error_of(one, seen) for one in trials]
    texts = [describe_config(one.config, seen.by_importance) for one in trials]
    figure.add_scatter(
        x=[round_off(one.value) for one in trials],
        y=names,
        mode="markers",
        name=_("the value, with one standard error"),
        marker={"color": BLUE, "size": 9},
        error_x={"type": "data", "array": [round_off(error or 0.0) for error in errors], "color": BLUE},
        text=texts,
        hovertemplate="%{y}: %{x}<br>%{text}<extra></extra>",
    )
    again = [(name, repeats_of(one, seen)) for name, one in zip(names, trials, strict=True)]
    if any(values for _name, values in again):
        figure.add_scatter(
            x=[round_off(value) for _name, values in again for value in values],
            y=[name for name, values in again for _value in values],
            mode="markers",
            name=_("with other seeds"),
            marker={"color": GREY, "symbol": "x", "size": 7},
            hovertemplate="%{y}: %{x}<extra></extra>",
        )
        means = [(name, sum(values) / len(values)) for name, values in again if values]
        figure.add_scatter(
            x=[round_off(mean) for _name, mean in means],
            y=[name for name, _mean in means],
            mode="markers",
            name=_("their mean"),
            marker={"color": ORANGE, "symbol": "diamond", "size": 9},
            hovertemplate="%{y}: %{x}<extra></extra>",
        )
    figure.update_layout(
        showlegend=True,
        xaxis={"title": {"text": metric_title(seen)}},
        yaxis={"categoryorder": "array", "categoryarray": list(reversed(names))},
    )
    caption = _("The best {count} trials; where their bars overlap, luck may have decided.").format(
        count=len(trials)
    )
    set_caption(figure, join_sentences(caption))
    return style_axes(figure)


def has_spread(trial: TrialRecord, seen: Snapshot) -> bool:
    """Tell whether a trial was trained more than once."""
    return error_of(trial, seen) is not None or bool(repeats_of(trial, seen))


def error_of(trial: TrialRecord, seen: Snapshot) -> float | None:
    """The standard error of a trial's value over its folds; None without folds."""
    error = trial.metrics.get(f"{seen.metric}_se")
    return error if is_finite(error) else None


def repeats_of(trial: TrialRecord, seen: Snapshot) -> list[float]:
    """What a trial came to with other seeds, as its notes say."""
    found = (_REPEAT.fullmatch(note) for note in trial.notes)
    values = []
    for one in found:
        if one is not None and one[2] == seen.metric:
            try:
                values.append(float(one[3]))
            except ValueError:
                continue
    return [value for value in values if is_finite(value)]
