"""What a notebook shows of a study and of a space: a small table and a picture, as HTML without a script."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from sturgeon.caviar.progress import format_metric
from sturgeon.figures.common.labels import format_value
from sturgeon.figures.common.snapshot import Snapshot, take_snapshot
from sturgeon.figures.common.theme import BLUE, GREY
from sturgeon.plain_text import plain, printable
from sturgeon.space import Choice, Constant, Space

if TYPE_CHECKING:
    from sturgeon.study import Study

BEST_ROWS = 5
NAMED = 6
_CELL = 'style="text-align:left;padding:2px 10px 2px 0"'
WIDE, HIGH = 150, 28


def study_html(study: Study) -> str:
    """A study as HTML: the best trials, and how the search went on."""
    if study.closed:
        return f"<code>{_text(repr(study))}</code>"
    seen = take_snapshot(study)
    counts = ", ".join(f"{count} {state}" for state, count in study.counts().items() if count)
    goals = ", ".join(f"{one.direction} {_text(one.metric)}" for one in seen.objectives)
    names = list(seen.by_importance[:NAMED])
    head = ["trial", *(_text(goal.metric) for goal in seen.objectives), *(_text(name) for name in names)]
    first = seen.front if len(seen.objectives) > 1 else seen.ranked
    rows = [
        [
            str(one.number),
            *(
                "" if (value := seen.of(one, goal)) is None else format_metric(value)
                for goal in seen.objectives
            ),
            *(_text(format_value(one.config[name])) if name in one.config else "" for name in names),
        ]
        for one in first[:BEST_ROWS]
    ]
    return (
        f"<div><p><b>{_text(study.name)}</b>: {goals}; {counts or 'no trials yet'}</p>"
        f"{_table(head, rows) if rows else ''}{_progress_picture(seen)}</div>"
    )


def space_html(space: Space) -> str:
    """A space as HTML: each hyperparameter with a picture of what will be drawn of it."""
    rows = []
    for row in space.describe().rows:
        name = row["name"]
        item = space[name]
        when = " and ".join(
            f"{_text(parent)} is {' or '.join(_text(format_value(value)) for value in values)}"
            for parent, values in row["when"].items()
        )
        if isinstance(item, Constant):
            span = _text(format_value(item.value))
        elif isinstance(item, Choice):
            span = ", ".join(_text(format_value(option)) for option in item.options[:12])
        else:
            steps = "" if row["step"] is None else f" in steps of {format_value(row['step'])}"
            span = f"{format_value(row['low'])} to {format_value(row['high'])}{steps}"
        rows.append(
            [
                _text(name),
                span,
                row["scale"] or "",
                str(row["priority"]),
                _text(format_value(row["default"])),
                quantile_picture(row["quantiles"], row["low"], row["high"]) if row["quantiles"] else "",
                when,
            ]
        )
    head = ["name", "range", "scale", "priority", "default", "5, 25, 50, 75 and 95 % of draws", "active when"]
    if not any(row[-1] for row in rows):
        head, rows = head[:-1], [row[:-1] for row in rows]
    note = f"<p>constraint: {_text(space.describe().constraint)}</p>" if space.describe().constraint else ""
    return f"<div>{_table(head, rows)}{note}</div>"


def quantile_picture(quantiles: dict[int, float], low: float, high: float) -> str:
    """Where the quantiles of a hyperparameter lie between its bounds, drawn evenly from low to high.

    Args:
        quantiles: By percent: 5, 25, 50, 75 and 95.
        low: The lower bound.
        high: The upper bound.

    Returns:
        Inline SVG: a whisker from 5 to 95 %, a box from 25 to 75 %, a line at the median.
    """

    def place(value: float) -> float:
        return round(4 + (WIDE - 8) * (value - low) / (high - low), 1)

    spots = {percent: place(value) for percent, value in quantiles.items()}
    told = ", ".join(f"{percent} %: {format_value(value)}" for percent, value in quantiles.items())
    middle, end, foot = HIGH / 2, WIDE - 4, HIGH - 3
    box = max(1.0, round(spots[75] - spots[25], 1))
    return (
        f'<svg width="{WIDE}" height="{HIGH}" role="img" aria-label="{_text(told)}">'
        f"<title>{_text(told)}</title>"
        f'<path d="M4,{middle}H{end}" stroke="{GREY}" stroke-opacity="0.4"/>'
        f'<path d="M{spots[5]},{middle}H{spots[95]}" stroke="{BLUE}" stroke-width="2"/>'
        f'<rect x="{spots[25]}" y="6" width="{box}" height="{HIGH - 12}" rx="2" fill="{BLUE}" '
        f'fill-opacity="0.55"/>'
        f'<path d="M{spots[50]},3V{foot}" stroke="currentColor" stroke-width="2"/></svg>'
    )


def _progress_picture(seen: Snapshot) -> str:
    """The best so far against trials, as inline SVG; nothing for fewer than two values."""
    if len(seen.valued) < 2 or len(seen.objectives) > 1:
        return ""
    width, height, edge = 420, 110, 6
    sign = seen.objective.sign
    values = [sign * (one.value or 0.0) for one in seen.valued]
    best, ordered = min(values), sorted(values)
    worst = max(ordered[int(0.9 * (len(ordered) - 1))], best + 1e-12)
    points, line, lowest = [], [], float("inf")
    for number, value in enumerate(values):
        x = round(edge + (width - 2 * edge) * number / (len(values) - 1), 1)
        y = round(height - edge - (height - 2 * edge) * min(1.0, (value - best) / (worst - best)), 1)
        if len(values) <= 500 or number % (len(values) // 500) == 0:
            points.append(f'<circle cx="{x}" cy="{y}" r="2"/>')
        if value < lowest:
            line += [f"H{x}", f"V{y}"] if line else [f"M{x},{y}"]
            lowest = value
    line.append(f"H{width - edge}")
    told = f"{_text(seen.metric)} of each trial, and the best so far: {format_metric(sign * best)}"
    return (
        f'<svg width="{width}" height="{height}" role="img" aria-label="{told}"><title>{told}</title>'
        f'<g fill="{GREY}" fill-opacity="0.6">{"".join(points)}</g>'
        f'<path d="{" ".join(line)}" fill="none" stroke="{BLUE}" stroke-width="2.5"/></svg>'
        f"<p><small>{told}</small></p>"
    )


def _table(head: list[str], rows: list[list[str]]) -> str:
    """A table of cells that are HTML already."""
    top = "".join(f"<th {_CELL}>{cell}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td {_CELL}>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def _text(text: Any) -> str:
    return html.escape(printable(plain(str(text), 80)))
