"""Lanes that share one compiled program: start a job in a lane, advance all by an epoch, read one out."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from sturgeon.caviar.lanes.backend import LaneCheckpoint, LaneProgram, TrainingJob, Tree

# With so many lanes read between two epochs, one copy of the state is sooner than one for each.
_MANY = 8


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
        self._state: Tree = None
        self._inputs: Tree = None
        self._reads = 0
        self._on_host: Tree = None
        if before is not None and before.jobs:
            live = [lane for lane, _ in before.jobs]
            self._lanes[: len(live)] = [before._lanes[lane] for lane in live]
            self._state = _take_lanes(before._state, np.array(live + live[:1] * (lanes - len(live))))

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

    def start(self, lane: int, job: TrainingJob) -> None:
        """Put a job into a free lane, at its first epoch or where its checkpoint stands."""
        self.put([(lane, job, self.prepare(job))])

    def prepare(self, job: TrainingJob) -> Tree:
        """The state that a job goes on from, to be put into a lane."""
        fresh = self._program.start(job)
        if job.checkpoint is None:
            return fresh
        structure = jax.tree.structure(self._program.pack(job, fresh))
        return self._program.unpack(job, jax.tree.unflatten(structure, job.checkpoint.leaves))

    def put(self, newcomers: Sequence[tuple[int, TrainingJob, Tree]]) -> None:
        """Put jobs into free lanes.

        Args:
            newcomers: Lane, job, and its state of :meth:`prepare`; at least one.
        """
        states = {lane: state for lane, _, state in newcomers}
        some = newcomers[0][2]
        if self._state is None or len(self._lanes) == 1:
            self._state = self._program.stack([states.get(lane, some) for lane in range(len(self._lanes))])
        else:
            # Filled up to a power of two, by the first again: there are few programs that put.
            fill = (1 << (len(newcomers) - 1).bit_length()) - len(newcomers)
            lanes = np.array([*states, *[newcomers[0][0]] * fill])
            fresh = jax.tree.map(lambda *leaves: np.stack(leaves), *states.values(), *[some] * fill)
            self._state = _put_lanes(self._state, fresh, lanes)
        for lane, job, _ in newcomers:
            self._lanes[lane] = _Occupant(job, job.checkpoint.epoch if job.checkpoint else 0)
        self._inputs = self._on_host = None

    def advance(self) -> dict[int, tuple[int, dict[str, float]]]:
        """Train every occupied lane for one epoch.

        Returns:
            By lane: how many epochs it has trained now, and its metrics.
        """
        inputs = self._epoch_inputs() if self._inputs is None else self._inputs
        self._state, metrics = self._program.run(self._state, inputs)
        self._inputs, self._on_host, self._reads = None, None, 0
        for occupant in self._lanes:
            if occupant is not None:
                occupant.epoch += 1
        if self._program.runs_apart:
            self._inputs = self._epoch_inputs()
        on_host = {name: np.asarray(values) for name, values in metrics.items()}
        reports = {}
        for lane, occupant in enumerate(self._lanes):
            if occupant is not None:
                own = {name: float(values[lane]) for name, values in on_host.items()}
                reports[lane] = (occupant.epoch, self._program.metrics(own))
        return reports

    def network(self, lane: int) -> Any:
        """The network of a lane as it is now."""
        job, state = self._lane(lane)
        return self._program.network(job, state)

    def checkpoint(self, lane: int) -> LaneCheckpoint:
        """A lane's whole state, to go on from later."""
        job, state = self._lane(lane)
        occupant = self._lanes[lane]
        assert occupant is not None
        return LaneCheckpoint(occupant.epoch, tuple(jax.tree.leaves(self._program.pack(job, state))))

    def leave(self, lane: int) -> None:
        """Free a lane."""
        self._lanes[lane] = None
        if len(self._lanes) == 1:
            self._state = None

    def _lane(self, lane: int) -> tuple[TrainingJob, Tree]:
        """Who trains in a lane, and its state."""
        occupant = self._lanes[lane]
        assert occupant is not None
        self._reads += 1
        if self._reads <= _MANY:
            return occupant.job, self._program.lane(self._state, lane)
        if self._on_host is None:
            self._on_host = jax.tree.map(np.asarray, self._state)
        return occupant.job, jax.tree.map(lambda leaf: np.array(leaf[lane]), self._on_host)

    def _epoch_inputs(self) -> Tree:
        """What the lanes need for their next epoch."""
        some = next(o for o in self._lanes if o is not None)
        return self._program.all_inputs([((o or some).job, (o or some).epoch) for o in self._lanes])


@functools.partial(jax.jit, donate_argnums=0)
def _put_lanes(state: Tree, fresh: Tree, lanes: np.ndarray) -> Tree:
    return jax.tree.map(lambda leaf, new: leaf.at[lanes].set(new), state, fresh)


@jax.jit
def _take_lanes(state: Tree, lanes: np.ndarray) -> Tree:
    return jax.tree.map(lambda leaf: leaf[lanes], state)
