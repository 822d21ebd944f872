"""A trial's value on each fold of the rows: by what name it is kept, and how far its mean is luck.

All trials are scored on the same folds, and a fold that is hard is hard for all of them. So the plain
standard error over folds says too much: what counts between trials is what is left of a trial's values once
its own mean and what all trials share of each fold are taken off.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from sturgeon.space.scales import Floats

SHARED = 4.0
"""How many degrees of freedom the variance of trials of about the same value counts for in each one's own."""


def fold_metric(metric: str, fold: int) -> str:
    """The name under which a metric's value on one fold is kept.

    Example:
        >>> fold_metric("val_loss", 0)
        'val_loss_fold_0'
    """
    return f"{metric}_fold_{fold}"


def is_fold_metric(name: str) -> bool:
    """Whether a name is one that :func:`fold_metric` gives.

    Example:
        >>> is_fold_metric("val_loss_fold_12"), is_fold_metric("val_loss_se")
        (True, False)
    """
    _, found, number = name.rpartition("_fold_")
    return bool(found) and number.isdecimal()


def values_by_fold(metrics: Mapping[str, float], metric: str) -> tuple[float, ...]:
    """A metric's value on each fold; empty where the trial was not scored by folds.

    Example:
        >>> values_by_fold({"loss": 2.0, "loss_fold_0": 1.0, "loss_fold_1": 3.0}, "loss")
        (1.0, 3.0)
    """
    if fold_metric(metric, 0) not in metrics:  # nearly always: a study of ten thousand trials asks as often
        return ()
    names = (fold_metric(metric, fold) for fold in itertools.count())
    return tuple(metrics[name] for name in itertools.takewhile(metrics.__contains__, names))


def standard_errors(values: Floats) -> Floats:
    """How unsure each trial's mean is, apart from what all trials share.

    With few folds a trial's own variance is itself unsure, so it is drawn towards the median variance of the
    third of the trials whose means are nearest, as bad trials vary more: the mean of both, its own with a
    weight of K - 1 and the median with one of 4.

    Args:
        values: ``[trials, K]``, K from 2, all finite.

    Returns:
        Standard errors ``[trials]``; 0 for a trial that is alone, of which nothing is known.

    Source:
        Smyth, Linear models and empirical Bayes methods (2004), for the mean of the variances.

    Example:
        >>> hard_and_easy = np.array([[1.0, 5.0], [2.0, 6.0], [3.0, 7.0]])
        >>> standard_errors(hard_and_easy).tolist()
        [0.0, 0.0, 0.0]
    """
    means, folds = values.mean(axis=1), values.shape[1]
    own = values - means[:, None]
    left = own - np.median(own, axis=0)
    variance = np.square(left).sum(axis=1) / (folds - 1)
    peers = max(3, len(values) // 3)
    nearest = np.argsort(np.abs(means[:, None] - means), axis=1, kind="stable")[:, :peers]
    typical = np.median(variance[nearest], axis=1)
    return np.sqrt((variance * (folds - 1) + typical * SHARED) / (folds - 1 + SHARED) / folds)


def paired_error(one: Sequence[float], other: Sequence[float]) -> float:
    """The standard error of the difference of two trials' means, paired over their folds.

    Example:
        >>> paired_error([1.0, 5.0], [2.0, 8.0])
        1.0
    """
    differences = np.subtract(one, other)
    return float(differences.std(ddof=1) / np.sqrt(len(differences)))
