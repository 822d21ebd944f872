"""The compiled library trains what JAX trains, alone or beside others, whatever its vectors' width."""

import shutil
import subprocess
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import jax
import numpy as np
import pytest

import sturgeon.network.native
from lane_runs import EPOCHS, OBJECTIVE, advance, by_jax, by_library, job, run, same_bits, same_network
from sturgeon.caviar.backends.jax_lanes import JaxBackend
from sturgeon.caviar.backends.native import NativeBackend
from sturgeon.caviar.checkpoints import load_checkpoint, save_checkpoint
from sturgeon.caviar.events import Diverged
from sturgeon.caviar.lanes.backend import TrainingJob
from sturgeon.caviar.lanes.lane_batch import LaneBatch
from sturgeon.data import METRICS
from sturgeon.data.scores import SCORES, softmax
from sturgeon.network.native.layout import Layout
from sturgeon.network.native.library import load_library, open_library
from sturgeon.network.weights import Architecture, Weights, initial_weights
from sturgeon.space import Constant, Integer, Space
from sturgeon.study import Objective

FOLDER = Path(sturgeon.network.native.__file__).parent
PROBE = job(0, learning_rate=0.02, layers=3, dropout=0.2)

if load_library() is None:
    pytest.skip("the package was built without a C compiler", allow_module_level=True)


def lanes_for(dataset, config, library=None):
    backend = NativeBackend(library or load_library(), dataset, EPOCHS)
    return LaneBatch(backend.program(backend.block_of(config), jax.devices()[0], 1), 1)


def trained(dataset, probe, library=None):
    lanes = lanes_for(dataset, probe.config, library)
    lanes.start(0, probe)
    return advance(lanes, 0, EPOCHS), lanes


@pytest.fixture(scope="module")
def alone(regression):
    curve, lanes = trained(regression, PROBE)
    return curve, lanes.network(0), lanes.checkpoint(0)


# Momentum rather than Adam, which makes whole steps of gradients that are rounding errors alone.
SHAPES = [
    {"hidden_units": 5, "layers": 1, "batch_size": 7},
    {"hidden_units": 17, "layers": 4, "batch_size": 64, "dropout": 0.4},
    {"hidden_units": 64, "layers": 3, "batch_size": 50, "weight_decay": 0.1},
    {"hidden_units": 33, "layers": 2, "batch_size": 512, "activation": "tanh", "dropout": 0.3},
    {"hidden_units": 300, "layers": 2, "batch_size": 300},
]


# JAX compiles each anew.
@pytest.mark.parametrize(
    ("task", "shape"), [*zip(cycle(["classification", "regression"]), SHAPES), ("regression", SHAPES[0])]
)
def test_both_engines_train_the_same_network_and_drop_the_same_units(request, task, shape):
    dataset = request.getfixturevalue(task)
    probe = TrainingJob(0, 5, {"optimizer": "momentum", "momentum": 0.9, "learning_rate": 0.02, **shape})
    space = Space(hidden_units=Integer(5, 300), layers=Constant(4))
    by_one, by_other = (
        run(dataset, [probe], space=space, backend=backend) for backend in (by_jax, by_library)
    )
    for (_, one), (_, other) in zip(by_one[0][0], by_other[0][0], strict=True):
        assert other == pytest.approx(one, rel=2e-4, abs=2e-5)
    for one, other in zip(by_one[1][0].weights, by_other[1][0].weights, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-3, atol=1e-4)


