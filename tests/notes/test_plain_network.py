"""The small NumPy network: its gradients, and that it is the network of the notes."""

import numpy as np
import pytest

from notes_reference import cross_entropy_gradient
from sturgeon.notes.claims.batch_norm import bias_gradient
from sturgeon.notes.plain_network import EPSILON, Plain, begin, gradient, step, train_steps
from sturgeon.notes.tables import NotesTable

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(20, 4)), RNG.integers(0, 3, 20)


@pytest.mark.parametrize("targets", [Y, RNG.normal(size=20)], ids=["classes", "numbers"])
@pytest.mark.parametrize("norm", ["z", "a", "none"])
def test_the_gradient_is_the_slope_of_the_loss(norm, targets):
    kind = Plain(layers=2, units=5, norm=norm, bias=True)
    state = begin(kind, 4, 3 if targets.dtype.kind == "i" else 1, np.random.default_rng(1))
    _loss, g = gradient(kind, state, X, targets)
    assert set(g) == set(state.parameters)
    for name, value in state.parameters.items():
        at = tuple(np.unravel_index(value.size // 2, value.shape))
        kept, reach, losses = value[at], 1e-6, []
        for moved in (kept + reach, kept - reach):
            value[at] = moved
            losses.append(gradient(kind, state, X, targets)[0])
        value[at] = kept
        assert (losses[0] - losses[1]) / (2 * reach) == pytest.approx(g[name][at], abs=1e-6, rel=1e-4), name


def test_with_batch_norm_on_z_it_is_the_network_of_the_notes():
    kind = Plain(layers=2, units=5)
    state = begin(kind, 4, 3, np.random.default_rng(2))
    p = state.parameters
    reference = {name: [p[f"{name}{level}"] for level in range(2)] for name in ("W", "gamma", "beta")}
    reference |= {"W_out": p["W2"], "b_out": p["b2"]}
    wanted, slopes, _layers = cross_entropy_gradient(reference, X, Y, EPSILON)
    loss, g = gradient(kind, state, X, Y)
    assert loss == pytest.approx(wanted)
    for level in range(2):
        for name in ("W", "gamma", "beta"):
            np.testing.assert_allclose(g[f"{name}{level}"], slopes[name][level], atol=1e-12)


def test_a_bias_under_batch_norm_has_no_gradient_and_changes_nothing():
    data = NotesTable("x", (RNG.normal(size=(100, 4)), RNG.integers(0, 3, 100)), classes=True).split(0)
    ratio, difference = bias_gradient(data, 0)
    assert ratio < 1e-12
    assert difference < 1e-10


def test_held_scales_stay_and_learnt_ones_move():
    for learnt in (True, False):
        kind = Plain(layers=1, units=5, learnt=learnt)
        state = begin(kind, 4, 3, np.random.default_rng(3))
        step(kind, state, gradient(kind, state, X, Y)[1])
        assert np.array_equal(state.parameters["gamma0"], np.ones(5)) is not learnt


@pytest.mark.parametrize("optimizer", ["gradient_descent", "momentum", "adam"])
def test_every_optimiser_brings_the_loss_down(optimizer):
    kind = Plain(layers=1, units=8, optimizer=optimizer, alpha=0.05)
    rng = np.random.default_rng(4)
    losses = list(train_steps(kind, begin(kind, 4, 3, rng), X, Y, steps=60, rng=rng))
    assert len(losses) == 60
    assert np.mean(losses[-5:]) < 0.8 * losses[0]
