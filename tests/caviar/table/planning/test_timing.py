"""The time of an epoch is predicted from a few configurations and some of the rows."""

from __future__ import annotations

import numpy as np
import pytest

from sturgeon.caviar.backends.jax_lanes import JaxBackend
from sturgeon.caviar.backends.jax_shapes import Extent
from sturgeon.caviar.table.planning.timing import MOST_ROWS, EpochTime, Timing, cut_rows
from sturgeon.data import prepare
from sturgeon.space import notes_space

SPACE = notes_space().replace(
    batch_size=notes_space()["batch_size"].__class__(32, 64, "power_of_two"),
    hidden_units=notes_space()["hidden_units"].__class__(50, 56),
)


def test_times_of_epochs_are_predicted_from_few(regression):
    backend = JaxBackend(regression, SPACE, 4)
    configs = SPACE.sample(40, np.random.default_rng(0))

    def truth(config):
        block = backend.block_of(config)
        lanes, steps = block.shape.lanes, len(regression.y_train) / block.shape.batch
        return 3e-9 * lanes * backend.cost(block) + 2e-5 * steps

    timings = [Timing(config, 1.0, truth(config)) for config in configs[:6]]
    rows = len(regression.y_train)
    predicted = EpochTime(backend, timings, measured_rows=rows, rows=10 * rows)
    for config in configs:
        assert predicted.of(backend.block_of(config)) == pytest.approx(10 * truth(config), rel=1e-6)
    assert Extent.of(SPACE).units == 56


def test_a_large_table_is_measured_on_some_of_its_rows():
    rows = 2 * MOST_ROWS
    x = np.random.default_rng(0).normal(size=(rows, 2))
    dataset = prepare((x, x[:, 0]))
    cut = cut_rows(dataset)
    assert len(cut.y_train) == MOST_ROWS
    assert np.shares_memory(cut.x_train, dataset.x_train)
    assert len(cut.y_validation) == round(len(dataset.y_validation) * MOST_ROWS / len(dataset.y_train))
    assert cut_rows(cut) is cut
