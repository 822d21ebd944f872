"""Candidates of estimators that train step by step are stopped where they are hopeless."""

import warnings

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.datasets import make_classification
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.naive_bayes import MultinomialNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import sturgeon as st
from sklearn_checks import own_checks
from sturgeon.errors import InputError, StudyError
from sturgeon.frameworks.sklearn import SearchCV
from sturgeon.frameworks.sklearn.growth import Growing, choose_growth, grow
from sturgeon.study import Study

X, y = make_classification(120, 8, n_informative=5, random_state=0)
ALPHA = {"alpha": st.Real(1e-6, 1.0, scale="log")}
CHECKED = {"cv": 2, "error_score": "raise", "random_state": 0, "n_iter": 2, "stopping": "halving"}
SGD = SGDClassifier(random_state=0)


def search(estimator=SGD, parameters=ALPHA, rows=X, targets=y, given=None, **options):
    options = {"n_iter": 6, "cv": 3, "stopping": "halving", "random_state": 0, **options}
    return SearchCV(estimator, parameters, **options).fit(rows, targets, **given or {})


@own_checks(
    SearchCV(SGDClassifier(max_iter=9, random_state=0), {"alpha": [0.1, 1.0]}, **CHECKED),
)
@pytest.mark.filterwarnings("default")
def test_scikit_learns_own_checks_pass(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    ("estimator", "resource"),
    [
        (GradientBoostingClassifier(n_estimators=6, random_state=0), "n_estimators"),
        (RandomForestClassifier(6, random_state=0), "n_estimators"),
        (HistGradientBoostingClassifier(max_iter=6, random_state=0), "max_iter"),
    ],
)
def test_what_grows_comes_to_the_same_as_a_whole_fit(estimator, resource):
    train, test = np.arange(80), np.arange(80, 120)
    growth = choose_growth(estimator, "auto", "auto", [])
    assert (growth.resource, growth.last) == (resource, 6)
    given = {"X": X, "y": y, "train": train, "test": test, "scorer": lambda one, X, y: one.score(X, y)}
    given |= dict.fromkeys(("fit_params", "score_params")) | {"verbose": 0, "error_score": "raise"}
    growing = Growing(estimator)
    for step in (1, 3, 6):
        growing = grow(growing, step, growth, {}, given)
    whole = estimator.fit(X[train], y[train])
    assert growing.result["test_scores"] == whole.score(X[test], y[test])
    assert np.array_equal(growing.estimator.predict_proba(X), whole.predict_proba(X))


def test_stopped_candidates_keep_their_last_scores_and_rank_behind_whole_ones(tmp_path):
    booster = GradientBoostingClassifier(n_estimators=18, random_state=0)
    space = {"learning_rate": st.Real(1e-3, 1.0, scale="log"), "max_depth": [1, 3]}
    tuned = search(booster, space, n_iter=9, study=tmp_path / "own.study")
    results = tuned.cv_results_
    stopped, steps = results["stopped"], results["n_resources"]
    assert 0 < stopped.sum() < 9
    assert set(steps[~stopped]) == {18}
    assert set(steps[stopped]) <= {3, 9}
    assert results["rank_test_score"][stopped].min() > results["rank_test_score"][~stopped].max()
    for place in (int(np.flatnonzero(stopped)[0]), tuned.best_index_):
        same = booster.set_params(**results["params"][place], n_estimators=int(steps[place]))
        assert cross_val_score(same, X, y, cv=3).mean() == results["mean_test_score"][place]
    assert tuned.best_estimator_.n_estimators_ == 18
    with Study.open(tmp_path / "own.study") as study:
        assert [trial.state == "stopped" for trial in study.trials] == stopped.tolist()
        assert "Successive halving: score" in next(one.reason for one in study.trials if one.reason)
        assert [trial.curves["score"][-1] for trial in study.trials] == list(
            zip(steps, results["mean_test_score"], strict=True)
        )


def test_equal_seeds_and_several_workers_give_the_same(tmp_path):
    options = {"batch_size": 2, "max_resources": 9}
    once = search(**options)
    with parallel_config("threading"):
        again = search(**options, n_jobs=2)
    for name in ("mean_test_score", "n_resources", "rank_test_score"):
        assert once.cv_results_[name].tolist() == again.cv_results_[name].tolist()


