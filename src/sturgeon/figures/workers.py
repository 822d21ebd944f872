"""Who trained when: a row for each lane or worker, with the time in which it had nothing to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from sturgeon.figures.common.labels import describe_config, label
from sturgeon.figures.common.snapshot import MOST_ATTEMPTS, Shown, Snapshot, take_snapshot
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
from sturgeon.figures.common.thinning import join_sentences
from sturgeon.languages import translator

if TYPE_CHECKING:
    import plotly.graph_objects as go

MOST_ROWS = 40


@dataclass(frozen=True, slots=True)
class Stretch:
    """An attempt at a trial.

    Attributes:
        trial: The trial's number.
        attempt: The attempt's number.
        worker: Who ran it.
        outcome: How it ended.
        start: When it began, in seconds since the first.
        end: When it ended.
    """

    trial: int
    attempt: int
    worker: str
    outcome: str
    start: float
    end: float


Row: TypeAlias = tuple[str, list[Stretch]]
"""A worker, and attempts that it ran one after the other."""


def timeline(study: Shown, *, language: str = "en") -> go.Figure:
    """Draw when each trial was trained, in rows of what trained at the same time.

    Args:
        study: What to draw.
        language: ``"en"``, ``"vi"`` or ``"zh"``.

    Raises:
        InputError: The language is none of these.
    """
    seen, words = take_snapshot(study), translator(language)
    _ = words.gettext
    rows = put_in_rows(find_stretches(seen))
    shown = rows[:MOST_ROWS]
    figure = new_figure(_("Who trained when"), height=150 + 20 * max(4, len(shown)))
    texts = _name_rows(rows, shown, _)
    _add_bars(figure, seen, dict(zip(texts, (row for __, row in shown), strict=True)), _)
    set_caption(figure, _describe(seen, rows, shown, _))
    figure.update_layout(
        barmode="overlay",
        showlegend=True,
        bargap=0.15,
        barcornerradius=0,
        xaxis={"title": {"text": _("seconds since the start")}, "rangemode": "tozero"},
        yaxis={"categoryorder": "array", "categoryarray": list(reversed(texts)), "showgrid": False},
    )
    return style_axes(figure)


def _name_rows(rows: Sequence[Row], shown: Sequence[Row], _: Callable[[str], str]) -> list[str]:
    """What stands before each row that is shown: a worker's number, and which of its rows it is."""
    workers = list(dict.fromkeys(worker for worker, __ in rows))
    texts: list[str] = []
    for worker, __ in shown:
        text = _("worker {number}").format(number=workers.index(worker) + 1)
        texts.append(f"{text}·{1 + sum(one.startswith(text + '·') for one in texts)}")
    return texts


def _add_bars(
    figure: go.Figure, seen: Snapshot, rows: Mapping[str, list[Stretch]], _: Callable[[str], str]
) -> None:
    """Draw a bar for each attempt, coloured by how it ended."""
    by_number = {one.number: one for one in seen.trials}
    looks = {
        "complete": (_("complete"), BLUE, ""),
        "stopped": (_("stopped early"), GREY, "/"),
        "paused": (_("paused"), PURPLE, "x"),
        "failed": (_("failed"), ORANGE, "\\"),
        "lost": (_("lost"), "#E69F00", "."),
        "running": (_("running"), GREEN, ""),
    }
    for outcome, (name, colour, pattern) in looks.items():
        own = [(text, one) for text, row in rows.items() for one in row if one.outcome == outcome]
        if own:
            figure.add_bar(
                orientation="h",
                base=[round(one.start, 2) for __, one in own],
                x=[round(max(one.end - one.start, 0.001), 3) for __, one in own],
                y=[text for text, __ in own],
                name=name,
                marker={
                    "color": colour,
                    "line": {"color": "rgba(255,255,255,0.7)", "width": 0.5},
                    "pattern": {"shape": pattern, "fillmode": "overlay", "solidity": 0.2, "fgcolor": "white"},
                },
                customdata=[one.trial for __, one in own],
                text=[describe_config(by_number[one.trial].config, seen.by_importance) for __, one in own],
                textposition="none",
                hovertemplate=_("trial") + " %{customdata}<br>%{text}<extra></extra>",
            )


def _describe(seen: Snapshot, rows: Sequence[Row], shown: Sequence[Row], _: Callable[[str], str]) -> str:
    """How much of the time the rows had nothing to do, and what is not drawn."""
    sentences = []
    if shown:
        begun = min(one.start for __, row in shown for one in row)
        ended = max(one.end for __, row in shown for one in row)
        busy = sum(one.end - one.start for __, row in shown for one in row)
        whole = (ended - begun) * len(shown)
        if whole > 0:
            share = f"{max(0.0, 1 - busy / whole):.0%}"
            sentences.append(
                _("Rows are lanes or workers; they had nothing to do for {share} of the time.").format(
                    share=share
                )
            )
    begun_trials = sum(one.attempts > 0 for one in seen.trials)
    if begun_trials > MOST_ATTEMPTS:
        sentences.append(_("The last {count} trials are drawn.").format(count=f"{MOST_ATTEMPTS:,}"))
    if len(rows) > len(shown):
        sentences.append(_("{drawn} of {there} rows are drawn.").format(drawn=len(shown), there=len(rows)))
    return join_sentences(*sentences)


def find_stretches(seen: Snapshot) -> list[Stretch]:
    """The attempts of a study by when they began; one that runs lasts until the latest time known."""
    known = [(number, one) for number, attempts in seen.attempts.items() for one in attempts]
    if not known:
        return []
    origin = min(one.started.timestamp() for _, one in known)
    latest = max((one.ended or one.started).timestamp() for _, one in known)
    found = [
        Stretch(
            number,
            one.number,
            label(one.worker, 80),
            one.outcome,
            one.started.timestamp() - origin,
            (one.ended.timestamp() if one.ended else latest) - origin,
        )
        for number, one in known
    ]
    return sorted(found, key=lambda one: (one.start, one.trial))


def put_in_rows(stretches: list[Stretch]) -> list[Row]:
    """Put attempts of a worker that ran at the same time into rows of their own, as few as will do.

    Example:
        >>> both = [Stretch(0, 1, "a", "complete", 0.0, 2.0), Stretch(1, 1, "a", "complete", 1.0, 2.0)]
        >>> [(worker, [one.trial for one in row]) for worker, row in put_in_rows(both)]
        [('a', [0]), ('a', [1])]
    """
    rows: list[Row] = []
    for one in stretches:
        free = [row for worker, row in rows if worker == one.worker and row[-1].end <= one.start + 1e-6]
        if free:
            min(free, key=lambda row: one.start - row[-1].end).append(one)
        else:
            rows.append((one.worker, [one]))
    return sorted(rows, key=lambda row: row[0])
