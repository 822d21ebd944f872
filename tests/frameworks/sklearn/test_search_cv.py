"""SearchCV keeps the promises of RandomizedSearchCV, and searches better."""

import warnings
from dataclasses import dataclass

import numpy as np
import pytest
from scipy import stats
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.decomposition import PCA
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GroupKFold, KFold, RandomizedSearchCV, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

import sturgeon as st
from sklearn_checks import own_checks
from sturgeon.errors import InputError, SpaceError
from sturgeon.frameworks.sklearn import SearchCV
from sturgeon.frameworks.sklearn.distributions import read_parameters

IRIS = load_iris(return_X_y=True)
SPACE = st.Space(C=st.Real(1e-3, 1e3, scale="log"), gamma=st.Real(1e-4, 10.0, scale="log"))
CHECKED = {"cv": 2, "error_score": "raise", "random_state": 0}


class Quadratic(RegressorMixin, BaseEstimator):
    """Scores by its own parameters: what a search sees is then known exactly."""

    def __init__(self, a=0.0, b=0.0, fails=False):
        self.a, self.b, self.fails = a, b, fails

    def fit(self, X, y=None, groups=None):
        if self.fails or self.a > 0.9:
            raise RuntimeError("cannot be fitted")
        self.fitted_ = True
        return self

    def predict(self, X):
        return np.zeros(len(X))

    def score(self, X, y=None):
        return -((self.a - 0.3) ** 2) - (self.b - 0.7) ** 2


@own_checks(
    SearchCV(Ridge(), {"alpha": [0.1, 1.0]}, n_iter=2, **CHECKED),
    SearchCV(
        Pipeline([("pca", PCA()), ("logistic", LogisticRegression())]),
        {"logistic__C": st.Real(0.1, 1.0, scale="log")},
        n_iter=2,
        **CHECKED,
    ),
    # scikit-learn's own tests expect it of RandomizedSearchCV too: the inner estimator would have to warn.
    expected_to_fail={(Ridge, "check_supervised_y_2d")},
)
@pytest.mark.filterwarnings("default")
def test_scikit_learns_own_checks_pass(estimator, check):
    check(estimator)


def test_results_have_the_form_of_randomized_search():
    common = {"n_iter": 9, "cv": 3, "random_state": 0, "return_train_score": True}
    ours = SearchCV(SVC(), SPACE, **common).fit(*IRIS)
    drawn = {"C": stats.loguniform(1e-3, 1e3), "gamma": stats.loguniform(1e-4, 10.0)}
    theirs = RandomizedSearchCV(SVC(), drawn, **common).fit(*IRIS)
    assert set(ours.cv_results_) == set(theirs.cv_results_)
    for name, values in theirs.cv_results_.items():
        assert len(ours.cv_results_[name]) == len(values) == 9
    assert ours.cv_results_["param_C"].dtype == theirs.cv_results_["param_C"].dtype
    assert set(vars(theirs)) <= set(vars(ours))
    assert ours.best_params_ == ours.cv_results_["params"][ours.best_index_]
    assert ours.best_score_ == max(ours.cv_results_["mean_test_score"])
    assert ours.n_splits_ == 3
    assert ours.refit_time_ > 0
    assert ours.best_estimator_.get_params()["C"] == ours.best_params_["C"]
    assert ours.score(*IRIS) > 0.9


def test_it_learns_where_randomized_search_does_not():
    X, y = np.zeros((20, 1)), np.arange(20.0)
    space = {"a": st.Real(0.0, 0.9), "b": st.Real(0.0, 1.0)}
    drawn = {"a": stats.uniform(0.0, 0.9), "b": stats.uniform(0.0, 1.0)}
    common = {"n_iter": 20, "cv": 2}
    ours = [SearchCV(Quadratic(), space, random_state=s, **common).fit(X, y) for s in range(3)]
    theirs = [RandomizedSearchCV(Quadratic(), drawn, random_state=s, **common).fit(X, y) for s in range(3)]
    assert max(-search.best_score_ for search in ours) < 0.2 * min(-search.best_score_ for search in theirs)


def test_equal_seeds_give_equal_candidates():
    runs = [SearchCV(SVC(), SPACE, n_iter=10, cv=2, random_state=7).fit(*IRIS) for _ in range(2)]
    assert runs[0].cv_results_["params"] == runs[1].cv_results_["params"]
    other = SearchCV(SVC(), SPACE, n_iter=10, cv=2, random_state=8).fit(*IRIS)
    assert other.cv_results_["params"] != runs[0].cv_results_["params"]


