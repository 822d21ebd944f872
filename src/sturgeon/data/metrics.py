"""The metrics, each formula once: of predictions, and of a network while it trains.

Those of every epoch are made of sums over rows, so that a table can be judged a part at a time: first the
sums, in NumPy here and in JAX in :mod:`sturgeon.network.objectives`, then :func:`classification_metrics` or
:func:`regression_metrics`. A new one has its name and its direction in :data:`METRICS` and its formula in
one of these two.

The scores of :mod:`sturgeon.data.scores` are made of all rows' probabilities, and two of them sort: together
they would take as long as a small network's epoch. So they are computed at the end, and after each epoch only
the one that trials are chosen by.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from sturgeon.data.dataset import Dataset
from sturgeon.data.features.preprocessing import Preprocessing
from sturgeon.data.scores import NEED_TWO_CLASSES, SCORES, softmax
from sturgeon.data.targets import NumericTarget
from sturgeon.data.task import Task
from sturgeon.errors import DataError, option

METRICS: dict[Task, dict[str, Literal["minimize", "maximize"]]] = {
    "classification": {
        "loss": "minimize",
        "accuracy": "maximize",
        "balanced_accuracy": "maximize",
        **{name: direction for name, (_, direction) in SCORES.items()},
    },
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
        that is explained. Where all targets are equal there is nothing to explain: it is 0 then, so that no
        network is ranked above another by it.

    Example:
        >>> regression_metrics(0.25, 0.25, 0.4, unexplained=0.25, variation=1.0, unit=2.0)
        {'loss': 0.25, 'rmse': 1.0, 'mae': 0.8, 'r2': 0.75}
    """
    r2 = 1 - unexplained / variation if variation > 0 else 0.0 * loss
    return {"loss": loss, "rmse": unit * math.sqrt(squared), "mae": unit * absolute, "r2": r2}


def variation_of(values: np.ndarray) -> float:
    """The variance of some values, 0 where all are equal: not what their mean's rounding makes of it.

    Example:
        >>> variation_of(np.full(3, 0.1)), variation_of(np.array([1.0, 3.0]))
        (0.0, 1.0)
    """
    return float(np.var(values, dtype=np.float64)) if values.min() < values.max() else 0.0


def judge_outputs(
    outputs: np.ndarray, targets: np.ndarray, *, score: str | None = None, positive: int = 1
) -> dict[str, float]:
    """The metrics of a network's outputs, all NaN where an output or the loss is not finite.

    A diverged network must not look right.

    Args:
        outputs: Logits ``[rows, classes]``, or standardised targets ``[rows, 1]``, float32.
        targets: ``[rows]``: integer classes, or the standardised target.
        score: For classes, one of :data:`sturgeon.data.scores.SCORES` that is wanted too.
        positive: Of two classes, the one whose F1 and average precision count.

    Returns:
        :func:`classification_metrics` and the score; for numbers ``loss`` and ``mae``, both in standard
        units.

    Example:
        >>> judge_outputs(np.array([[0.5], [1.0]], np.float32), np.array([0.0, 1.0], np.float32))
        {'loss': 0.125, 'mae': 0.25}
    """
    with np.errstate(all="ignore"):
        if targets.dtype.kind == "i":
            shifted = outputs - outputs.max(axis=1, keepdims=True)
            losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(targets)), targets]
            metrics = _judge_classes(losses.sum(dtype=np.float64), outputs.argmax(axis=1), targets)
            if score is not None:
                metrics[score] = score_outputs(score, outputs, targets, positive)
        else:
            error = outputs[:, 0] - targets
            metrics = {
                "loss": float(np.square(error).mean(dtype=np.float64)),
                "mae": float(np.abs(error).mean(dtype=np.float64)),
            }
    if not (math.isfinite(metrics["loss"]) and np.isfinite(outputs).all()):
        return dict.fromkeys(metrics, math.nan)
    return metrics


def score_outputs(score: str, outputs: np.ndarray, targets: np.ndarray, positive: int) -> float:
    """One of :data:`sturgeon.data.scores.SCORES` of logits; NaN where one of them is not finite.

    Args:
        score: Its name.
        outputs: Logits ``[rows, classes]``.
        targets: Integer classes ``[rows]``.
        positive: Of two classes, the one whose F1 and average precision count.
    """
    return SCORES[score][0](targets, softmax(outputs), positive) if np.isfinite(outputs).all() else math.nan


