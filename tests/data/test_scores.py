"""Scores of probabilities against scikit-learn's, and against the definition where it has none."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import softmax as scipy_softmax
from sklearn import metrics

from sturgeon.data.scores import (
    auc,
    average_precision,
    brier,
    calibration_error,
    f1,
    positive_class,
    softmax,
)

quick = settings(max_examples=50, deadline=None)


@st.composite
def judged(draw, classes: int | None = None, cover: bool = False):
    """True codes and probabilities; weights of few values, so that there are ties and constant guesses."""
    classes = draw(st.integers(2, 5)) if classes is None else classes
    rows = draw(st.integers(1, 40))
    codes = draw(arrays(np.int32, rows, elements=st.integers(0, classes - 1)))
    weights = draw(arrays(np.int64, (rows, classes), elements=st.sampled_from([0, 1, 1, 2, 50])))
    assume(weights.sum(axis=1).all())
    if cover:
        assume(len(np.unique(codes)) == classes)
    return codes, weights / weights.sum(axis=1, keepdims=True)


@quick
@given(judged(classes=2, cover=True), st.integers(0, 1))
def test_ranking_of_two_classes_is_that_of_scikit_learn(table, positive):
    codes, probabilities = table
    scores = probabilities[:, positive]
    assert auc(codes, probabilities) == pytest.approx(metrics.roc_auc_score(codes, probabilities[:, 1]))
    theirs = metrics.average_precision_score(codes == positive, scores)
    assert average_precision(codes, probabilities, positive) == pytest.approx(theirs)


@quick
@given(judged(classes=3, cover=True))
def test_ranking_of_many_classes_is_each_against_the_rest(table):
    codes, probabilities = table
    theirs = metrics.roc_auc_score(codes, probabilities, multi_class="ovr", average="macro")
    assert auc(codes, probabilities) == pytest.approx(theirs)
    theirs = metrics.average_precision_score(np.eye(3)[codes], probabilities, average="macro")
    assert average_precision(codes, probabilities) == pytest.approx(theirs)


@quick
@given(judged(classes=4))
def test_a_class_without_rows_is_left_out_of_the_average(table):
    codes, probabilities = table
    present = np.unique(codes)
    if len(present) == 1:
        assert np.isnan(auc(codes, probabilities))
        assert np.isnan(average_precision(codes, probabilities))
        return
    areas = [metrics.roc_auc_score(codes == code, probabilities[:, code]) for code in present]
    assert auc(codes, probabilities) == pytest.approx(np.mean(areas))
    areas = [metrics.average_precision_score(codes == code, probabilities[:, code]) for code in present]
    assert average_precision(codes, probabilities) == pytest.approx(np.mean(areas))


@quick
@given(judged(), st.integers(0, 1))
def test_f1_is_that_of_scikit_learn(table, positive):
    codes, probabilities = table
    guessed = probabilities.argmax(axis=1)
    kind = {"average": "macro"} if probabilities.shape[1] > 2 else {"pos_label": positive}
    if probabilities.shape[1] == 2 and positive not in {*codes, *guessed}:
        assert f1(codes, probabilities, positive) == 0
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = metrics.f1_score(codes, guessed, zero_division=0, **kind)
    assert f1(codes, probabilities, positive) == pytest.approx(theirs)


@quick
@given(judged())
def test_brier_is_that_of_scikit_learn(table):
    codes, probabilities = table
    of_each = [
        metrics.brier_score_loss(codes == label, probabilities[:, label], pos_label=True)
        for label in range(probabilities.shape[1])
    ]
    theirs = of_each[1] if len(of_each) == 2 else sum(of_each)
    assert brier(codes, probabilities) == pytest.approx(theirs)


@quick
@given(judged())
def test_calibration_error_is_its_definition(table):
    codes, probabilities = table
    surest, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == codes
    total = 0.0
    for upper in range(1, 16):
        inside = (surest * 15 > upper - 1) & (surest * 15 <= upper)
        if inside.any():
            total += inside.mean() * abs(right[inside].mean() - surest[inside].mean())
    assert calibration_error(codes, probabilities) == pytest.approx(total)


def test_constant_predictions_rank_nothing():
    codes, constant = np.array([0, 1, 1, 1]), np.full((4, 2), 0.5)
    assert auc(codes, constant) == 0.5
    assert average_precision(codes, constant, 0) == 0.25
    assert average_precision(codes, constant, 1) == 0.75


def test_of_two_classes_the_rarer_is_the_positive_one():
    assert positive_class(np.array([0, 0, 1], np.int32)) == 1
    assert positive_class(np.array([0, 1, 1], np.int32)) == 0
    assert positive_class(np.array([0, 1], np.int32)) == 1
    assert positive_class(np.array([0], np.int32)) == 1


@quick
@given(arrays(np.float32, (3, 4), elements=st.floats(-200, 200, width=32)))
def test_softmax_is_scipys(logits):
    np.testing.assert_allclose(softmax(logits), scipy_softmax(logits.astype(np.float64), axis=1))
