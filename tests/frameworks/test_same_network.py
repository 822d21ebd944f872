"""One network in five frameworks: the same weights and mini-batches give the same numbers, in float64.

Each framework runs in a process of its own, with a script that a user of that framework could have written.
The last test is of the test: a batch norm that is wrong in one of the usual ways does not pass.
"""

from functools import partial
from importlib.util import find_spec

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from network_problem import (
    ADAM_EPSILON,
    BETA1,
    BETA2,
    LEARNING_RATE,
    NORM_EPSILON,
    NORM_MOMENTUM,
    make_batches,
    make_test_rows,
    make_weights,
)
from sturgeon.network import stack
from sturgeon.network.batch_norm import update_running
from sturgeon.network.model import forward_test, forward_training
from sturgeon.network.objectives import row_losses
from sturgeon.network.optimizers import descend
from sturgeon.network.settings import OptimizerSettings
from sturgeon.network.weights import Statistics, Weights, initial_moments

MODULES = {"keras": "tensorflow", "torch": "torch", "flax": "flax", "paddle": "paddle"}
TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def weights() -> Weights:
    return make_weights()


@pytest.fixture(scope="module")
def batches():
    return make_batches()


@pytest.fixture(scope="module")
def x_test():
    return make_test_rows()


@pytest.fixture(scope="module")
def answer_of(ran_in):
    """What a framework's script comes to."""

    def answer(framework):
        if find_spec(MODULES[framework]) is None:  # not imported: two of them get on badly in one process
            pytest.skip(f"sturgeon[{framework}] is not installed")
        folder, ran = ran_in(framework)
        error = ran[f"in_{framework}.py"].error
        assert error is None, error
        return dict(np.load(folder / f"{framework}.npz"))

    return answer


def our_answer(weights, batches, x_test):
    """What the scripts compute, by our network."""
    settings = OptimizerSettings(np.bool_(True), BETA1, BETA2, ADAM_EPSILON, 0.0)
    constants = {"activation": "relu", "norm_epsilon": NORM_EPSILON}

    @jax.jit
    @partial(jax.value_and_grad, has_aux=True)
    def slope(weights, x, y):
        outputs, statistics = forward_training(weights, x, jnp.ones(len(x)), **constants)
        return row_losses(outputs, y).mean(), (outputs, statistics)

    take_step = jax.jit(partial(descend, learning_rate=LEARNING_RATE, settings=settings))
    answer, state = {}, initial_moments(weights)
    running = Statistics(np.zeros(weights.gamma.shape), np.ones(weights.gamma.shape))
    for step, (x, y) in enumerate(batches):
        (loss, (outputs, statistics)), gradient = slope(weights, x, y)
        running = update_running(running, statistics, NORM_MOMENTUM)
        weights, state = take_step(weights, gradient, state)
        found = {"outputs": outputs, "loss": loss, **running._asdict(), **weights._asdict()}
        found |= {f"d_{name}": part for name, part in gradient._asdict().items()}
        answer |= {f"{name}{step}": np.asarray(part) for name, part in found.items()}
    answer["test"] = np.asarray(forward_test(weights, running, x_test, **constants))
    return answer


@pytest.fixture(scope="module")
def ours(weights, batches, x_test):
    with jax.enable_x64(True):
        return our_answer(weights, batches, x_test)


def differences(ours, theirs):
    """The largest difference of each array, relative to its largest number."""
    return {name: float(abs(theirs[name] - one).max() / abs(one).max()) for name, one in ours.items()}


@pytest.mark.parametrize("framework", MODULES)
def test_forward_gradients_averages_and_adam_are_the_same(framework, answer_of, ours, record_property):
    found = differences(ours, answer_of(framework))
    record_property("largest relative difference", max(found.values()))
    print(f"{framework}: the largest relative difference is {max(found.values()):.1e}")
    assert {name: value for name, value in found.items() if not value < TOLERANCE} == {}


@pytest.mark.parametrize("framework", ["keras", "paddle"])
def test_what_the_page_on_the_notes_rebuilds_in_a_framework_answers_the_same(framework, ran_in):
    """PyTorch's and JAX's are tested with the page, in ``tests/notes/test_claims.py``."""
    if find_spec(MODULES[framework]) is None:
        pytest.skip(f"sturgeon[{framework}] is not installed")
    error = ran_in(framework)[1][f"{framework}_notes.py"].error
    assert error is None, error


def test_pytorchs_own_running_variance_is_the_unbiased_one(answer_of, ours, weights, batches):
    """The one convention that no argument of theirs changes: m/(m - 1) of ours."""
    m = len(batches[0][0])
    added = ours["variance0"] - NORM_MOMENTUM
    np.testing.assert_allclose(
        answer_of("torch")["unbiased0"] - NORM_MOMENTUM, added * m / (m - 1), rtol=1e-9
    )


def unbiased(z, row_weights, epsilon):
    m = row_weights.sum()
    mean = row_weights @ z / m
    variance = row_weights @ (z - mean) ** 2 / (m - 1)
    scale = (variance + epsilon) ** -0.5
    return (z - mean) * scale, scale, mean, variance


def epsilon_beside_the_root(z, row_weights, epsilon):
    _, _, mean, variance = right(z, row_weights, epsilon)
    scale = 1 / (variance**0.5 + epsilon)
    return (z - mean) * scale, scale, mean, variance


def constant_statistics(d, normal, *, scale, gamma, row_weights):
    return gamma * scale * d, row_weights @ (d * normal), row_weights @ d


right = stack.normalise_batch


@pytest.mark.parametrize(
    ("part", "wrong", "seen_in"),
    [
        ("normalise_batch", unbiased, "outputs0"),
        ("normalise_batch", epsilon_beside_the_root, "outputs0"),
        ("normalise_batch_gradient", constant_statistics, "d_first0"),
    ],
    ids=["variance of m - 1", "ε beside the root", "no gradient through μ and σ²"],
)
def test_a_wrong_batch_norm_would_be_seen(
    part, wrong, seen_in, answer_of, weights, batches, x_test, monkeypatch
):
    monkeypatch.setattr(stack, part, wrong)
    with jax.enable_x64(True):
        mistaken = our_answer(weights, batches[:1], x_test)
    del mistaken["test"]  # after one step only
    assert differences(mistaken, answer_of("torch"))[seen_in] > 10 * TOLERANCE