def test_all_candidates_are_judged_on_the_same_folds():
    class Remembering(KFold):
        asked = 0

        def split(self, X, y=None, groups=None):
            Remembering.asked += 1
            return super().split(X, y, groups)

    SearchCV(SVC(), SPACE, n_iter=10, cv=Remembering(2, shuffle=True)).fit(*IRIS)
    assert Remembering.asked == 1


def test_a_pipelines_steps_and_their_parameters_are_chosen_together():
    pipeline = Pipeline([("my-scaler", StandardScaler()), ("svc", SVC())])
    scalers = [StandardScaler(), MinMaxScaler(), "passthrough"]
    options = {
        "my-scaler": scalers,
        "svc__C": st.Real(0.1, 10.0, scale="log"),
        "svc__kernel": ["rbf", "poly"],
    }
    search = SearchCV(pipeline, options, n_iter=12, cv=2, random_state=0).fit(*IRIS)
    assert {type(params["my-scaler"]) for params in search.cv_results_["params"]} == set(map(type, scalers))
    assert search.best_estimator_.get_params()["svc__C"] == search.best_params_["svc__C"]


def test_inactive_parameters_keep_the_estimators_own_value():
    space = st.Space(kernel=st.Choice(("rbf", "poly")), degree=st.Integer(2, 5, when={"kernel": "poly"}))
    search = SearchCV(SVC(degree=4), space, n_iter=5, cv=2, random_state=0).fit(*IRIS)
    degrees = search.cv_results_["param_degree"]
    kernels = search.cv_results_["param_kernel"]
    assert sorted(kernels[np.ma.getmaskarray(degrees)]) == ["rbf"]
    assert set(degrees.compressed()) == {2, 3, 4, 5}


def test_one_of_several_metrics_guides_and_refits():
    X, y = load_breast_cancer(return_X_y=True)
    tree = DecisionTreeClassifier(random_state=0)
    space = {"max_depth": st.Integer(1, 12), "min_samples_leaf": st.Integer(1, 40, scale="log")}
    metrics = ["accuracy", "recall"]
    search = SearchCV(tree, space, n_iter=9, scoring=metrics, refit="recall", cv=2, random_state=0).fit(X, y)
    assert search.multimetric_
    assert search.best_score_ == max(search.cv_results_["mean_test_recall"])
    assert "mean_test_accuracy" in search.cv_results_
    assert set(search.scorer_) == set(metrics)


def test_groups_reach_the_splitter():
    X, y = IRIS
    groups = np.arange(len(y)) % 5
    search = SearchCV(SVC(), SPACE, n_iter=2, cv=GroupKFold(5), random_state=0).fit(X, y, groups=groups)
    assert search.n_splits_ == 5
    with pytest.raises(ValueError, match="groups"):
        SearchCV(SVC(), SPACE, n_iter=2, cv=GroupKFold(5)).fit(X, y)


def test_several_fits_at_once_give_the_same_search():
    common = {"n_iter": 9, "cv": 2, "random_state": 3}
    alone = SearchCV(SVC(), SPACE, **common).fit(*IRIS)
    together = SearchCV(SVC(), SPACE, n_jobs=2, **common).fit(*IRIS)
    assert alone.cv_results_["params"] == together.cv_results_["params"]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
def test_a_batch_that_fails_whole_is_kept_among_the_results():
    X, y = np.zeros((20, 1)), np.arange(20.0)
    space = st.Space(a=st.Real(0.0, 0.9), fails=st.Choice((False, True)))
    with pytest.warns(UserWarning, match="non-finite"):
        search = SearchCV(Quadratic(), space, n_iter=20, cv=2, search="random", random_state=0).fit(X, y)
    failed = np.array([params["fails"] for params in search.cv_results_["params"]])
    assert np.array_equal(np.isnan(search.cv_results_["mean_test_score"]), failed)
    assert not search.best_params_["fails"]


class Counting(Quadratic):
    """Counts its fits; those with `a` above 0.5 fail."""

    fits = 0

    def fit(self, X, y=None, groups=None):
        Counting.fits += 1
        if self.a > 0.5:
            raise RuntimeError("cannot be fitted")
        return super().fit(X, y)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("batch_size", "seed"), [(1, 0), (1, 1), (2, 2), (None, 3)])
