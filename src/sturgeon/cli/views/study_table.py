"""A study as ``sturgeon show`` prints it: what it is, its best trials, what mattered."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sturgeon.caviar.requests import RESUME_BY, pause_state, process_lives
from sturgeon.caviar.table.folder import SavedSummary
from sturgeon.cli.common.console import make_console, printing
from sturgeon.cli.common.printable import printable
from sturgeon.cli.views.result import (
    describe_calibration,
    describe_config,
    describe_shares,
    format_number,
)
from sturgeon.cli.views.sparkline import bar, common_ends, sparkline
from sturgeon.study import Objective, Study, TrialRecord
from sturgeon.study.edges import edges_of
from sturgeon.study.importance import measure_importance
from sturgeon.study.trial import FINISHED

_NARROW = 80
"""On a terminal of fewer columns there are no curves, so that what varies has room."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What to show of a study.

    Attributes:
        ranked: The trials, best first.
        top: How many of them to list.
        front: The numbers of the trials that no other beats, where there are several objectives.
        saved: What the network that was made of them says of itself.
        left_out: How many trials conditions left out.
        by: The options that gave these conditions.
        trials: All trials by number, as they were read for it; None where they are to be read again.
        best: The best of all trials, also of those that are not shown; None where none has a value.
    """

    ranked: Sequence[TrialRecord]
    top: int
    front: Collection[int]
    saved: SavedSummary
    left_out: int = 0
    by: Sequence[str] = ()
    trials: Sequence[TrialRecord] | None = None
    best: TrialRecord | None = None


def print_study(study: Study, shown: Shown) -> None:
    """Print a study for a person to read; what a terminal would obey is written as letters.

    Args:
        study: The study.
        shown: What to show of it.
    """
    with printing() as console:
        for part in _parts(study, shown, console.width):
            console.print(part, soft_wrap=isinstance(part, Text))


def draw_study(study: Study, shown: Shown) -> RenderableType:
    """The same, to be drawn again and again."""
    return Group(*_parts(study, shown, make_console().width))


def _parts(study: Study, shown: Shown, width: int) -> list[Text | Table]:
    ranked, front = shown.ranked, shown.front
    parts: list[Text | Table] = []

    def say(line: str) -> None:
        parts.append(Text(printable(line)))

    states = ", ".join(f"{count} {state}" for state, count in study.counts().items() if count)
    goals = ", ".join(f"{one.direction} {one.metric}" for one in study.objectives)
    say(f"{study.place}: {goals}, seed {study.seed}")
    say(f"trials: {states or 'none yet'}")
    if (standing := _standing(study)) is not None:
        say(standing)
    if shown.saved.shares:
        say(f"ensemble of {describe_shares(shown.saved.shares)}")
    if shown.saved.calibration is not None:
        say(describe_calibration(shown.saved.calibration.to_json()))
    if front:
        say(f"Pareto front, trials that no other beats (*): {', '.join(map(str, sorted(front)))}")
    count = len(ranked) + shown.left_out
    if shown.left_out:
        say(f"shown: {len(ranked) or 'none'} of {count} trials, by {' and '.join(shown.by)}")
        if not ranked:
            return parts
    parts.append(_trials_table(study, ranked[: shown.top], front, curves=width >= _NARROW))
    if len(ranked) > shown.top:
        say(f"{shown.top} of {len(ranked)} trials, the best first; `--top {len(ranked)}` lists all")
    trials = study.outcomes if shown.trials is None else shown.trials
    importance = measure_importance(study.space, trials, study.objectives[0].sign)
    if (best := shown.best) is not None and not front:
        for edge in edges_of(study.space, best.config, importance.shares):
            say(f"trial {best.number}: {edge}")
    if importance.shares:
        about = f" for {study.metric}" if len(study.objectives) > 1 else ""
        say("")
        say(f"how much each decided about being among the best tenth{about}, with 90 % intervals:")
    for one in importance.shares:
        drawn = f"{bar(one.share):<20}  " if _has_blocks() else ""
        span = f"{one.low:.0%}–{one.high:.0%}"
        say(f"{drawn}{one.share:4.0%}  {span:>9}  {one.name} (priority {one.priority})")
    say(importance.verdict)
    return parts


def _standing(study: Study) -> str | None:
    """Say where a run stands that begins no trial: its process is gone, or it was paused by hand."""
    running = study.counts()["running"]
    paused = pause_state(study.journal.read()) == "paused"
    if not running and not paused:
        return None
    states = ("running",) if running else ("paused", *FINISHED)
    lives = process_lives(study, [one.number for one in study.outcomes if one.state in states])
    if paused and lives:
        return f"paused by hand: no trial is begun until it is resumed. {RESUME_BY}"
    if not running or lives:
        return None
    return (
        f"not running: the process that trained the {running} marked as running is gone. Go on by the same "
        "command with `--resume`."
    )


def _trials_table(
    study: Study, ranked: Sequence[TrialRecord], front: Collection[int], *, curves: bool
) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("trial", justify="right")
    table.add_column("state")
    for one in study.objectives:
        table.add_column(printable(one.metric), justify="right")
    values_of = [[value for _, value in trial.curves.get(study.metric, ())] for trial in ranked]
    ends = common_ends(values_of)
    drawn = curves and ends is not None and _has_blocks()
    if drawn:
        table.add_column("curve", no_wrap=True)
    table.add_column("what varies, or why it ended", overflow="fold")
    for trial, curve in zip(ranked, values_of, strict=True):
        number = f"{'*' if trial.number in front else ''}{trial.number}"
        varying = {name: trial.config[name] for name in study.space.coordinates if name in trial.config}
        values = [_shown_value(trial, one, study) for one in study.objectives]
        told = printable(f"{_why(trial)} ".lstrip() + describe_config(varying))
        lines = [sparkline(curve, ends=ends)] if drawn else []
        table.add_row(number, trial.state, *values, *lines, told)
    return table


def _has_blocks() -> bool:
    """Whether the output can show block characters."""
    try:
        "█▁".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def value_of(trial: TrialRecord, objective: Objective, study: Study) -> float | None:
    """A trial's value of an objective; None where it has none of the first, as where it failed."""
    return (
        trial.value
        if objective.metric == study.metric or trial.value is None
        else trial.metrics.get(objective.metric)
    )


def _shown_value(trial: TrialRecord, objective: Objective, study: Study) -> str:
    value = value_of(trial, objective, study)
    return "" if value is None else format_number(value)


def _why(trial: TrialRecord) -> str:
    """Why it ended: the error with its type, or the reason."""
    if trial.error is None:
        return trial.reason or ""
    return ": ".join(part for part in (trial.error.type, trial.error.message) if part)