def _judge_classes(loss: float, guessed: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """The metrics of a classification from the sum of the losses, the guessed classes and the true ones."""
    of_class = np.bincount(truth)
    present = of_class > 0
    right = np.bincount(truth, guessed == truth)
    metrics = classification_metrics(loss, right[present], of_class[present], rows=len(truth))
    return {name: float(value) for name, value in metrics.items()}


def measure_classification(
    codes: np.ndarray, probabilities: np.ndarray, *, positive: int = 1
) -> dict[str, float | None]:
    """Measure predicted probabilities against the true classes.

    Args:
        codes: True class codes, integers, shape n with n ≥ 1.
        probabilities: Shape (n, classes); each row sums to 1.
        positive: Of two classes, the one whose F1 and average precision count.

    Returns:
        :func:`classification_metrics`, the guess being the likeliest class, and every score of
        :mod:`sturgeon.data.scores`; None for AUC and average precision where all rows are of one class.

    Raises:
        DataError: The shapes do not fit, or a probability is not finite.

    Example:
        >>> measure_classification(np.array([0, 1]), np.array([[1.0, 0.0], [1.0, 0.0]]))["accuracy"]
        0.5
    """
    _check_predictions(probabilities, (len(codes), probabilities.shape[-1]))
    of_truth = probabilities[np.arange(len(codes)), codes].astype(np.float64)
    loss = -np.log(np.maximum(of_truth, _LEAST_PROBABILITY)).sum()
    metrics = _judge_classes(loss, probabilities.argmax(axis=1), codes)
    scores = {name: score(codes, probabilities, positive) for name, (score, _) in SCORES.items()}
    return {name: None if math.isnan(value) else value for name, value in {**metrics, **scores}.items()}


def measure_regression(
    truth: np.ndarray, predicted: np.ndarray, target: NumericTarget
) -> dict[str, float | None]:
    """Measure standardised predictions.

    Args:
        truth: True targets in standard units, shape n with n ≥ 2.
        predicted: Predictions in standard units, shape n or (n, 1).
        target: The fitted target, to come back to its own unit.

    Returns:
        :func:`regression_metrics`; None for ``r2`` where all targets are equal.

    Raises:
        DataError: The shapes do not fit, or a prediction is not finite.

    Example:
        >>> from sturgeon.data.features.scale import Scale
        >>> target = NumericTarget("length", Scale(mean=5.0, std=2.0))
        >>> measure_regression(np.array([0.0, 1.0]), np.array([0.5, 1.5]), target)["rmse"]
        1.0
    """
    predicted = predicted.reshape(-1) if predicted.ndim == 2 and predicted.shape[1] == 1 else predicted
    _check_predictions(predicted, (len(truth),))
    own = target.restore(truth)
    error = own - target.restore(predicted)
    # Squares of the smallest numbers would be 0: they are taken in a unit of their size, a power of two.
    size = max(float(np.abs(error).max()), float(np.abs(own - own.mean()).max()))
    unit = math.ldexp(1.0, max(math.frexp(size)[1], -1021)) if size > 0 else 1.0
    error, variation = error / unit, variation_of(own / unit)
    metrics = regression_metrics(
        float(np.mean((truth.astype(np.float64) - predicted.astype(np.float64)) ** 2)),
        float(np.mean(error**2)),
        float(np.mean(np.abs(error))),
        unexplained=float(np.mean(error**2)),
        variation=variation,
        unit=unit,
    )
    return {**metrics, "r2": metrics["r2"] if variation > 0 else None}


def measure(
    preprocessing: Preprocessing, truth: np.ndarray, predicted: np.ndarray, *, positive: int | None = None
) -> dict[str, float | None]:
    """Measure a network's outputs by every metric of the task.

    Args:
        preprocessing: Says which task it is.
        truth: Class codes or standardised targets, shape n.
        predicted: Probabilities, shape (n, classes), or standardised predictions, shape n or (n, 1).
        positive: Of two classes, the one whose F1 and average precision count; None for the one that was
            settled when the rows were prepared.

    Returns:
        Metric name to value, the names being those of `METRICS`; None for one that is undefined.

    Raises:
        DataError: The shapes do not fit, or a prediction is not finite.
    """
    target = preprocessing.target
    if isinstance(target, NumericTarget):
        return measure_regression(truth, predicted, target)
    if positive is None:
        positive = 1 if target.positive is None else target.positive
    return measure_classification(truth, predicted, positive=positive)


def measure_test(dataset: Dataset, predicted: np.ndarray) -> dict[str, float | None]:
    """Measure predictions of a dataset's test part; the positive class is the dataset's.

    Args:
        dataset: A prepared dataset.
        predicted: As for :func:`measure`.

    Returns:
        As :func:`measure`.
    """
    return measure(dataset.preprocessing, dataset.y_test, predicted)


def check_defined(metric: str, dataset: Dataset) -> None:
    """Refuse a metric that the validation rows leave undefined, whatever is predicted for them.

    Args:
        metric: Its name, such as ``val_auc``.
        dataset: A prepared dataset.

    Raises:
        DataError: It is AUC or average precision, and all validation rows are of one class.
    """
    targets = dataset.y_validation
    if metric.removeprefix("val_") in NEED_TWO_CLASSES and targets.min() == targets.max():
        raise DataError(
            f"{metric} needs validation rows of two classes; all {len(targets)} are of one. Choose by "
            f"{option('minimize', 'val_loss')}, or give more rows of the others."
        )


def naive_baseline(dataset: Dataset) -> dict[str, float | None]:
    """Measure, on the test part, a guess that looks at no input.

    For classes it is the training part's class frequencies, so the likeliest class is always guessed; for
    a number it is the training mean. A network worth keeping is better.

    Args:
        dataset: A prepared dataset.

    Returns:
        As :func:`measure`.

    Example:
        >>> from sturgeon.data import prepare
        >>> inputs, labels = np.arange(40.0).reshape(20, 2), np.repeat([0, 1], 10)
        >>> naive_baseline(prepare((inputs, labels)))["balanced_accuracy"]
        0.5
    """
    rows = len(dataset.y_test)
    if dataset.task == "classification":
        frequencies = np.bincount(dataset.y_train, minlength=dataset.outputs) / len(dataset.y_train)
        return measure_test(dataset, np.tile(frequencies, (rows, 1)))
    return measure_test(dataset, np.zeros(rows))


def _check_predictions(predicted: np.ndarray, shape: tuple[int, ...]) -> None:
    if predicted.shape != shape:
        raise DataError(
            f"predictions must match the targets; got shape {predicted.shape}, expected {shape}; reshape them"
        )
    if not np.isfinite(predicted).all():
        raise DataError("predictions must be finite; got NaN or infinity; train with a lower learning rate")
