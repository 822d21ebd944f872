"""What people do with scikit-learn's own searches: resume, stop, watch, several dicts, several metrics."""

import numpy as np
import pytest
from scipy.stats import loguniform
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import RandomizedSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

import sturgeon as st
from sturgeon.errors import InputError, StudyError
from sturgeon.frameworks.sklearn import SearchCV
from sturgeon.study import Study

X, y = load_iris(return_X_y=True)
SPACE = st.Space(max_depth=st.Integer(1, 30), min_samples_leaf=st.Integer(1, 40))


class Counting(DecisionTreeClassifier):
    fits = 0

    def fit(self, *arguments, **named):
        type(self).fits += 1
        return super().fit(*arguments, **named)


SPACE_OF_SVC = {"C": [0.1, 1.0, 10.0, 100.0, 1000.0]}


def search(n_iter, where, **options):
    Counting.fits = 0
    return SearchCV(
        Counting(random_state=0), SPACE, n_iter=n_iter, cv=3, study=where, random_state=0, **options
    ).fit(X, y)


def test_a_search_is_resumed_with_its_candidates_among_the_results(tmp_path):
    where = tmp_path / "iris.study"
    first = search(5, where)
    assert Counting.fits == 5 * 3 + 1
    again = search(8, where, resume=True)
    assert Counting.fits == 3 * 3 + 1
    whole = search(8, tmp_path / "whole.study")
    for name in ("mean_test_score", "split2_test_score", "rank_test_score"):
        assert again.cv_results_[name].tolist() == whole.cv_results_[name].tolist()
    assert again.cv_results_["params"] == whole.cv_results_["params"]
    assert again.cv_results_["params"][:5] == first.cv_results_["params"]
    assert again.best_params_ == whole.best_params_


def test_a_search_that_is_done_gives_its_results_again(tmp_path):
    where = tmp_path / "iris.study"
    first = search(4, where)
    again = search(4, where, resume=True)
    assert Counting.fits == 3 + 1  # one candidate, and the best on all rows
    assert sorted(map(str, again.cv_results_["params"])) == sorted(map(str, first.cv_results_["params"]))
    assert again.best_score_ == first.best_score_
    with Study.open(where) as study:
        assert len(study.trials) == 4


