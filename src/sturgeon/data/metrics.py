"""How good predictions are, and how good one must be to beat guessing."""

from __future__ import annotations

from typing import Literal

import numpy as np
from sklearn.metrics import (
    accuracy_score,
    mean_absolute_error,
    r2_score,
    recall_score,
    root_mean_squared_error,
)

from sturgeon.data.dataset import Dataset
from sturgeon.data.preprocessing import Preprocessing
from sturgeon.data.targets import NumericTarget
from sturgeon.data.task import Task
from sturgeon.errors import DataError

METRICS: dict[Task, dict[str, Literal["minimize", "maximize"]]] = {
    "classification": {"loss": "minimize", "accuracy": "maximize", "balanced_accuracy": "maximize"},
    "regression": {"loss": "minimize", "rmse": "minimize", "mae": "minimize", "r2": "maximize"},
}
"""Every metric of a task and the direction in which it gets better."""

# The least probability that float32 can hold: a surer mistake than that costs 87 nats, not infinity.
_LEAST_PROBABILITY = float(np.finfo(np.float32).tiny)


def measure_classification(codes: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """Measure predicted probabilities against the true classes.

    Args:
        codes: True class codes, integers, shape n with n ≥ 1.
        probabilities: Shape (n, classes); each row sums to 1.

    Returns:
        ``loss``, the mean cross-entropy in nats, -Σ ln p(true class)/n; ``accuracy``, the share of rows
        whose likeliest class is the true one; ``balanced_accuracy``, that share averaged over the classes
        in `codes`.

    Raises:
        DataError: The shapes do not fit, or a probability is not finite.

    Example:
        >>> measure_classification(np.array([0, 1]), np.array([[1.0, 0.0], [1.0, 0.0]]))["accuracy"]
        0.5
    """
    _check_predictions(probabilities, (len(codes), probabilities.shape[-1]))
    of_truth = probabilities[np.arange(len(codes)), codes].astype(np.float64)
    guessed = probabilities.argmax(axis=1)
    # Not balanced_accuracy_score, which warns when a class is guessed that `codes` happens to lack.
    recall = recall_score(codes, guessed, labels=np.unique(codes), average="macro")
    return {
        "loss": float(-np.log(np.maximum(of_truth, _LEAST_PROBABILITY)).mean()),
        "accuracy": float(accuracy_score(codes, guessed)),
        "balanced_accuracy": float(recall),
    }


def measure_regression(truth: np.ndarray, predicted: np.ndarray, target: NumericTarget) -> dict[str, float]:
    """Measure standardised predictions.

    Args:
        truth: True targets in standard units, shape n with n ≥ 2.
        predicted: Predictions in standard units, shape n or (n, 1).
        target: The fitted target, to come back to its own unit.

    Returns:
        ``loss``, the mean squared error in standard units; ``rmse`` and ``mae`` in the target's own unit;
        ``r2``, the share of the variance that is explained.

    Raises:
        DataError: The shapes do not fit, or a prediction is not finite.

    Example:
        >>> from sturgeon.data.scale import Scale
        >>> target = NumericTarget("length", Scale(mean=5.0, std=2.0))
        >>> measure_regression(np.array([0.0, 1.0]), np.array([0.5, 1.5]), target)["rmse"]
        1.0
    """
    predicted = predicted.reshape(-1) if predicted.ndim == 2 and predicted.shape[1] == 1 else predicted
    _check_predictions(predicted, (len(truth),))
    own_truth, own_predicted = target.restore(truth), target.restore(predicted)
    error = truth.astype(np.float64) - predicted.astype(np.float64)
    return {
        "loss": float(np.mean(error**2)),
        "rmse": float(root_mean_squared_error(own_truth, own_predicted)),
        "mae": float(mean_absolute_error(own_truth, own_predicted)),
        "r2": float(r2_score(own_truth, own_predicted)),
    }


def measure(preprocessing: Preprocessing, truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """Measure a network's outputs by every metric of the task.

    Args:
        preprocessing: Says which task it is.
        truth: Class codes or standardised targets, shape n.
        predicted: Probabilities, shape (n, classes), or standardised predictions, shape n or (n, 1).

    Returns:
        Metric name to value, the names being those of `METRICS`.

    Raises:
        DataError: The shapes do not fit, or a prediction is not finite.
    """
    target = preprocessing.target
    if isinstance(target, NumericTarget):
        return measure_regression(truth, predicted, target)
    return measure_classification(truth, predicted)


def naive_baseline(dataset: Dataset) -> dict[str, float]:
    """Measure, on the test part, a guess that looks at no input.

    For classes it is the training part's class frequencies, so the likeliest class is always guessed; for
    a number it is the training mean. A network worth keeping is better.

    Args:
        dataset: A prepared dataset.

    Returns:
        Metric name to value, the names being those of `METRICS`.

    Example:
        >>> from sturgeon.data import prepare
        >>> inputs, labels = np.arange(40.0).reshape(20, 2), np.repeat([0, 1], 10)
        >>> naive_baseline(prepare((inputs, labels)))["balanced_accuracy"]
        0.5
    """
    rows = len(dataset.y_test)
    if dataset.task == "classification":
        frequencies = np.bincount(dataset.y_train, minlength=dataset.outputs) / len(dataset.y_train)
        return measure(dataset.preprocessing, dataset.y_test, np.tile(frequencies, (rows, 1)))
    return measure(dataset.preprocessing, dataset.y_test, np.zeros(rows))


def _check_predictions(predicted: np.ndarray, shape: tuple[int, ...]) -> None:
    if predicted.shape != shape:
        raise DataError(
            f"predictions must match the targets; got shape {predicted.shape}, expected {shape}; reshape them"
        )
    if not np.isfinite(predicted).all():
        raise DataError("predictions must be finite; got NaN or infinity; train with a lower learning rate")
