"""A trial trained in a lane is the same trial trained alone; a broken neighbour changes nothing."""

import threading
from dataclasses import replace

import jax
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sturgeon.caviar.events import Diverged, EpochDone, Halted, TrainingDone
from sturgeon.caviar.fused import Member
from sturgeon.caviar.program import batches_of
from sturgeon.caviar.table_lanes import table_trainer
from sturgeon.caviar.trainer import Goal
from sturgeon.network import streams
from sturgeon.network.batch_norm import update_running
from sturgeon.network.model import forward_test, forward_training
from sturgeon.network.objectives import row_losses
from sturgeon.network.optimizers import descend, start_optimizer
from sturgeon.network.settings import TrainingSettings
from sturgeon.network.weights import initial_statistics, initial_weights
from sturgeon.space import Constant, Integer, Real, Space

EPOCHS = 4
SPACE = Space(
    learning_rate=Real(1e-4, 1.0, scale="log"),
    hidden_units=Integer(5, 12),
    batch_size=Constant(32),
    layers=Integer(1, 3),
)
GOAL = Goal("val_loss", "minimize")


def run(dataset, members, goal=GOAL, epochs=EPOCHS, space=SPACE):
    """Curves, networks and divergences by number."""
    curves, networks, diverged = {}, {}, {}
    for event in table_trainer(dataset, space, goal, epochs).train(members, threading.Event()):
        if isinstance(event, EpochDone):
            curves.setdefault(event.number, []).append((event.step, event.metrics))
        elif isinstance(event, TrainingDone):
            networks[event.number] = event.network
        else:
            diverged[event.number] = event
    return curves, networks, diverged


def member(number, **settings):
    return Member(
        number,
        1000 + number,
        {"batch_size": 32, "layers": 2, "hidden_units": 9, **settings},
    )


PROBE = member(0, hidden_units=9, learning_rate=0.02)
BROKEN = {"learning_rate": 1e3, "norm_epsilon": 1e-12, "optimizer": "momentum", "hidden_units": 12}


def same_bits(one, other):
    leaves = zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    return all(np.array_equal(np.asarray(a), np.asarray(b), equal_nan=True) for a, b in leaves)


@pytest.fixture(scope="module")
def alone(regression):
    return run(regression, [PROBE])


companions = st.lists(
    st.fixed_dictionaries(
        {
            "hidden_units": st.integers(5, 12),
            "learning_rate": st.sampled_from([1e-4, 0.01, 1.0, 1e3]),
            "optimizer": st.sampled_from(["adam", "momentum", "gradient_descent"]),
            "schedule": st.sampled_from(["inverse_time", "cosine", "constant"]),
            "weight_decay": st.sampled_from([0.0, 0.1]),
        }
    ),
    min_size=1,
    max_size=9,
)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(others=companions, place=st.integers(0, 9))
def test_a_lane_is_bitwise_the_same_whoever_its_neighbours_are(regression, alone, others, place):
    members = [member(i + 1, **settings) for i, settings in enumerate(others)]
    members.insert(min(place, len(members)), PROBE)
    curves, networks, _ = run(regression, members)
    assert curves[0] == alone[0][0]
    assert same_bits(networks[0].weights, alone[1][0].weights)
    assert same_bits(networks[0].statistics, alone[1][0].statistics)


def test_a_diverging_lane_is_told_and_does_not_touch_its_neighbours(regression, alone):
    nan = member(7, **BROKEN)
    nan = replace(nan, config={**nan.config, "learning_rate": float("nan")})
    curves, networks, diverged = run(regression, [nan, PROBE, member(8, hidden_units=10)])
    assert isinstance(diverged[7], Diverged)
    assert np.isnan(diverged[7].value)
    assert diverged[7].step == 1
    assert 7 not in networks
    assert curves[0] == alone[0][0]
    assert same_bits(networks[0].weights, alone[1][0].weights)


def train_by_hand(dataset, settings, seed, epochs):
    """One network, unpadded, step by step, with no lanes: what a lane must reproduce."""
    architecture = settings.architecture(dataset.features, dataset.outputs)
    weights = initial_weights(architecture, streams.weights_stream(seed))
    running = initial_statistics(architecture)
    state = start_optimizer(weights)
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

    for epoch in range(epochs):
        order = streams.row_order(seed, epoch, len(dataset.y_train))
        numbers, present = batches_of(order, min(settings.batch_size, len(order)))
        for rows, weight in zip(numbers, present, strict=True):
            rows = rows[weight > 0]
            x, y = dataset.x_train[rows], dataset.y_train[rows]
            weights, running, state = step(
                weights, running, state, x, y, settings.learning_rate_at(epoch, epochs)
            )
        outputs = forward_test(
            weights,
            running,
            dataset.x_validation,
            activation=settings.activation,
            norm_epsilon=settings.norm_epsilon,
        )
        curve.append(float(np.mean(row_losses(outputs, dataset.y_validation))))
    return curve


