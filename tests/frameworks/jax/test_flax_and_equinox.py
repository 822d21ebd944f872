"""Flax NNX and Equinox: averages, dropout and rates are each lane's own; the module comes back trained."""

import threading

import equinox as eqx
import jax
import numpy as np
import optax
import pytest
from flax import nnx

import sturgeon as st
from sturgeon.caviar.events import TrainingDone
from sturgeon.caviar.lanes.backend import TrainingJob
from sturgeon.caviar.models.backend import ModelBackend
from sturgeon.caviar.models.rows import read_rows
from sturgeon.caviar.trainer import LaneTrainer
from sturgeon.frameworks import equinox as of_equinox
from sturgeon.frameworks import flax as of_flax
from sturgeon.study import Objective

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3)).astype(np.float32)
Y = X.sum(axis=1)
DATA = ((X[:40], Y[:40]), (X[40:], Y[40:]))
SPACE = st.Space(
    learning_rate=st.Real(1e-3, 0.1, scale="log"), units=st.Choice((4, 8)), dropout=st.Real(0.1, 0.5)
)


class FlaxNet(nnx.Module):
    def __init__(self, config, rngs):
        self.hidden = nnx.Linear(3, config["units"], rngs=rngs)
        self.norm = nnx.BatchNorm(config["units"], momentum=0.9, rngs=rngs)
        self.dropout = nnx.Dropout(config["dropout"], rngs=rngs)
        self.last = nnx.Linear(config["units"], 1, rngs=rngs)

    def __call__(self, x):
        return self.last(self.dropout(nnx.relu(self.norm(self.hidden(x)))))[:, 0]


class EquinoxNet(eqx.Module):
    hidden: eqx.nn.Linear
    norm: eqx.nn.BatchNorm
    dropout: eqx.nn.Dropout
    last: eqx.nn.Linear

    def __init__(self, config, key):
        first, last = jax.random.split(key)
        self.hidden = eqx.nn.Linear(3, config["units"], key=first)
        self.norm = eqx.nn.BatchNorm(config["units"], "batch", mode="batch")
        self.dropout = eqx.nn.Dropout(config["dropout"])
        self.last = eqx.nn.Linear(config["units"], "scalar", key=last)

    def __call__(self, x, state, *, key):
        z, state = self.norm(self.hidden(x), state)
        return self.last(self.dropout(jax.nn.relu(z), key=key)), state


def squared(outputs, y):
    return ((outputs - y) ** 2).mean()


def adam(config):
    return optax.adam(config["learning_rate"])


MODELS = {
    "flax": of_flax.FlaxModel(FlaxNet, squared, adam),
    "equinox": of_equinox.EquinoxModel(EquinoxNet, squared, adam),
}


def run(backend, jobs):
    curves, networks = {}, {}
    for event in LaneTrainer(backend, Objective("val_loss", "minimize"), 2).train(jobs, threading.Event()):
        if isinstance(event, TrainingDone):
            networks[event.number] = event.network
        elif hasattr(event, "metrics"):
            curves.setdefault(event.number, []).append(event.metrics)
    return curves, networks


@pytest.mark.parametrize("name", MODELS)
def test_a_lane_depends_on_its_member_only_and_the_module_comes_back(name):
    backend = ModelBackend(MODELS[name], SPACE, read_rows(DATA), 16)
    config = {"learning_rate": 0.05, "units": 4, "dropout": 0.2}
    probe = TrainingJob(0, 5, config)
    broken = TrainingJob(1, 6, {**config, "learning_rate": 1e30})
    other = TrainingJob(2, 7, {**config, "dropout": 0.5})
    twin = TrainingJob(3, 8, config)
    assert len({backend.block_of(job.config) for job in (probe, broken, other)}) == 1
    assert backend.block_of({**config, "units": 8}) != backend.block_of(config)
    alone, _ = run(backend, [probe])
    beside, networks = run(backend, [broken, other, twin, probe])
    assert beside[0] == alone[0]
    assert beside[3] != beside[0]
    assert 1 not in networks
    value = float(squared(networks[0].predict(X[40:]), Y[40:]))
    assert value == pytest.approx(beside[0][-1]["val_loss"], rel=1e-5)
