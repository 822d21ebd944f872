"""Lanes that share one compiled program: start a member in a lane, advance all by an epoch, read one out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from sturgeon.caviar.fused import LaneCheckpoint, LaneProgram, Member, Tree


@dataclass(slots=True)
class _Occupant:
    member: Member
    epoch: int


class Population:
    """A fixed number of lanes on one device.

    A lane's results depend on its own member only. Members may start and leave between any two epochs; an
    empty lane repeats an occupied one's work.

    Args:
        program: What the lanes run.
        lanes: How many, at least 1.
    """

    def __init__(self, program: LaneProgram, lanes: int) -> None:
        self._program = program
        self._lanes: list[_Occupant | None] = [None] * lanes
        self._state: Tree = None

    @property
    def free_lanes(self) -> list[int]:
        """The lanes that no member trains in."""
        return [lane for lane, occupant in enumerate(self._lanes) if occupant is None]

    @property
    def members(self) -> list[tuple[int, Member]]:
        """The lanes in use and who trains there."""
        return [(lane, o.member) for lane, o in enumerate(self._lanes) if o is not None]

    def start(self, lane: int, member: Member) -> None:
        """Put a member into a free lane, at its first epoch or where its checkpoint stands."""
        checkpoint = member.checkpoint
        fresh = self._program.start(member)
        if checkpoint is not None:
            structure = jax.tree.structure(self._program.pack(member, fresh))
            fresh = self._program.unpack(member, jax.tree.unflatten(structure, checkpoint.leaves))
        if self._state is None or len(self._lanes) == 1:
            self._state = self._program.stack([fresh] * len(self._lanes))
        else:
            self._state = _put_lane(self._state, fresh, lane)
        self._lanes[lane] = _Occupant(member, checkpoint.epoch if checkpoint is not None else 0)

    def advance(self) -> dict[int, tuple[int, dict[str, float]]]:
        """Train every occupied lane for one epoch.

        Returns:
            By lane: how many epochs it has trained now, and its metrics.
        """
        self._state, metrics = self._program.run(self._state, self._epoch_inputs())
        on_host = {name: np.asarray(values) for name, values in metrics.items()}
        reports = {}
        for lane, occupant in enumerate(self._lanes):
            if occupant is not None:
                occupant.epoch += 1
                own = {name: float(values[lane]) for name, values in on_host.items()}
                reports[lane] = (occupant.epoch, self._program.metrics(own))
        return reports

    def network(self, lane: int) -> Any:
        """The network of a lane as it is now."""
        member, state = self._lane(lane)
        return self._program.network(member, state)

    def checkpoint(self, lane: int) -> LaneCheckpoint:
        """A lane's whole state, to go on from later."""
        member, state = self._lane(lane)
        occupant = self._lanes[lane]
        assert occupant is not None
        return LaneCheckpoint(occupant.epoch, tuple(jax.tree.leaves(self._program.pack(member, state))))

    def leave(self, lane: int) -> None:
        """Free a lane."""
        self._lanes[lane] = None
        if len(self._lanes) == 1:
            self._state = None

    def _lane(self, lane: int) -> tuple[Member, Tree]:
        """Who trains in a lane, and its state."""
        occupant = self._lanes[lane]
        assert occupant is not None
        return occupant.member, self._program.lane(self._state, lane)

    def _epoch_inputs(self) -> Tree:
        """What each lane needs for its next epoch."""
        per_lane = [o and self._program.inputs(o.member, o.epoch) for o in self._lanes]
        some = next(inputs for inputs in per_lane if inputs is not None)
        filled = [some if inputs is None else inputs for inputs in per_lane]
        return jax.tree.map(lambda *leaves: np.stack(leaves), *filled)


@jax.jit
def _put_lane(state: Tree, fresh: Tree, lane: int) -> Tree:
    return jax.tree.map(lambda leaf, new: leaf.at[lane].set(new), state, fresh)
