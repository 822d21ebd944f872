"""What the tuned network said of the test rows: confusion, calibration, residuals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sturgeon.data.test_rows import MOST_ROWS, TestRows
from sturgeon.errors import InputError
from sturgeon.figures.common.labels import label, round_off
from sturgeon.figures.common.snapshot import Shown, Snapshot, take_snapshot
from sturgeon.figures.common.theme import BLUE, GREY, new_figure, set_caption, style_axes
from sturgeon.figures.common.thinning import join_sentences
from sturgeon.languages import translator

if TYPE_CHECKING:
    import plotly.graph_objects as go


def read_test_rows(seen: Snapshot) -> TestRows | None:
    """What is known of the test rows; None for a study that was not made by ``sturgeon tune``."""
    return None if seen.folder is None else TestRows.read(seen.folder)


def confusion_matrix(study: Shown, *, language: str = "en") -> go.Figure:
    """Draw how often each class was taken for which, on the test rows.

    Args:
        study: What to draw.
        language: ``"en"``, ``"vi"`` or ``"zh"``.

    Raises:
        InputError: Nothing is kept of test rows, or they are numbers.
    """
    seen, words = take_snapshot(study), translator(language)
    _ = words.gettext
    rows = _need(seen, "classification")
    counts = np.array(rows.confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = [label(name, 20) for name in rows.labels]
    places = list(range(len(names)))
    figure = new_figure(_("Confusion matrix"), height=190 + 40 * max(3, len(names)))
    figure.add_heatmap(
        x=places,
        y=places,
        z=shares.round(4).tolist(),
        text=counts.tolist(),
        texttemplate="%{text}",
        colorscale=[[0, "#EAF2F8"], [1, "#004A73"]],
        zmin=0,
        zmax=1,
        xgap=2,
        ygap=2,
        colorbar={
            "title": {"text": _("share of the true class"), "side": "right"},
            "tickformat": ".0%",
            "thickness": 12,
            "outlinewidth": 0,
        },
        hovertemplate="%{text} (%{z:.1%})<extra></extra>",
    )
    figure.update_layout(
        xaxis={"title": {"text": _("predicted")}, "tickvals": places, "ticktext": names, "showgrid": False},
        yaxis={
            "title": {"text": _("true")},
            "tickvals": places,
            "ticktext": names,
            "autorange": "reversed",
            "showgrid": False,
        },
    )
    right = int(np.trace(counts))
    caption = _("{right} of {count} test rows were right; a row of the picture adds up to 100 %.").format(
        right=f"{right:,}", count=f"{rows.count:,}"
    )
    set_caption(figure, caption)
    return style_axes(figure)


def calibration(study: Shown, *, language: str = "en") -> go.Figure:
    """Draw how often the guessed class was right against how probable the network said it was.

    Args:
        study: What to draw.
        language: ``"en"``, ``"vi"`` or ``"zh"``.

    Raises:
        InputError: Nothing is kept of test rows, or they are numbers.
    """
    seen, words = take_snapshot(study), translator(language)
    _ = words.gettext
    rows = _need(seen, "classification")
    bins = rows.calibration
    figure = new_figure(_("Calibration"), height=420)
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        name=_("as sure as right"),
        line={"color": GREY, "dash": "dash", "width": 1},
    )
    largest = max((each["count"] for each in bins), default=1)
    errors = [np.sqrt(each["right"] * (1 - each["right"]) / each["count"]) for each in bins]
    figure.add_scatter(
        x=[each["mean"] for each in bins],
        y=[each["right"] for each in bins],
        mode="lines+markers",
        name=_("test rows"),
        line={"color": BLUE, "width": 1},
        marker={
            "color": BLUE,
            "size": [round(6 + 12 * np.sqrt(each["count"] / largest), 1) for each in bins],
        },
        error_y={
            "type": "data",
            "array": [round_off(float(error)) for error in errors],
            "color": BLUE,
            "width": 3,
        },
        customdata=[int(each["count"]) for each in bins],
        hovertemplate="%{x:.2f} → %{y:.2f} (%{customdata})<extra></extra>",
    )
    low = min([0.5, *(each["mean"] for each in bins), *(each["right"] for each in bins)])
    ends = [max(-0.02, low - 0.1), 1.04]
    figure.update_layout(
        xaxis={"title": {"text": _("probability of the guessed class")}, "range": ends, "tickformat": ".0%"},
        yaxis={"title": {"text": _("share that was right")}, "range": ends, "tickformat": ".0%"},
    )
    set_caption(
        figure,
        _("Bars are one standard error, and larger points stand for more of the {count} test rows.").format(
            count=f"{rows.count:,}"
        ),
    )
    return style_axes(figure)


def residuals(study: Shown, *, language: str = "en") -> go.Figure:
    """Draw how far predicted numbers were off, against what was predicted, on the test rows.

    Args:
        study: What to draw.
        language: ``"en"``, ``"vi"`` or ``"zh"``.

    Raises:
        InputError: Nothing is kept of test rows, or they are classes.
    """
    seen, words = take_snapshot(study), translator(language)
    _ = words.gettext
    rows = _need(seen, "regression")
    predicted, true = np.array(rows.predicted), np.array(rows.true)
    off = true - predicted
    figure = new_figure(_("Residuals"), height=400)
    figure.add_scatter(
        x=[round_off(float(value)) for value in predicted],
        y=[round_off(float(value)) for value in off],
        mode="markers",
        name=_("test rows"),
        marker={"color": BLUE, "size": 5, "opacity": 0.5},
        hovertemplate="%{x} → %{y:+}<extra></extra>",
    )
    figure.add_hline(y=0, line={"color": GREY, "dash": "dash", "width": 1})
    name = label(rows.target)
    figure.update_layout(
        xaxis={"title": {"text": _("predicted {target}").format(target=name)}},
        yaxis={"title": {"text": _("true − predicted")}},
    )
    half = float(np.median(np.abs(off))) if len(off) else 0.0
    note = ""
    if rows.count > MOST_ROWS:
        note = _("{drawn} of {there} rows are drawn, an even choice.").format(
            drawn=f"{len(predicted):,}", there=f"{rows.count:,}"
        )
    caption = _("Half of the test rows are off by less than {half}.").format(half=f"{half:.3g}")
    set_caption(figure, join_sentences(caption, note))
    return style_axes(figure)


def _need(seen: Snapshot, task: str) -> TestRows:
    rows = read_test_rows(seen)
    if rows is None or rows.task != task:
        what = "classes" if task == "classification" else "numbers"
        raise InputError(
            f"The picture needs test rows of {what}; {seen.place!r} has "
            + ("none. Name the directory that `sturgeon tune` wrote." if rows is None else f"a {rows.task}.")
        )
    return rows