def test_it_goes_on_where_candidates_fail_and_fits_each_once(tmp_path, batch_size, seed):
    X, y = np.zeros((20, 1)), np.arange(20.0)
    place = tmp_path / "q.study"
    space = {"a": st.Real(0.0, 1.0), "b": [0.0, 0.7]}
    Counting.fits = 0
    search = SearchCV(
        Counting(), space, n_iter=12, cv=3, batch_size=batch_size, study=place, random_state=seed, refit=False
    )
    search.fit(X, y)
    assert Counting.fits == 12 * 3
    found = search.cv_results_
    failed = np.array([params["a"] > 0.5 for params in found["params"]])
    assert 0 < failed.sum() < 12
    assert np.array_equal(np.isnan(found["mean_test_score"]), failed)
    assert np.array_equal(np.isnan(found["split2_test_score"]), failed)
    assert search.best_params_["a"] <= 0.5
    assert all(len(values) == 12 for values in found.values())
    with st.Study.open(place) as study:
        assert [trial.config["a"] for trial in study.trials] == [params["a"] for params in found["params"]]
        assert [trial.state == "failed" for trial in study.trials] == failed.tolist()


@dataclass(frozen=True)
class InOrder(st.Search):
    """Suggests the options of `a` one after the other, and claims to learn: so batches are of one."""

    name = "in order"
    learns = True

    def suggest(self, space, record, count, rng):
        return [{"a": option} for option in space["a"].options[len(record) :][:count]]


@pytest.mark.filterwarnings("ignore")
def test_the_first_and_the_last_candidates_may_fail():
    X, y = np.zeros((20, 1)), np.arange(20.0)
    search = SearchCV(
        Quadratic(),
        {"a": [0.95, 0.1, 0.92]},
        n_iter=3,
        cv=2,
        batch_size=1,
        search=InOrder(),
        error_score=-9.0,
    )
    search.fit(X, y)
    scores = dict(zip(search.cv_results_["param_a"], search.cv_results_["mean_test_score"], strict=True))
    assert scores[0.95] == scores[0.92] == -9.0
    assert search.best_params_ == {"a": 0.1}
    assert search.best_score_ == scores[0.1]


def test_a_failure_with_several_metrics_is_a_row_of_errors():
    X, y = np.zeros((20, 1)), np.arange(20.0)
    metrics = {"one": lambda e, X, y: -e.a, "two": lambda e, X, y: e.a}
    search = SearchCV(
        Quadratic(), {"a": [0.95, 0.1, 0.2]}, n_iter=3, cv=2, batch_size=1, search=InOrder(), scoring=metrics,
        refit="two", return_train_score=True,
    )  # fmt: skip
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        search.fit(X, y)
    told = [str(one.message) for one in said if one.category is FitFailedWarning]
    assert len(told) == 1
    assert "Every fit of 1 of 3 candidates failed, 2 fits; their scores are set to nan" in told[0]
    failed = [params["a"] == 0.95 for params in search.cv_results_["params"]]
    for name in ("mean_test_one", "mean_train_two", "split1_test_two"):
        assert np.isnan(search.cv_results_[name]).tolist() == failed
    assert search.best_params_ == {"a": 0.2}


def test_errors_are_raised_where_they_are_to_be():
    X, y = np.zeros((20, 1)), np.arange(20.0)
    search = SearchCV(
        Quadratic(), {"a": [0.1, 0.95]}, cv=2, batch_size=1, search=InOrder(), error_score="raise"
    )
    with pytest.raises(RuntimeError, match="cannot be fitted"):
        search.fit(X, y)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "drawn", [stats.poisson(4), stats.binom(6, 0.3), stats.geom(0.5), stats.randint(0, 12)]
)
def test_no_candidate_of_a_discrete_distribution_is_evaluated_twice(drawn, tmp_path):
    X, y = np.zeros((20, 1)), np.arange(20.0)
    place = tmp_path / "q.study"
    search = SearchCV(Quadratic(), {"b": drawn}, n_iter=6, cv=2, random_state=0, study=place).fit(X, y)
    values = [params["b"] for params in search.cv_results_["params"]]
    assert len(values) == len(set(values)) == 6
    assert {type(value) for value in values} == {int}
    with st.Study.open(place) as study:
        assert study.counts()["complete"] == len(study.trials)
        repeats = [trial for trial in study.trials if trial.notes]
        assert len(study.trials) - len(repeats) == 6


