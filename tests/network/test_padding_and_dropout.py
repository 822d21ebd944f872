"""Padded units stay exactly zero and change nothing; dropout does what it says."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sturgeon.network import model, stack
from sturgeon.network.model import forward_training
from sturgeon.network.objectives import row_losses
from sturgeon.network.optimizers import descend
from sturgeon.network.settings import OptimizerSettings
from sturgeon.network.weights import (
    Architecture,
    Statistics,
    Weights,
    initial_moments,
    initial_statistics,
    initial_weights,
    pad_statistics,
    pad_weights,
    trim_statistics,
    trim_weights,
)

forward_test = jax.jit(model.forward_test, static_argnames="activation")
dropout_factors = jax.jit(stack.dropout_factors)


@settings(max_examples=25, deadline=None)
@given(
    units=st.integers(1, 20),
    extra=st.integers(0, 9),
    layers=st.integers(1, 4),
    more=st.integers(0, 2),
    seed=st.integers(0, 999),
)
def test_trimming_undoes_padding(units, extra, layers, more, seed):
    architecture = Architecture(3, 2, units, layers)
    weights = initial_weights(architecture, np.random.default_rng(seed))
    back = trim_weights(pad_weights(weights, units + extra, layers + more), units, layers)
    for one, other in zip(weights, back, strict=True):
        np.testing.assert_array_equal(one, other)
    statistics = initial_statistics(architecture)
    padded = pad_statistics(statistics, units + extra, layers + more)
    for one, other in zip(trim_statistics(padded, units, layers), statistics, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(
    ("activation", "depth", "dropout"), [("relu", 1, None), ("tanh", 2, 0.3), ("relu", 3, 0.3)]
)
def test_a_padded_network_learns_what_the_true_one_learns(activation, depth, dropout):
    rng = np.random.default_rng(3)
    true = Weights(*(np.asarray(w, np.float64) for w in initial_weights(Architecture(4, 1, 5, depth), rng)))
    padded = pad_weights(true, 8, 4)
    x, y, present = rng.normal(size=(12, 4)), rng.normal(size=12), jnp.asarray([1.0] * 10 + [0.0] * 2)
    constants = OptimizerSettings(np.bool_(True), 0.9, 0.999, 1e-8, 0.01)

    @jax.jit
    def step(weights, state, depth):
        def loss(weights):
            outputs, _ = forward_training(
                weights,
                x,
                present,
                activation=activation,
                norm_epsilon=1e-5,
                dropout=None
                if dropout is None
                else (jax.random.fold_in(jax.random.key(1), state.count), 0.3),
                depth=depth,
            )
            return present @ row_losses(outputs, y)

        return descend(weights, jax.grad(loss)(weights), state, learning_rate=0.05, settings=constants)

    def ten_steps(weights, depth):
        state = initial_moments(weights)
        for _ in range(10):
            weights, state = step(weights, state, depth)
        return weights

    learnt, learnt_padded = ten_steps(true, None), ten_steps(padded, depth)
    for one, other in zip(learnt, trim_weights(learnt_padded, 5, depth), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)
    nothing = pad_weights(trim_weights(learnt_padded, 5, depth), 8, 4)
    for one, other in zip(learnt_padded, nothing, strict=True):
        np.testing.assert_array_equal(one, other, err_msg="a padded unit has moved")


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_padded_network_predicts_what_the_true_one_predicts(depth):
    rng = np.random.default_rng(4)
    true = initial_weights(Architecture(4, 2, 5, depth), rng)
    statistics = Statistics(*rng.uniform(0.5, 2, (2, depth, 5)))
    x = rng.normal(size=(7, 4))
    constants = {"activation": "relu", "norm_epsilon": 1e-5}
    expected = forward_test(true, statistics, x, **constants)
    padded = forward_test(
        pad_weights(true, 8, 3), pad_statistics(statistics, 8, 3), x, depth=jnp.asarray(depth), **constants
    )
    np.testing.assert_allclose(padded, expected, rtol=1e-5, atol=1e-6)


def test_a_units_dropout_does_not_depend_on_the_padding():
    key = jax.random.key(5)
    narrow = dropout_factors(jnp.ones((6, 10)), key, 0.5)
    wide = dropout_factors(jnp.ones((6, 16)), key, 0.5)
    np.testing.assert_array_equal(narrow, wide[:, :10])


def test_dropout_keeps_the_expected_activation():
    dropped = np.asarray(dropout_factors(jnp.ones((400, 50)), jax.random.key(0), 0.3))
    assert set(np.unique(dropped)) == {np.float32(0), np.float32(1 / 0.7)}
    assert (dropped == 0).mean() == pytest.approx(0.3, abs=0.01)
    assert dropped.mean() == pytest.approx(1, abs=0.015)


def test_initial_weights_have_the_variance_of_he_for_relu_and_one_over_fan_in_for_tanh():
    for activation, gain in (("relu", 2), ("tanh", 1)):
        weights = initial_weights(Architecture(400, 3, 200, 2, activation), np.random.default_rng(0))
        assert np.var(weights.first) == pytest.approx(gain / 400, rel=0.03)
        assert np.var(weights.hidden) == pytest.approx(gain / 200, rel=0.03)
        assert np.all(np.asarray(weights.gamma) == 1)
        assert not np.any(weights.beta)
        assert not np.any(weights.bias)
