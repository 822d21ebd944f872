"""The independent random streams of one trial.

Each stream depends on the trial's seed and on what it is for, and on nothing else: not on the
lane the trial trains in, its neighbours, the worker or the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from sturgeon.network.native.library import load_library, permute

_WEIGHTS, _ORDER, _DROPOUT = 0, 1, 2
# So many orders are worth a thread.
_MANY = 32


def weights_stream(trial_seed: int) -> np.random.Generator:
    """The stream that initial weights are drawn from."""
    return np.random.default_rng(np.random.SeedSequence((trial_seed, _WEIGHTS)))


def row_order(trial_seed: int, epoch: int, rows: int) -> np.ndarray:
    """The order in which a trial sees the training rows in one epoch.

    Args:
        trial_seed: The trial's seed.
        epoch: The epoch, from 0.
        rows: How many training rows there are.

    Returns:
        A permutation of ``range(rows)``, int32.
    """
    return row_orders([(trial_seed, epoch)], rows)[0]


def row_orders(of: Sequence[tuple[int, int]], rows: int) -> np.ndarray:
    """The orders of several trials.

    Args:
        of: Each trial's seed, and its epoch.
        rows: How many training rows there are.

    Returns:
        int32 ``[trials, rows]``.
    """
    seeds = [np.random.SeedSequence((trial_seed, _ORDER, epoch)) for trial_seed, epoch in of]
    library = load_library()
    if library is None:
        return np.stack([np.random.default_rng(seed).permutation(rows) for seed in seeds]).astype(np.int32)
    if len(seeds) < _MANY:
        return permute(library, seeds, rows)
    parts = [seeds[first : first + _MANY] for first in range(0, len(seeds), _MANY)]
    with ThreadPoolExecutor() as pool:
        return np.concatenate(list(pool.map(lambda part: permute(library, part, rows), parts)))


def dropout_key(trial_seed: int) -> np.ndarray:
    """The threefry key data, uint32 of shape ``[2]``, that a trial's dropout masks derive from."""
    return np.random.SeedSequence((trial_seed, _DROPOUT)).generate_state(2, np.uint32)


def dropout_stream(trial_seed: int, epoch: int) -> np.random.Generator:
    """The stream of an epoch's dropout masks where NumPy draws them, which has no quick threefry."""
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence((trial_seed, _DROPOUT, epoch))))
