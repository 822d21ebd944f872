"""The network that the page on the notes rebuilds in a framework: it answers there as it does in NumPy."""

import numpy as np

from sturgeon.network.trained import TrainedNetwork
from sturgeon.network.weights import Architecture, Statistics, initial_weights
from sturgeon.notes.claims.frameworks import CLOSE
from sturgeon.notes.forward_passes import FORWARD_PASSES
from sturgeon.notes.lab import answers


def check(framework):
    rng = np.random.default_rng(0)

    def draw(low, high):
        return rng.uniform(low, high, weights.gamma.shape).astype(np.float32)

    architecture = Architecture(6, 3, 8, 3)
    weights = initial_weights(architecture, rng)
    weights = weights._replace(gamma=draw(0.5, 1.5), beta=draw(-0.5, 0.5))
    network = TrainedNetwork(architecture, weights, Statistics(draw(-1, 1), draw(0.5, 2)), 1e-3)
    x = rng.normal(size=(40, 6)).astype(np.float32)
    wanted = answers(network, x, own=False)
    assert np.abs(FORWARD_PASSES[framework](network, x) - wanted).max() < CLOSE * wanted.std()
