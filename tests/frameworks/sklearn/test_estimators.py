"""The network as scikit-learn estimators: their checks, and the same training as the lane engine's."""

import inspect
import threading

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_wine

import sturgeon as st
from sklearn_checks import own_checks
from sturgeon.caviar.backends.device_choice import table_trainer
from sturgeon.caviar.events import TrainingDone
from sturgeon.caviar.lanes.backend import TrainingJob
from sturgeon.data import ClassTarget, Dataset, Preprocessing
from sturgeon.errors import InputError, RunError
from sturgeon.frameworks.sklearn import NetworkClassifier, NetworkRegressor
from sturgeon.frameworks.sklearn.single_network import train_alone
from sturgeon.study import Objective

WINE = load_wine(return_X_y=True)
SMALL = {"hidden_units": 8, "layers": 1, "epochs": 60, "random_state": 0}
# One mini-batch an epoch: then the checks' many small tables share a few compiled programs.
CHECKED = {**SMALL, "batch_size": 1024, "learning_rate": 0.05}
BOTH = pytest.mark.parametrize("kind", [NetworkClassifier, NetworkRegressor])


@own_checks(NetworkClassifier(**CHECKED), NetworkRegressor(**CHECKED))
@pytest.mark.filterwarnings("default")
def test_scikit_learns_own_checks_pass(estimator, check):
    check(estimator)


@BOTH
def test_parameters_and_defaults_are_those_of_the_standard_space(kind):
    defaults = {name: one.default for name, one in inspect.signature(kind).parameters.items()}
    space = st.standard_space()
    assert list(defaults)[: len(space)] == list(space.names)
    for name, item in space.items():
        assert defaults[name] == item.start()


def test_a_configuration_trained_alone_is_the_network_of_a_trial():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(77, 5)).astype(np.float32)
    y = (x[:, 0] * x[:, 1] > 0).astype(np.int32)
    config = {"hidden_units": 9, "layers": 2, "batch_size": 32, "dropout": 0.0, "learning_rate": 0.02}
    dataset = Dataset(
        task="classification",
        task_reason="",
        target="y",
        x_train=x.copy(),
        y_train=y.copy(),
        x_validation=x[:2].copy(),
        y_validation=y[:2].copy(),
        x_test=x[:0].copy(),
        y_test=y[:0].copy(),
        preprocessing=Preprocessing((), (), ClassTarget("y", (0, 1))),
        test_rows=np.arange(0),
    )
    space = st.Space(**{name: st.Constant(value) for name, value in config.items()})
    trainer = table_trainer(dataset, space, Objective("train_loss", "minimize"), 5)
    events = trainer.train([TrainingJob(0, 3, config)], threading.Event())
    (lane,) = [event.network for event in events if isinstance(event, TrainingDone)]
    alone = train_alone(dataset, space, config, epochs=5, seed=3)
    assert np.array_equal(alone.outputs(x), lane.outputs(x))
    assert alone.architecture == lane.architecture


def test_equal_states_give_equal_networks_and_others_do_not():
    X, y = WINE
    one, same, other = (NetworkClassifier(**{**SMALL, "random_state": s}).fit(X, y) for s in (1, 1, 2))
    assert np.array_equal(one.predict_proba(X), same.predict_proba(X))
    assert not np.allclose(one.predict_proba(X), other.predict_proba(X))


def test_classes_and_column_names_are_the_tables_own():
    X, y = WINE
    table = pd.DataFrame(X, columns=[f"measure {n}" for n in range(X.shape[1])])
    labels = np.array(["barolo", "grignolino", "barbera"])[y]
    model = NetworkClassifier(**SMALL).fit(table, labels)
    assert model.classes_.tolist() == ["barbera", "barolo", "grignolino"]
    assert model.feature_names_in_.tolist() == list(table.columns)
    assert model.score(table, labels) > 0.95
    assert np.allclose(model.predict_proba(table).sum(axis=1), 1.0)
    assert np.allclose(np.exp(model.predict_log_proba(table)), model.predict_proba(table))
    with pytest.raises(ValueError, match="feature names"):
        model.predict(table[table.columns[::-1]])


