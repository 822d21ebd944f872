"""Whether a network reads the pieces of numbers, it is what it would be alone on such inputs."""

import threading

import numpy as np
import pytest

from lane_runs import EPOCHS, OBJECTIVE, by_jax, by_library, job, same_network
from sturgeon.caviar.backends.embedded import EmbeddedBackend
from sturgeon.caviar.backends.folds import FoldedBackend
from sturgeon.caviar.events import TrainingDone
from sturgeon.caviar.trainer import LaneTrainer
from sturgeon.data import prepare

KINDS = {"library": by_library, "jax": by_jax}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    return prepare((x, np.sign(x[:, 0]) + x[:, 1]), seed=1, folds=2, pieces=True).fold(0)


def networks(backend, jobs):
    events = LaneTrainer(backend, OBJECTIVE, EPOCHS).train(jobs, threading.Event())
    return {event.number: event.network for event in events if isinstance(event, TrainingDone)}


@pytest.mark.parametrize("kind", KINDS)
def test_each_reads_its_own_inputs(data, kind):
    plain, wide = job(0, embedding="none"), job(1, embedding="piecewise_linear")
    found = networks(EmbeddedBackend(KINDS[kind](data)), [plain, wide])
    assert same_network(found[0], networks(KINDS[kind](data.without_pieces()), [plain])[0])
    assert same_network(found[1], networks(KINDS[kind](data), [wide])[1])
    assert found[0].architecture.features == 3
    assert found[1].architecture.features == data.features > 3


def test_a_network_without_pieces_reads_the_first_inputs_of_rows_that_have_them(data):
    found = networks(EmbeddedBackend(by_library(data)), [job(0, embedding="none")])[0]
    assert np.array_equal(found.outputs(data.x_validation), found.outputs(data.without_pieces().x_validation))


def test_folds_of_such_a_backend_train_both_kinds():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 2))
    folded = prepare((x, x[:, 0]), folds=2, pieces=True)
    first = EmbeddedBackend(by_library(folded.fold(0)))
    backend = FoldedBackend([first, first.with_dataset(folded.fold(1))], OBJECTIVE.metric)
    found = networks(backend, [job(0, embedding="none"), job(1, embedding="piecewise_linear")])
    assert [one.architecture.features for one in found[0]] == [2, 2]
    assert [one.architecture.features for one in found[1]] == [folded.features] * 2
