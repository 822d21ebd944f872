"""A model of one's own in a lane: the same whoever is beside it, and the same as plain training."""

import threading

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as hs

from lane_runs import same_bits
from sturgeon.caviar.events import Diverged, EpochDone, Paused, TrainingDone
from sturgeon.caviar.lanes.backend import TrainingJob
from sturgeon.caviar.models.backend import Alone, ModelBackend
from sturgeon.caviar.models.epoch import used_rows
from sturgeon.caviar.models.functions import Functions
from sturgeon.caviar.models.rows import read_rows
from sturgeon.caviar.models.seeds import initial_key
from sturgeon.caviar.trainer import LaneTrainer
from sturgeon.network import streams
from sturgeon.space import Choice, Constant, Integer, Real, Space
from sturgeon.study import Objective

EPOCHS = 3
SPACE = Space(
    learning_rate=Real(1e-4, 1.0, scale="log"),
    dropout=Real(0.1, 0.6),
    units=Choice((4, 8)),
    batch_size=Constant(16),
)


def init(key, config):
    first, last = jax.random.split(key)
    units = config["units"]
    params = {
        "first": jax.random.normal(first, (3, units)) / 2,
        "last": jax.random.normal(last, (units,)) / 2,
    }
    return params, {"mean": jnp.zeros(units), "var": jnp.ones(units)}


def apply(params, state, x, key, training, config):
    z = x @ params["first"]
    mean, var = (z.mean(0), z.var(0)) if training else (state["mean"], state["var"])
    hidden = jax.nn.relu((z - mean) / jnp.sqrt(var + 1e-5))
    if training:
        kept = jax.random.bernoulli(key, 1 - config["dropout"], hidden.shape)
        hidden = jnp.where(kept, hidden / (1 - config["dropout"]), 0)
        state = {"mean": 0.9 * state["mean"] + 0.1 * mean, "var": 0.9 * state["var"] + 0.1 * var}
    return hidden @ params["last"], state


def squared(outputs, y):
    return jnp.mean((outputs - y) ** 2)


def data(rows=57, validation=23):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows + validation, 3)).astype(np.float32)
    y = np.sin(x).sum(axis=1)
    return (x[:rows], y[:rows]), (x[rows:], y[rows:])


MODEL = Functions(init, apply, squared, lambda config: optax.adam(config["learning_rate"]))


def config(**changes):
    return {"learning_rate": 0.05, "dropout": 0.2, "units": 4, "batch_size": 16, **changes}


def run(backend, jobs, epochs=EPOCHS):
    curves, ended = {}, {}
    for event in LaneTrainer(backend, Objective("val_loss", "minimize"), epochs).train(
        jobs, threading.Event()
    ):
        if isinstance(event, EpochDone):
            curves.setdefault(event.number, []).append(event.metrics)
        else:
            ended[event.number] = event
    return curves, ended


@pytest.mark.parametrize(("rows", "batch"), [(57, 16), (49, 16), (48, 16), (5, 16), (1, 4), (6, 1)])
def test_a_lane_learns_what_plain_training_learns_whatever_the_last_batch(rows, batch):
    (x, y), (x_val, y_val) = data(rows, 23)
    space = SPACE.replace(batch_size=Constant(batch))
    one = TrainingJob(0, 7, config(batch_size=batch))
    curves, _ = run(ModelBackend(MODEL, space, read_rows(((x, y), (x_val, y_val))), 16), [one])
    params, state = init(initial_key(7), one.config)
    optimizer = optax.adam(0.05)
    moments = optimizer.init(params)
    key = jax.random.wrap_key_data(streams.dropout_key(7))
    step, expected = 0, []

    @jax.jit  # an epoch of single operations would compile each of them
    def descend(params, state, moments, x, y, step):
        def loss(params):
            made, after = apply(params, state, x, jax.random.fold_in(key, step), True, one.config)
            return squared(made, y), after

        gradient, state = jax.grad(loss, has_aux=True)(params)
        updates, moments = optimizer.update(gradient, moments)
        return optax.apply_updates(params, updates), state, moments

    for epoch in range(EPOCHS):
        order = streams.row_order(7, epoch, rows)
        batches = [order[i : i + batch] for i in range(0, rows, batch)]
        if len(batches[-1]) == 1 and batch > 1 and rows > 1:
            batches.pop()
        for numbers in batches:
            params, state, moments = descend(params, state, moments, x[numbers], y[numbers], step)
            step += 1
        expected.append(float(squared(apply(params, state, x_val, key, False, one.config)[0], y_val)))
    assert [metrics["val_loss"] for metrics in curves[0]] == pytest.approx(expected, rel=1e-3)
    assert used_rows(rows, min(rows, batch)) == sum(map(len, batches))


