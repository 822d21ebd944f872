"""The JAX network against the NumPy one of notes_reference.py and against finite differences, in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import notes_reference as reference
from sturgeon.network import model, optimizers
from sturgeon.network.batch_norm import update_running
from sturgeon.network.objectives import row_losses
from sturgeon.network.settings import OptimizerSettings
from sturgeon.network.weights import Architecture, Statistics, Weights, initial_moments, initial_statistics

EPSILON = 1e-5
pytestmark = pytest.mark.usefixtures("float64")
# Compiled whole: one by one, their many operations would take a second or more to compile for each shape.
forward_training = jax.jit(model.forward_training, static_argnames="activation")
forward_test = jax.jit(model.forward_test, static_argnames="activation")
descend = jax.jit(optimizers.descend)


def regression_batch(seed=1, rows=17, features=5):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rows, features)), rng.normal(size=rows)


def classification_batch(seed=1, rows=17, features=5, classes=4):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rows, features)), rng.integers(classes, size=rows).astype(np.int32)


def batch_loss(weights, x, y, present=None, activation="relu"):
    present = jnp.ones(len(x)) if present is None else present
    outputs, batch = forward_training(weights, x, present, activation=activation, norm_epsilon=EPSILON)
    return present @ row_losses(outputs, y) / jnp.sum(present), batch


loss_and_gradient = jax.jit(jax.value_and_grad(batch_loss, has_aux=True), static_argnames="activation")


def assert_same(ours: Weights, theirs: dict, tolerance=1e-10):
    for name, one, other in zip(Weights._fields, ours, reference.from_reference(theirs), strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance, err_msg=name)


@pytest.mark.parametrize("layers", [1, 2, 4])
def test_forward_pass_and_batch_statistics_are_those_of_the_notes(make_weights, layers):
    weights = make_weights(Architecture(5, 1, 7, layers))
    x, _ = regression_batch()
    outputs, batch = forward_training(weights, x, jnp.ones(17), activation="relu", norm_epsilon=EPSILON)
    expected, _, per_layer = reference.forward(reference.as_reference(weights), x, EPSILON)
    np.testing.assert_allclose(outputs, expected, rtol=1e-12)
    np.testing.assert_allclose(batch.mean, [c["mu"] for c in per_layer], rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(batch.variance, [c["var"] for c in per_layer], rtol=1e-10)


@pytest.mark.parametrize(
    ("architecture", "batch", "by_hand"),
    [
        (Architecture(5, 1, 7, 1), regression_batch, reference.squared_error_gradient),
        (Architecture(5, 1, 7, 3), regression_batch, reference.squared_error_gradient),
        (Architecture(5, 4, 7, 2), classification_batch, reference.cross_entropy_gradient),
    ],
    ids=["squared error, 1 layer", "squared error, 3 layers", "cross-entropy"],
)
def test_gradients_are_those_of_back_propagation_by_hand(make_weights, architecture, batch, by_hand):
    weights = make_weights(architecture)
    x, y = batch()
    (loss, _), gradient = loss_and_gradient(weights, x, y)
    expected_loss, expected, _ = by_hand(reference.as_reference(weights), x, y, EPSILON)
    np.testing.assert_allclose(loss, expected_loss, rtol=1e-12)
    assert_same(gradient, expected)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("batch", [regression_batch, classification_batch])
def test_gradients_are_those_of_finite_differences(make_weights, activation, batch):
    x, y = batch()
    weights = make_weights(Architecture(5, 4 if y.dtype == np.int32 else 1, 6, 2))
    present = jnp.asarray(np.r_[np.ones(13), np.zeros(4)])

    @jax.jit
    def loss(w):
        return batch_loss(w, x, y, present, activation)[0]

    gradient = jax.grad(loss)(weights)
    rng = np.random.default_rng(0)
    for name, leaf, slope in zip(Weights._fields, weights, gradient, strict=True):
        for _ in range(5):
            place = tuple(rng.integers(size) for size in leaf.shape)
            nudge = np.zeros_like(leaf)
            nudge[place] = 1e-6
            up, down = (loss(weights._replace(**{name: leaf + sign * nudge})) for sign in (1, -1))
            assert float((up - down) / 2e-6) == pytest.approx(float(slope[place]), rel=1e-5, abs=1e-8), name


def test_a_bias_under_batch_norm_would_be_cancelled(make_weights):
    """N10: why there is none. Shifting every z of a unit by a constant changes no output."""
    weights = make_weights(Architecture(5, 1, 7, 1))
    x, _ = regression_batch()
    ones = np.ones((17, 1))
    with_bias = weights._replace(first=np.vstack([weights.first, np.full((1, 7), 3.7)]))
    plain, _ = forward_training(weights, x, ones[:, 0], activation="relu", norm_epsilon=EPSILON)
    shifted, _ = forward_training(
        with_bias, np.hstack([x, ones]), ones[:, 0], activation="relu", norm_epsilon=EPSILON
    )
    np.testing.assert_allclose(plain, shifted, rtol=1e-9)


def test_running_statistics_are_exponentially_weighted_and_used_at_test_time(make_weights):
    architecture = Architecture(5, 1, 7, 2)
    weights = make_weights(architecture)
    running = jax.tree.map(np.float64, initial_statistics(architecture))
    expected = [[np.zeros(7), np.ones(7)] for _ in range(2)]
    for seed in range(6):
        x, _ = regression_batch(seed)
        _, batch = forward_training(weights, x, jnp.ones(17), activation="relu", norm_epsilon=EPSILON)
        running = update_running(running, batch, 0.9)
        _, _, per_layer = reference.forward(reference.as_reference(weights), x, EPSILON)
        for average, seen in zip(expected, per_layer, strict=True):
            average[0] = 0.9 * average[0] + 0.1 * seen["mu"]
            average[1] = 0.9 * average[1] + 0.1 * seen["var"]
    np.testing.assert_allclose(running.mean, [mean for mean, _ in expected], rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(running.variance, [variance for _, variance in expected], rtol=1e-10)
    x, _ = regression_batch(99)
    outputs = forward_test(weights, running, x, activation="relu", norm_epsilon=EPSILON)
    theirs = reference.forward_test(reference.as_reference(weights), expected, x, EPSILON)
    np.testing.assert_allclose(outputs, theirs, rtol=1e-10)
    alone = forward_test(weights, running, x[:1], activation="relu", norm_epsilon=EPSILON)
    np.testing.assert_allclose(alone, outputs[:1], rtol=1e-12)


def settings(adam: bool, first: float, decay: float = 0.0) -> OptimizerSettings:
    return OptimizerSettings(np.bool_(adam), first, 0.999, 1e-8, decay)


@pytest.mark.parametrize(
    ("ours", "theirs", "constants"),
    [
        (settings(False, 0.0), reference.gradient_descent, {}),
        (settings(False, 0.95), reference.momentum, {"beta": 0.95}),
        (settings(True, 0.9), reference.adam, {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}),
    ],
    ids=["gradient descent", "momentum", "adam"],
)
def test_five_steps_of_each_optimiser_are_those_of_the_notes(make_weights, ours, theirs, constants):
    weights = make_weights(Architecture(5, 1, 7, 2))
    expected, their_state = reference.as_reference(weights), None
    state = initial_moments(weights)
    for seed in range(5):
        x, y = regression_batch(seed)
        gradient = loss_and_gradient(weights, x, y)[1]
        weights, state = descend(weights, gradient, state, learning_rate=0.05, settings=ours)
        _, their_gradient, _ = reference.squared_error_gradient(expected, x, y, EPSILON)
        expected, their_state = theirs(expected, their_gradient, their_state, alpha=0.05, **constants)
        assert_same(weights, expected, tolerance=1e-7)
    assert int(state.count) == 5


def test_weight_decay_shrinks_w_and_leaves_gamma_beta_and_bias_alone(make_weights):
    weights = make_weights(Architecture(5, 1, 7, 2))
    no_gradient = jax.tree.map(jnp.zeros_like, weights)
    state = initial_moments(weights)
    after, _ = descend(
        weights, no_gradient, state, learning_rate=0.1, settings=settings(False, 0.9, decay=0.5)
    )
    for name in ("first", "hidden", "last"):
        np.testing.assert_allclose(getattr(after, name), 0.95 * getattr(weights, name))
    for name in ("gamma", "beta", "bias"):
        np.testing.assert_array_equal(getattr(after, name), getattr(weights, name))


def test_rows_that_only_fill_a_batch_up_have_no_effect(make_weights):
    weights = make_weights(Architecture(5, 1, 7, 2))
    x, y = regression_batch()
    present = jnp.asarray(np.r_[np.ones(11), np.zeros(6)])
    x[11:], y[11:] = 1e6, -1e6
    (loss, batch), gradient = loss_and_gradient(weights, x, y, present)
    (short_loss, short), short_gradient = loss_and_gradient(weights, x[:11], y[:11])
    np.testing.assert_allclose(loss, short_loss, rtol=1e-12)
    for one, other in zip((*batch, *gradient), (*short, *short_gradient), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-11)


def test_batch_statistics_have_one_entry_per_layer_and_unit(make_weights):
    weights = make_weights(Architecture(5, 1, 7, 3))
    x, _ = regression_batch()
    _, batch = forward_training(weights, x, jnp.ones(17), activation="relu", norm_epsilon=EPSILON)
    assert isinstance(batch, Statistics)
    assert batch.mean.shape == batch.variance.shape == (3, 7)
