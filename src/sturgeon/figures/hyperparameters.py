"""What each hyperparameter did: a slice of each on its own scale, its importance, and any two together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sturgeon.errors import InputError, option
from sturgeon.figures.common.axes import HyperparameterAxis, axis_of, metric_title, value_axis
from sturgeon.figures.common.labels import describe_config, label, round_off
from sturgeon.figures.common.snapshot import Shown, Snapshot, take_snapshot
from sturgeon.figures.common.theme import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    STATES,
    VALUES,
    new_figure,
    set_caption,
    style_axes,
)
from sturgeon.figures.common.thinning import MOST_POINTS, join_sentences, say_thinned, thin_trials
from sturgeon.languages import translator
from sturgeon.space import Choice

if TYPE_CHECKING:
    import plotly.graph_objects as go

COLUMNS = 3
CHARACTERS = 26
"""So many fit below one of several small pictures."""
MOST_SLICES = 12
CONTOUR_CELLS = 25
CONTOUR_SAMPLES, TREES = 48, 60


def slice(study: Shown, *, hyperparameter: str | None = None, language: str = "en") -> go.Figure:
    """Draw the value of the trials against each hyperparameter, on that one's own scale.

    Args:
        study: What to draw.
        hyperparameter: Which one; None for all that vary, what mattered most first, at most twelve.
        language: ``"en"``, ``"vi"`` or ``"zh"``.

    Raises:
        InputError: There is no hyperparameter of that name that varies.
    """
    from plotly.subplots import make_subplots

    seen, words = take_snapshot(study), translator(language)
    _ = words.gettext
    names = _chosen(seen, None if hyperparameter is None else [hyperparameter])[:MOST_SLICES]
    drawn = thin_trials(seen.valued, seen.ranked, MOST_POINTS if hyperparameter else MOST_POINTS // 2)
    axis, beyond = value_axis([one.value or 0.0 for one in drawn], seen.objective.sign, words)
    columns = min(COLUMNS, len(names))
    rows = -(-len(names) // columns)
    title = _("Each hyperparameter on its own scale")
    if hyperparameter is not None:
        title = label(hyperparameter)
    figure = new_figure(title, height=340 if rows == 1 else 90 + 230 * rows)
    if len(names) > 1:
        grid = make_subplots(rows, columns, shared_yaxes=True, horizontal_spacing=0.05)
        figure = grid.update_layout(figure.layout)
    told: set[str] = set()
    for place, name in enumerate(names):
        cell: dict[str, Any] = {}
        if len(names) > 1:
            cell = {"row": place // columns + 1, "col": place % columns + 1}
        along = axis_of(seen.space, name, room=CHARACTERS if len(names) > 1 else None)
        _add_points(figure, seen, drawn, along, cell, told=told, words=words)
        figure.update_xaxes(title={"text": along.title}, **along.layout, **cell)
        title = {"title": {"text": metric_title(seen)}} if place % columns == 0 else {}
        figure.update_yaxes(**axis, **title, **cell)
    more = ""
    if hyperparameter is None and len(seen.space.coordinates) > len(names):
        more = _("The {count} that mattered most are drawn.").format(count=len(names))
    spread = ""
    if any(isinstance(seen.space[name], Choice) for name in names):
        spread = _("Points of one option lie side by side so that they do not hide each other.")
    set_caption(
        figure, join_sentences(say_thinned(len(drawn), len(seen.valued), words), beyond, more, spread)
    )
    return style_axes(figure)


def _add_points(
    figure: Any,
    seen: Snapshot,
    drawn: list[Any],
    along: HyperparameterAxis,
    cell: dict[str, Any],
    *,
    told: set[str],
    words: Any,
) -> None:
    """Add the trials to one picture; ``told`` keeps what the legend has already."""
    _ = words.gettext
    best = seen.best
    names = {"complete": _("complete"), "stopped": _("stopped early")}
    for state, name in names.items():
        points = [one for one in drawn if one.state == state and along.name in one.config]
        if not points:
            continue
        colour, symbol = STATES[state]
        figure.add_scatter(
            x=[round_off(along.position(one.config[along.name], one.number), 6) for one in points],
            y=[round_off(one.value) for one in points],
            mode="markers",
            name=name,
            legendgroup=state,
            showlegend=state not in told,
            marker={"color": colour, "symbol": symbol, "size": 6, "opacity": 0.7},
            text=[describe_config(one.config, [along.name]) for one in points],
            customdata=[one.number for one in points],
            hovertemplate=_("trial") + " %{customdata}: %{y}<br>%{text}<extra></extra>",
            **cell,
        )
        told.add(state)
    if not any(along.name in one.config for one in drawn):
        figure.add_scatter(x=[None], y=[None], showlegend=False, **cell)  # Plotly draws no axes without it
    if best is not None and along.name in best.config:
        figure.add_scatter(
            x=[along.position(best.config[along.name], best.number)],
            y=[round_off(best.value)],
            mode="markers",
            name=_("the best"),
            legendgroup="best",
            showlegend="best" not in told,
            marker={"color": ORANGE, "symbol": "star", "size": 13, "line": {"color": "white", "width": 1}},
            text=[describe_config(best.config, [along.name])],
            customdata=[best.number],
            hovertemplate=_("trial") + " %{customdata}: %{y}<br>%{text}<extra></extra>",
            **cell,
        )
        told.add("best")


def importance(study: Shown, *, language: str = "en") -> go.Figure:
    """Draw how much each hyperparameter mattered, as ``Study.importance`` says, beside its priority.

    Args:
        study: What to draw.
        language: ``"en"``, ``"vi"`` or ``"zh"``.

    Raises:
        InputError: Fewer than 16 trials have a value.
    """
    seen, words = take_snapshot(study), translator(language)
    _ = words.gettext
    found = seen.importance
    if not found.shares:
        raise InputError(f"{found.verdict} Run more trials.")
    shares = list(reversed(found.shares))
    priorities = sorted({one.priority for one in shares})
    figure = new_figure(_("What mattered"), height=110 + 34 * max(3, len(shares)))
    looks = ((BLUE, ""), (GREEN, "/"), (GREY, "."), ("#56B4E9", "x"))
    for place, priority in enumerate(priorities):
        own = [one for one in shares if one.priority == priority]
        colour, pattern = looks[min(place, len(looks) - 1)]
        figure.add_bar(
            orientation="h",
            y=[label(one.name) for one in own],
            x=[round(one.share, 4) for one in own],
            name=_("priority {number}").format(number=priority),
            marker={
                "color": colour,
                "pattern": {"shape": pattern, "fillmode": "overlay", "solidity": 0.25, "fgcolor": "white"},
            },
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [round(max(0.0, one.high - one.share), 4) for one in own],
                "arrayminus": [round(max(0.0, one.share - one.low), 4) for one in own],
                "color": "#767B84",
                "thickness": 1.2,
                "width": 3,
            },
            hovertemplate="%{y}: %{x:.1%}<extra></extra>",
        )
    figure.update_layout(
        xaxis={"title": {"text": _("share of what decided")}, "tickformat": ".0%", "rangemode": "tozero"},
        yaxis={"categoryorder": "array", "categoryarray": [label(one.name) for one in shares]},
        barmode="overlay",
        bargap=0.35,
    )
    set_caption(
        figure,
        _(
            "How much each decided about being among the best tenth, in the whole space, with 90 % "
            "intervals; the notes tune priority 1 first."
        ),
    )
    return style_axes(figure)


def contour(study: Shown, *, x: str | None = None, y: str | None = None, language: str = "en") -> go.Figure:
    """Draw what trials say of any two hyperparameters together: a forest's mean over all others.

    Args:
        study: What to draw.
        x: One hyperparameter; None for what mattered most.
        y: Another one; None for what mattered most beside it.
        language: ``"en"``, ``"vi"`` or ``"zh"``.

    Raises:
        InputError: There are no two that vary, or hardly any trials have a value.
    """
    seen, words = take_snapshot(study), translator(language)
    _ = words.gettext
    names = _two(seen, x, y)
    if len(seen.valued) < 5:
        raise InputError(
            f"A contour needs 5 trials with a value; there are {len(seen.valued)}. Run more trials."
        )
    across, upwards = (axis_of(seen.space, name) for name in names)
    places, surface = _surface(seen, names)
    figure = new_figure(_("{x} and {y}").format(x=label(names[0]), y=label(names[1])), height=440)
    grid = [[round_off(value, 4) for value in row] for row in surface]
    bar = {"title": {"text": metric_title(seen), "side": "right"}, "thickness": 12, "outlinewidth": 0}
    colours = [[where, colour] for where, colour in VALUES]
    if seen.objective.sign < 0:
        colours = [[1 - where, colour] for where, colour in reversed(VALUES)]
    options = any(isinstance(seen.space[name], Choice) for name in names)
    add = figure.add_heatmap if options else figure.add_contour
    add(
        x=places[0],
        y=places[1],
        z=grid,
        colorscale=colours,
        colorbar=bar,
        opacity=0.75,
        hovertemplate="%{z}<extra></extra>",
        **({} if options else {"ncontours": 14, "line": {"width": 0.5, "color": "rgba(128,128,128,0.5)"}}),
    )
    drawn = [
        one
        for one in thin_trials(seen.valued, seen.ranked, MOST_POINTS // 2)
        if all(name in one.config for name in names)
    ]
    best = seen.best
    for points, symbol, size, name in (
        (drawn, "circle", 5, _("trials")),
        ([best] if best in drawn else [], "star", 15, _("the best")),
    ):
        figure.add_scatter(
            x=[round_off(across.position(one.config[names[0]], one.number), 6) for one in points if one],
            y=[round_off(upwards.position(one.config[names[1]], one.number), 6) for one in points if one],
            mode="markers",
            name=name,
            marker={"color": "black", "size": size, "symbol": symbol, "line": {"color": "white", "width": 1}},
            customdata=[one.number for one in points if one],
            text=[describe_config(one.config, seen.by_importance) for one in points if one],
            hovertemplate=_("trial") + " %{customdata}<br>%{text}<extra></extra>",
        )
    figure.update_layout(
        xaxis={"title": {"text": across.title}, **across.layout},
        yaxis={"title": {"text": upwards.title}, **upwards.layout},
    )
    caption = _("The colour is what a forest of trees expects, averaged over all other hyperparameters.")
    set_caption(figure, join_sentences(caption, say_thinned(len(drawn), len(seen.valued), words)))
    return style_axes(figure)


def _surface(seen: Snapshot, names: tuple[str, str]) -> tuple[list[list[float]], np.ndarray]:
    """What a forest predicts over two hyperparameters, averaged over the others: places, and ``[y, x]``."""
    from sturgeon.study.importance.forest import predict_by_forest
    from sturgeon.study.importance.surrogate import MOST_TRIALS, values_of

    rng = np.random.default_rng(0)
    trials = thin_trials(seen.valued, seen.ranked, MOST_TRIALS)
    unit = seen.space.to_unit([one.config for one in trials])
    unit = np.where(np.isnan(unit), rng.random(unit.shape), unit)
    sign = seen.objective.sign
    columns = [seen.space.coordinates.index(name) for name in names]
    places, units = [], []
    for name in names:
        item = seen.space[name]
        if isinstance(item, Choice):
            cells = (np.arange(len(item.options)) + 0.5) / len(item.options)
            places.append([float(place) for place in range(len(item.options))])
        else:
            values = list(dict.fromkeys(item.value_at(u) for u in np.linspace(0, 1, CONTOUR_CELLS)))  # pyright: ignore[reportAttributeAccessIssue]
            cells = item.to_unit(item.encode(values))  # pyright: ignore[reportAttributeAccessIssue]
            along = axis_of(seen.space, name)
            places.append([float(f"{along.position(value):.6g}") for value in values])
        units.append(cells)
    others = rng.random((CONTOUR_SAMPLES, unit.shape[1]))
    grid = np.array([[u, v] for v in units[1] for u in units[0]])
    points = np.repeat(others[None], len(grid), axis=0)
    points[:, :, columns] = grid[:, None, :]
    predicted = predict_by_forest(
        unit.astype(np.float32),
        values_of(trials, sign),
        points.reshape(-1, unit.shape[1]).astype(np.float32),
        trees=TREES,
        rng=rng,
    )
    predicted = predicted.reshape(len(grid), -1).mean(axis=1)
    return places, sign * predicted.reshape(len(units[1]), len(units[0]))


def _two(seen: Snapshot, x: str | None, y: str | None) -> tuple[str, str]:
    """The two to draw."""
    given = [name for name in (x, y) if name is not None]
    _chosen(seen, given or None)
    if len(seen.space.coordinates) < 2:
        raise InputError(
            "A contour needs two hyperparameters that vary; "
            f"got {len(seen.space.coordinates)}. Draw a slice instead."
        )
    if x is not None and x == y:
        raise InputError(f"A contour needs two hyperparameters; got {x!r} twice. Name another one.")
    rest = iter(name for name in seen.by_importance if name not in given)
    first = next(rest) if x is None else x
    return first, next(rest) if y is None else y


def _chosen(seen: Snapshot, names: list[str] | None) -> list[str]:
    """The hyperparameters to draw.

    Raises:
        InputError: One does not vary, or none does.
    """
    for name in names or ():
        if name not in seen.space.coordinates:
            raise InputError(
                f"`{option('hyperparameter')}` must be one that varies; got {name!r}. "
                f"Those are {', '.join(seen.space.coordinates) or 'none'}."
            )
    if not seen.space.coordinates:
        raise InputError("The picture needs a hyperparameter that varies; got a space of constants.")
    return list(names or seen.by_importance)