def test_numbers_are_traced_and_what_changes_code_makes_groups():
    def forward(params, x, config):
        hidden = x @ params["first"]
        if config["depth"] > 1:
            hidden = jnp.tanh(hidden)
        return jax.nn.relu(hidden * config["gain"]) @ params["last"]

    model = Functions(
        lambda key, config: init(key, config)[0], forward, squared, lambda c: optax.sgd(c["learning_rate"])
    )
    space = Space(
        learning_rate=Real(0.1, 1),
        units=Integer(2, 9),
        depth=Integer(1, 3),
        gain=Real(1, 2),
        kind=Choice(("a", "b")),
    )
    backend = ModelBackend(model, space, read_rows(data()), 16)
    base = {"learning_rate": 0.1, "units": 4, "depth": 1, "gain": 1.5, "kind": "a"}
    group = backend.block_of(base)
    assert dict(group.traced) == {"learning_rate": "float32", "gain": "float32", "units": "int32"}
    assert backend.block_of({**base, "learning_rate": 0.7, "gain": 1.1}) == group
    for change in ({"units": 5}, {"depth": 2}, {"kind": "b"}):
        assert backend.block_of({**base, **change}) != group


def test_a_batch_size_above_the_rows_is_cut_to_them():
    backend = ModelBackend(MODEL, SPACE, read_rows(data()), 16)
    assert backend.block_of(config(batch_size=64)) == backend.block_of(config(batch_size=57))
    assert backend.block_of(config(batch_size=64)) != backend.block_of(config(batch_size=32))


def test_a_model_that_looks_at_its_values_trains_alone_and_says_why():
    def forward(params, x):
        scale = 2.0 if float(jnp.sum(x)) > 0 else 1.0
        return scale * (x @ params["first"]) @ params["last"]

    told = []
    model = Functions(
        lambda key, config: init(key, config)[0], forward, squared, lambda c: optax.sgd(c["learning_rate"])
    )
    backend = ModelBackend(model, SPACE, read_rows(data(20, 5)), 16, told.append)
    assert isinstance(backend.block_of(config()), Alone)
    curves, ended = run(
        backend, [TrainingJob(0, 3, config(learning_rate=0.01)), TrainingJob(1, 4, config())], epochs=2
    )
    assert set(ended) == {0, 1}
    assert curves[0][1]["train_loss"] < curves[0][0]["train_loss"]
    assert len(told) == 1
    assert "Concretization" in told[0]


@pytest.fixture(scope="module")
def backend(as_users_compile):
    return ModelBackend(MODEL, SPACE, read_rows(data()), 16)


PROBE = TrainingJob(0, 1000, config())


@pytest.fixture(scope="module")
def alone(backend):
    return run(backend, [PROBE])


companions = hs.lists(
    hs.fixed_dictionaries(
        {
            "learning_rate": hs.sampled_from([1e-4, 0.05, 1.0, 1e30]),
            "dropout": hs.sampled_from([0.1, 0.5, 1.0]),
            "units": hs.sampled_from([4, 4, 8]),
        }
    ),
    min_size=1,
    max_size=7,
)
OTHER = {"learning_rate": 0.05, "dropout": 0.5, "units": 4}


# Of another group, that diverge, that fill the lanes twice; and what chance gives: XLA compiles each anew.
@settings(max_examples=1, deadline=None, suppress_health_check=list(HealthCheck))
@example(
    others=[OTHER | {"units": 8}, OTHER | {"learning_rate": 1e30}, OTHER | {"dropout": 1.0}] * 2, place=3
)
@given(others=companions, place=hs.integers(0, 7))
def test_a_lane_is_bitwise_the_same_whoever_its_neighbours_are(backend, alone, others, place):
    jobs = [TrainingJob(i + 1, i + 1001, config(**changes)) for i, changes in enumerate(others)]
    jobs.insert(min(place, len(jobs)), PROBE)
    curves, ended = run(backend, jobs)
    assert curves[0] == alone[0][0]
    assert same_bits(ended[0].network.params, alone[1][0].network.params)
    assert same_bits(ended[0].network.state, alone[1][0].network.state)


def test_a_lane_that_diverges_is_told(backend):
    _, ended = run(backend, [TrainingJob(1, 1, config(dropout=1.0)), PROBE])
    assert isinstance(ended[1], Diverged)
    assert isinstance(ended[0], TrainingDone)


def test_a_paused_lane_goes_on_bit_by_bit(backend, alone):
    trainer = LaneTrainer(backend, Objective("val_loss", "minimize"), EPOCHS)
    with trainer.open() as lanes:
        lanes.start(PROBE)
        lanes.order(0, "pause")
        while not isinstance(event := lanes.next_event(), Paused):
            pass
    again = TrainingJob(0, 1000, config(), checkpoint=event.checkpoint)
    curves, ended = run(backend, [again, TrainingJob(1, 5, config())])
    assert curves[0] == alone[0][0][event.checkpoint.epoch :]
    assert same_bits(ended[0].network.params, alone[1][0].network.params)
