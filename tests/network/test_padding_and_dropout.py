"""Padded units stay exactly zero and change nothing; dropout does what it says."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sturgeon.network.model import drop_units, forward_training
from sturgeon.network.objectives import row_losses
from sturgeon.network.optimizers import OptimizerSettings, descend, start_optimizer
from sturgeon.network.weights import (
    Architecture,
    Weights,
    initial_statistics,
    initial_weights,
    pad_units,
    trim_statistics,
    trim_weights,
)


@settings(max_examples=25, deadline=None)
@given(units=st.integers(1, 20), extra=st.integers(0, 9), layers=st.integers(1, 4), seed=st.integers(0, 999))
def test_trimming_undoes_padding(units, extra, layers, seed):
    architecture = Architecture(3, 2, units, layers)
    weights = initial_weights(architecture, np.random.default_rng(seed))
    back = trim_weights(pad_units(weights, units + extra), units)
    for one, other in zip(weights, back, strict=True):
        np.testing.assert_array_equal(one, other)
    statistics = initial_statistics(Architecture(3, 2, units + extra, layers))
    for one, other in zip(trim_statistics(statistics, units), initial_statistics(architecture), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_a_padded_network_learns_what_the_true_one_learns(activation):
    rng = np.random.default_rng(3)
    true = Weights(*(np.asarray(w, np.float64) for w in initial_weights(Architecture(4, 1, 5, 3), rng)))
    padded = pad_units(true, 8)
    x, y, present = rng.normal(size=(12, 4)), rng.normal(size=12), jnp.ones(12)
    constants = OptimizerSettings(np.bool_(True), 0.9, 0.999, 1e-8, 0.01)

    def loss(weights):
        outputs, _ = forward_training(weights, x, present, activation=activation, norm_epsilon=1e-5)
        return jnp.mean(row_losses(outputs, y))

    def ten_steps(weights):
        state = start_optimizer(weights)
        for _ in range(10):
            weights, state = descend(
                weights, jax.grad(loss)(weights), state, learning_rate=0.05, settings=constants
            )
        return weights

    learnt, learnt_padded = ten_steps(true), ten_steps(padded)
    for one, other in zip(learnt, trim_weights(learnt_padded, 5), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)
    nothing = pad_units(trim_weights(learnt_padded, 5), 8)
    for one, other in zip(learnt_padded, nothing, strict=True):
        np.testing.assert_array_equal(one, other, err_msg="a padded unit has moved")


def test_a_units_dropout_does_not_depend_on_the_padding():
    key = jax.random.key(5)
    narrow = drop_units(jnp.ones((6, 10)), key, 0.5)
    wide = drop_units(jnp.ones((6, 16)), key, 0.5)
    np.testing.assert_array_equal(narrow, wide[:, :10])


def test_dropout_keeps_the_expected_activation():
    dropped = np.asarray(drop_units(jnp.ones((400, 50)), jax.random.key(0), 0.3))
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
