import json
import sys

import numpy as np
import optuna
import pytest

from sturgeon.errors import InputError, MissingExtra, SpaceError
from sturgeon.search import (
    Observation,
    OptunaSearch,
    Random,
    Record,
    search_by_name,
    search_from_json,
    search_to_json,
)
from sturgeon.search.registry import check_search
from sturgeon.space import Choice, Constant, Integer, Real, Space
from sturgeon.study import Study

SPACE = Space(
    optimizer=Choice(("adam", "momentum")),
    rate=Real(1e-4, 1.0, scale="log"),
    momentum=Real(0.9, 0.999, scale="reverse_log", when={"optimizer": "momentum"}),
    batch=Integer(16, 512, scale="power_of_two"),
    units=Integer(8, 64, scale="log"),
    odd=Choice((True, 1, 1.0, "1")),
    epsilon=Constant(1e-8),
)
QUADRATIC = Space(x=Real(1e-4, 1.0, scale="log"), y=Real(0.9, 0.999, scale="reverse_log"), z=Integer(0, 100))


def distance(config) -> float:
    x, y, z = QUADRATIC.to_unit([config])[0]
    return (x - 0.3) ** 2 + (y - 0.8) ** 2 + (z - 0.2) ** 2


def run(search, space, trials, value, seed=0, count=1) -> Record:
    record = Record()
    while len(record) < trials:
        number = len(record)
        for config in search.suggest(space, record, count, np.random.default_rng((seed, number))):
            record.put(Observation(len(record), config, "complete", value(config)))
    return record


@pytest.mark.parametrize("sampler", ["tpe", "cmaes", "random", "qmc", "nsgaii", "gp"])
def test_every_sampler_suggests_what_belongs_to_a_mixed_space(sampler):
    record = Record()
    for number in range(14):
        rng = np.random.default_rng(number)
        configs = OptunaSearch(sampler).suggest(SPACE, record, 2, rng)
        assert len(configs) == 2
        for config in configs:
            SPACE.validate(config)
            assert config not in record
        state = ("complete", "stopped", "failed", "running")[number % 4]
        value = float(np.log10(configs[0]["rate"])) if number % 4 < 2 else None
        curve = ((1, 3.0), (2, value)) if value is not None else ((1, 2.0),)
        record.put(Observation(number, configs[0], state, value, curve))


# CMA-ES is held to more below.
@pytest.mark.parametrize("sampler", ["tpe", "nsgaii"])
def test_a_sampler_learns_from_the_record(sampler):
    def found(search):
        return np.median(
            [min(o.value for o in run(search, QUADRATIC, 40, distance, seed)) for seed in range(3)]
        )

    assert found(OptunaSearch(sampler)) < found(Random())


def test_cma_es_updates_its_distribution_as_it_would_in_a_study_of_its_own():
    ours = run(OptunaSearch("cmaes"), QUADRATIC, 60, distance)
    late = [o.value for o in list(ours)[-14:]]
    early = [o.value for o in list(ours)[:14]]
    assert np.mean(late) < np.mean(early) / 4


def test_qmc_points_of_one_study_come_from_one_sequence():
    square = Space(x=Real(0.0, 1.0), y=Real(0.0, 1.0))
    points = [o.config for o in run(OptunaSearch("qmc"), square, 33, lambda config: 0.0)]
    cells = {(int(4 * config["x"]), int(4 * config["y"])) for config in points[1:17]}
    assert len(cells) >= 14  # the first is drawn at random, before Optuna knows the space


@pytest.mark.parametrize(
    "sampler", ["tpe", "cmaes", "qmc", optuna.samplers.TPESampler(seed=3), optuna.samplers.RandomSampler()]
)
def test_the_same_arguments_give_the_same_suggestions(sampler):
    record = run(OptunaSearch(sampler), QUADRATIC, 15, distance)
    again = run(OptunaSearch(sampler), QUADRATIC, 15, distance)
    assert [o.config for o in record] == [o.config for o in again]
    assert len({str(o.config) for o in record}) == 15
    others = run(OptunaSearch(sampler), QUADRATIC, 15, distance, seed=1)
    assert sampler == "qmc" or [o.config for o in others] != [o.config for o in record]


