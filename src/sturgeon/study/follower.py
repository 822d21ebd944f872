"""Follow a study that others work on: its trials in memory, and at each look only what changed is read."""

from __future__ import annotations

import dataclasses
import math
import time
from dataclasses import dataclass, field

from sqlalchemy import Connection

from sturgeon.study.storage import DELETED, Curves
from sturgeon.study.study import Study
from sturgeon.study.trial import TrialRecord

CHUNK = 100
"""The curves of so many trials are read at once where all are still to be read."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What one look found.

    Attributes:
        trials: The numbers of the trials whose state, value, notes or tags changed, and of those that are new
            or were deleted.
        points: The new points of trials that run, by number and metric; also of those that just ended.
    """

    trials: frozenset[int] = frozenset()
    points: dict[int, Curves] = field(default_factory=dict)

    def joined(self, later: Changes) -> Changes:
        """Give both together."""
        points = dict(self.points)
        for number, curves in later.points.items():
            known = points.get(number, {})
            points[number] = {name: [*known.get(name, ()), *curves.get(name, ())] for name in known | curves}
        return Changes(self.trials | later.trials, points)

    def __bool__(self) -> bool:
        return bool(self.trials or self.points)


class Follower:
    """The trials of a study as they were at the last `look`.

    Curves of trials that had ended before the first look are read little by little, by `read_curves`: a study
    of ten thousand is there at once, its curves a moment later. Reading holds up nobody who writes. To be
    used by one thread at a time.

    Attributes:
        by_number: Every trial under its number, in order, with the curves that were read.
        change: The study's count of changes at the last look; -1 before the first.

    Example:
        >>> from sturgeon.space import Real, Space
        >>> with Study.create(":memory:", Space(x=Real(0.0, 1.0)), minimize="loss") as study:
        ...     follower = Follower(study)
        ...     trial = study.ask()[0]
        ...     study.report(trial, step=1, loss=0.5)
        ...     changes = follower.look()
        ...     study.report(trial, step=2, loss=0.25)
        ...     follower.look().points, follower.by_number[0].curves
        ({0: {'loss': [(2, 0.25)]}}, {'loss': [(1, 0.5), (2, 0.25)]})
    """

    def __init__(self, study: Study) -> None:
        """Take a study; it needs a handle of its own where others look at the same time."""
        self.by_number: dict[int, TrialRecord] = {}
        self.change = -1
        self._store = study._store
        self._connections = self._store.connections
        self._reader = study._store.reader
        self._unread: list[tuple[int, int]] = []

    @property
    def trials(self) -> list[TrialRecord]:
        """Every trial, in order of number; those that were deleted are not among them."""
        return list(self.by_number.values())

    @property
    def complete(self) -> bool:
        """Whether all curves were read."""
        return not self._unread

    def look(self) -> Changes:
        """Read what changed since the last look.

        Raises:
            StudyError: The study is gone or damaged.
            StoreFailed: It cannot be read.
        """
        return self._store.read(self._look)

    def read_curves(self, seconds: float = math.inf) -> bool:
        """Read curves that are still to be read.

        Args:
            seconds: After how long to return; some are read in any case.

        Returns:
            Whether all are read.
        """
        until = time.monotonic() + seconds
        while self._unread:
            first, last = self._unread.pop(0)
            self._store.read(lambda connection, first=first, last=last: self._fill(connection, first, last))
            if time.monotonic() > until:
                break
        return self.complete

    def _look(self, connection: Connection) -> Changes:
        change, _ = self._reader.head(connection)
        if self._connections != self._store.connections:  # a server that was killed may have lost what we saw
            self._connections = self._store.connections
            self.change = -1
        changed: set[int] = set()
        points: dict[int, Curves] = {}
        if change > self.change:
            changed = self._take_changed(connection, first=self.change < 0, points=points)
            self.change = change
        for trial in self.trials:
            if trial.state != "running" or trial.number in changed:
                continue
            if new := self._take_points(connection, trial):
                points[trial.number] = new
        return Changes(frozenset(changed), points)

    def _take_changed(self, connection: Connection, *, first: bool, points: dict[int, Curves]) -> set[int]:
        changed = self._reader.changed_records(connection, self.change, {})
        gone = self._forget_deleted(connection, first=first)
        if first:
            ended = [one.number for one in changed if one.state != "running"]
            self._unread = [
                (ended[place], ended[min(place + CHUNK, len(ended)) - 1])
                for place in range(0, len(ended), CHUNK)
            ]
        for trial in changed:
            number = trial.number
            known = self.by_number.get(number)
            self.by_number[number] = trial
            if not first or trial.state == "running":
                curves = self._reader.curves(connection, number)
                if new := _added({} if known is None else dict(known.curves), curves):
                    points[number] = new
                self.by_number[number] = _with(trial, curves)
        return gone | {one.number for one in changed}

    def _forget_deleted(self, connection: Connection, *, first: bool) -> set[int]:
        """Let go of the trials that were deleted, and give their numbers; at first of all that are known."""
        if first:
            gone = set(self.by_number)
        else:
            gone = {entry.number for entry in self._reader.entries(connection, self.change, DELETED)}
        for number in gone:
            self.by_number.pop(number, None)
        return gone

    def _take_points(self, connection: Connection, trial: TrialRecord) -> Curves:
        """Read what a running trial reported since; its last step again, as it may have had more metrics."""
        old = dict(trial.curves)
        later = self._reader.curves_since(connection, trial.number, trial.last_step if old else -1)
        new = _added(old, later)
        if new:
            joined = {name: [*old.get(name, ()), *new.get(name, ())] for name in [*old, *(new.keys() - old)]}
            self.by_number[trial.number] = _with(trial, joined)
        return new

    def _fill(self, connection: Connection, first: int, last: int) -> None:
        for number, curves in self._reader.curves_between(connection, first, last).items():
            trial = self.by_number.get(number)
            if trial is not None and not trial.curves:
                self.by_number[number] = _with(trial, curves)


def _with(trial: TrialRecord, curves: Curves) -> TrialRecord:
    """Give a trial curves, and of metrics that were not told the last reported value."""
    metrics = {name: curve[-1][1] for name, curve in curves.items()} | dict(trial.metrics)
    if trial.state == "running":
        metrics |= {name: curve[-1][1] for name, curve in curves.items()}
    return dataclasses.replace(trial, curves=curves, metrics=metrics)


def _added(old: Curves, new: Curves) -> Curves:
    """Give the points of ``new`` that lie after those of ``old``."""
    found: Curves = {}
    for name, curve in new.items():
        last = old[name][-1][0] if old.get(name) else -1
        if later := [point for point in curve if point[0] > last]:
            found[name] = later
    return found
