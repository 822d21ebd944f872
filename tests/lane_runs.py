"""Small trainings of the batch-norm network in lanes, for tests of what a lane's result depends on."""

import threading

import jax
import numpy as np
import pytest

from sturgeon.caviar.backends.jax_lanes import JaxBackend
from sturgeon.caviar.backends.native import NativeBackend
from sturgeon.caviar.backends.numpy_lanes import NumpyBackend
from sturgeon.caviar.events import EpochDone, TrainingDone
from sturgeon.caviar.lanes.backend import TrainingJob
from sturgeon.caviar.lanes.lane_batch import LaneBatch
from sturgeon.caviar.trainer import LaneTrainer
from sturgeon.data import prepare
from sturgeon.network.native.library import load_library
from sturgeon.space import Constant, Integer, Real, Space
from sturgeon.study import Objective

EPOCHS = 4
OBJECTIVE = Objective("val_loss", "minimize")

SMALL = Space(
    learning_rate=Real(1e-4, 1.0, scale="log"),
    hidden_units=Integer(5, 12),
    batch_size=Constant(32),
    layers=Integer(1, 3),
)
WIDE = Space(
    learning_rate=Real(1e-4, 1.0, scale="log"),
    hidden_units=Integer(50, 72),
    batch_size=Constant(64),
    layers=Integer(1, 2),
)


def regression_table():
    """A table of 260 rows with a numeric target."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(260, 5))
    return prepare((x, x[:, 0] * 2 + np.sin(3 * x[:, 1]) + 0.1 * rng.normal(size=260)), seed=1)


def job(number, **config):
    """A job of the small space, whose seed is its own."""
    return TrainingJob(number, 1000 + number, {"batch_size": 32, "layers": 2, "hidden_units": 9, **config})


def by_jax(dataset, space=SMALL, epochs=EPOCHS):
    """The kind of training whose programs JAX compiles."""
    return JaxBackend(dataset, space, epochs)


def by_library(dataset, space=SMALL, epochs=EPOCHS):
    """The kind of training that the compiled library does."""
    library = load_library()
    if library is None:
        pytest.skip("the package was built without a C compiler")
    return NativeBackend(library, dataset, epochs)


def by_numpy(dataset, space=SMALL, epochs=EPOCHS):
    """The kind of training that NumPy does."""
    return NumpyBackend(dataset, epochs)


def run(dataset, jobs, objective=OBJECTIVE, epochs=EPOCHS, space=SMALL, backend=by_jax):
    """Train jobs; curves, networks and other ends by number."""
    curves, networks, others = {}, {}, {}
    trainer = LaneTrainer(backend(dataset, space, epochs), objective, epochs)
    for event in trainer.train(jobs, threading.Event()):
        if isinstance(event, EpochDone):
            curves.setdefault(event.number, []).append((event.step, event.metrics))
        elif isinstance(event, TrainingDone):
            networks[event.number] = event.network
        else:
            others[event.number] = event
    return curves, networks, others


def population(dataset, space, config):
    """Lanes for the block of a configuration, as the engine makes them."""
    backend, device = JaxBackend(dataset, space, EPOCHS), jax.devices()[0]
    block = backend.block_of(config)
    lanes = backend.lanes(block, device)
    return LaneBatch(backend.program(block, device, lanes), lanes)


def advance(lanes, probe, epochs, *, leaving=None):
    """Train all lanes; the probe's reports. ``leaving`` tells after how many epochs which lanes are left."""
    curve = []
    for epoch in range(1, epochs + 1):
        curve.append(lanes.advance()[probe])
        for lane in (leaving or {}).get(epoch, ()):
            lanes.leave(lane)
    return curve


def same_bits(one, other):
    """Whether two trees of arrays are equal bit by bit."""
    leaves = zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    return all(np.array_equal(np.asarray(a), np.asarray(b), equal_nan=True) for a, b in leaves)


def same_network(one, other):
    """Whether two trained networks are equal bit by bit."""
    return same_bits((one.weights, one.statistics), (other.weights, other.statistics))