def test_a_study_of_another_space_is_not_resumed(tmp_path):
    search(2, tmp_path / "iris.study")
    other = SearchCV(SVC(), {"C": [1, 2, 3]}, study=tmp_path / "iris.study", resume=True)
    with pytest.raises(StudyError, match="space that it was begun with"):
        other.fit(X, y)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"cv": 4}, "folds"),
        ({"scoring": "f1_macro"}, "scoring"),
        ({"estimator": SVC(degree=2)}, "estimator"),
        ({"rows": slice(0, 149)}, "folds, rows"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
@pytest.mark.parametrize("n_iter", [2, 4])
def test_scores_of_other_things_are_not_mixed(tmp_path, other, words, n_iter):
    where, other = tmp_path / "iris.study", dict(other)
    rows = other.pop("rows", slice(None))
    usual = {"estimator": SVC(), "param_distributions": SPACE_OF_SVC, "cv": 3, "study": where, "resume": True}
    SearchCV(**usual, n_iter=2).fit(X, y)
    with pytest.raises(StudyError, match=f"resumed with the {words} that it was begun with"):
        SearchCV(**{**usual, **other}, n_iter=n_iter).fit(X[rows], y[rows])
    assert len(SearchCV(**usual, n_iter=3).fit(X, y).cv_results_["params"]) == 3


def test_an_interrupt_leaves_a_study_that_goes_on(tmp_path):
    class Interrupted(Counting):
        def fit(self, *arguments, **named):
            if type(self).fits == 9:
                raise KeyboardInterrupt
            return super().fit(*arguments, **named)

    where = tmp_path / "iris.study"
    Interrupted.fits = 0
    Interrupted.__qualname__ = Interrupted.__name__ = "Counting"  # a study goes on with the same estimator
    cut = SearchCV(Interrupted(random_state=0), SPACE, n_iter=6, cv=3, study=where, random_state=0)
    with pytest.raises(KeyboardInterrupt):
        cut.fit(X, y)
    with Study.open(where) as study:
        assert (study.counts()["complete"], study.counts()["paused"]) == (3, 1)
    again = search(6, where, resume=True)
    assert len(again.cv_results_["params"]) == 6
    whole = search(6, tmp_path / "whole.study")
    assert again.cv_results_["params"] == whole.cv_results_["params"]


def test_a_score_that_is_good_enough_ends_it(tmp_path):
    done = search(30, tmp_path / "a.study", until=0.9)
    assert len(done.cv_results_["params"]) < 30
    assert done.best_score_ >= 0.9


def test_one_of_several_dicts_holds_at_a_time():
    dicts = [
        {"kernel": ["linear"], "C": loguniform(0.01, 1.0)},
        {"kernel": ["rbf"], "C": [10, 100], "gamma": loguniform(1e-3, 1.0)},
    ]
    ours = SearchCV(SVC(), dicts, n_iter=12, cv=2, random_state=0).fit(X, y)
    theirs = RandomizedSearchCV(SVC(), dicts, n_iter=12, cv=2, random_state=0).fit(X, y)
    assert set(ours.cv_results_) == set(theirs.cv_results_)
    kernels = [params["kernel"] for params in ours.cv_results_["params"]]
    assert set(kernels) == {"linear", "rbf"}
    for params in ours.cv_results_["params"]:
        assert set(params) == ({"kernel", "C"} if params["kernel"] == "linear" else {"kernel", "C", "gamma"})
        assert params["C"] in (10, 100) or params["kernel"] == "linear"


def test_several_dicts_are_each_used_up_once():
    dicts = [{"n_neighbors": [1, 2, 2, 1]}, {"n_neighbors": [2, 3], "weights": ["distance"]}]
    with pytest.warns(UserWarning, match="holds 4 candidates"):
        done = SearchCV(KNeighborsClassifier(), dicts, n_iter=20, cv=2, random_state=0).fit(X, y)
    assert len(done.cv_results_["params"]) == 4


def test_an_option_given_twice_is_one_candidate():
    with pytest.warns(UserWarning, match="holds 3 candidates"):
        done = SearchCV(KNeighborsClassifier(), {"n_neighbors": [1, 3, 3, 5, 1]}, n_iter=9, cv=2).fit(X, y)
    assert sorted(params["n_neighbors"] for params in done.cv_results_["params"]) == [1, 3, 5]


def test_layer_sizes_arrive_as_tuples():
    space = st.Space(hidden_layer_sizes=st.Choice([(4,), (4, 4)]), max_iter=st.Constant(5))
    with pytest.warns(ConvergenceWarning):
        done = SearchCV(MLPClassifier(random_state=0), space, n_iter=2, cv=2).fit(X, y)
    assert {type(params["hidden_layer_sizes"]) for params in done.cv_results_["params"]} == {tuple}


def test_a_function_chooses_among_several_metrics(tmp_path):
    where = tmp_path / "two.study"
    metrics = ["accuracy", "recall_macro"]
    done = SearchCV(
        DecisionTreeClassifier(random_state=0), SPACE, n_iter=6, cv=2, scoring=metrics, study=where,
        refit=lambda results: int(np.argmin(results["rank_test_recall_macro"])), random_state=0,
    ).fit(X, y)  # fmt: skip
    assert done.best_index_ == np.argmin(done.cv_results_["rank_test_recall_macro"])
    with Study.open(where) as study:
        assert [one.metric for one in study.objectives] == metrics
        assert study.trial(2).metrics["accuracy"] == done.cv_results_["mean_test_accuracy"][2]
    with pytest.raises(InputError, match="one metric"):
        SearchCV(
            DecisionTreeClassifier(), SPACE, n_iter=2, cv=2, scoring=metrics, refit=lambda results: 0, until=1
        ).fit(X, y)


def test_callbacks_of_scikit_learn_are_told():
    callback = pytest.importorskip("sklearn.callback")
    told = []

    class Watching(callback.FitCallback):
        def setup(self, estimator, context):
            pass

        def teardown(self, estimator, context):
            pass

        def on_fit_task_begin(self, estimator, context, **given):
            pass

        def on_fit_task_end(self, estimator, context, **given):
            told.append(context.task_name)

    done = SearchCV(DecisionTreeClassifier(), SPACE, n_iter=4, cv=3, random_state=0)
    done.set_callbacks(Watching()).fit(X, y)
    assert told.count("candidate-split-evaluation") == 4 * 3
    assert told[-3:] == ["search", "refit-with-best-params", "fit"]
