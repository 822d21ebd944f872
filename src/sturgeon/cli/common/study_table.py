"""A study as ``sturgeon show`` prints it: what it is, its best trials, what mattered."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rich.console import Console
from rich.table import Table

from sturgeon.caviar.table.saved import SavedSummary
from sturgeon.cli.common.printable import printable
from sturgeon.cli.common.result import (
    describe_calibration,
    describe_config,
    describe_shares,
    format_number,
)
from sturgeon.study import Objective, Study, TrialRecord
from sturgeon.study.edges import edges_of


def print_study(
    study: Study,
    ranked: Sequence[TrialRecord],
    top: int,
    front: Collection[int],
    saved: SavedSummary,
) -> None:
    """Print a study for a person to read; what a terminal would obey is written as letters.

    Args:
        study: The study.
        ranked: All trials, best first.
        top: How many of them to list.
        front: The numbers of the trials that no other beats, where there are several objectives.
        saved: What the network that was made of them says of itself.
    """
    console = Console(highlight=False, markup=False)

    def say(line: str) -> None:
        console.print(printable(line), soft_wrap=True)

    states = ", ".join(f"{count} {state}" for state, count in study.counts().items() if count)
    goals = ", ".join(f"{one.direction} {one.metric}" for one in study.objectives)
    say(f"{study.place}: {goals}, seed {study.seed}")
    say(f"trials: {states or 'none yet'}")
    if saved.shares:
        say(f"ensemble of {describe_shares(saved.shares)}")
    if saved.calibration is not None:
        say(describe_calibration(saved.calibration.to_json()))
    if front:
        say(f"Pareto front, trials that no other beats (*): {', '.join(map(str, sorted(front)))}")
    console.print(_trials_table(study, ranked[:top], front))
    for best in ranked[:1]:
        if best.value is not None and not front:
            for edge in edges_of(study.space, best.config):
                say(f"trial {best.number}: {edge}")
    importance = study.importance()
    if importance.shares:
        about = f" for {study.metric}" if len(study.objectives) > 1 else ""
        say("")
        say(f"how much each decided about being among the best tenth{about}, with 90 % intervals:")
    for line in str(importance).splitlines():
        say(line)


def _trials_table(study: Study, ranked: Sequence[TrialRecord], front: Collection[int]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("trial", justify="right")
    table.add_column("state")
    for one in study.objectives:
        table.add_column(printable(one.metric), justify="right")
    table.add_column("what varies, or why it ended", overflow="fold")
    for trial in ranked:
        number = f"{'*' if trial.number in front else ''}{trial.number}"
        varying = {name: trial.config[name] for name in study.space.coordinates if name in trial.config}
        values = [_value(trial, one, study) for one in study.objectives]
        told = printable(f"{_why(trial)} ".lstrip() + describe_config(varying))
        table.add_row(number, trial.state, *values, told)
    return table


def _value(trial: TrialRecord, objective: Objective, study: Study) -> str:
    value = trial.value if objective.metric == study.metric else trial.metrics.get(objective.metric)
    return "" if value is None else format_number(value)


def _why(trial: TrialRecord) -> str:
    """Why it ended: the error with its type, or the reason."""
    if trial.error is None:
        return trial.reason or ""
    return ": ".join(part for part in (trial.error.type, trial.error.message) if part)