def test_a_discrete_distribution_with_few_values_ends_the_search():
    X, y = np.zeros((20, 1)), np.arange(20.0)
    search = SearchCV(Quadratic(), {"b": stats.bernoulli(0.5)}, n_iter=9, cv=2, random_state=0)
    with pytest.warns(UserWarning, match="2 candidates, fewer than n_iter=9"):
        search.fit(X, y)
    assert sorted(search.cv_results_["param_b"]) == [0, 1]


def test_a_nested_cross_validation_keeps_a_study_of_each_fit(tmp_path):
    search = SearchCV(SVC(), SPACE, n_iter=2, cv=2, study=tmp_path / "iris.study", random_state=0)
    scores = cross_val_score(search, *IRIS, cv=3)
    assert np.isfinite(scores).all()
    search.fit(*IRIS)
    assert search.study_place_ == str(tmp_path / "iris-4.study")
    for name in ("iris", "iris-2", "iris-3", "iris-4"):
        with st.Study.open(tmp_path / f"{name}.study") as study:
            assert study.counts()["complete"] == 2


def test_a_file_that_is_no_study_is_left_alone(tmp_path):
    (tmp_path / "iris.study").write_text("a,b\n1,2\n")
    with pytest.raises(st.StudyError, match=r"iris\.study"):
        SearchCV(SVC(), SPACE, n_iter=2, study=tmp_path / "iris.study").fit(*IRIS)
    assert (tmp_path / "iris.study").read_text() == "a,b\n1,2\n"


def test_an_estimator_that_always_fails_says_why():
    X, y = np.zeros((20, 1)), np.arange(20.0)
    with pytest.raises(ValueError, match=r"All the 20 fits failed[\s\S]*cannot be fitted"):
        SearchCV(Quadratic(fails=True), {"a": st.Real(0.0, 1.0)}, cv=2).fit(X, y)


def test_a_small_space_ends_the_search_with_a_warning():
    search = SearchCV(SVC(), {"degree": [2, 3, 4]}, n_iter=10, cv=2, random_state=0)
    with pytest.warns(UserWarning, match="3 candidates, fewer than n_iter=10"):
        search.fit(*IRIS)
    assert sorted(params["degree"] for params in search.cv_results_["params"]) == [2, 3, 4]


@pytest.mark.parametrize(
    ("given", "warning", "count"),
    [({}, None, 15), ({"n_iter": 4}, "holds 15 candidates, more than n_iter=4: only the first", 4)],
)
def test_a_grid_is_evaluated_whole_unless_fewer_are_asked_for(given, warning, count):
    space = st.Space(a=st.Real(0.0, 0.8), b=st.Choice((0.1, 0.7, 0.9)))
    search = SearchCV(Quadratic(), space, search=st.Grid(5), cv=2, **given)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        search.fit(np.zeros((8, 1)), np.arange(8.0))
    assert [str(one.message)[9:64] for one in caught] == ([] if warning is None else [warning])
    tried = search.cv_results_["params"]
    assert len(tried) == count
    assert {one["a"] for one in tried} <= {0.0, 0.2, 0.4, 0.6, 0.8}


def test_a_grid_that_is_finished_is_not_gone_on_with_at_random():
    search = SearchCV(Quadratic(), {"a": st.Real(0.0, 0.8)}, search="grid", n_iter=12, cv=2)
    with pytest.warns(UserWarning, match="grid holds 5 candidates, fewer than n_iter=12"):
        search.fit(np.zeros((8, 1)), np.arange(8.0))
    assert [one["a"] for one in search.cv_results_["params"]] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8])


def test_a_resource_without_a_stopping_rule_is_told_to_be_ignored():
    search = SearchCV(Quadratic(), {"a": [0.1, 0.2]}, n_iter=2, resource="max_iter", cv=2)
    with pytest.warns(UserWarning, match="there is none, so they are ignored. Add stopping='halving'"):
        search.fit(np.zeros((8, 1)), np.arange(8.0))


