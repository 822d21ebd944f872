import math

import numpy as np
import optuna
import pytest

from sturgeon.errors import InputError
from sturgeon.space import Choice, Integer, Real, Space, notes_space
from sturgeon.study import Study
from sturgeon.study.importance import rank_correlation
from sturgeon.study.importance.ped_anova import columns_of, importance_of

optuna.logging.set_verbosity(optuna.logging.ERROR)

SPACE = Space(
    rate=Real(1e-4, 1.0, scale="log", priority=1),
    momentum=Real(0.9, 0.999, scale="reverse_log"),
    kind=Choice(("a", "b", "c")),
    units=Integer(8, 64),
    batch=Integer(16, 512, scale="power_of_two", priority=3),
)


def study_of(space, value, trials=100, seed=0, **goal) -> Study:
    study = Study.create(":memory:", space, seed=seed, **(goal or {"minimize": "loss"}))
    for config in space.sample(trials, seed):
        study.add(config, {study.metric: value(config)})
    return study


def shares_of(study) -> dict[str, float]:
    return {one.name: one.share for one in study.importance().shares}


@pytest.mark.parametrize("name", SPACE.coordinates)
def test_what_alone_matters_has_nearly_all_of_the_importance(name):
    column = SPACE.coordinates.index(name)
    study = study_of(SPACE, lambda config: abs(SPACE.to_unit([config])[0, column] - 0.4), trials=300)
    importance = study.importance()
    assert importance.shares[0].name == name
    assert importance.shares[0].share > 0.85
    assert sum(one.share for one in importance.shares) == pytest.approx(1)
    assert f"{name} mattered most" in importance.verdict


def test_importances_fall_in_the_order_of_the_weights():
    space = Space(**{name: Real(0.0, 1.0) for name in "abcd"})
    weights = {"a": 8.0, "b": 4.0, "c": 1.5, "d": 0.0}
    shares = shares_of(study_of(space, lambda c: sum(w * (c[n] - 0.5) ** 2 for n, w in weights.items()), 800))
    assert sorted(shares, key=shares.get, reverse=True)[:2] == ["a", "b"]
    assert shares["a"] > shares["b"] > shares["c"] >= shares["d"]


def test_a_maximised_metric_is_judged_by_its_best_end():
    def value(config):
        return -abs(math.log10(config["rate"]) + 3)

    assert shares_of(study_of(SPACE, value, maximize="accuracy")) == shares_of(
        study_of(SPACE, lambda config: -value(config))
    )


def test_a_conditional_hyperparameter_matters_where_it_is_active():
    space = Space(kind=Choice(("a", "b")), momentum=Real(0.0, 1.0, when={"kind": "b"}), other=Real(0.0, 1.0))
    shares = shares_of(study_of(space, lambda c: 10 * abs(c.get("momentum", 0.5) - 0.1), trials=400))
    assert shares["momentum"] + shares["kind"] > 0.9
    assert shares["other"] < 0.1


def test_trials_that_failed_tell_of_what_made_them_fail():
    study = Study.create(":memory:", SPACE, minimize="loss")
    rng = np.random.default_rng(0)
    for config in SPACE.sample(120, 0):
        if config["rate"] > 1e-3:
            study.add(config, state="failed", error="diverged")
        else:
            study.add(config, {"loss": rng.random()})
    assert study.importance().shares[0].name == "rate"


def test_it_agrees_with_optuna_on_the_same_trials():
    # Without a Choice, whose options Optuna smooths far more.
    space = Space(rate=Real(1e-4, 1.0, scale="log"), x=Real(0.0, 9.0), y=Real(0.0, 1.0), units=Integer(8, 64))
    weights = np.random.default_rng(0).dirichlet(np.full(4, 0.5))

    def value(config):
        return float(weights @ np.abs(space.to_unit([config])[0] - 0.3))

    study = study_of(space, value, trials=300)
    trials = study.trials
    top = np.argsort(np.argsort([trial.value for trial in trials])) < 30
    columns = columns_of(space, space.to_unit([trial.config for trial in trials]))
    raw = {name: importance_of(column, top) for name, column in columns.items()}
    evaluator = optuna.importance.PedAnovaImportanceEvaluator()
    theirs = optuna.importance.get_param_importances(study.to_optuna(), evaluator=evaluator)
    ours = shares_of(study)
    for name, share in theirs.items():
        assert raw[name] / sum(raw.values()) == pytest.approx(share, abs=0.02)
        assert ours[name] == pytest.approx(share, abs=0.1)  # of a forest, without what chance gives


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ({"learning_rate": 9.0, "hidden_units": 2.0}, "held here: rank correlation"),
        ({"layers": 9.0}, "did not hold here: rank correlation"),
    ],
)
def test_the_verdict_says_whether_the_notes_order_held(weights, words):
    space = notes_space().narrow(optimizer="adam", schedule="cosine")
    study = study_of(
        space,
        lambda c: sum(
            w * (u - 0.5) ** 2
            for n, u in zip(space.coordinates, space.to_unit([c])[0], strict=True)
            for w in [weights.get(n, 0.0)]
        ),
        trials=600,
    )
    importance = study.importance()
    assert words in importance.verdict
    assert importance.correlation is not None
    assert str(importance).endswith(importance.verdict)


def test_an_unknown_method_is_one_clear_line():
    with pytest.raises(InputError, match="`method` must be 'ped-anova' or 'fanova'; got 'shap'"):
        study_of(SPACE, lambda config: 1.0, trials=1).importance(method="shap")


def test_too_few_trials_are_said():
    importance = study_of(SPACE, lambda config: config["rate"], trials=7).importance()
    assert importance.shares == ()
    assert importance.verdict == "Importance needs 16 trials with a value; there are 7."


def test_equal_values_and_a_single_priority_are_said():
    equal = study_of(SPACE, lambda config: 1.0).importance()
    assert {one.share for one in equal.shares} == {0.0}
    assert equal.verdict == "Nothing that varied mattered measurably."
    flat = Space(a=Real(0.0, 1.0), b=Real(0.0, 1.0))
    assert "same priority" in study_of(flat, lambda config: config["a"]).importance().verdict


def test_the_rank_correlation_is_that_of_scipy():
    from scipy.stats import kendalltau

    rng = np.random.default_rng(0)
    for _ in range(20):
        first, second = rng.integers(4, size=(2, 8))
        assert rank_correlation(first, second) == pytest.approx(kendalltau(first, second).statistic)
    assert rank_correlation([1, 1], [1, 2]) is None
