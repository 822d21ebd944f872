"""Tables at the edge: a class that most mini-batches lack, a column that never changes, a single row."""

import numpy as np
import pytest

from lane_runs import job, run
from sturgeon.data import prepare
from sturgeon.errors import SturgeonError


def test_a_rare_class_and_a_constant_column_train_to_finite_values():
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.normal(size=200), np.full(200, 7.0)])
    kinds = np.where(x[:, 0] > 0, "high", "low")
    kinds[:8] = "rare"
    dataset = prepare((x, kinds), seed=1)
    curves, networks, others = run(dataset, [job(0), job(1, learning_rate=0.1)])
    assert set(networks) == {0, 1}
    assert others == {}
    assert all(np.isfinite(list(metrics.values())).all() for curve in curves.values() for _, metrics in curve)


def test_a_single_row_is_refused_before_anything_trains():
    with pytest.raises(SturgeonError, match="row"):
        prepare((np.ones((1, 2)), np.ones(1)), seed=1)