def test_a_pipeline_passes_through_its_first_steps_what_its_last_learns_from():
    pipeline = make_pipeline(StandardScaler(), SGDClassifier(random_state=0))
    parameters = {"sgdclassifier__alpha": ALPHA["alpha"], "standardscaler__with_mean": [True, False]}
    weights = {"sgdclassifier__sample_weight": np.ones(len(y))}
    tuned = search(pipeline, parameters, max_resources=9, given=weights, return_train_score=True)
    assert tuned.cv_results_["n_resources"].max() == 9
    assert np.isfinite(tuned.cv_results_["mean_train_score"]).all()


def test_groups_text_targets_and_several_metrics():
    options = {"scoring": ["accuracy", "f1_macro"], "refit": "f1_macro", "max_resources": 9}
    words = np.where(y == 1, "yes", "no")
    tuned = search(targets=words, cv=GroupKFold(3), given={"groups": np.arange(len(y)) // 6}, **options)
    assert tuned.best_score_ == tuned.cv_results_["mean_test_f1_macro"][tuned.best_index_]
    assert set(tuned.predict(X)) == {"yes", "no"}


def test_a_search_is_resumed_with_what_was_stopped(tmp_path):
    where = {"study": tmp_path / "own.study", "resume": True}
    search(n_iter=4, **where)
    again, whole = search(n_iter=7, **where), search(n_iter=7)
    for name in ("mean_test_score", "split1_test_score", "n_resources", "stopped", "rank_test_score"):
        assert again.cv_results_[name].tolist() == whole.cv_results_[name].tolist()
    assert search(n_iter=7, **where).best_params_ == whole.best_params_  # nothing is left to be fitted
    with pytest.raises(StudyError, match="resource: got partial_fit up to 30, it has partial_fit up to 100"):
        search(n_iter=8, max_resources=30, **where)


@pytest.mark.filterwarnings("ignore:One or more of the test scores")
def test_candidates_that_fail_are_rows_of_errors_behind_all_others():
    losses = {"loss": ["hinge", "nope", "log_loss"], **ALPHA}
    with pytest.warns(FitFailedWarning, match="The first of them: .*The 'loss' parameter"):
        results = search(parameters=losses, max_resources=9).cv_results_
    failed = np.isnan(results["mean_test_score"])
    assert [one["loss"] == "nope" for one in results["params"]] == failed.tolist()
    assert results["rank_test_score"][failed].min() > results["rank_test_score"][~failed].max()
    with pytest.raises(ValueError, match=r"All the 18 fits failed.*'loss' parameter"):
        search(parameters={"loss": ["nope"], **ALPHA}, max_resources=9)
    with pytest.raises(ValueError, match="'loss' parameter"):
        search(parameters={"loss": ["nope"], **ALPHA}, error_score="raise")


def test_a_number_that_was_asked_for_is_that_of_the_best():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = MLPClassifier((4,), random_state=0)
        tuned = search(network, ALPHA, resource="max_iter", max_resources=4)
    assert tuned.best_params_["max_iter"] == tuned.best_estimator_.n_iter_ == 4


def test_a_search_ends_when_a_score_is_good_enough():
    assert len(search(until=0.5, max_resources=9).cv_results_["params"]) < 6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"estimator": SVC(), "parameters": {"C": [1, 2]}},
            "needs an estimator that trains in several steps",
        ),
        ({"estimator": MultinomialNB()}, "needs an estimator that trains in several steps"),
        ({"estimator": MLPClassifier(early_stopping=True)}, "got early_stopping=True"),
        ({"parameters": {"max_iter": [5, 9]}, "resource": "max_iter"}, "cannot vary; got `max_iter`"),
        ({"resource": "n_estimators"}, "got 'n_estimators' for SGDClassifier"),
        (
            {"estimator": LogisticRegression(), "parameters": {"C": [1, 2]}, "resource": "partial_fit"},
            "needs an estimator that has it",
        ),
        ({"max_resources": 1}, "at least two steps; got 1"),
        ({"stopping": "nope"}, "must be one of halving"),
        ({"scoring": ["accuracy", "f1"], "refit": lambda results: 0}, "A stopping rule compares one metric"),
    ],
)
def test_wrong_input_is_refused_in_one_line_before_any_fit(options, message):
    with pytest.raises(InputError, match=message) as caught:
        search(**options)
    assert "\n" not in str(caught.value)