def test_a_study_keeps_every_candidate(tmp_path):
    place = tmp_path / "iris.study"
    search = SearchCV(SVC(), SPACE, n_iter=9, cv=2, study=place, random_state=0).fit(*IRIS)
    with st.Study.open(place) as study:
        assert [trial.config for trial in study.trials] == search.cv_results_["params"]
        assert study.best.value == pytest.approx(search.best_score_)
        assert study.best.metrics["mean_fit_time"] > 0


def test_a_budget_ends_the_search_after_a_batch():
    search = SearchCV(SVC(), SPACE, n_iter=1000, cv=2, budget=1e-6, random_state=0).fit(*IRIS)
    assert 1 <= len(search.cv_results_["params"]) < 20


@pytest.mark.parametrize(
    ("drawn", "varies", "value"),
    [
        (stats.uniform(2.0, 3.0), st.Real(2.0, 5.0), 2.5),
        (stats.loguniform(0.01, 1.0), st.Real(0.01, 1.0, scale="log"), 0.1),
        (stats.randint(2, 5), st.Integer(2, 4), 3),
    ],
)
def test_usual_distributions_become_what_they_are(drawn, varies, value):
    read = read_parameters({"C": drawn}, SVC())
    assert read.space["C"] == varies
    assert read.parameters({"C": value}) == {"C": value}


@pytest.mark.parametrize(
    "drawn", [stats.norm(3.0, 2.0), stats.expon(scale=5.0), stats.loguniform(1, 9, loc=2)]
)
def test_other_distributions_are_drawn_as_scipy_draws_them(drawn):
    read = read_parameters({"C": drawn}, SVC())
    values = [read.parameters(config)["C"] for config in read.space.sample(2000, 0)]
    assert stats.kstest(values, drawn.cdf).pvalue > 0.01


def test_other_whole_numbers_are_drawn_as_scipy_draws_them():
    read = read_parameters({"degree": stats.poisson(4)}, SVC())
    values = [read.parameters(config)["degree"] for config in read.space.sample(4000, 0)]
    assert {type(value) for value in values} == {int}
    assert np.mean(values) == pytest.approx(4.0, abs=0.2)
    assert np.var(values) == pytest.approx(4.0, abs=0.4)


def test_options_arrive_as_they_were_given():
    options = [(50,), (50, 50), np.float64(2.0), None, float("inf"), np.mean]
    read = read_parameters({"C": options}, SVC())
    arrived = [read.parameters({"C": label})["C"] for label in read.space["C"].options]
    assert all(one is other for one, other in zip(arrived, options, strict=True))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"param_distributions": {"Gamma": st.Real(0.0, 1.0)}}, "no 'Gamma'. Did you mean 'gamma'"),
        ({"param_distributions": st.Space(gama=st.Real(0.0, 1.0))}, "no 'gama'"),
        ({"param_distributions": {}}, "at least one hyperparameter"),
        ({"param_distributions": {"C": []}}, "at least one option"),
        ({"param_distributions": {"C": 3.0}}, "got 3.0 .float. for 'C'"),
        ({"param_distributions": {"C": "rbf"}}, "got 'rbf'"),
        ({"param_distributions": [{"C": [1.0]}, "C"]}, "must be a Space, a dict or a list of dicts"),
        ({"param_distributions": []}, "must say what varies; got an empty list"),
        ({"n_iter": 0}, "n_iter.*Got 0"),
        ({"batch_size": 0}, "batch_size.*Got 0"),
        ({"search": "genetic"}, "must be one of coarse-to-fine.*got 'genetic'"),
        ({"budget": "soon"}, "budget.*'soon'"),
        ({"scoring": ["accuracy", "recall_macro"], "refit": False}, "`refit` must name.*'recall_macro'"),
    ],
)
def test_wrong_input_is_refused_in_one_line_before_any_fit(wrong, message):
    class NeverFitted(SVC):
        def fit(self, X, y, sample_weight=None):
            raise AssertionError("fitted")

    search = SearchCV(
        **{"estimator": NeverFitted(), "param_distributions": SPACE, "error_score": "raise"} | wrong
    )
    with pytest.raises(ValueError, match=message) as refused:
        search.fit(*IRIS)
    assert "\n" not in str(refused.value)


def test_errors_are_value_errors_of_ours():
    with pytest.raises(SpaceError):
        SearchCV(SVC(), {"Gamma": [1.0]}).fit(*IRIS)
    assert issubclass(SpaceError, InputError)
    assert issubclass(InputError, ValueError)
