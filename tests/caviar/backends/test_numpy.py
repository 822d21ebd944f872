"""NumPy trains what the compiled library trains, where that is missing."""

from itertools import cycle

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from lane_runs import EPOCHS, SMALL, by_library, by_numpy, job, run, same_bits, same_network
from sturgeon.caviar.backends import device_choice
from sturgeon.caviar.backends.numpy_lanes import NumpyBackend
from sturgeon.caviar.backends.numpy_step import NumpyState, draw_kept, take_step
from sturgeon.caviar.events import Diverged
from sturgeon.caviar.lanes.backend import TrainingJob
from sturgeon.caviar.lanes.devices import core_devices
from sturgeon.network.settings import LaneSettings, TrainingSettings
from sturgeon.network.trained import TrainedNetwork
from sturgeon.network.weights import Architecture, initial_state

SHAPES = [
    {"hidden_units": 5, "layers": 1, "batch_size": 7},
    {"hidden_units": 70, "layers": 4, "batch_size": 64},
    {"hidden_units": 64, "layers": 3, "batch_size": 50, "weight_decay": 0.1, "optimizer": "adam"},
    {"hidden_units": 33, "layers": 2, "batch_size": 512, "activation": "tanh"},
    {"hidden_units": 9, "layers": 2, "batch_size": 32, "optimizer": "gradient_descent"},
]


@pytest.mark.parametrize(("task", "shape"), [*zip(cycle(["classification", "regression"]), SHAPES)])
def test_it_trains_the_same_network(request, task, shape):
    dataset = request.getfixturevalue(task)
    config = {"optimizer": "momentum", "momentum": 0.9, "learning_rate": 0.02, "epsilon": 1e-3, **shape}
    probe = TrainingJob(0, 5, config)
    by_one, by_other = (run(dataset, [probe], backend=backend) for backend in (by_library, by_numpy))
    for (_, one), (_, other) in zip(by_one[0][0], by_other[0][0], strict=True):
        assert other == pytest.approx(one, rel=2e-4, abs=2e-5)
    for one, other in zip(by_one[1][0].weights, by_other[1][0].weights, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("tanh", [False, True])
def test_its_gradient_is_that_of_the_loss_with_dropout_too(tanh):
    architecture = Architecture(3, 1, 8, 3, "tanh" if tanh else "relu")
    of = TrainingSettings(optimizer="gradient_descent", dropout=0.4, activation=architecture.activation)
    settings = LaneSettings.of_vector(of.lane_vector())
    rng = np.random.default_rng(0)
    inputs, targets = (rng.normal(size=shape).astype(np.float32) for shape in ((20, 3), 20))
    kept = draw_kept(rng, 0.4, 3, 20, 8)

    def step(rate, nudge=0.0):
        state = NumpyState.of(initial_state(architecture, 0))
        np.add(state.weights.numbers, nudge, out=state.weights.numbers)
        how = {"tanh": tanh, "settings": settings, "learning_rate": rate, "kept": kept}
        return take_step(state, inputs, targets, **how) / 20, state.weights.numbers

    gradient = step(0.0)[1] - step(1.0)[1]
    for _ in range(8):
        nudge = 1e-3 * rng.normal(size=len(gradient)).astype(np.float32)
        slope = (step(0.0, nudge)[0] - step(0.0, -nudge)[0]) / 2
        assert gradient @ nudge == pytest.approx(slope, rel=0.05, abs=1e-5)


def test_dropout_keeps_the_share_that_is_to_be_kept():
    kept = draw_kept(np.random.default_rng(0), 0.3, 2, 500, 100)
    assert set(np.unique(kept)) == {0.0, 1.0}
    assert kept.mean(axis=(1, 2)) == pytest.approx([0.7, 0.7], abs=0.01)


def test_a_member_is_the_same_beside_others_and_goes_on_from_a_checkpoint(regression):
    probe = job(0, learning_rate=0.02, layers=3, dropout=0.2)
    wild = [job(n, learning_rate=rate) for n, rate in enumerate([1e3, float("nan"), 0.1], start=1)]
    curves, networks, ends = run(regression, [*wild, probe], backend=by_numpy)
    assert isinstance(ends[2], Diverged)
    backend = by_numpy(regression)
    program = backend.program(backend.block_of(probe.config), core_devices()[0], 1)
    state, curve = program.start(probe), []
    for epoch in range(EPOCHS):
        state, metrics = program.run(state, (probe, epoch))
        curve.append((epoch + 1, metrics))
        leaves = program.leaves(probe, state)
        state = program.restore(probe, leaves)
        assert same_bits(program.leaves(probe, state), leaves)
    assert curve == curves[0]
    network = program.network(probe, state)
    assert isinstance(network, TrainedNetwork)
    assert same_network(network, networks[0])


def test_it_is_what_trains_where_there_is_no_compiler(regression, monkeypatch):
    def threads():
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    before = threads()
    monkeypatch.setattr(device_choice, "load_library", lambda: None)
    monkeypatch.setattr(device_choice, "may_have_gpu", lambda: False)
    backend = device_choice.table_backend(regression, SMALL, EPOCHS)
    assert isinstance(backend, NumpyBackend)
    other = backend.with_dataset(regression)
    del backend
    assert set(threads()) == {1}
    del other
    assert threads() == before
