"""Scores of predicted probabilities beyond their loss: ranking, F1 and calibration, as in scikit-learn.

Of two classes, F1 and average precision are those of the *positive* class, which is the rarer one; of more
classes, F1, AUC and average precision are macro averages: each class against the rest, then the plain mean.
A score that is undefined is NaN: AUC and average precision need rows of two classes at least.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

_BINS = 15


def auc(codes: np.ndarray, probabilities: np.ndarray, positive: int = 1) -> float:
    """The area under the ROC curve: how often a row of a class is ranked above a row of another.

    Args:
        codes: True class codes, integers ``[rows]``.
        probabilities: ``[rows, classes]``.
        positive: Not looked at: of two classes, both have the same area.

    Returns:
        From 0 to 1, a tie counting half. Of more than two classes, the mean over those that have rows.

    Example:
        >>> auc(np.array([0, 0, 1]), np.array([[0.9, 0.1], [0.6, 0.4], [0.6, 0.4]]))
        0.75
    """

    def area(scores: np.ndarray, true: np.ndarray) -> float:
        others, own = np.sort(scores[~true]), scores[true]
        below = np.searchsorted(others, own, "left") + np.searchsorted(others, own, "right")
        return float(np.mean(below / 2) / len(others))

    return _against_rest(area, codes, probabilities, 1)


def average_precision(codes: np.ndarray, probabilities: np.ndarray, positive: int = 1) -> float:
    """The area under the steps of the precision-recall curve.

    Args:
        codes: True class codes, integers ``[rows]``.
        probabilities: ``[rows, classes]``.
        positive: Of two classes, the one to be found.

    Returns:
        Above 0, at most 1. Of more than two classes, the mean over those that have rows.
    """

    def precision(scores: np.ndarray, true: np.ndarray) -> float:
        own = np.sort(scores[true])
        found = len(own) - np.searchsorted(own, own, "left")
        return float(np.mean(found / (len(scores) - np.searchsorted(np.sort(scores), own, "left"))))

    return _against_rest(precision, codes, probabilities, positive)


def f1(codes: np.ndarray, probabilities: np.ndarray, positive: int = 1) -> float:
    """The harmonic mean of precision and recall, the guess being the likeliest class.

    Args:
        codes: True class codes, integers ``[rows]``.
        probabilities: ``[rows, classes]``.
        positive: Of two classes, the one to be found.

    Returns:
        From 0 to 1; 0 where the positive class has no row and is never guessed. Of more than two classes, the
        mean over those that have rows or are guessed.
    """
    classes, guessed = probabilities.shape[1], probabilities.argmax(axis=1)
    right = np.bincount(codes[guessed == codes], minlength=classes)
    both = np.bincount(codes, minlength=classes) + np.bincount(guessed, minlength=classes)
    each = 2 * right / np.maximum(both, 1)
    return float(each[positive] if classes == 2 else each[both > 0].mean())


def brier(codes: np.ndarray, probabilities: np.ndarray, positive: int = 1) -> float:
    """The Brier score: the squared error of the probabilities.

    Args:
        codes: True class codes, integers ``[rows]``.
        probabilities: ``[rows, classes]``.
        positive: Not looked at: of two classes, both have the same error.

    Returns:
        The mean over the rows: of two classes the squared error of one, from 0 to 1; of more the sum over the
        classes, from 0 to 2.
    """
    error = probabilities.astype(np.float64)
    error[np.arange(len(codes)), codes] -= 1
    return float(np.square(error).sum(axis=1).mean()) / (2 if error.shape[1] == 2 else 1)


def calibration_error(codes: np.ndarray, probabilities: np.ndarray, positive: int = 1) -> float:
    """The expected calibration error: how far the probability of the guess is from how often it is right.

    Rows are put into 15 bins of equal width by the probability of their likeliest class; a bin holds its
    upper bound.

    Args:
        codes: True class codes, integers ``[rows]``.
        probabilities: ``[rows, classes]``.
        positive: Not looked at.

    Returns:
        The mean over the rows of their bin's |share of right guesses - mean probability|, from 0 to 1.

    Example:
        >>> calibration_error(np.array([0, 1]), np.array([[0.75, 0.25], [0.75, 0.25]]))
        0.25
    """
    surest = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == codes
    bins = np.clip(np.ceil(surest * _BINS).astype(int) - 1, 0, _BINS - 1)
    return float(np.abs(np.bincount(bins, right - surest)).sum()) / len(codes)


Score = Callable[[np.ndarray, np.ndarray, int], float]

SCORES: dict[str, tuple[Score, Literal["minimize", "maximize"]]] = {
    "auc": (auc, "maximize"),
    "average_precision": (average_precision, "maximize"),
    "f1": (f1, "maximize"),
    "brier": (brier, "minimize"),
    "ece": (calibration_error, "minimize"),
}
"""Every score by its name, and the direction in which it gets better."""

NEED_TWO_CLASSES = frozenset({"auc", "average_precision"})
"""The scores that are undefined where all rows are of one class."""


def positive_class(codes: np.ndarray) -> int:
    """The positive class of two: the rarer one, the second where both have as many rows.

    Args:
        codes: Class codes of the training rows, integers.

    Example:
        >>> positive_class(np.array([0, 1, 1])), positive_class(np.array([0, 1]))
        (0, 1)
    """
    first, second = np.bincount(codes, minlength=2)[:2]
    return 0 if first < second else 1


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities of logits ``[rows, classes]``, in float64."""
    raised = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def _against_rest(
    score: Callable[[np.ndarray, np.ndarray], float],
    codes: np.ndarray,
    probabilities: np.ndarray,
    positive: int,
) -> float:
    """The mean over the classes that have rows, or of two classes the positive one's score."""
    present = np.unique(codes)
    if len(present) < 2:
        return float("nan")
    if probabilities.shape[1] == 2:
        present = np.array([positive])
    return float(np.mean([score(probabilities[:, code], codes == code) for code in present]))
