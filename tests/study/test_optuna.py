import math
import sys

import optuna
import pytest

import places
from sturgeon.errors import MissingExtra, StudyError
from sturgeon.space import Choice, Constant, Integer, Real, Space
from sturgeon.study import Study

optuna.logging.set_verbosity(optuna.logging.ERROR)


def optimise(storage=None, trials=12):
    source = optuna.create_study(
        storage=storage, study_name="digits", direction="maximize", sampler=optuna.samplers.RandomSampler(0)
    )

    def objective(trial):
        x = trial.suggest_float("x", 1e-3, 1.0, log=True)
        units = trial.suggest_int("units", 8, 64)
        width = trial.suggest_int("width", 2, 10, step=4)
        rate = trial.suggest_float("rate", 0.0, 0.5, step=0.1)
        kind = trial.suggest_categorical("kind", ["adam", None, 3])
        if kind == "adam":
            trial.suggest_float("beta", 0.9, 0.999)
        trial.set_user_attr("host", {"name": "a", "cores": [1, 2]})
        for step in range(3):
            trial.report(math.nan if trial.number == 1 and step == 0 else x * step, step)
        if trial.number == 3:
            raise optuna.TrialPruned
        if trial.number == 4:
            raise ValueError("broken")
        return x * units + width + rate

    source.optimize(objective, n_trials=trials, catch=(ValueError,))
    source.set_user_attr("data", "wine")
    source.enqueue_trial({"x": 0.5, "units": 9, "width": 6, "rate": 0.1, "kind": 3})
    return source


def test_an_optuna_study_comes_over_whole(tmp_path):
    storage = f"sqlite:///{tmp_path / 'optuna.db'}"
    source = optimise(storage)
    with Study.from_optuna(storage, "digits", to=tmp_path / "ours.study") as study:
        assert study.space == Space(
            x=Real(1e-3, 1.0, scale="log"),
            units=Integer(8, 64),
            width=Integer(2, 10, step=4),
            rate=Real(0.0, 0.5, step=0.1),
            kind=Choice(("adam", None, 3)),
            beta=Real(0.9, 0.999, when={"kind": ("adam",)}),
        )
        assert (study.metric, study.direction, study.about) == ("value", "maximize", {"data": "wine"})
        assert study.best.value == source.best_value
        assert study.best.config == source.best_params
        states = [trial.state for trial in study.trials]
        assert states == [*["complete"] * 3, "stopped", "failed", *["complete"] * 7, "waiting"]
        for ours, theirs in zip(study.trials, source.trials, strict=True):
            assert ours.config == (theirs.params or theirs.system_attrs["fixed_params"])
            assert ours.about == theirs.user_attrs
            curve = dict(ours.curves.get("value", []))
            assert repr(curve) == repr(theirs.intermediate_values)
            if theirs.datetime_start:
                assert ours.started.astimezone().replace(tzinfo=None) == theirs.datetime_start
        (trial,) = study.ask()
        assert (trial.number, trial.config["units"]) == (12, 9)
        assert study.ask()[0].number == 13


