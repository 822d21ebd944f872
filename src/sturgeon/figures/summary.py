"""A study at a glance: four pictures in one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sturgeon.figures.common.labels import label
from sturgeon.figures.common.snapshot import Shown, take_snapshot
from sturgeon.figures.common.theme import new_figure, set_caption, style_axes
from sturgeon.figures.hyperparameters import importance, slice
from sturgeon.figures.progress import best_so_far, learning_curves
from sturgeon.languages import translator

if TYPE_CHECKING:
    import plotly.graph_objects as go


def overview(study: Shown, *, language: str = "en") -> go.Figure:
    """Draw the best so far, what mattered, learning curves, and a slice of what mattered most.

    Args:
        study: What to draw; what it has nothing of is left out.
        language: ``"en"``, ``"vi"`` or ``"zh"``.

    Raises:
        InputError: The language is none of these.
    """
    from plotly.subplots import make_subplots

    seen, words = take_snapshot(study), translator(language)
    _ = words.gettext
    parts: list[tuple[str, go.Figure]] = []
    if seen.valued:
        parts.append((_("Best so far"), best_so_far(seen, language=language)))
    if seen.importance.shares:
        parts.append((_("What mattered"), importance(seen, language=language)))
    if any(one.curves.get(seen.metric) for one in seen.trials):
        parts.append((_("Learning curves"), learning_curves(seen, language=language)))
    if seen.valued:
        for name in seen.by_importance[: max(1, 4 - len(parts))]:
            parts.append((label(name), slice(seen, hyperparameter=name, language=language)))
    figure = new_figure(
        _("The study at a glance"), height=200 if not parts else 380 if len(parts) < 3 else 700
    )
    if not parts:
        set_caption(figure, _("No trial has a value yet."))
        return style_axes(figure)
    columns = min(2, len(parts))
    titles = [title for title, __ in parts[:4]]
    grid = make_subplots(
        -(-len(titles) // columns),
        columns,
        subplot_titles=titles,
        vertical_spacing=0.16,
        horizontal_spacing=0.14,
    )
    figure = grid.update_layout(figure.layout, showlegend=False)
    for place, (__, part) in enumerate(parts[:4]):
        row, column = place // columns + 1, place % columns + 1
        for trace in part.data:
            figure.add_trace(trace, row=row, col=column)
        figure.update_xaxes(_plain(part.layout["xaxis"]), row=row, col=column)
        figure.update_yaxes(_plain(part.layout["yaxis"]), row=row, col=column)
    return style_axes(figure)


def _plain(axis: Any) -> dict[str, Any]:
    """An axis without its place, which the grid gives."""
    return {name: value for name, value in axis.to_plotly_json().items() if name not in ("anchor", "domain")}
