"""Whether the choice was still right, recheck by recheck."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sturgeon.errors import InputError
from sturgeon.figures.common.labels import label, label_lines, round_off
from sturgeon.figures.common.snapshot import Shown, Snapshot, take_snapshot
from sturgeon.figures.common.theme import (
    BLUE,
    GREY,
    GRID,
    ORANGE,
    PURPLE,
    new_figure,
    set_caption,
    style_axes,
)
from sturgeon.figures.common.thinning import join_sentences
from sturgeon.languages import translator
from sturgeon.study.journal import JournalEntry
from sturgeon.study.trial import is_finite

if TYPE_CHECKING:
    import plotly.graph_objects as go

MOST_SHOWN = 200
"""So many rechecks are drawn at most: the newest."""
MOST_DATES = 6
"""So many of them have their date below."""


@dataclass(frozen=True, slots=True)
class Recheck:
    """What the journal has of one recheck.

    Attributes:
        time: When it was.
        verdict: ``"still right"``, ``"another is better"`` or ``"retune"``.
        incumbent: The trial in use; None where that is not kept.
        advantage: By how much the best challenger was better, in the metric's unit; 0 without one.
        low: Where its 95 % interval begins; None without one.
        high: Where that ends.
        why: The verdict in a sentence, and what the data was called.
    """

    time: datetime
    verdict: str
    incumbent: int | None
    advantage: float
    low: float | None
    high: float | None
    why: str


def freshness(study: Shown, *, language: str = "en") -> go.Figure:
    """Draw each recheck's verdict, and by how much the best challenger was better than the choice in use.

    Args:
        study: What to draw; it was rechecked.
        language: ``"en"``, ``"vi"`` or ``"zh"``.

    Raises:
        InputError: The study was never rechecked, or the language is none of these.
    """
    seen, words = take_snapshot(study), translator(language)
    _ = words.gettext
    checks = rechecks_of(seen)
    if not checks:
        raise InputError(
            "The picture needs a recheck of the choice; the study was never rechecked. Run sturgeon recheck."
        )
    shown = list(enumerate(checks, 1))[-MOST_SHOWN:]
    figure = new_figure(_("Still right over time"), height=400)
    figure.add_hline(y=0, line={"color": GREY, "width": 1})
    looks = {
        "still right": (_("still right"), BLUE, "circle"),
        "another is better": (_("another is better"), ORANGE, "diamond"),
        "retune": (_("retune"), PURPLE, "square"),
    }
    for verdict, (name, colour, symbol) in looks.items():
        of_it = [(number, one) for number, one in shown if one.verdict == verdict]
        if of_it:
            figure.add_scatter(
                x=[number for number, _one in of_it],
                y=[round_off(one.advantage) for _number, one in of_it],
                error_y={
                    "type": "data",
                    "symmetric": False,
                    "array": [_reach(one.high, one.advantage) for _number, one in of_it],
                    "arrayminus": [_reach(one.advantage, one.low) for _number, one in of_it],
                    "color": colour,
                },
                mode="markers",
                name=name,
                marker={"color": colour, "symbol": symbol, "size": 10},
                customdata=[f"{one.time:%Y-%m-%d %H:%M}" for _number, one in of_it],
                text=[label_lines(one.why, 60, 4) for _number, one in of_it],
                hovertemplate="%{customdata}: %{y}<br>%{text}<extra></extra>",
            )
    top = max((one.high or one.advantage for _number, one in shown), default=0.0)
    for place, (first, last, trial) in enumerate(_reigns(shown)):
        if place % 2:
            band = {"x0": first - 0.5, "x1": last + 0.5, "y0": 0, "y1": 1, "xref": "x", "yref": "paper"}
            figure.add_shape(type="rect", fillcolor=GRID, line={"width": 0}, layer="below", **band)
        if trial is not None:
            name = _("trial {number}").format(number=trial)
            figure.add_annotation(x=(first + last) / 2, y=top, text=name, showarrow=False, yanchor="bottom")
    marked = shown[:: -1 * (-(-len(shown) // MOST_DATES) or 1)]  # the newest among them
    figure.update_layout(
        showlegend=True,
        xaxis={
            "tickvals": [number for number, _one in marked],
            "ticktext": [one.time.strftime(_form(shown)) for _number, one in marked],
        },
        yaxis={
            "title": {"text": _("the best challenger's lead, {metric}").format(metric=label(seen.metric))}
        },
    )
    stale = sum(one.verdict != "still right" for one in checks)
    set_caption(
        figure,
        join_sentences(
            _("Above the line a challenger was better than the choice in use; bars: 95 %."),
            _("{stale} of {count} rechecks found the choice stale.").format(stale=stale, count=len(checks)),
            _("The newest {count} are drawn.").format(count=MOST_SHOWN) if len(checks) > MOST_SHOWN else "",
        ),
    )
    return style_axes(figure)


def _reigns(shown: list[tuple[int, Recheck]]) -> list[tuple[int, int, int | None]]:
    """From which recheck to which each incumbent was in use."""
    found: list[tuple[int, int, int | None]] = []
    for number, one in shown:
        if found and found[-1][2] == one.incumbent:
            found[-1] = (found[-1][0], number, one.incumbent)
        else:
            found.append((number, number, one.incumbent))
    return found


def _form(shown: list[tuple[int, Recheck]]) -> str:
    """How their times are written: the date, or where all are of one day the time of day."""
    return "%Y-%m-%d" if len({one.time.date() for _number, one in shown}) > 1 else "%H:%M"


def rechecks_of(seen: Snapshot) -> list[Recheck]:
    """The rechecks that ended with a verdict, the oldest first; the same one over again counts once."""
    return [found for entry in seen.rechecks if (found := _read(entry)) is not None]


def _read(entry: JournalEntry) -> Recheck | None:
    body = entry.body
    verdict = body.get("verdict")
    if verdict not in ("still right", "another is better", "retune"):
        return None  # a new tuning, or nothing of ours
    if _part(body, "evidence").get("again") is True:
        return None
    incumbent = _part(body, "incumbent").get("trial")
    challenger = _part(body, "challenger")
    advantage, low, high = (_number(challenger.get(name)) for name in ("advantage", "low", "high"))
    return Recheck(
        entry.time,
        verdict,
        incumbent if isinstance(incumbent, int) else None,
        advantage or 0.0,
        low,
        high,
        f"{body.get('data', '')}: {body.get('sentence', '')}",
    )


def _part(body: dict[str, Any], name: str) -> dict[str, Any]:
    found = body.get(name)
    return found if isinstance(found, dict) else {}


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and is_finite(value) else None


def _reach(end: float | None, begin: float | None) -> float:
    return 0.0 if end is None or begin is None else max(0.0, round_off(end - begin) or 0.0)
