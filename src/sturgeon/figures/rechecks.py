"""Whether the choice was still right, recheck by recheck."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sturgeon.figures.common.labels import label, label_lines, round_off
from sturgeon.figures.common.snapshot import Shown, Snapshot, take_snapshot
from sturgeon.figures.common.theme import BLUE, GREY, INK, ORANGE, PURPLE, new_figure, set_caption, style_axes
from sturgeon.figures.common.thinning import join_sentences
from sturgeon.languages import translator
from sturgeon.study.journal import JournalEntry
from sturgeon.study.trial import is_finite

if TYPE_CHECKING:
    import plotly.graph_objects as go

MOST_SHOWN = 200
"""So many rechecks are drawn at most: the newest."""


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
        InputError: The language is none of these.
    """
    seen, words = take_snapshot(study), translator(language)
    _ = words.gettext
    checks = rechecks_of(seen)
    shown = checks[-MOST_SHOWN:]
    figure = new_figure(_("Still right over time"), height=400)
    figure.add_hline(y=0, line={"color": GREY, "width": 1})
    looks = {
        "still right": (_("still right"), BLUE, "circle"),
        "another is better": (_("another is better"), ORANGE, "diamond"),
        "retune": (_("retune"), PURPLE, "square"),
    }
    for verdict, (name, colour, symbol) in looks.items():
        of_it = [one for one in shown if one.verdict == verdict]
        if of_it:
            figure.add_scatter(
                x=[one.time for one in of_it],
                y=[round_off(one.advantage) for one in of_it],
                error_y={
                    "type": "data",
                    "symmetric": False,
                    "array": [_reach(one.high, one.advantage) for one in of_it],
                    "arrayminus": [_reach(one.advantage, one.low) for one in of_it],
                    "color": colour,
                },
                mode="markers",
                name=name,
                marker={"color": colour, "symbol": symbol, "size": 10},
                text=[label_lines(one.why, 60, 4) for one in of_it],
                hovertemplate="%{x|%Y-%m-%d %H:%M}: %{y}<br>%{text}<extra></extra>",
            )
    for before, after in zip([None, *shown], shown, strict=False):
        if after.incumbent is not None and (before is None or before.incumbent != after.incumbent):
            mark = {"color": INK, "width": 1, "dash": "dot"}
            at = {"x0": after.time, "x1": after.time, "y0": 0, "y1": 1, "xref": "x", "yref": "paper"}
            figure.add_shape(type="line", line=mark, **at)
            figure.add_annotation(
                x=after.time,
                y=1,
                yref="paper",
                yanchor="bottom",
                showarrow=False,
                text=_("trial {number}").format(number=after.incumbent),
            )
    figure.update_layout(
        showlegend=True,
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


def rechecks_of(seen: Snapshot) -> list[Recheck]:
    """The rechecks that ended with a verdict, the oldest first."""
    return [found for entry in seen.rechecks if (found := _read(entry)) is not None]


def _read(entry: JournalEntry) -> Recheck | None:
    body = entry.body
    verdict = body.get("verdict")
    if verdict not in ("still right", "another is better", "retune"):
        return None  # a new tuning, or nothing of ours
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
