"""Where a trial's model gets its random numbers from, and where it is made."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import jax
import numpy as np

from sturgeon.network import streams

_INITIAL = 3  # the streams 0 to 2 are those of network.streams


def initial_key_data(trial_seed: int) -> np.ndarray:
    """The bare threefry key, uint32 of shape ``[2]``, that a trial's initial parameters derive from."""
    return np.random.SeedSequence((trial_seed, _INITIAL)).generate_state(2, np.uint32)


def initial_key(trial_seed: int) -> jax.Array:
    """The same as a key of JAX."""
    return jax.random.wrap_key_data(jax.numpy.asarray(initial_key_data(trial_seed)), impl="threefry2x32")


@contextlib.contextmanager
def on_host() -> Iterator[None]:
    """Compute on the processor, where there is one for JAX: many small arrays are made faster there."""
    try:
        device = jax.local_devices(backend="cpu")[0]
    except RuntimeError:  # only a GPU was asked for
        yield
        return
    with jax.default_device(device):
        yield


def dropout_stream(trial_seed: int) -> jax.Array:
    """The key that a trial's dropout derives from, where a model draws by itself."""
    data = jax.numpy.asarray(streams.dropout_key(trial_seed))
    return jax.random.wrap_key_data(data, impl="threefry2x32")