@pytest.fixture(
    scope="module", params=[["-DWIDTH=8"], ["-DWIDTH=16", "-DTILE_ROWS=8"]], ids=["narrow", "wide"]
)
def compiled(request, tmp_path_factory):
    """The library with vectors of another width, for any processor."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("there is no C compiler")
    path = tmp_path_factory.mktemp("library") / "network.so"
    flags = ["-std=gnu11", "-O1", "-Wno-psabi", "-fPIC", "-shared", *request.param]
    subprocess.run([compiler, *flags, FOLDER / "network.c", "-o", path, "-lm"], check=True)
    return open_library(path)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_width_of_vectors_changes_nothing_but_rounding(classification, compiled, shape):
    probe = TrainingJob(0, 5, {"optimizer": "momentum", "momentum": 0.9, "learning_rate": 0.02, **shape})
    expected, _ = trained(classification, probe)
    curve, lanes = trained(classification, probe, compiled)
    for (_, metrics), (_, wanted) in zip(curve, expected, strict=True):
        assert metrics == pytest.approx(wanted, rel=2e-4, abs=2e-5)
    assert lanes.network(0).weights.gamma.shape == (shape["layers"], shape["hidden_units"])


@pytest.mark.parametrize("name", ["network-baseline.so", "network-v3.so", "network-v4.so"])
def test_every_library_that_was_built_has_the_same_functions(name):
    if not (FOLDER / name).exists():
        pytest.skip(f"{name} is not built on this platform")
    library = open_library(FOLDER / name)
    assert library is not None
    assert all(hasattr(library, f"sturgeon_{what}") for what in ("train_epoch", "predict", "width"))


def test_a_member_is_the_same_beside_others_and_beside_a_nan(regression, alone):
    others = [job(n, learning_rate=rate) for n, rate in enumerate([1e3, float("nan"), 0.1], start=1)]
    curves, networks, ends = run(regression, [*others, PROBE, job(9)], backend=by_library)
    assert curves[0] == alone[0]
    assert same_network(networks[0], alone[1])
    assert isinstance(ends[2], Diverged)
    assert np.isnan(ends[2].value)


@pytest.mark.parametrize("epochs", [1, EPOCHS - 1])
def test_a_pause_changes_nothing(regression, alone, tmp_path, epochs):
    lanes = lanes_for(regression, PROBE.config)
    lanes.start(0, PROBE)
    curve = advance(lanes, 0, epochs)
    save_checkpoint(tmp_path / "paused", lanes.checkpoint(0))
    lanes.leave(0)
    lanes.start(0, job(4, layers=3, dropout=0.2))
    advance(lanes, 0, 1, leaving={1: [0]})
    lanes.start(0, replace(PROBE, checkpoint=load_checkpoint(tmp_path / "paused")))
    assert curve + advance(lanes, 0, EPOCHS - epochs) == alone[0]
    assert same_bits(lanes.checkpoint(0).leaves, alone[2].leaves)


def test_a_checkpoint_of_one_engine_goes_on_in_the_other(regression):
    probe = job(0, learning_rate=0.02, optimizer="momentum")
    expected = run(regression, [probe])[0][0]
    lanes = lanes_for(regression, probe.config)
    lanes.start(0, probe)
    lanes.advance()
    moved = replace(probe, checkpoint=lanes.checkpoint(0))
    curve = run(regression, [moved], backend=by_jax)[0][0]
    assert [step for step, _ in curve] == [2, 3, 4]
    for (_, one), (_, other) in zip(curve, expected[1:], strict=True):
        assert one == pytest.approx(other, rel=2e-4)


@pytest.mark.parametrize("width", [8, 16])
@pytest.mark.parametrize("units", [1, 8, 9, 31, 136])
def test_a_block_holds_the_weights_and_zeros(width, units):
    architecture = Architecture(3, 2, units, 3)
    weights = initial_weights(architecture, np.random.default_rng(0))
    layout = Layout(architecture, width)
    block = layout.block(weights)
    assert all(np.array_equal(one, other) for one, other in zip(layout.weights(block), weights, strict=True))
    assert block.ctypes.data % 64 == 0
    layout.weights(block).gamma[...] = 0
    assert np.count_nonzero(block) == sum(np.count_nonzero(w) for w in weights) - weights.gamma.size


@pytest.mark.parametrize("score", ["average_precision", "ece"])
@pytest.mark.parametrize("engine", [NativeBackend, JaxBackend])
def test_a_score_that_decides_is_that_of_the_networks_probabilities(classification, score, engine):
    def backend(dataset, space, epochs):
        given = (load_library(), dataset) if engine is NativeBackend else (dataset, space)
        return engine(*given, epochs, metric=f"val_{score}")

    objective = Objective(f"val_{score}", METRICS["classification"][score])
    jobs = [job(number, learning_rate=0.01 * number) for number in (1, 2, 3)]
    curves, networks, _ = run(classification, jobs, objective=objective, backend=backend)
    positive = classification.positive
    for number, network in networks.items():
        probabilities = softmax(network.outputs(classification.x_validation))
        expected = SCORES[score][0](classification.y_validation, probabilities, positive)
        assert curves[number][-1][1][f"val_{score}"] == pytest.approx(expected, rel=1e-4)
    assert len(networks) == 3


def test_a_goal_other_than_the_loss_is_judged_by_the_same_outputs(classification):
    objective = replace(OBJECTIVE, metric="val_balanced_accuracy", direction="maximize")
    curves, networks, _ = run(
        classification, [job(1, learning_rate=0.3)], objective=objective, backend=by_library
    )
    guessed = networks[1].outputs(classification.x_validation).argmax(axis=1)
    truth = classification.y_validation
    recalls = [np.mean(guessed[truth == label] == label) for label in np.unique(truth)]
    assert curves[1][-1][1]["val_balanced_accuracy"] == pytest.approx(np.mean(recalls))
    assert isinstance(networks[1].weights, Weights)