def test_a_constraint_is_kept_also_where_the_sampler_cannot():
    space = Space(x=Real(0.0, 1.0), y=Real(0.0, 1.0), constraint="x * y > 0.9")
    record = run(OptunaSearch("tpe"), space, 12, lambda config: config["x"])
    assert all(o.config["x"] * o.config["y"] > 0.9 for o in record)


def test_a_study_runs_with_a_named_sampler_and_goes_on_with_it(tmp_path):
    place = tmp_path / "optuna.study"
    search = OptunaSearch("tpe", {"n_startup_trials": 3, "multivariate": False})
    with Study.create(place, SPACE, minimize="loss", search=search) as study:
        for _ in range(6):
            (trial,) = study.ask()
            study.tell(trial, loss=trial.config["rate"])
    with Study.open(place) as study:
        assert study.search == search
        assert study.ask()[0].number == 6


def test_a_study_with_a_sampler_object_asks_for_it_when_it_is_opened_again(tmp_path):
    place = tmp_path / "optuna.study"
    search = OptunaSearch(optuna.samplers.RandomSampler(seed=1))
    with Study.create(place, SPACE, minimize="loss", search=search) as study:
        (trial,) = study.ask()
        study.tell(trial, loss=1.0)
    with Study.open(place) as study, pytest.raises(InputError, match=r"'RandomSampler'.*search=…"):
        study.ask()
    with Study.open(place, search=search) as study:
        assert study.ask()[0].number == 1


def test_names_and_json():
    assert search_by_name("optuna") == OptunaSearch("tpe")
    assert search_by_name("optuna:gp") == OptunaSearch("gp")
    search = OptunaSearch("nsgaii", {"population_size": 10})
    assert search_from_json(json.loads(json.dumps(search_to_json(search)))) == search


def test_optuna_is_left_as_talkative_as_it_was():
    before = optuna.logging.get_verbosity()
    OptunaSearch("random").suggest(QUADRATIC, Record(), 1, np.random.default_rng(0))
    assert optuna.logging.get_verbosity() == before


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("annealing",), ["tpe, gp, cmaes", "'annealing'"]),
        ((3,), ["tpe, gp, cmaes", "or an object; got 3.", "OptunaSearch('tpe')"]),
        ((optuna.samplers.TPESampler,), ["<class", "OptunaSearch(optuna.samplers.TPESampler())"]),
        (("tpe", [1]), ["`options`", "[1]"]),
        (("tpe", {"seed": 1}), ["`seed`", "Leave it out"]),
        ((optuna.samplers.RandomSampler(), {"a": 1}), ["named sampler", "object"]),
    ],
)
def test_settings_that_break_a_rule_are_told(arguments, parts):
    with pytest.raises(InputError) as caught:
        OptunaSearch(*arguments)
    for part in parts:
        assert part in str(caught.value)


def test_options_that_the_sampler_does_not_take_are_told():
    with pytest.raises(InputError, match=r"arguments of Optuna's TPESampler; got \{'speed': 9\}"):
        OptunaSearch("tpe", {"speed": 9}).suggest(QUADRATIC, Record(), 1, np.random.default_rng(0))


def test_a_record_of_another_space_is_an_error():
    record = Record([Observation(0, {"a": 1}, "complete", 1.0)])
    with pytest.raises(SpaceError, match="got"):
        OptunaSearch().suggest(QUADRATIC, record, 1, np.random.default_rng(0))


def test_without_optuna_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtra, match=r"sturgeon\[optuna\]") as caught:
        OptunaSearch().suggest(QUADRATIC, Record(), 1, np.random.default_rng(0))
    assert "\n" not in str(caught.value)
    with pytest.raises(MissingExtra, match=r"sturgeon\[optuna\]"):  # before there is a study
        check_search(OptunaSearch())


def test_what_a_sampler_lacks_is_said_in_one_line(monkeypatch):
    def lacking(*_):
        import cmaes_that_is_not_installed  # noqa: F401  # pyright: ignore[reportMissingImports]

    monkeypatch.setattr(optuna.samplers.CmaEsSampler, "sample_relative", lacking)
    record = run(OptunaSearch("random"), QUADRATIC, 3, distance)
    with pytest.raises(MissingExtra, match=r"'cmaes' needs a package .*cmaes_that_is_not.*pip") as caught:
        OptunaSearch("cmaes").suggest(QUADRATIC, record, 1, np.random.default_rng(0))
    assert "\n" not in str(caught.value)
