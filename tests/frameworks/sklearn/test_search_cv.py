"""SearchCV keeps the promises of RandomizedSearchCV, and searches better."""

import warnings

import numpy as np
import pytest
from scipy import stats
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.decomposition import PCA
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GroupKFold, KFold, RandomizedSearchCV
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


def test_batches_of_one_survive_a_candidate_that_fails(tmp_path):
    X, y = np.zeros((20, 1)), np.arange(20.0)
    place = tmp_path / "q.study"
    space = st.Space(a=st.Real(0.0, 0.9), b=st.Real(0.0, 1.0), fails=st.Choice((False, True)))
    search = SearchCV(Quadratic(), space, n_iter=20, cv=2, batch_size=1, study=place, random_state=1)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        search.fit(X, y)
    with st.Study.open(place) as study:
        counts = study.counts()
    left_out = [
        w for w in said if issubclass(w.category, FitFailedWarning) and "leaves them out" in str(w.message)
    ]
    assert counts["failed"] >= 1
    assert counts["failed"] + counts["complete"] == 20
    assert len(search.cv_results_["params"]) == 20 or left_out


def test_an_estimator_that_always_fails_says_why():
    X, y = np.zeros((20, 1)), np.arange(20.0)
    with pytest.raises(ValueError, match="cannot be fitted"):
        SearchCV(Quadratic(fails=True), {"a": st.Real(0.0, 1.0)}, cv=2).fit(X, y)


def test_a_small_space_ends_the_search_with_a_warning():
    search = SearchCV(SVC(), {"degree": [2, 3, 4]}, n_iter=10, cv=2, random_state=0)
    with pytest.warns(UserWarning, match="3 candidates, fewer than n_iter=10"):
        search.fit(*IRIS)
    assert sorted(params["degree"] for params in search.cv_results_["params"]) == [2, 3, 4]


def test_a_study_keeps_every_candidate(tmp_path):
    place = tmp_path / "iris.study"
    search = SearchCV(SVC(), SPACE, n_iter=9, cv=2, study=place, random_state=0).fit(*IRIS)
    with st.Study.open(place) as study:
        assert [trial.config for trial in study.trials] == search.cv_results_["params"]
        assert study.best.value == pytest.approx(search.best_score_)
        assert study.best.metrics["mean_fit_time"] > 0
    with pytest.raises(st.StudyError, match="exists"):
        SearchCV(SVC(), SPACE, n_iter=2, study=place).fit(*IRIS)


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
        ({"param_distributions": [{"C": [1.0]}, {"C": [2.0]}]}, "must be a Space or a dict"),
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
