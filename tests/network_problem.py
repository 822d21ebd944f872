"""One network, its mini-batches and its training, for several frameworks to come to the same numbers."""

import numpy as np

from sturgeon.network.weights import Architecture, Weights, initial_weights

NORM_MOMENTUM, NORM_EPSILON = 0.8, 1e-3
LEARNING_RATE, BETA1, BETA2 = 0.03, 0.9, 0.99
ADAM_EPSILON = 1e-3  # large, so that it matters where it is added
ROWS = (24, 24, 24, 24, 5)  # the last mini-batch of an epoch is short: m is not the same in every step


def make_weights() -> Weights:
    stream = np.random.default_rng(0)
    drawn = initial_weights(Architecture(6, 3, 8, 3), stream)
    wide = Weights(*(np.asarray(leaf, np.float64) for leaf in drawn))
    return wide._replace(
        gamma=stream.uniform(0.5, 1.5, wide.gamma.shape), beta=stream.normal(0, 0.3, wide.beta.shape)
    )


def make_batches():
    stream = np.random.default_rng(1)
    return [(stream.normal(1, 2, (rows, 6)), stream.integers(3, size=rows).astype(np.int32)) for rows in ROWS]


def make_test_rows():
    return np.random.default_rng(2).normal(1, 2, (11, 6))


def write_problem(path):
    """Write all of it where a framework's script reads it."""
    batches = make_batches()
    rows = {
        f"{name}{step}": part for step, (x, y) in enumerate(batches) for name, part in (("x", x), ("y", y))
    }
    np.savez(
        path,
        **make_weights()._asdict(),
        **rows,
        x_test=make_test_rows(),
        steps=len(batches),
        norm_momentum=NORM_MOMENTUM,
        norm_epsilon=NORM_EPSILON,
        learning_rate=LEARNING_RATE,
        beta1=BETA1,
        beta2=BETA2,
        adam_epsilon=ADAM_EPSILON,
    )
