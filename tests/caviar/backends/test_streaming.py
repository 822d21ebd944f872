"""A table that comes to the device in chunks trains the networks that a table on the device trains."""

import jax
import numpy as np
import pytest

from sturgeon.caviar.backends.jax_lanes import _TableProgram
from sturgeon.caviar.backends.jax_program import TablePart
from sturgeon.caviar.backends.jax_shapes import Extent, block_of
from sturgeon.caviar.backends.jax_table import Streamed, place
from sturgeon.caviar.backends.table_backend import Reporting
from sturgeon.caviar.lanes.backend import TrainingJob
from sturgeon.caviar.lanes.lane_batch import LaneBatch
from sturgeon.network.settings import TrainingSettings

CPU = jax.devices("cpu")[0]
EPOCHS = 3
BATCH = 32  # the last mini-batch of an epoch is a partial one


def train(parts, dataset, *, lanes, dropout, precision, score=None):
    """Curves and networks of every lane."""
    configs = [
        {
            "batch_size": BATCH,
            "hidden_units": 9 + lane % 4,
            "layers": 2,
            "learning_rate": 0.003 * (1 + lane),
            "dropout": dropout,
        }
        for lane in range(lanes)
    ]
    block = block_of(
        TrainingSettings.of(configs[0]),
        features=dataset.features,
        outputs=dataset.outputs,
        extent=Extent(12, 3),
        rows=len(dataset.y_train),
        lanes=lanes,
        precision=precision,
    )
    unit, variance = (None, 0.0) if dataset.task == "classification" else (2.0, 1.0)
    reporting = Reporting(unit, variance, score)
    population = LaneBatch(_TableProgram(block, parts, CPU, reporting, EPOCHS), lanes)
    for lane, config in enumerate(configs):
        population.start(lane, TrainingJob(lane, 100 + lane, config))
    curves = [population.advance() for _ in range(EPOCHS)]
    return curves, [population.network(lane) for lane in range(lanes)]


def on_host(dataset, steps, lanes):
    """The table on the host, in chunks of so many mini-batches."""
    training = TablePart(dataset.x_train, dataset.y_train)
    row = dataset.x_train[0].nbytes + dataset.y_train[0].nbytes
    validation = TablePart(dataset.x_validation, dataset.y_validation)
    return Streamed(training, validation, steps * lanes * BATCH * row)


@pytest.mark.parametrize(
    ("task", "lanes", "dropout", "precision", "steps_at_once", "score"),
    [
        ("regression", 1, 0.3, "float32", [1, 100], None),
        ("classification", 8, 0.0, "bfloat16", [3], "auc"),
    ],
)
def test_a_streamed_table_trains_the_same_networks(
    request, task, lanes, dropout, precision, steps_at_once, score
):
    dataset = request.getfixturevalue(task)
    assert len(dataset.y_train) % BATCH > 1
    kind = {"lanes": lanes, "dropout": dropout, "precision": precision, "score": score}
    curves, networks = train(place(dataset, CPU, precision=precision), dataset, **kind)
    for steps in steps_at_once:
        its_curves, its_networks = train(on_host(dataset, steps, lanes), dataset, **kind)
        for epoch, its_epoch in zip(curves, its_curves, strict=True):
            for lane, (step, metrics) in epoch.items():
                assert score is None or 0 < metrics[f"val_{score}"] <= 1
                assert its_epoch[lane] == (step, pytest.approx(metrics, rel=1e-5, abs=1e-7))
        for network, its_network in zip(networks, its_networks, strict=True):
            for one, other in zip(
                (*network.weights, *network.statistics),
                (*its_network.weights, *its_network.statistics),
                strict=True,
            ):
                np.testing.assert_allclose(other, one, rtol=1e-5, atol=1e-6)
