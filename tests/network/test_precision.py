"""bfloat16 products learn what float32 learns, within its rounding; what is kept stays float32."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sturgeon.errors import InputError
from sturgeon.network import model
from sturgeon.network.model import forward_training
from sturgeon.network.objectives import row_losses
from sturgeon.network.optimizers import descend
from sturgeon.network.precision import product_in
from sturgeon.network.settings import OptimizerSettings
from sturgeon.network.weights import (
    Architecture,
    Weights,
    initial_moments,
    initial_statistics,
    initial_weights,
)

ROUNDING = 2.0**-8
RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 6)).astype(np.float32)
Y = (X[:, 0] - X[:, 1] * X[:, 2]).astype(np.float32)
PRESENT = np.r_[np.ones(60, np.float32), np.zeros(4, np.float32)]
WEIGHTS = initial_weights(Architecture(6, 1, 16, 3), np.random.default_rng(1))
ADAM = OptimizerSettings(np.bool_(True), 0.9, 0.999, 1e-8, 0.0)


# Compiled once: singly, operations would be compiled one by one, in each test again.
update = jax.jit(descend)
forward_test = jax.jit(model.forward_test, static_argnames=("activation", "precision"))


@cache
def loss_in(precision):
    def loss(weights, inputs):
        outputs, statistics = forward_training(
            weights, inputs, PRESENT, activation="relu", norm_epsilon=1e-5, precision=precision
        )
        return PRESENT @ row_losses(outputs, Y) / PRESENT.sum(), statistics

    return jax.jit(jax.value_and_grad(loss, has_aux=True))


def cosine(one, other):
    one, other = (jnp.concatenate([jnp.ravel(leaf) for leaf in jax.tree.leaves(t)]) for t in (one, other))
    return float(one @ other / jnp.linalg.norm(one) / jnp.linalg.norm(other))


def test_a_product_is_that_of_the_rounded_factors():
    left, right = (RNG.normal(size=(9, 9)).astype(np.float32) for _ in range(2))
    exact = np.float64(left.astype(jnp.bfloat16)) @ np.float64(right.astype(jnp.bfloat16))
    np.testing.assert_allclose(product_in("bfloat16")(left, right), exact, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(product_in("float32")(left, right), left @ right, rtol=1e-5, atol=1e-5)


def test_loss_gradient_and_statistics_agree_with_float32():
    (value, statistics), gradient = loss_in("float32")(WEIGHTS, X)
    (rounded, its_statistics), its_gradient = loss_in("bfloat16")(WEIGHTS, X)
    assert rounded == pytest.approx(value, rel=8 * ROUNDING)
    assert rounded != value
    assert cosine(gradient, its_gradient) > 0.99
    np.testing.assert_allclose(its_statistics.mean, statistics.mean, atol=8 * ROUNDING)
    np.testing.assert_allclose(its_statistics.variance, statistics.variance, rtol=16 * ROUNDING)


def test_everything_that_is_kept_is_float32():
    (value, statistics), gradient = loss_in("bfloat16")(WEIGHTS, X)
    after, state = update(
        WEIGHTS, gradient, initial_moments(WEIGHTS), learning_rate=np.float32(0.01), settings=ADAM
    )
    for leaf in jax.tree.leaves((value, statistics, gradient, after, state.mu, state.nu)):
        assert leaf.dtype == np.float32


def test_inputs_that_are_kept_in_bfloat16_give_what_they_give_in_float32():
    (value, _), gradient = loss_in("bfloat16")(WEIGHTS, X)
    (same, _), its_gradient = loss_in("bfloat16")(WEIGHTS, jnp.asarray(X, jnp.bfloat16))
    assert value == same
    for one, other in zip(gradient, its_gradient, strict=True):
        np.testing.assert_array_equal(one, other)


def test_it_learns_as_well_as_float32():
    def train(precision):
        weights, state, step = WEIGHTS, initial_moments(WEIGHTS), loss_in(precision)
        for _ in range(150):
            (value, _), gradient = step(weights, X)
            weights, state = update(weights, gradient, state, learning_rate=np.float32(0.01), settings=ADAM)
        return float(value)

    before, learnt = float(loss_in("float32")(WEIGHTS, X)[0][0]), train("float32")
    assert learnt < before / 20
    assert train("bfloat16") < before / 20


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_outputs_at_test_time_agree_with_float32(activation):
    def outputs(precision):
        return forward_test(
            WEIGHTS,
            initial_statistics(Architecture(6, 1, 16, 3)),
            X,
            activation=activation,
            norm_epsilon=1e-5,
            precision=precision,
        )

    exact = outputs("float32")
    assert outputs("bfloat16").dtype == np.float32
    np.testing.assert_allclose(outputs("bfloat16"), exact, atol=16 * ROUNDING * np.abs(exact).max())


def test_lanes_multiply_each_its_own():
    stacked = jax.tree.map(lambda leaf: jnp.stack([leaf, 2 * leaf]), Weights(*WEIGHTS))
    lanes = jax.vmap(loss_in("bfloat16"), in_axes=(0, None))(stacked, X)
    alone = loss_in("bfloat16")(WEIGHTS, X)
    np.testing.assert_allclose(lanes[0][0][0], alone[0][0], rtol=1e-4)


def test_another_precision_is_refused():
    with pytest.raises(InputError, match=r"must be 'float32' or 'bfloat16'; got 'float16'"):
        product_in("float16")