def test_tuning_tries_the_constructors_configuration_first_and_keeps_what_does_not_vary(tmp_path):
    X, y = WINE
    place = tmp_path / "wine.study"
    space = st.Space(learning_rate=st.Real(1e-4, 1.0, scale="log"))
    model = NetworkClassifier(**SMALL, learning_rate=0.05, tune=4, space=space, study=place).fit(X, y)
    with st.Study.open(place) as study:
        trials = study.trials
        best = study.best
    assert len(trials) == 4
    assert trials[0].config["learning_rate"] == 0.05
    assert {trial.config["hidden_units"] for trial in trials} == {8}
    assert model.config_ == best.config
    assert model.validation_value_ == best.value
    assert model.score(X, y) > 0.9


def test_tuning_by_default_varies_the_standard_space_and_is_repeatable():
    X, y = load_diabetes(return_X_y=True)
    model = NetworkRegressor(epochs=5, tune=2, random_state=0).fit(X, y)
    again = clone(model).fit(X, y)
    assert model.config_ == again.config_
    assert np.array_equal(model.predict(X), again.predict(X))
    assert set(model.config_) <= set(st.standard_space().names)
    assert model.validation_value_ > 0


def test_without_tuning_there_is_no_validation_value():
    model = NetworkRegressor(**SMALL).fit(*load_diabetes(return_X_y=True))
    assert model.validation_value_ is None
    assert model.config_["hidden_units"] == 8


@BOTH
def test_the_smallest_table_trains(kind):
    model = kind(**SMALL).fit([[0.0], [1.0]], [0, 1])
    assert model.predict([[0.0], [1.0]]).shape == (2,)
    assert model.n_features_in_ == 1


def test_constant_columns_and_a_constant_target_do_no_harm():
    X = np.column_stack([np.full(20, 0.1), np.arange(20.0)])
    model = NetworkRegressor(**SMALL).fit(X, np.full(20, 3.5))
    assert model.predict(X) == pytest.approx(np.full(20, 3.5), abs=0.5)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"learning_rate": 0.0}, "'learning_rate' must be a number in"),
        ({"optimizer": "sgd"}, "'optimizer' must be one of gradient_descent.*got 'sgd'"),
        ({"layers": 2.5}, "'layers' must be an integer"),
        ({"dropout": None}, "must be a number or a text; got None"),
        ({"epochs": 0}, "`epochs` must be a whole number from 1; got 0"),
        ({"tune": 0}, "`tune` must be a whole number from 1; got 0"),
        ({"space": st.Space(layers=st.Integer(1, 3))}, "`space` is for tuning"),
        ({"tune": 2, "space": st.Space(units=st.Integer(1, 3))}, "got 'units'"),
        ({"tune": 2, "search": "genetic"}, "got 'genetic'"),
        ({"tune": 2, "validation": 1.5}, "`validation` must be a share"),
    ],
)
def test_wrong_parameters_are_refused_in_one_line(wrong, message):
    with pytest.raises(InputError, match=message) as refused:
        NetworkClassifier(**{**SMALL, **wrong}).fit(*WINE)
    assert "\n" not in str(refused.value)


def test_one_class_and_too_few_rows_to_tune_are_refused():
    with pytest.raises(InputError, match="one class only, 7"):
        NetworkClassifier().fit([[0.0], [1.0]], [7, 7])
    with pytest.raises(InputError, match="at least 10 rows"):
        NetworkRegressor(tune=2).fit([[0.0], [1.0]], [0.0, 1.0])


def test_a_training_that_diverges_says_so():
    X, y = load_diabetes(return_X_y=True)
    model = NetworkRegressor(**SMALL, learning_rate=1000.0, optimizer="gradient_descent")
    with pytest.raises(RunError, match=r"finite loss.*learning_rate=1000.0. Lower"):
        model.fit(X, y)
