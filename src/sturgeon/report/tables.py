"""The tables of a report: the best trials, the best configuration, the test rows, the space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from gettext import NullTranslations
from typing import Any

from sturgeon.caviar.progress import format_metric, format_seconds
from sturgeon.figures.common.labels import format_value
from sturgeon.figures.common.snapshot import Snapshot
from sturgeon.report.answer import shown
from sturgeon.study import TrialRecord

MOST_ROWS = 100
MOST_COLUMNS = 10


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as text, for a template to escape.

    Attributes:
        head: The names of the columns.
        rows: The cells.
        numbers: Which columns hold numbers, and are set to the right.
        note: What was left out, or an empty text.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int] = frozenset()
    note: str = ""


def state_names(words: NullTranslations) -> dict[str, str]:
    """The states of a trial, in a language."""
    _ = words.gettext
    return {
        "complete": _("complete"),
        "stopped": _("stopped early"),
        "failed": _("failed"),
        "running": _("running"),
        "paused": _("paused"),
        "waiting": _("waiting"),
    }


def trials_table(seen: Snapshot, words: NullTranslations) -> Table:
    """The best trials first, at most a hundred."""
    _ = words.gettext
    front = {one.number for one in seen.front} if len(seen.objectives) > 1 else set[int]()
    first = [one for one in seen.ranked if one.number in front]
    rest = [one for one in seen.ranked if one.number not in front]
    there = {one.number for one in seen.ranked}
    order = [*first, *rest, *(one for one in seen.trials if one.number not in there)]
    names = list(seen.by_importance[:MOST_COLUMNS])
    head = [_("trial"), _("state"), *(shown(goal.metric) for goal in seen.objectives)]
    head += [*(shown(name) for name in names), _("steps"), _("time"), _("why it ended")]
    states = state_names(words)
    rows = [_row(one, seen, names, states, one.number in front) for one in order[:MOST_ROWS]]
    filled = [place for place in range(len(head)) if place < 2 or any(row[place] for row in rows)]
    notes = []
    if len(order) > MOST_ROWS:
        notes.append(
            _("The best {count} of {there} trials are listed; `sturgeon show --csv` lists all.").format(
                count=MOST_ROWS, there=f"{len(order):,}"
            )
        )
    if len(seen.space.coordinates) > len(names):
        notes.append(_("The {count} hyperparameters that mattered most are listed.").format(count=len(names)))
    goals = range(2, 2 + len(seen.objectives))
    numbers = frozenset(new for new, old in enumerate(filled) if old in {0, *goals})
    kept = tuple(tuple(row[place] for place in filled) for row in rows)
    return Table(tuple(head[place] for place in filled), kept, numbers, " ".join(notes))


def _row(
    trial: TrialRecord, seen: Snapshot, names: Sequence[str], states: Mapping[str, str], on_front: bool
) -> tuple[str, ...]:
    values = [seen.of(trial, goal) for goal in seen.objectives]
    why = trial.reason or ""
    if trial.error is not None:
        why = ": ".join(part for part in (trial.error.type, trial.error.message) if part)
    return (
        f"{trial.number}{' *' if on_front else ''}",
        states[trial.state],
        *("" if value is None else format_metric(value) for value in values),
        *(shown(format_value(trial.config[name])) if name in trial.config else "" for name in names),
        str(trial.last_step or ""),
        "" if trial.seconds is None else format_seconds(trial.seconds),
        shown(why),
    )


def best_table(seen: Snapshot, words: NullTranslations) -> Table | None:
    """The best configuration beside the default and the range of each hyperparameter."""
    _ = words.gettext
    best = seen.best
    if best is None or len(seen.objectives) > 1:
        return None
    shares = {one.name: one.share for one in seen.importance.shares}
    rows = []
    for row in seen.space.describe().rows:
        name = row["name"]
        if row["kind"] == "choice":
            span = ", ".join(shown(format_value(option)) for option in row["options"][:12])
        elif row["kind"] == "constant":
            span = shown(format_value(row["value"]))
        else:
            span = f"{format_value(row['low'])} – {format_value(row['high'])}"
        rows.append(
            (
                shown(name),
                shown(format_value(best.config[name])) if name in best.config else _("not active"),
                shown(format_value(row["default"])),
                span,
                row["scale"] or "",
                str(row["priority"]),
                f"{shares[name]:.0%}" if name in shares else "",
            )
        )
    head = (_("hyperparameter"), _("the best"), _("default"), _("range"), _("scale"), _("priority"))
    return Table((*head, _("importance")), tuple(rows), frozenset({5, 6}))


def test_table(result: Mapping[str, Any], words: NullTranslations) -> Table | None:
    """The metrics of the test rows; None where there are none."""
    _ = words.gettext
    columns = [
        (_("tuned"), result.get("test")),
        (_("default hyperparameters"), result.get("default_test")),
        (_("a guess without inputs"), result.get("naive_test")),
    ]
    known = [(title, found) for title, found in columns if isinstance(found, Mapping)]
    if not isinstance(result.get("test"), Mapping):
        return None
    rows = tuple(
        (shown(metric), *(_metric(found.get(metric)) for _title, found in known)) for metric in result["test"]
    )
    head = (_("metric"), *(title for title, _found in known))
    return Table(head, rows, frozenset(range(1, len(head))))


def _metric(value: Any) -> str:
    return format_metric(value) if isinstance(value, int | float) else "–"
