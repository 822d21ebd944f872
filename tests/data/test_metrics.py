"""Metrics against plain formulas, and the guess that a network must beat."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import balanced_accuracy_score, f1_score, log_loss

from sturgeon.caviar.backends.table_backend import Reporting
from sturgeon.data import (
    METRICS,
    ClassTarget,
    NumericTarget,
    Preprocessing,
    measure,
    measure_classification,
    measure_regression,
    naive_baseline,
    prepare,
)
from sturgeon.data.features.scale import Scale
from sturgeon.data.metrics import judge_outputs, measure_test, variation_of
from sturgeon.data.scores import SCORES, positive_class
from sturgeon.errors import DataError

WINE = Path(__file__).parents[2] / "examples" / "data" / "wine_quality_white.csv"
RNG = np.random.default_rng(0)


def test_classification_agrees_with_scikit_learn():
    codes = RNG.integers(0, 4, 200)
    probabilities = RNG.dirichlet(np.ones(4), 200)
    found = measure_classification(codes, probabilities)
    assert found["loss"] == pytest.approx(log_loss(codes, probabilities, labels=range(4)))
    assert found["accuracy"] == pytest.approx(np.mean(probabilities.argmax(1) == codes))
    assert found["balanced_accuracy"] == pytest.approx(
        balanced_accuracy_score(codes, probabilities.argmax(1))
    )


def test_a_class_that_is_absent_from_the_truth_may_be_guessed():
    probabilities = np.array([[0.1, 0.8, 0.1], [0.1, 0.1, 0.8]], dtype=np.float32)
    assert measure_classification(np.array([1, 1]), probabilities)["balanced_accuracy"] == 0.5


def test_a_sure_mistake_costs_much_but_not_infinity():
    loss = measure_classification(np.array([0]), np.array([[0.0, 1.0]], dtype=np.float32))["loss"]
    assert loss == pytest.approx(87.3, abs=0.1)


def test_regression_is_in_the_targets_own_unit():
    target = NumericTarget("y", Scale(mean=10.0, std=3.0))
    truth, predicted = RNG.normal(size=50).astype(np.float32), RNG.normal(size=(50, 1)).astype(np.float32)
    found = measure_regression(truth, predicted, target)
    error = truth.astype(float) - predicted[:, 0]
    assert found["loss"] == pytest.approx(np.mean(error**2))
    assert found["rmse"] == pytest.approx(3 * np.sqrt(np.mean(error**2)))
    assert found["mae"] == pytest.approx(3 * np.mean(np.abs(error)))
    assert found["r2"] == pytest.approx(1 - np.sum(error**2) / np.sum((truth - truth.mean()) ** 2), rel=1e-5)


def test_perfect_predictions_are_perfect():
    dataset = prepare(load_breast_cancer(return_X_y=True))
    sure = np.eye(2)[dataset.y_test]
    assert measure(dataset.preprocessing, dataset.y_test, sure) == {
        "loss": 0.0, "accuracy": 1.0, "balanced_accuracy": 1.0,
        "auc": 1.0, "average_precision": 1.0, "f1": 1.0, "brier": 0.0, "ece": 0.0,
    }  # fmt: skip
    wine = prepare(WINE, "quality")
    assert measure(wine.preprocessing, wine.y_test, wine.y_test)["r2"] == 1.0


def test_the_baseline_of_a_class_is_the_majority_and_its_loss_the_entropy():
    dataset = prepare(load_breast_cancer(return_X_y=True))
    found = naive_baseline(dataset)
    share = dataset.y_train.mean()
    assert found["accuracy"] == pytest.approx(dataset.y_test.mean())
    assert found["balanced_accuracy"] == found["auc"] == 0.5
    assert found["f1"] == 0  # of the rarer class, which is never guessed
    assert found["average_precision"] == pytest.approx(1 - dataset.y_test.mean())
    ones = dataset.y_test.mean()
    assert found["loss"] == pytest.approx(-ones * np.log(share) - (1 - ones) * np.log(1 - share))


def test_the_baseline_of_a_number_is_the_training_mean():
    dataset = prepare(WINE, "quality")
    found = naive_baseline(dataset)
    quality = dataset.preprocessing.restore_target(dataset.y_test)
    mean = dataset.preprocessing.restore_target(dataset.y_train).mean()
    assert found["rmse"] == pytest.approx(np.sqrt(np.mean((quality - mean) ** 2)), rel=1e-5)
    assert found["r2"] == pytest.approx(0, abs=0.01)


def test_equal_targets_leave_r2_undefined():
    """Their mean is rounded, so that their variance need not be 0: a quotient of it was -7e31."""
    target = NumericTarget("y", Scale(mean=0.1, std=3.7))
    truth = np.full(7, 0.3, np.float32)
    for predicted in (truth, truth + 1):
        found = measure_regression(truth, predicted, target)
        assert found["r2"] is None
        assert found["rmse"] == pytest.approx(3.7 * abs(predicted[0] - truth[0]))
    assert variation_of(truth) == 0


def test_one_class_alone_leaves_ranking_undefined():
    found = measure_classification(np.array([1, 1]), np.array([[0.25, 0.75], [0.75, 0.25]]))
    assert {name for name, value in found.items() if value is None} == {"auc", "average_precision"}


@pytest.mark.parametrize("score", SCORES)
def test_a_diverged_network_has_no_score(score):
    logits = np.array([[1.0, np.nan], [0.0, 1.0], [2.0, 1.0]], np.float32)
    assert math.isnan(judge_outputs(logits, np.array([0, 1, 0], np.int32), score=score)[score])


def test_every_metric_has_a_direction():
    for table, target in ((load_breast_cancer(return_X_y=True), None), (WINE, "quality")):
        dataset = prepare(table, target)
        assert list(naive_baseline(dataset)) == list(METRICS[dataset.task])
    assert METRICS["classification"]["accuracy"] == METRICS["regression"]["r2"] == "maximize"
    assert METRICS["regression"]["rmse"] == METRICS["classification"]["loss"] == "minimize"


def test_predictions_of_another_shape_or_not_finite_are_refused():
    with pytest.raises(DataError, match=r"got shape \(3, 2\), expected \(2, 2\)"):
        measure_classification(np.array([0, 1]), np.full((3, 2), 0.5))
    with pytest.raises(DataError, match="finite"):
        measure_classification(np.array([0]), np.array([[np.nan, 1.0]]))
    target = NumericTarget("y", Scale(0.0, 1.0))
    with pytest.raises(DataError, match=r"got shape \(3,\), expected \(2,\)"):
        measure_regression(np.zeros(2), np.zeros(3), target)
    with pytest.raises(DataError, match="finite"):
        measure_regression(np.zeros(2), np.array([0, np.inf]), target)


@pytest.mark.parametrize("unit", [1e-320, 1e-300, 1e-160, 1.0, 1e149])
def test_numbers_of_any_size_have_their_errors(unit):
    truth, predicted = np.array([0.0, 1.0, 3.0]), np.array([0.5, 1.5, 2.5])
    found = measure_regression(truth, predicted, NumericTarget("y", Scale(mean=0.0, std=unit)))
    assert found["rmse"] == pytest.approx(unit / 2, rel=1e-3, abs=0)
    assert found["mae"] == pytest.approx(unit / 2, rel=1e-3, abs=0)
    assert found["r2"] == pytest.approx(1 - 0.25 / np.var(truth), rel=1e-2)


def test_f1_is_of_one_class_in_every_fold_and_in_the_test():
    inputs, labels = RNG.normal(size=(100, 1)), np.tile(["p", "q"], 50)
    dataset = prepare((inputs, labels), folds=None)
    parts = [dataset.fold(number) for number in range(dataset.folds)]
    assert len({positive_class(part.y_train) for part in parts}) == 2  # each part's own rarer class differs
    assert {Reporting.of(part, "val_f1").positive for part in parts} == {dataset.positive}
    assert dataset.positive == positive_class(dataset.y_train)
    only_one = np.eye(2)[np.full(len(dataset.y_test), dataset.positive)]
    found = measure_test(parts[0], only_one)["f1"]
    assert found == pytest.approx(f1_score(dataset.y_test == dataset.positive, np.ones(len(dataset.y_test))))


def test_the_positive_class_is_kept_with_the_network_and_an_old_file_has_none():
    inputs, labels = RNG.normal(size=(100, 1)), np.repeat(["p", "q"], [30, 70])
    fitted = prepare((inputs, labels)).preprocessing
    written = fitted.to_json()
    assert Preprocessing.from_json(written) == fitted
    guess, truth = np.tile([1.0, 0.0], (2, 1)), np.array([0, 1], np.int32)
    assert measure(fitted, truth, guess)["f1"] == pytest.approx(2 / 3)
    older = json.loads(written)
    del older["target"]["positive"]
    assert Preprocessing.from_json(json.dumps(older)).target == ClassTarget("y", ("p", "q"))
