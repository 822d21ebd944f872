"""What to try next: a few evenly spread configurations, then what the model finds most promising."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock

import numpy as np
from threadpoolctl import ThreadpoolController

from sturgeon.search.model.acquisition import ExpectedImprovement
from sturgeon.search.model.encoding import Encoding
from sturgeon.search.model.gaussian_process import (
    Posterior,
    Prior,
    TrainingSet,
    posterior_mode,
    sample_posterior,
)
from sturgeon.search.model.optimize import CENTRES, Candidates
from sturgeon.search.model.training_data import Outcomes, standardize, subset_of_data
from sturgeon.search.unseen import Unseen
from sturgeon.space import Space
from sturgeon.space.scales import Floats

DESIGN_DRAWS = 256
LEARNT_FROM = 128

# How many sets of kernel parameters beside the most probable one, and how many steps apart.
SAMPLES = 4
THIN = 5

# Of a quick suggestion: from how many trials it learns, and how many candidates are left to choose from.
QUICK_FROM = 64
QUICK_CHOICE = 96

# Every so many trials length scales are halved.
CURIOUS = 8
SHORTER = float(np.log(0.5))

_changing = Lock()


def initial_design(
    batch: Unseen, space: Space, tried: Floats, *, count: int, rng: np.random.Generator
) -> Floats:
    """Take configurations that lie evenly between all that were tried, and each other.

    Each is the best of 256 drawn at random: the one that leaves the lowest wrap-around discrepancy, which
    has no liking for corners as distances have. It depends on the record and the generator only, so trials
    that others suggested, such as the default configuration, count as well.

    Args:
        batch: Takes them.
        space: What may vary.
        tried: Points of the record, NaN where inactive.
        count: How many.
        rng: The source of randomness.

    Returns:
        The new points.

    Source: Hickernell, Lattice rules: how well do they measure up? (1998), the wrap-around discrepancy.
    """
    encoding, points = Encoding(space), tried
    for _ in range(count):
        drawn = space.to_unit(space.sample(DESIGN_DRAWS, rng))
        ranked = drawn[np.argsort(_discrepancy(drawn, points, encoding), kind="stable")]
        taken = next((row for row, config in enumerate(space.from_unit(ranked)) if batch.offer(config)), None)
        if taken is None:
            break
        points = np.vstack([points, ranked[taken]])
    return points[len(tried) :]


def _discrepancy(points: Floats, tried: Floats, encoding: Encoding) -> Floats:
    """Compute what each point would add to the discrepancy."""
    total = np.zeros(len(points))
    for one in tried:
        apart = np.abs(np.nan_to_num(points, nan=0.5) - np.nan_to_num(one, nan=0.5))
        kernel = np.where(encoding.is_choice, 1.5 - 0.25 * (apart > 1e-9), 1.5 - apart * (1.0 - apart))
        # Products of many factors say nothing any more: their geometric mean over seven or so does.
        total += np.exp(np.log(kernel).sum(axis=1) * min(1.0, 7.0 / max(len(one), 1)))
    return total


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit BLAS to one thread within the block, and give back what it had.

    The matrices of a suggestion are so small that threads of BLAS cost more than they bring; where other
    processes keep the cores busy, waiting for them takes ten times longer than the work.

    Example:
        >>> from threadpoolctl import threadpool_info
        >>> with one_thread():
        ...     {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}
        {1}
    """
    # The limit belongs to the process: two threads that change it at once could leave it at one for ever.
    with _changing, _blas().limit(limits=1, user_api="blas"):
        yield


@cache
def _blas() -> ThreadpoolController:
    """Find the libraries once, since that takes longer than a suggestion; SciPy's is loaded by now."""
    return ThreadpoolController()


