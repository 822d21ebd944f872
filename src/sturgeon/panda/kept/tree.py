"""The run tree: branches, the checkpoints between them and the changes along them, read from a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sturgeon.errors import InputError
from sturgeon.panda.commands import OUTCOME
from sturgeon.study import JournalEntry, Study, TrialRecord

_MOST_NAMED = 10

CHECKPOINT, EVENT, NOTE = "checkpoint", "event", "note"


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Where a training stands, counted from the root of the tree.

    Attributes:
        epoch: Whole epochs trained.
        step: Mini-batches trained, where they are counted.
    """

    epoch: int = 0
    step: int = 0

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Position:
        """Read it from what the journal keeps."""
        return cls(int(body.get("epoch", 0)), int(body.get("step", 0)))

    def to_json(self) -> dict[str, int]:
        """Give it as the journal keeps it."""
        return {"epoch": self.epoch, "step": self.step}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A state that can be gone back to.

    Attributes:
        number: Its number in the tree, from 1.
        trial: The branch that it was made on.
        at: Where that stood.
        values: The hyperparameters then.
        file: The name of its file.
        sha256: The file's checksum.
        size: Its bytes.
        why: ``"begin"``, ``"epoch"``, ``"asked"``, ``"branch"`` or ``"end"``.
        value: The objective that was reported last, or None.
        kept: Whether its file is still there: False when it was thinned out.
    """

    number: int
    trial: int
    at: Position
    values: Mapping[str, Any]
    file: str
    sha256: str
    size: int
    why: str
    value: float | None = None
    kept: bool = True


@dataclass(frozen=True, slots=True)
class Change:
    """Hyperparameters that were given new values in the middle of a branch.

    Attributes:
        trial: The branch.
        at: Where it stood: the change held from the next step on.
        old: The values before.
        new: The values after.
        author: Who asked.
        why: The reason given.
        command: The command's id.
    """

    trial: int
    at: Position
    old: Mapping[str, Any]
    new: Mapping[str, Any]
    author: str
    why: str
    command: int


@dataclass(frozen=True, slots=True)
class Branch:
    """One line of the tree.

    Attributes:
        trial: Its trial.
        parent: The branch that it starts from; None for the root.
        checkpoint: The checkpoint that it starts from; None for the root.
        start: Where it starts.
        values: The hyperparameters that it starts with.
        state: The trial's state.
        curves: Its own part of every curve; steps are epochs.
    """

    trial: int
    parent: int | None
    checkpoint: int | None
    start: Position
    values: Mapping[str, Any]
    state: str
    curves: Mapping[str, Sequence[tuple[int, float]]]


@dataclass(frozen=True, slots=True)
class RunTree:
    """All that a study keeps of a run.

    Attributes:
        branches: By trial.
        checkpoints: By number, those that were thinned out too.
        changes: In the order in which they were made.
        entries: The whole journal.
        current: The branch that trains, or trained last.
        state: ``"training"``, ``"paused"`` or ``"ended"``, as the process that trains said last.
        metric: The objective.
        maximize: Whether it is to be maximised.
    """

    branches: Mapping[int, Branch]
    checkpoints: Mapping[int, Checkpoint]
    changes: Sequence[Change]
    entries: Sequence[JournalEntry] = field(repr=False)
    current: int
    state: str
    metric: str
    maximize: bool

    def path(self, trial: int) -> list[Branch]:
        """The branches from the root to one of them.

        Raises:
            InputError: There is no such branch.
        """
        if trial not in self.branches:
            known = ", ".join(str(number) for number in self.branches)
            raise InputError(f"A branch must be one of the run's: {known}; got {trial}.")
        found = [self.branches[trial]]
        while (parent := found[0].parent) is not None:
            found.insert(0, self.branches[parent])
        return found

    def values_at_end(self, branch: Branch, epoch: int) -> dict[str, Any]:
        """The hyperparameters that were in force at the end of an epoch of a branch.

        Args:
            branch: One of the tree's.
            epoch: Which of its epochs, counted from the root's first, from 1.
        """
        own = [change for change in self.changes if change.trial == branch.trial and change.at.epoch < epoch]
        return {**branch.values, **{name: value for change in own for name, value in change.new.items()}}

    def changes_along(self, trial: int) -> list[Change]:
        """The changes that made a branch what it is: those of its ancestors up to where it leaves them."""
        path = self.path(trial)
        found = []
        for branch, child in zip(path, [*path[1:], None], strict=True):
            own = [change for change in self.changes if change.trial == branch.trial]
            found += [change for change in own if child is None or change.at < child.start]
        return found

    def curves_along(self, trial: int) -> dict[str, list[tuple[int, float]]]:
        """The curves from the root to a branch, without what its ancestors trained after it left them."""
        found: dict[str, list[tuple[int, float]]] = {}
        for branch in self.path(trial):
            for name in found | dict(branch.curves):
                kept = [point for point in found.get(name, []) if point[0] <= branch.start.epoch]
                found[name] = [*kept, *branch.curves.get(name, ())]
        return found

    def changed_at_start(self, branch: Branch) -> dict[str, Any]:
        """The hyperparameters that a branch starts with and the checkpoint it starts from did not have."""
        start = None if branch.checkpoint is None else self.checkpoints.get(branch.checkpoint)
        if start is None:
            return {}
        return {name: value for name, value in branch.values.items() if start.values.get(name) != value}

    def checkpoint(self, number: int) -> Checkpoint:
        """A checkpoint that can be gone back to.

        Raises:
            InputError: There is none of that number, or its file was thinned out.
        """
        found = self.checkpoints.get(number)
        if found is None:
            kept = [one.number for one in self.checkpoints.values() if one.kept]
            raise InputError(
                f"A checkpoint must be one of the run's: {_some(kept)}; got {number}. `sturgeon panda "
                "tree` lists them."
            )
        if not found.kept:
            near = [one for one in self.checkpoints.values() if one.kept and one.trial == found.trial]
            nearest = min(near, key=lambda one: abs(one.at.epoch - found.at.epoch), default=None)
            instead = "" if nearest is None else f" The nearest that is kept is {nearest.number}."
            raise InputError(f"Checkpoint {number} was thinned out to keep within the disk budget.{instead}")
        return found

    def latest(self, trial: int) -> Checkpoint | None:
        """The last checkpoint of a branch, or else the one that it starts from; None before there is any."""
        own = [one for one in self.checkpoints.values() if one.trial == trial and one.kept]
        if own:
            return max(own, key=lambda one: (one.at, one.number))
        start = self.branches[trial].checkpoint
        return None if start is None else self.checkpoints[start]

    def value(self, trial: int) -> float | None:
        """The objective that a branch reported last."""
        curve = self.branches[trial].curves.get(self.metric)
        return curve[-1][1] if curve else None

    def best_leaf(self) -> int:
        """The branch whose last value of the objective is the best; the current one where none has any."""
        sign = -1.0 if self.maximize else 1.0
        values = {trial: self.value(trial) for trial in self.branches}
        # A value that is not a number is never the best.
        valued = {
            trial: sign * value for trial, value in values.items() if value is not None and value == value
        }
        return min(valued, key=lambda trial: valued[trial]) if valued else self.current

    def last_changes(self) -> dict[str, int]:
        """By hyperparameter, the command that changed it last; 0 is understood for the others."""
        return {name: change.command for change in self.changes for name in change.new}


def read_tree(study: Study) -> RunTree:
    """Read the tree of a study.

    Raises:
        InputError: The study is none of a tended training.
    """
    if study.about.get("job") != "panda":
        raise InputError(
            f"A training that is tended by hand is needed; the study in {study.place!r} is of another kind. "
            "Begin one with `sturgeon panda DATA --target COLUMN` or st.panda(...)."
        )
    return tree_of(
        study.trials, study.journal.read(), metric=study.metric, maximize=study.direction == "maximize"
    )


def tree_of(
    trials: Sequence[TrialRecord], entries: Sequence[JournalEntry], *, metric: str, maximize: bool
) -> RunTree:
    """Make the tree of what a study keeps; a pure function."""
    thinned = {e.body["checkpoint"] for e in entries if e.kind == EVENT and e.body.get("what") == "thinned"}
    checkpoints = {
        found.number: found
        for found in (_checkpoint(entry, thinned) for entry in entries if entry.kind == CHECKPOINT)
    }
    commands = {entry.id: entry for entry in entries if entry.kind == "command"}
    changes = [
        _change(entry, commands)
        for entry in entries
        if entry.kind == OUTCOME and entry.body["done"] and entry.body.get("change")
    ]
    branches = {trial.number: _branch(trial) for trial in trials if trial.state != "waiting"}
    told = [
        e.body for e in entries if e.kind == EVENT and e.body.get("what") in ("training", "paused", "ended")
    ]
    current = next((body["trial"] for body in reversed(told)), 0)
    state = told[-1]["what"] if told else "training"
    return RunTree(branches, checkpoints, changes, entries, current, state, metric, maximize)


def _checkpoint(entry: JournalEntry, thinned: set[int]) -> Checkpoint:
    body = entry.body
    return Checkpoint(
        number=body["number"],
        trial=body["trial"],
        at=Position.of(body),
        values=body["values"],
        file=body["file"],
        sha256=body["sha256"],
        size=body["size"],
        why=body["why"],
        value=body.get("value"),
        kept=body["number"] not in thinned,
    )


def _change(entry: JournalEntry, commands: Mapping[int, JournalEntry]) -> Change:
    body = entry.body
    command = commands.get(body["command"])
    author = entry.author if command is None else command.author
    why = body.get("why", "")
    return Change(body["trial"], Position.of(body), body["old"], body["new"], author, why, body["command"])


def _branch(trial: TrialRecord) -> Branch:
    about = trial.about
    return Branch(
        trial=trial.number,
        parent=about.get("parent"),
        checkpoint=about.get("checkpoint"),
        start=Position.of(about),
        values=dict(trial.config),
        state=trial.state,
        curves=trial.curves,
    )


def _some(numbers: Sequence[int]) -> str:
    """The last few of some numbers, and a sign where there are more.

    Example:
        >>> _some([]), _some([1, 2]), _some(range(1, 13))
        ('none yet', '1, 2', '…, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12')
    """
    more = "…, " if len(numbers) > _MOST_NAMED else ""
    return more + ", ".join(map(str, numbers[-_MOST_NAMED:])) if numbers else "none yet"
