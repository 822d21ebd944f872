"""The independent random streams of one trial.

Each stream depends on the trial's seed and on what it is for, and on nothing else: not on the
lane the trial trains in, its neighbours, the worker or the time.
"""

from __future__ import annotations

import numpy as np

_WEIGHTS, _ORDER, _DROPOUT = 0, 1, 2


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
    stream = np.random.default_rng(np.random.SeedSequence((trial_seed, _ORDER, epoch)))
    return stream.permutation(rows).astype(np.int32)


def dropout_key(trial_seed: int) -> np.ndarray:
    """The threefry key data, uint32 of shape ``[2]``, that a trial's dropout masks derive from."""
    return np.random.SeedSequence((trial_seed, _DROPOUT)).generate_state(2, np.uint32)