@one_thread()
def most_promising(
    batch: Unseen,
    space: Space,
    outcomes: Outcomes,
    rng: np.random.Generator,
    *,
    number: int,
    near: bool = False,
) -> None:
    """Take what a model of the record finds most promising, one after the other.

    Args:
        batch: Takes them, until it is full or nothing new is found.
        space: What may vary.
        outcomes: What the record says: at least one finite value.
        rng: The source of randomness.
        number: The number of the trial that is to be suggested.
        near: Whether to look near the best trials only.
    """
    encoding = Encoding(space)
    # Counted in batches, or every batch of eight would have the same turn.
    turn = number // max(batch.missing, 1)
    targets, variance = standardize(outcomes)
    kept = subset_of_data(targets, LEARNT_FROM)
    features = encoding.features(outcomes.unit[kept])
    data = TrainingSet(features, targets[kept], variance[kept], encoding.coordinate_of)
    posteriors = _posteriors(data, Prior.of(encoding), rng, turn)
    if len(outcomes.pending):
        pending = encoding.features(outcomes.pending)
        posteriors = [one.with_fantasies(pending) for one in posteriors]
    sure = outcomes.sure
    best = float(targets[sure].min()) if sure.any() else float("inf")
    unsure = ~sure & (np.arange(len(sure)) >= outcomes.recalled)
    if unsure.any():
        # A forecast may promise too much, and a mean over folds be lucky: what the model makes of it counts.
        forecasts = encoding.features(outcomes.unit[unsure])
        posteriors = [one.to_improve_on(forecasts) for one in posteriors]
    centres = outcomes.unit[np.argsort(targets, kind="stable")[:CENTRES]]
    candidates = Candidates(space, encoding, centres, near)
    while batch.missing:
        ranked = candidates.ranked(ExpectedImprovement(posteriors, best), rng)
        taken = _take_first_new(batch, space, ranked)
        if taken is None:
            return
        if batch.missing:
            point = encoding.features(ranked[[taken]])
            posteriors = [one.with_fantasies(point) for one in posteriors]


@one_thread()
def promising_quickly(
    batch: Unseen, space: Space, outcomes: Outcomes, rng: np.random.Generator, *, near: bool = False
) -> None:
    """Take configurations that look promising, at a fraction of the time that ``most_promising`` takes.

    All come from one fit of the most probable kernel parameters to fewer trials, and from one round of
    candidates; what is taken counts as tried, with the value that the model expects of it.

    Args:
        batch: Takes them, until it is full or nothing new is found.
        space: What may vary.
        outcomes: What the record says: at least one finite value.
        rng: The source of randomness.
        near: Whether to look near the best trials only.
    """
    encoding = Encoding(space)
    targets, variance = standardize(outcomes)
    kept = subset_of_data(targets, QUICK_FROM)
    features = encoding.features(outcomes.unit[kept])
    data = TrainingSet(features, targets[kept], variance[kept], encoding.coordinate_of)
    posterior = Posterior(data, posterior_mode(data, Prior.of(encoding)))
    if len(outcomes.pending):
        posterior = posterior.with_fantasies(encoding.features(outcomes.pending[-QUICK_FROM:]))
    centres = outcomes.unit[np.argsort(targets, kind="stable")[:CENTRES]]
    noisy = outcomes.noise > 0.0
    best = float(targets[~noisy].min(initial=np.inf))
    if noisy.any():
        posterior = posterior.to_improve_on(encoding.features(outcomes.unit[noisy]))
    left = Candidates(space, encoding, centres, near).ranked(ExpectedImprovement([posterior], best), rng)
    left = left[:QUICK_CHOICE]
    while batch.missing and len(left):
        taken = _take_first_new(batch, space, left)
        if taken is None:
            return
        point, left = left[[taken]], np.delete(left, np.s_[: taken + 1], axis=0)
        if batch.missing and len(left):
            posterior = posterior.with_fantasies(encoding.features(point))
            scores = ExpectedImprovement([posterior], best)(encoding.features(left))
            left = left[np.argsort(-scores, kind="stable")]


def _posteriors(data: TrainingSet, prior: Prior, rng: np.random.Generator, turn: int) -> list[Posterior]:
    """Condition on the trials, with several kernel parameters that explain them."""
    mode = posterior_mode(data, prior)
    if turn % CURIOUS == CURIOUS - 1:
        shorter = mode.copy()
        shorter[:-2] += SHORTER
        return [Posterior(data, shorter)]
    samples = sample_posterior(data, prior, mode, count=SAMPLES, thin=THIN, rng=rng)
    return [Posterior(data, theta) for theta in (mode, *samples)]


def _take_first_new(batch: Unseen, space: Space, ranked: Floats) -> int | None:
    """Take the first of some points that is new, and give its position; None where none is."""
    for start in range(0, len(ranked), 16):
        for offset, config in enumerate(space.from_unit(ranked[start : start + 16])):
            if batch.offer(config):
                return start + offset
    return None
