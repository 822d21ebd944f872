"""Networks that answer together: what NumPy says is what JAX says, and the mean is a mean."""

import numpy as np
import pytest

from sturgeon.network.ensemble import (
    Member,
    NetworkEnsemble,
    answers_of,
    outputs_of,
    row_losses,
)
from sturgeon.network.model import forward_test
from sturgeon.network.trained import TrainedNetwork
from sturgeon.network.weights import Architecture, Statistics, initial_weights


def network(rng, outputs, units, layers, activation):
    statistics = Statistics(
        rng.normal(size=(layers, units)).astype(np.float32),
        rng.uniform(1, 2, (layers, units)).astype(np.float32),
    )
    architecture = Architecture(3, outputs, units, layers, activation)
    return TrainedNetwork(architecture, initial_weights(architecture, rng), statistics, 1e-4)


@pytest.fixture(params=[1, 3], ids=["number", "classes"])
def ensemble(request):
    rng = np.random.default_rng(0)
    sizes = [(5, 2, "tanh"), (8, 1, "relu"), (6, 4, "relu")]
    networks = [network(rng, request.param, *size) for size in sizes]
    weights = (0.5, 0.3, 0.2)
    return NetworkEnsemble(
        tuple(Member(one, w, k, k, {}) for k, (one, w) in enumerate(zip(networks, weights, strict=True)))
    )


def test_numpy_says_what_jax_says(ensemble):
    inputs = np.random.default_rng(1).normal(size=(9_000, 3)).astype(np.float32)
    for member in ensemble.members:
        network = member.network
        constants = {"activation": network.architecture.activation, "norm_epsilon": network.norm_epsilon}
        outputs = forward_test(network.weights, network.statistics, inputs, **constants)
        np.testing.assert_allclose(network.outputs(inputs), outputs, rtol=1e-4, atol=1e-5)


def test_the_answer_is_the_weighted_mean_of_probabilities_or_numbers(ensemble):
    inputs = np.random.default_rng(1).normal(size=(20, 3)).astype(np.float32)
    each = [m.weight * answers_of(m.network.outputs(inputs)) for m in ensemble.members]
    np.testing.assert_allclose(answers_of(ensemble.outputs(inputs)), sum(each), rtol=1e-4, atol=1e-5)
    assert ensemble.outputs(inputs[:0]).shape == (0, ensemble.architecture.outputs)


def test_a_class_without_any_probability_has_a_finite_output():
    sure = np.array([[1.0, 0.0]])
    assert np.isfinite(outputs_of(sure)).all()
    np.testing.assert_allclose(answers_of(outputs_of(sure)), sure, atol=1e-30)
    assert np.isfinite(row_losses(sure, np.array([1], np.int32))).all()
