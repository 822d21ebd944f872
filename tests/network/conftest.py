"""Float64 for the tests that hold the network against a reference."""

import jax
import numpy as np
import pytest

from sturgeon.network.weights import Architecture, Weights, initial_weights


@pytest.fixture
def float64():
    with jax.enable_x64(True):
        yield


@pytest.fixture
def make_weights():
    """Draw weights in float64, with γ and β away from 1 and 0, so that they matter."""

    def make(architecture: Architecture, seed: int = 0) -> Weights:
        stream = np.random.default_rng(seed)
        drawn = initial_weights(architecture, stream)
        drawn = Weights(*(np.asarray(leaf, np.float64) for leaf in drawn))
        return drawn._replace(
            gamma=stream.uniform(0.5, 1.5, drawn.gamma.shape), beta=stream.normal(0, 0.3, drawn.beta.shape)
        )

    return make
