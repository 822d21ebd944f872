"""The metrics, each formula once: of predictions, and of a network while it trains.

A metric is made of sums over rows, so that a table can be judged a part at a time: first the sums, in NumPy
here and in JAX in :mod:`sturgeon.network.objectives`, then :func:`classification_metrics` or
:func:`regression_metrics`. A new metric has its name and its direction in :data:`METRICS` and its formula in
one of these two.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

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


def classification_metrics(
    loss: Any, right: Any, of_class: Any, *, rows: int, xp: Any = np
) -> dict[str, Any]:
    """The metrics of a classification, from sums over its rows.

    Args:
        loss: The sum of the cross-entropies.
        right: How many rows of each class are guessed right, ``[classes]``.
        of_class: How many rows each class has, ``[classes]``.
        rows: How many rows there are.
        xp: ``numpy``, or ``jax.numpy`` inside a compiled program.

    Returns:
        ``loss``, the mean cross-entropy in nats; ``accuracy``, the share of rows that are guessed right;
        ``balanced_accuracy``, that share averaged over the classes that have rows.
    """
    present = of_class > 0
    recall = xp.where(present, right / xp.where(present, of_class, 1), 0)
    return {
        "loss": loss / rows,
        "accuracy": xp.sum(right) / rows,
        "balanced_accuracy": xp.sum(recall) / xp.sum(present),
    }


def regression_metrics(
    loss: float, squared: float, absolute: float, *, unexplained: float, variation: float, unit: float = 1.0
) -> dict[str, float]:
    """The metrics of a regression, from means over its rows.

    Args:
        loss: The mean squared error in standard units.
        squared: The mean squared error that ``unit`` brings to the target's own unit.
        absolute: The mean absolute error likewise.
        unexplained: The squared errors, summed or averaged.
        variation: The squared distances of the targets from their mean, likewise.
        unit: The target's standard deviation in the training part, where the errors are in standard units.

    Returns:
        ``loss`` as it was; ``rmse`` and ``mae`` in the target's own unit; ``r2``, the share of the variance
        that is explained, which is 0 where all targets are equal, as there is nothing to explain.

    Example:
        >>> regression_metrics(0.25, 0.25, 0.4, unexplained=0.25, variation=1.0, unit=2.0)
        {'loss': 0.25, 'rmse': 1.0, 'mae': 0.8, 'r2': 0.75}
    """
    r2 = 1 - unexplained / variation if variation > 0 else 0.0 * loss
    return {"loss": loss, "rmse": unit * math.sqrt(squared), "mae": unit * absolute, "r2": r2}


def judge_outputs(outputs: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """The metrics of a network's outputs, all NaN where an output or the loss is not finite.

    A diverged network must not look right.

    Args:
        outputs: Logits ``[rows, classes]``, or standardised targets ``[rows, 1]``, float32.
        targets: ``[rows]``: integer classes, or the standardised target.

    Returns:
        :func:`classification_metrics`; for numbers ``loss`` and ``mae``, both in standard units.

    Example:
        >>> judge_outputs(np.array([[0.5], [1.0]], np.float32), np.array([0.0, 1.0], np.float32))
        {'loss': 0.125, 'mae': 0.25}
    """
    with np.errstate(all="ignore"):
        if targets.dtype.kind == "i":
            shifted = outputs - outputs.max(axis=1, keepdims=True)
            losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(targets)), targets]
            metrics = _judge_classes(losses.sum(dtype=np.float64), outputs.argmax(axis=1), targets)
        else:
            error = outputs[:, 0] - targets
            metrics = {
                "loss": float(np.square(error).mean(dtype=np.float64)),
                "mae": float(np.abs(error).mean(dtype=np.float64)),
            }
    if not (math.isfinite(metrics["loss"]) and np.isfinite(outputs).all()):
        return dict.fromkeys(metrics, math.nan)
    return metrics


def _judge_classes(loss: float, guessed: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """The metrics of a classification from the sum of the losses, the guessed classes and the true ones."""
    of_class = np.bincount(truth)
    present = of_class > 0
    right = np.bincount(truth, guessed == truth)
    metrics = classification_metrics(loss, right[present], of_class[present], rows=len(truth))
    return {name: float(value) for name, value in metrics.items()}


def measure_classification(codes: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """Measure predicted probabilities against the true classes.

    Args:
        codes: True class codes, integers, shape n with n ≥ 1.
        probabilities: Shape (n, classes); each row sums to 1.

    Returns:
        :func:`classification_metrics`; the guess is the likeliest class.

    Raises:
        DataError: The shapes do not fit, or a probability is not finite.

    Example:
        >>> measure_classification(np.array([0, 1]), np.array([[1.0, 0.0], [1.0, 0.0]]))["accuracy"]
        0.5
    """
    _check_predictions(probabilities, (len(codes), probabilities.shape[-1]))
    of_truth = probabilities[np.arange(len(codes)), codes].astype(np.float64)
    loss = -np.log(np.maximum(of_truth, _LEAST_PROBABILITY)).sum()
    return _judge_classes(loss, probabilities.argmax(axis=1), codes)


def measure_regression(truth: np.ndarray, predicted: np.ndarray, target: NumericTarget) -> dict[str, float]:
    """Measure standardised predictions.

    Args:
        truth: True targets in standard units, shape n with n ≥ 2.
        predicted: Predictions in standard units, shape n or (n, 1).
        target: The fitted target, to come back to its own unit.

    Returns:
        :func:`regression_metrics`.

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
    own = target.restore(truth)
    error = own - target.restore(predicted)
    return regression_metrics(
        float(np.mean((truth.astype(np.float64) - predicted.astype(np.float64)) ** 2)),
        float(np.mean(error**2)),
        float(np.mean(np.abs(error))),
        unexplained=float(np.sum(error**2)),
        variation=float(np.sum((own - np.mean(own)) ** 2)),
    )


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
