"""Lanes that share one program: start a job in a lane, advance all by an epoch, read one out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sturgeon.caviar.lanes.backend import LaneCheckpoint, LaneProgram, TrainingJob


@dataclass(slots=True)
class _Occupant:
    job: TrainingJob
    epoch: int


class LaneBatch:
    """A fixed number of lanes on one device.

    A lane's results depend on its own job only. Jobs may start and leave between any two epochs; an
    empty lane repeats an occupied one's work.

    Args:
        program: What the lanes run.
        lanes: How many, at least 1.
        before: Lanes whose jobs move into the first of these; no more of them than there are lanes.
    """

    def __init__(self, program: LaneProgram, lanes: int, before: LaneBatch | None = None) -> None:
        self._program = program
        self._lanes: list[_Occupant | None] = [None] * lanes
        self._state: Any = None
        self._inputs: Any = None
        if before is not None and before.jobs:
            live = [lane for lane, _ in before.jobs]
            self._lanes[: len(live)] = [before._lanes[lane] for lane in live]
            self._state = program.select(before._state, live + live[:1] * (lanes - len(live)))

    def __len__(self) -> int:
        return len(self._lanes)

    @property
    def free_lanes(self) -> list[int]:
        """The lanes that no job trains in."""
        return [lane for lane, occupant in enumerate(self._lanes) if occupant is None]

    @property
    def jobs(self) -> list[tuple[int, TrainingJob]]:
        """The lanes in use and who trains there."""
        return [(lane, o.job) for lane, o in enumerate(self._lanes) if o is not None]

    def job(self, lane: int) -> TrainingJob:
        """Who trains in a lane in use."""
        return self._occupant(lane).job

    def start(self, lane: int, job: TrainingJob) -> None:
        """Put a job into a free lane, at its first epoch or where its checkpoint stands."""
        self.put([(lane, job, self.prepare(job))])

    def prepare(self, job: TrainingJob) -> Any:
        """The state that a job goes on from, to be put into a lane."""
        if job.checkpoint is None:
            return self._program.start(job)
        return self._program.restore(job, job.checkpoint.leaves)

    def put(self, newcomers: Sequence[tuple[int, TrainingJob, Any]]) -> None:
        """Put jobs into free lanes.

        Args:
            newcomers: Lane, job, and its state of :meth:`prepare`; at least one.
        """
        states = {lane: state for lane, _, state in newcomers}
        self._state = self._program.put(self._state, states, len(self._lanes))
        for lane, job, _ in newcomers:
            self._lanes[lane] = _Occupant(job, job.checkpoint.epoch if job.checkpoint else 0)
        self._inputs = None

    def advance(self) -> dict[int, tuple[int, dict[str, float]]]:
        """Train every occupied lane for one epoch.

        Returns:
            By lane: how many epochs it has trained now, and its metrics.
        """
        inputs = self._epoch_inputs() if self._inputs is None else self._inputs
        self._state, results = self._program.run(self._state, inputs)
        occupied = [(lane, occupant) for lane, occupant in enumerate(self._lanes) if occupant is not None]
        for _, occupant in occupied:
            occupant.epoch += 1
        self._inputs = self._epoch_inputs() if self._program.asynchronous else None
        reports = self._program.reports(results)
        return {lane: (occupant.epoch, reports[lane]) for lane, occupant in occupied}

    def network(self, lane: int) -> Any:
        """The network of a lane as it is now."""
        return self._program.network(self._occupant(lane).job, self._program.lane(self._state, lane))

    def checkpoint(self, lane: int) -> LaneCheckpoint:
        """A lane's whole state, to go on from later."""
        occupant, state = self._occupant(lane), self._program.lane(self._state, lane)
        return LaneCheckpoint(occupant.epoch, self._program.leaves(occupant.job, state))

    def leave(self, lane: int) -> None:
        """Free a lane."""
        self._lanes[lane] = None
        if len(self._lanes) == 1:
            self._state = None

    def _occupant(self, lane: int) -> _Occupant:
        occupant = self._lanes[lane]
        assert occupant is not None
        return occupant

    def _epoch_inputs(self) -> Any:
        """What the lanes need for their next epoch."""
        some = next(o for o in self._lanes if o is not None)
        return self._program.inputs([((o or some).job, (o or some).epoch) for o in self._lanes])
