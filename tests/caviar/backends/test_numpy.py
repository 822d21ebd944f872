"""NumPy trains what the compiled library trains, where that is missing."""

from itertools import cycle

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from lane_runs import EPOCHS, SMALL, by_library, by_numpy, job, run, same_bits, same_network
from sturgeon.caviar.backends import device_choice
from sturgeon.caviar.backends.numpy_lanes import NumpyBackend
from sturgeon.caviar.events import Diverged
from sturgeon.caviar.lanes.backend import TrainingJob
from sturgeon.caviar.lanes.devices import core_devices
from sturgeon.network.trained import TrainedNetwork

SHAPES = [
    {"hidden_units": 5, "layers": 1, "batch_size": 7, "dropout": 0.1},
    {"hidden_units": 70, "layers": 4, "batch_size": 64, "dropout": 0.4},
    {"hidden_units": 64, "layers": 3, "batch_size": 50, "weight_decay": 0.1, "optimizer": "adam"},
    {"hidden_units": 33, "layers": 2, "batch_size": 512, "activation": "tanh", "dropout": 0.3},
    {"hidden_units": 9, "layers": 2, "batch_size": 32, "optimizer": "gradient_descent"},
]


@pytest.mark.parametrize(("task", "shape"), [*zip(cycle(["classification", "regression"]), SHAPES)])
def test_it_trains_the_same_network_and_drops_the_same_units(request, task, shape):
    dataset = request.getfixturevalue(task)
    config = {"optimizer": "momentum", "momentum": 0.9, "learning_rate": 0.02, "epsilon": 1e-3, **shape}
    probe = TrainingJob(0, 5, config)
    by_one, by_other = (run(dataset, [probe], backend=backend) for backend in (by_library, by_numpy))
    for (_, one), (_, other) in zip(by_one[0][0], by_other[0][0], strict=True):
        assert other == pytest.approx(one, rel=2e-4, abs=2e-5)
    for one, other in zip(by_one[1][0].weights, by_other[1][0].weights, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-3, atol=1e-4)


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
