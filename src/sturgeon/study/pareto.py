"""Several objectives at once: which trials nothing else beats, and one number to search by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from sturgeon.search.record import Observation, Record
from sturgeon.study.objectives import Objective

AUGMENTATION = 0.05
"""Weight of the sum beside the maximum in the scalarisation (ρ in Knowles 2006, eq. 2)."""


def pareto_front(values: npt.ArrayLike) -> list[int]:
    """Find the points that no other point beats: no worse in everything and better in something.

    Args:
        values: An array of shape ``n × objectives``, all to be minimised, finite.

    Returns:
        Indices in increasing order; equal points are all kept.

    Example:
        >>> pareto_front([[1, 4], [2, 2], [3, 3], [4, 1]])
        [0, 1, 3]
    """
    points = np.atleast_2d(np.asarray(values, dtype=float))
    if points.size == 0:
        return []
    front: list[int] = []
    kept = np.empty((0, points.shape[1]))
    # In lexicographic order nothing later can beat what was kept.
    for index in np.lexsort(points.T[::-1]):
        point = points[index]
        beaten = (kept <= point).all(axis=1) & (kept < point).any(axis=1)
        if not beaten.any():
            front.append(int(index))
            kept = np.vstack([kept, point])
    return sorted(front)


def scalarised_record(
    record: Record,
    told: Mapping[int, Mapping[str, float]],
    objectives: Sequence[Objective],
    *,
    seed: tuple[int, int],
) -> Record:
    """Give a search one value a trial where there are several objectives.

    Each time other weights are drawn, so that over time the search covers the whole front (ParEGO:
    J. Knowles, "ParEGO: a hybrid algorithm with on-line landscape approximation for expensive
    multiobjective optimization problems", IEEE TEC 10(1), 2006). Values are replaced by their ranks, so
    the scales of the objectives do not matter. Curves are left out.

    Args:
        record: The trials, with the first objective as value.
        told: The final metrics of the trials that have a value.
        objectives: What is minimised or maximised.
        seed: The study's seed and the next trial's number, from which the weights are drawn.

    Returns:
        A new record whose values are in [0, 1 + 0.05], less being better.
    """
    names = [objective.metric for objective in objectives]
    numbers = [number for number in sorted(told) if all(name in told[number] for name in names)]
    if numbers:
        values = np.array([[o.sign * told[n][o.metric] for o in objectives] for n in numbers])
        ranks = _ranks(values)
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1,)))
        weights = rng.dirichlet(np.ones(len(names)))
        weighted = ranks * weights
        scores = weighted.max(axis=1) + AUGMENTATION * weighted.sum(axis=1)
        found = dict(zip(numbers, scores.tolist(), strict=True))
    else:
        found = {}
    return Record(Observation(one.number, one.config, one.state, found.get(one.number)) for one in record)


def _ranks(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Replace each column by its ranks in [0, 1]; equal values share the lowest."""
    ranks = np.empty_like(values)
    for column in range(values.shape[1]):
        ordered = np.sort(values[:, column])
        ranks[:, column] = np.searchsorted(ordered, values[:, column])
    return ranks / max(1, len(values) - 1)
