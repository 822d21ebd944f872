"""A lane learns what plain training of the unpadded network learns."""

from functools import partial

import jax
import numpy as np
import pytest

from lane_runs import EPOCHS, by_jax, by_library, job, run
from sturgeon.caviar.backends.jax_program import batches_of, row_weights_of
from sturgeon.network import streams
from sturgeon.network.batch_norm import update_running
from sturgeon.network.model import forward_test, forward_training
from sturgeon.network.objectives import row_losses
from sturgeon.network.optimizers import descend
from sturgeon.network.settings import TrainingSettings
from sturgeon.network.weights import initial_moments, initial_statistics, initial_weights


def train_by_hand(dataset, settings, seed, epochs):
    """One network, unpadded, step by step, with no lanes: what a lane must reproduce."""
    architecture = settings.architecture(dataset.features, dataset.outputs)
    weights = initial_weights(architecture, streams.weights_stream(seed))
    running = initial_statistics(architecture)
    state = initial_moments(weights)
    constants = settings.lane_settings()
    curve = []

    @jax.jit
    def step(weights, running, state, x, y, rate):
        def loss(w):
            outputs, batch = forward_training(
                w, x, np.ones(len(y)), activation=settings.activation, norm_epsilon=settings.norm_epsilon
            )
            return row_losses(outputs, y).mean(), batch

        gradient, batch = jax.grad(loss, has_aux=True)(weights)
        weights, state = descend(weights, gradient, state, learning_rate=rate, settings=constants.optimizer)
        return weights, update_running(running, batch, settings.norm_momentum), state

    predict = jax.jit(
        partial(forward_test, activation=settings.activation, norm_epsilon=settings.norm_epsilon)
    )
    for epoch in range(epochs):
        order = streams.row_order(seed, epoch, len(dataset.y_train))
        batch = min(settings.batch_size, len(order))
        numbers, present = batches_of(order, batch), row_weights_of(len(order), batch)
        for rows, weight in zip(numbers, present, strict=True):
            rows = rows[weight > 0]
            x, y = dataset.x_train[rows], dataset.y_train[rows]
            weights, running, state = step(
                weights, running, state, x, y, settings.learning_rate_at(epoch, epochs)
            )
        outputs = predict(weights, running, dataset.x_validation)
        curve.append(float(np.mean(row_losses(outputs, dataset.y_validation))))
    return curve


CASES = {
    "Adam": {"hidden_units": 9, "learning_rate": 0.02},
    "momentum, cosine, the batch larger than the table": {
        "hidden_units": 5,
        "layers": 1,
        "batch_size": 512,
        "optimizer": "momentum",
        "momentum": 0.9,
        "learning_rate": 0.1,
        "schedule": "cosine",
    },
    "gradient descent, tanh, short last batch, three layers": {
        "hidden_units": 7,
        "layers": 3,
        "batch_size": 16,
        "optimizer": "gradient_descent",
        "learning_rate": 0.2,
        "activation": "tanh",
        "weight_decay": 0.01,
    },
}


@pytest.mark.parametrize("settings", CASES.values(), ids=CASES)
def test_a_lane_learns_what_plain_training_learns(regression, settings):
    """The programs differ, so that this holds within 2e-3 relative after four epochs in float32."""
    compare(regression, job(3, **settings))


def test_a_lane_learns_to_tell_classes_as_plain_training_does(classification):
    compare(classification, job(3, learning_rate=0.02, weight_decay=0.01))


def compare(dataset, trained):
    """Both engines with plain training, which is done once, as it compiles a program for each length."""
    expected = train_by_hand(dataset, TrainingSettings(**trained.config), trained.seed, EPOCHS)
    for backend in (by_jax, by_library):
        curves, _, _ = run(dataset, [trained], backend=backend)
        assert [metrics["val_loss"] for _, metrics in curves[3]] == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize("backend", [by_jax, by_library])
def test_the_network_handed_over_is_the_one_that_the_last_epoch_was_judged_by(classification, backend):
    curves, networks, _ = run(classification, [job(1, learning_rate=0.3)], epochs=8, backend=backend)
    logits = networks[1].outputs(classification.x_validation)
    last = curves[1][-1][1]
    accuracy = float(np.mean(logits.argmax(axis=1) == classification.y_validation))
    assert accuracy == pytest.approx(last["val_accuracy"])
    loss = float(np.mean(row_losses(jax.numpy.asarray(logits), classification.y_validation)))
    assert loss == pytest.approx(last["val_loss"], rel=1e-5)
