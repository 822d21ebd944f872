"""A forest of extremely randomised trees, all of which grow together, level by level, in NumPy.

Importance needs some hundred small trees, and a process that only shows a study would spend most of its time
on loading a library that has them.

Source: Geurts, Ernst, Wehenkel, Extremely randomized trees, Machine Learning 63 (2006).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sturgeon.space.scales import Floats

Points = npt.NDArray[np.float32]
Indices = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Level:
    """The nodes of one depth, of all trees.

    Attributes:
        value: The mean of the values in each; ``[nodes]``.
        child: The place of its left child in the next level, and -1 for a leaf; the right one is behind it.
        feature: By which coordinate it is split.
        threshold: Up to which value of that a point goes to the left.
    """

    value: Floats
    child: Indices
    feature: Indices
    threshold: Points


@dataclass(frozen=True, slots=True)
class Slots:
    """Where the known points lie: those of a node side by side, one node behind the other.

    Attributes:
        point: Which point it is; ``[slots]``.
        sizes: How many lie in each node; ``[nodes]``.
    """

    point: Indices
    sizes: Indices

    @property
    def starts(self) -> Indices:
        """Where each node begins."""
        return np.cumsum(self.sizes) - self.sizes

    def only(self, nodes: Indices) -> Slots:
        """Those of some nodes, in order."""
        if len(nodes) == len(self.sizes):
            return self
        chosen = np.zeros(len(self.sizes), bool)
        chosen[nodes] = True
        return Slots(self.point[np.repeat(chosen, self.sizes)], self.sizes[nodes])


def predict_by_forest(
    known: Points,
    values: Floats,
    points: Points,
    *,
    trees: int,
    rng: np.random.Generator,
) -> Floats:
    """Grow trees on some points, and give the mean of what they predict at others.

    A node tries one random threshold for each coordinate that differs within it, and takes the split that
    leaves the least variance; one whose values are equal is a leaf.

    Args:
        known: Where the values are known; ``[count, coordinates]``.
        values: The values there.
        points: Where to predict; ``[points, coordinates]``.
        trees: How many trees.
        rng: The source of randomness.

    Returns:
        The predictions; ``[points]``.

    Example:
        >>> known = np.array([[0.0], [0.1], [0.9]], np.float32)
        >>> predict_by_forest(
        ...     known, np.array([1.0, 1.0, 5.0]), known, trees=5, rng=np.random.default_rng(0)
        ... ).tolist()
        [1.0, 1.0, 5.0]
    """
    by_coordinate = np.ascontiguousarray(known.T)
    flat, width = np.ascontiguousarray(points).ravel(), points.shape[1]
    slots = Slots(np.tile(np.arange(len(values)), trees), np.full(trees, len(values)))
    node = np.repeat(np.arange(trees), len(points))
    which = np.tile(np.arange(len(points)), trees)
    total = np.zeros(len(points))
    while len(node):
        level, slots = _grow(by_coordinate, values, slots, rng)
        child = level.child[node]
        ends = child < 0
        if ends.any():
            total += np.bincount(which[ends], level.value[node[ends]], len(points))
            goes_on = ~ends
            node, which, child = node[goes_on], which[goes_on], child[goes_on]
        node = child + (flat[which * width + level.feature[node]] > level.threshold[node])
    return total / trees


def _grow(known: Points, values: Floats, slots: Slots, rng: np.random.Generator) -> tuple[Level, Slots]:
    """Split the nodes of a level, where they are to be split; give it, and what lies in its children."""
    y, starts, count = values[slots.point], slots.starts, len(slots.sizes)
    lowest, highest = np.minimum.reduceat(y, starts), np.maximum.reduceat(y, starts)
    mean = np.clip(np.add.reduceat(y, starts) / slots.sizes, lowest, highest)
    level = Level(mean, np.full(count, -1), np.zeros(count, np.intp), np.zeros(count, np.float32))
    inner = np.flatnonzero(lowest < highest)
    slots = slots.only(inner)
    low, high = _ends(known, slots)
    alike = ~(low < high).any(axis=0)
    if alike.any():  # other values at the same point: nothing can part them
        inner, slots = inner[~alike], slots.only(np.flatnonzero(~alike))
        low, high = _ends(known, slots)
    if not len(inner):
        return level, slots
    threshold = low + rng.random(low.shape, np.float32) * (high - low)
    np.copyto(threshold, low, where=threshold >= high)  # rounded up, nothing would lie to the right
    left = known.take(slots.point, axis=1) <= np.repeat(threshold, slots.sizes, axis=1)
    off = (values[slots.point] - np.repeat(mean[inner], slots.sizes)).astype(np.float32)
    feature, of_left = _best_split(left, off, slots, differs=low < high)
    level.feature[inner], level.threshold[inner] = feature, threshold[feature, np.arange(len(inner))]
    level.child[inner] = 2 * np.arange(len(inner))
    return level, _parted(slots, left[np.repeat(feature, slots.sizes), np.arange(len(off))], of_left)


def _ends(known: Points, slots: Slots) -> tuple[Points, Points]:
    """The least and the greatest value of each coordinate in each node; ``[coordinates, nodes]``."""
    if not len(slots.sizes):
        return known[:, :0], known[:, :0]
    x = known.take(slots.point, axis=1)
    return np.minimum.reduceat(x, slots.starts, axis=1), np.maximum.reduceat(x, slots.starts, axis=1)


def _best_split(left: Flags, off: Points, slots: Slots, *, differs: Flags) -> tuple[Indices, Indices]:
    """The coordinate by which each node is split, and how many points then go to the left.

    Args:
        left: Whether a point would; ``[coordinates, slots]``.
        off: How far its value is from the node's mean; ``[slots]``.
        slots: Where the points lie.
        differs: In which coordinates a node's points do; ``[coordinates, nodes]``.
    """
    of_left = np.add.reduceat(left, slots.starts, axis=1, dtype=np.int32)
    sums = np.add.reduceat(left * off, slots.starts, axis=1)
    of_right = slots.sizes - of_left
    gain = sums.astype(float) ** 2 * slots.sizes / np.maximum(of_left * of_right, 1)
    feature = np.where(differs, gain, -1.0).argmax(axis=0)
    return feature, of_left[feature, np.arange(len(feature))].astype(np.intp)


def _parted(slots: Slots, to_left: Flags, of_left: Indices) -> Slots:
    """Put what goes to the left of a node before what goes to the right: two nodes for one."""
    starts = slots.starts
    before = np.cumsum(to_left) - to_left  # of those that go to the left, in all nodes
    rank = before - np.repeat(before[starts], slots.sizes)
    place = np.arange(len(to_left))
    target = np.where(
        to_left, np.repeat(starts, slots.sizes) + rank, place - rank + np.repeat(of_left, slots.sizes)
    )
    point = np.empty_like(slots.point)
    point[target] = slots.point
    return Slots(point, np.column_stack([of_left, slots.sizes - of_left]).ravel())
