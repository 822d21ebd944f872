"""The metrics of one network's outputs, in NumPy: those of :mod:`sturgeon.network.objectives`."""

from __future__ import annotations

import math

import numpy as np


def judge(outputs: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """The metrics of outputs, all NaN where an output or the loss is not finite.

    A diverged network must not look right.

    Args:
        outputs: Logits ``[rows, classes]``, or standardised targets ``[rows, 1]``, float32.
        targets: ``[rows]``: integer classes, or the standardised target.

    Returns:
        ``loss`` and, for classes, ``accuracy`` and ``balanced_accuracy``; for numbers ``mae``, in standard
        units.

    Example:
        >>> judge(np.array([[0.5], [1.0]], np.float32), np.array([0.0, 1.0], np.float32))
        {'loss': 0.125, 'mae': 0.25}
    """
    with np.errstate(all="ignore"):
        metrics = _of_classes(outputs, targets) if targets.dtype.kind == "i" else _of_errors(outputs, targets)
    if not (math.isfinite(metrics["loss"]) and np.isfinite(outputs).all()):
        return dict.fromkeys(metrics, math.nan)
    return metrics


def _of_classes(outputs: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    shifted = outputs - outputs.max(axis=1, keepdims=True)
    surprise = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(targets)), targets]
    right = outputs.argmax(axis=1) == targets
    of_class = np.bincount(targets)
    present = of_class > 0
    recall = np.bincount(targets, right)[present] / of_class[present]
    return {
        "loss": float(surprise.mean(dtype=np.float64)),
        "accuracy": float(right.mean()),
        "balanced_accuracy": float(recall.mean()),
    }


def _of_errors(outputs: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    error = outputs[:, 0] - targets
    return {
        "loss": float(np.square(error).mean(dtype=np.float64)),
        "mae": float(np.abs(error).mean(dtype=np.float64)),
    }
