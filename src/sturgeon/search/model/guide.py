"""The model's choice: what it learns from the record, and where it expects the largest improvement."""

from __future__ import annotations

import numpy as np

from sturgeon.search.model.candidates import CENTRES, Pool, take_best
from sturgeon.search.model.encoding import Encoding
from sturgeon.search.model.evidence import Seen, targets
from sturgeon.search.model.gaussian_process import Conditioned, Evidence, Prior, most_probable
from sturgeon.search.model.one_thread import one_thread
from sturgeon.search.model.promise import Promise
from sturgeon.search.model.slice_sampling import draw_parameters
from sturgeon.search.model.subset import most_telling
from sturgeon.search.unseen import Unseen
from sturgeon.space import Space

LEARNT_FROM = 128
SAMPLES = 4
THIN = 5
CURIOUS = 8
SHORTER = float(np.log(0.5))


@one_thread()
def take_promising(batch: Unseen, space: Space, seen: Seen, rng: np.random.Generator, *, number: int) -> None:
    """Take what a model of the record finds most promising, one after the other.

    Args:
        batch: Takes them, until it is full or nothing new is found.
        space: What may vary.
        seen: What the record says: at least one finite value.
        rng: The source of randomness.
        number: The number of the trial that is to be suggested.
    """
    encoding = Encoding(space)
    # Counted in batches, or every batch of eight would have the same turn.
    turn = number // max(batch.missing, 1)
    values, variance = targets(seen)
    kept = most_telling(values, LEARNT_FROM)
    evidence = Evidence(encoding.columns(seen.unit[kept]), values[kept], variance[kept], encoding.owner)
    prior = Prior.of(encoding)
    models = _models(evidence, prior, rng, turn)
    if len(seen.pending):
        pending = encoding.columns(seen.pending)
        models = [model.believing(pending) for model in models]
    sure = seen.errors == 0.0
    best = float(values[sure].min()) if sure.any() else float("inf")
    if not sure.all():
        # A forecast may promise too much: what the model makes of it counts.
        forecasts = encoding.columns(seen.unit[~sure])
        models = [model.comparing(forecasts) for model in models]
    centres = seen.unit[np.argsort(values, kind="stable")[:CENTRES]]
    pool = Pool(space, encoding, centres)
    while batch.missing:
        ranked = pool.ranked(Promise(models, best), rng)
        taken = take_best(batch, space, ranked)
        if taken is None:
            return
        if batch.missing:
            point = encoding.columns(ranked[[taken]])
            models = [model.believing(point) for model in models]


def _models(evidence: Evidence, prior: Prior, rng: np.random.Generator, turn: int) -> list[Conditioned]:
    likely = most_probable(evidence, prior)
    if turn % CURIOUS == CURIOUS - 1:
        shorter = likely.copy()
        shorter[:-2] += SHORTER
        return [Conditioned(evidence, shorter)]
    drawn = draw_parameters(evidence, prior, likely, count=SAMPLES, thin=THIN, rng=rng)
    return [Conditioned(evidence, parameters) for parameters in (likely, *drawn)]