@pytest.mark.parametrize(
    "settings",
    [
        {"hidden_units": 9, "learning_rate": 0.02},
        {
            "hidden_units": 5,
            "optimizer": "momentum",
            "momentum": 0.9,
            "learning_rate": 0.1,
            "schedule": "cosine",
        },
        {"hidden_units": 12, "optimizer": "gradient_descent", "learning_rate": 0.2, "activation": "tanh"},
        {"hidden_units": 7, "batch_size": 16, "layers": 3, "weight_decay": 0.01},
        {"hidden_units": 7, "batch_size": 512, "layers": 1},
    ],
    ids=[
        "adam",
        "momentum, cosine",
        "gradient descent, tanh",
        "short last batch",
        "batch larger than the table",
    ],
)
def test_a_lane_learns_what_plain_training_of_the_unpadded_network_learns(
    regression, classification, settings
):
    """The programs differ, so that this holds within 2e-3 relative after four epochs in float32."""
    for dataset in (regression, classification):
        trained = member(3, **settings)
        curves, _, _ = run(dataset, [trained, member(4, hidden_units=11)])
        expected = train_by_hand(dataset, TrainingSettings(**trained.config), trained.seed, EPOCHS)
        assert [metrics["val_loss"] for _, metrics in curves[3]] == pytest.approx(expected, rel=2e-3)


def test_the_network_handed_over_is_the_one_that_the_last_epoch_was_judged_by(classification):
    curves, networks, _ = run(classification, [member(1, learning_rate=0.3)], epochs=8)
    logits = networks[1].outputs(classification.x_validation)
    last = curves[1][-1][1]
    accuracy = float(np.mean(logits.argmax(axis=1) == classification.y_validation))
    assert accuracy == pytest.approx(last["val_accuracy"])
    loss = float(np.mean(row_losses(jax.numpy.asarray(logits), classification.y_validation)))
    assert loss == pytest.approx(last["val_loss"], rel=1e-5)


def test_dropout_trains_and_depends_on_the_trials_seed_alone(regression):
    dropped = member(1, dropout=0.3, hidden_units=9)
    first = run(regression, [dropped])[0][1]
    beside = run(regression, [member(2, dropout=0.5), dropped, PROBE])[0][1]
    assert first == beside
    other_seed = run(regression, [replace(dropped, seed=5)])[0][1]
    assert other_seed != first


def test_more_members_than_lanes_all_train_to_the_end(regression):
    members = [member(i, hidden_units=5 + i % 8, layers=1 + i % 2) for i in range(23)]
    curves, networks, _ = run(regression, members)
    assert set(curves) == set(networks) == set(range(23))
    assert all([step for step, _ in curve] == [1, 2, 3, 4] for curve in curves.values())


def test_halting_stops_after_the_current_epoch_and_hands_over_what_was_reached(regression):
    halt = threading.Event()
    trainer = table_trainer(regression, SPACE, GOAL, 10_000)
    halted, steps = [], {}
    for event in trainer.train([member(i) for i in range(40)], halt):
        if isinstance(event, EpochDone):
            steps[event.number] = event.step
            if event.step == 3:
                halt.set()
        else:
            assert isinstance(event, Halted)
            halted.append(event)
    assert {event.number for event in halted} == set(steps)
    assert len(halted) < 40
    assert all(event.network.weights.gamma.shape == (2, 9) for event in halted)


@given(rows=st.integers(2, 200), batch=st.integers(2, 64), seed=st.integers(0, 99))
def test_an_epochs_batches_hold_every_row_once(rows, batch, seed):
    batch = min(batch, rows)
    order = np.random.default_rng(seed).permutation(rows)
    numbers, weights = batches_of(order, batch)
    assert numbers.shape == weights.shape == (len(numbers), batch)
    seen = sorted(numbers[weights > 0])
    if rows % batch == 1:
        assert sorted([*seen, order[-1]]) == list(range(rows))
    else:
        assert seen == list(range(rows))
    assert weights.sum(axis=1).min() >= 2
