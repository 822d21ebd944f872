"""States of lanes as arrays with a leading axis of lanes, for programs of JAX."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from sturgeon.caviar.lanes.backend import Tree


def stack_on(where: Any, states: Sequence[Tree]) -> Tree:
    """The states of some lanes, stacked.

    Args:
        where: A device or a sharding; None for the default device.
        states: Trees of NumPy arrays, all of the same shapes.
    """
    return jax.device_put(jax.tree.map(lambda *leaves: np.stack(leaves), *states), where)


def take_lane(state: Tree, index: int) -> Tree:
    """One lane's state, as NumPy arrays of its own."""
    if jax.tree.leaves(state)[0].shape[0] == 1:
        return jax.tree.map(lambda leaf: np.array(leaf)[0], state)
    return jax.tree.map(np.array, _take(state, index))


@jax.jit
def _take(state: Tree, index: int) -> Tree:
    return jax.tree.map(lambda leaf: leaf[index], state)