def test_a_study_goes_to_optuna_whole_and_comes_back(tmp_path):
    space = Space(
        rate=Real(1e-4, 1.0, scale="log"),
        momentum=Real(0.9, 0.999, scale="reverse_log"),
        batch=Integer(16, 128, scale="power_of_two"),
        kind=Choice(("adam", "sgd")),
        beta=Real(0.9, 0.999, when={"kind": "adam"}),
        epsilon=Constant(1e-8),
    )
    with Study.create(":memory:", space, minimize="loss", seed=3, about={"data": "wine"}) as study:
        done, stopped, failed, diverged, paused, _running = study.ask(6)
        study.report(done, step=1, loss=0.5, accuracy=0.25)
        study.note(done, "fine")
        study.tag(done, "keep")
        study.tell(done, loss=0.25, accuracy=0.75)
        study.report(stopped, step=1, loss=0.75)
        study.stop(stopped, "worse than the median")
        study.fail(failed, ValueError("no rows"))
        study.tell(diverged, loss=math.inf)
        study.checkpoint(paused, "weights.npz")
        study.pause(paused)
        study.enqueue(space.default())
        study.add(space.default(), {"loss": 0.5}, about={"author": "me"})
        theirs = study.to_optuna(f"sqlite:///{tmp_path / 'optuna.db'}", "wine")
        before = study.trials
    assert [trial.state.name for trial in theirs.trials] == [
        *("COMPLETE", "PRUNED", "FAIL", "FAIL", "WAITING", "RUNNING", "WAITING", "COMPLETE")
    ]
    assert theirs.best_value == 0.25
    assert theirs.trials[0].intermediate_values == {1: 0.5}
    assert theirs.trials[1].value == 0.75
    assert theirs.trials[7].user_attrs["author"] == "me"
    assert theirs.user_attrs["data"] == "wine"
    assert theirs.trials[0].distributions["rate"] == optuna.distributions.FloatDistribution(
        1e-4, 1.0, log=True
    )
    assert theirs.trials[0].distributions["batch"].choices == (16, 32, 64, 128)
    with Study.from_optuna(theirs) as back:
        assert (back.space, back.seed, back.metric, back.about) == (space, 3, "loss", {"data": "wine"})
        for now, old in zip(back.trials, before, strict=True):
            assert now.config == old.config
            assert (now.value, now.reason, now.tags, now.notes) == (
                old.value,
                old.reason,
                old.tags,
                old.notes,
            )
            assert (now.metrics, now.curves, now.error) == (old.metrics, old.curves, old.error)
            assert now.about == old.about
            assert now.checkpoint == old.checkpoint
        assert [trial.state for trial in back.trials] == [
            *("complete", "stopped", "failed", "failed", "waiting", "waiting", "waiting", "complete")
        ]


def test_several_directions_go_both_ways():
    with Study.create(":memory:", places.make_space(), minimize="loss", maximize=["recall"]) as study:
        for trial in study.ask(3):
            study.tell(trial, loss=0.5 + trial.number, recall=0.25 * trial.number)
        theirs = study.to_optuna()
        assert [direction.name for direction in theirs.directions] == ["MINIMIZE", "MAXIMIZE"]
        assert [trial.number for trial in theirs.best_trials] == [t.number for t in study.best_trials]
        with Study.from_optuna(theirs) as back:
            assert back.objectives == study.objectives
            assert [trial.metrics for trial in back.trials] == [trial.metrics for trial in study.trials]


def test_optuna_goes_on_with_what_we_wrote():
    with Study.create(":memory:", Space(x=Real(0.0, 1.0)), minimize="loss") as study:
        for trial in study.ask(3):
            study.tell(trial, loss=trial.config["x"])
        theirs = study.to_optuna()
    theirs.optimize(lambda trial: trial.suggest_float("x", 0.0, 1.0), n_trials=2)
    assert len(theirs.trials) == 5


def test_what_cannot_come_over_is_said():
    empty = optuna.create_study()
    with pytest.raises(StudyError, match="trials with parameters"):
        Study.from_optuna(empty)
    odd = optuna.create_study()
    odd.optimize(lambda trial: trial.suggest_float("a/b", 0.0, 1.0), n_trials=1)
    assert list(Study.from_optuna(odd).space) == ["a/b"]
    with pytest.raises(StudyError, match="nobody"):
        Study.from_optuna(optuna.storages.InMemoryStorage(), "nobody")
    with places.make_study(":memory:") as study:
        storage = optuna.storages.InMemoryStorage()
        study.to_optuna(storage, "one")
        with pytest.raises(StudyError, match="named 'one' already"):
            study.to_optuna(storage, "one")


def test_a_storage_that_is_not_there_is_not_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for storage, words in (
        ("sqlite:///nofile.db", "no file 'nofile.db': correct the URL"),
        ("nofile.db", "got 'nofile.db': write sqlite:///nofile.db"),
    ):
        with pytest.raises(StudyError, match=words):
            Study.from_optuna(storage, "digits")
    assert not list(tmp_path.iterdir())


def test_a_name_that_is_misspelt_is_answered_with_those_there_are(tmp_path):
    storage = f"sqlite:///{tmp_path / 'optuna.db'}"
    optuna.create_study(storage=storage, study_name="digits")
    with pytest.raises(StudyError, match=r"got 'digit' where there are \['digits'\]: name one of them"):
        Study.from_optuna(storage, "digit")


def test_without_optuna_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with places.make_study(":memory:") as study, pytest.raises(MissingExtra, match=r"sturgeon\[optuna\]"):
        study.to_optuna()
