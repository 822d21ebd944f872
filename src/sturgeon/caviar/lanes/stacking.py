"""Many lanes in one compiled program: their states are arrays of JAX with a leading axis of lanes."""

from __future__ import annotations

import functools
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from sturgeon.caviar.lanes.backend import LaneProgram, TrainingJob

# With so many lanes read between two epochs, one copy of the state is sooner than one for each.
_MANY = 8


class StackedProgram(LaneProgram):
    """A compiled program of several lanes. A lane's state is a tree of arrays, alike for all jobs."""

    _read: Any = None
    _reads = 0
    _on_host: Any = None

    @property
    @abstractmethod
    def where(self) -> Any:
        """Where the lanes' states lie: a device or a sharding; None for JAX's default device."""

    @abstractmethod
    def metrics(self, values: dict[str, float]) -> dict[str, float]:
        """One lane's metrics by the names, and in the units, that they are reported in."""

    def put(self, state: Any, newcomers: dict[int, Any], lanes: int) -> Any:
        """See :class:`LaneProgram`."""
        first = next(iter(newcomers))
        if state is None or lanes == 1:
            states = [newcomers.get(lane, newcomers[first]) for lane in range(lanes)]
            return jax.device_put(stack(states), self.where)
        # Filled up to a power of two, by the first again: there are few programs that put.
        fill = (1 << (len(newcomers) - 1).bit_length()) - len(newcomers)
        numbers = [*newcomers, *[first] * fill]
        return _put_lanes(state, stack([newcomers[lane] for lane in numbers]), np.array(numbers))

    def select(self, state: Any, lanes: Sequence[int]) -> Any:
        """See :class:`LaneProgram`."""
        return _take(state, np.array(lanes))

    def lane(self, state: Any, index: int) -> Any:
        """See :class:`LaneProgram`."""
        if state is not self._read:
            self._read, self._reads, self._on_host = state, 0, None
        self._reads += 1
        if jax.tree.leaves(state)[0].shape[0] == 1:
            return jax.tree.map(lambda leaf: np.array(leaf)[0], state)
        if self._reads <= _MANY:
            return jax.tree.map(np.array, _take(state, index))
        if self._on_host is None:
            self._on_host = jax.tree.map(np.asarray, state)
        return jax.tree.map(lambda leaf: np.array(leaf[index]), self._on_host)

    def reports(self, results: dict[str, Any]) -> Sequence[dict[str, float]]:
        """See :class:`LaneProgram`; the results are metrics by name, each ``[lanes]``."""
        on_host = {name: np.asarray(values).tolist() for name, values in results.items()}
        by_lane = zip(*on_host.values(), strict=True)
        return [self.metrics(dict(zip(on_host, values, strict=True))) for values in by_lane]


def stack(trees: Sequence[Any]) -> Any:
    """Trees of NumPy arrays, all of the same shapes, as one whose arrays have a leading axis."""
    return jax.tree.map(lambda *leaves: np.stack(leaves), *trees)


def restore_tree(program: LaneProgram, job: TrainingJob, leaves: Sequence[np.ndarray]) -> Any:
    """A lane's state from its leaves, for a program whose states are trees: shaped as the job starts."""
    return jax.tree.unflatten(jax.tree.structure(program.start(job)), leaves)


@functools.partial(jax.jit, donate_argnums=0)
def _put_lanes(state: Any, fresh: Any, lanes: np.ndarray) -> Any:
    return jax.tree.map(lambda leaf, new: leaf.at[lanes].set(new), state, fresh)


@jax.jit
def _take(state: Any, lanes: np.ndarray | int) -> Any:
    return jax.tree.map(lambda leaf: leaf[lanes], state)
