"""Metrics inside a compiled program are those of scikit-learn."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn import metrics

from sturgeon.data.metrics import regression_metrics
from sturgeon.network import objectives
from sturgeon.network.objectives import CHUNK_ROWS

evaluate = jax.jit(objectives.evaluate, static_argnums=0)


def in_own_unit(metrics, unit, variance):
    """A regression's metrics from those in standard units."""
    loss, mae = metrics["loss"], metrics["mae"]
    return regression_metrics(loss, loss, mae, unexplained=loss, variation=variance, unit=unit)


@pytest.mark.parametrize("rows", [1, 7, CHUNK_ROWS, 2 * CHUNK_ROWS + 5])
def test_classification_metrics_are_those_of_scikit_learn(rows):
    rng = np.random.default_rng(rows)
    logits = rng.normal(size=(rows, 4)).astype(np.float32)
    labels = rng.choice([0, 1, 3], size=rows).astype(np.int32)  # class 2 is absent
    ours = evaluate(lambda x: x, logits, labels)
    probabilities = np.asarray(jax.nn.softmax(logits.astype(np.float64)))
    guess = logits.argmax(axis=1)
    assert float(ours["loss"]) == pytest.approx(
        metrics.log_loss(labels, probabilities / probabilities.sum(1, keepdims=True), labels=range(4)),
        rel=1e-5,
    )
    assert float(ours["accuracy"]) == pytest.approx(metrics.accuracy_score(labels, guess))
    recalls = [np.mean(guess[labels == c] == c) for c in np.unique(labels)]
    assert float(ours["balanced_accuracy"]) == pytest.approx(np.mean(recalls), rel=1e-6)


@pytest.mark.parametrize("rows", [2, 50, CHUNK_ROWS + 1])
def test_regression_metrics_are_those_of_scikit_learn_in_the_targets_unit(rows):
    rng = np.random.default_rng(rows)
    outputs = rng.normal(size=(rows, 1)).astype(np.float32)
    target = (outputs[:, 0] + rng.normal(size=rows)).astype(np.float32)
    standard = {name: float(value) for name, value in evaluate(lambda x: x, outputs, target).items()}
    ours = in_own_unit(standard, 2.5, float(np.var(target, dtype=np.float64)))
    theirs = 2.5 * target, 2.5 * outputs[:, 0]
    assert float(ours["rmse"]) == pytest.approx(metrics.root_mean_squared_error(*theirs), rel=1e-4)
    assert float(ours["mae"]) == pytest.approx(metrics.mean_absolute_error(*theirs), rel=1e-4)
    assert ours["r2"] == pytest.approx(metrics.r2_score(*theirs), rel=1e-3, abs=1e-4)
    assert float(ours["loss"]) == pytest.approx(metrics.mean_squared_error(target, outputs[:, 0]), rel=1e-4)


def test_a_diverged_network_has_no_metric_that_looks_right():
    """The largest of several NaN is the first class, which could be half the rows."""
    ours = evaluate(lambda x: x * jnp.nan, np.ones((10, 2), np.float32), np.zeros(10, np.int32))
    assert all(np.isnan(value) for value in ours.values())


def test_constant_targets_leave_nothing_to_explain():
    assert in_own_unit({"loss": 0.5, "mae": 0.6}, 2.0, 0.0)["r2"] == 0


def test_units_far_from_one_survive():
    """They are applied in double precision, outside the compiled program."""
    metrics = in_own_unit({"loss": 0.25, "mae": 0.4}, 1e60, 1.0)
    assert metrics["rmse"] == pytest.approx(0.5e60)
    assert in_own_unit({"loss": 0.25, "mae": 0.4}, 1e-60, 1.0)["mae"] == pytest.approx(0.4e-60)
