"""`tune` with real worker processes: what it returns, and when it ends."""

import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from sturgeon.caviar.limits import Limits
from sturgeon.caviar.ray.settings import Ray
from sturgeon.caviar.tuning import tune
from sturgeon.caviar.workers import here
from sturgeon.caviar.workers.function import pack
from sturgeon.caviar.workers.ledger import Ledger
from sturgeon.caviar.workers.loop import WorkerLoop
from sturgeon.caviar.workers.worker_pool import WorkerPool
from sturgeon.errors import InputError, StudyError
from sturgeon.search import Random, Search, Sobol
from sturgeon.space import Choice, Integer, Real, Space
from sturgeon.study import Study


@dataclass(frozen=True)
class Ramp(Search):
    """Trial n has x = n / 100."""

    name = "ramp"

    def suggest(self, space, record, count, rng):
        return [{"x": (len(record) + one) / 100} for one in range(count)]


def bowl(trial):
    for epoch in trial.epochs(3):
        trial.report(loss=(trial.config["x"] - 0.3) ** 2 + 1 / epoch, epoch=epoch)


def test_every_trial_is_trained_once_and_its_last_report_counts(space):
    study = tune(bowl, space, minimize="loss", trials=8, workers=2, seed=3)
    assert study.counts()["complete"] == 8
    for trial in study.trials:
        assert trial.value == pytest.approx((trial.config["x"] - 0.3) ** 2 + 1 / 3)
        assert [step for step, _ in trial.curves["loss"]] == [1, 2, 3]
        assert trial.metrics["epoch"] == 3
        assert trial.attempts == 1
    assert study.best.value == min(trial.value for trial in study.trials)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_returned_number_or_dict_counts_before_what_was_reported(space, workers):
    def train(trial):
        trial.report(loss=5.0, accuracy=0.1)
        return [None, trial.config["x"], {"loss": 2.0, "size": 7}][trial.number]

    study = tune(train, space, minimize="loss", trials=3, workers=workers)
    assert [trial.value for trial in study.trials] == [5.0, study.trials[1].config["x"], 2.0]
    assert study.trials[2].metrics == {"loss": 2.0, "size": 7.0, "accuracy": 0.1}


def test_the_handle_tells_what_the_study_knows(space):
    def train(trial):
        return {"loss": 0.0, "number": trial.number, "attempt": trial.attempt, "seed": trial.seed % 2**31}

    for trial in tune(train, space, minimize="loss", trials=2, seed=5).trials:
        assert (trial.metrics["number"], trial.metrics["attempt"]) == (trial.number, 1)
        assert trial.metrics["seed"] == trial.seed % 2**31


def test_the_next_trial_starts_at_once_when_one_ends(space, fifo):
    def train(trial):
        if trial.number == 0:  # waits for trial 3, which can only run if nobody waits for trial 0
            with fifo.open() as meeting:
                meeting.read()
        if trial.number == 3:
            with fifo.open("w"):
                pass
        return 0.0

    study = tune(train, space, minimize="loss", trials=5, workers=2)
    assert study.counts()["complete"] == 5


def test_trials_run_in_fresh_processes_that_are_kept(space):
    study = tune(lambda trial: {"loss": 0.0, "pid": os.getpid()}, space, minimize="loss", trials=4, workers=1)
    pids = {trial.metrics["pid"] for trial in study.trials}
    assert len(pids) == 1
    assert os.getpid() not in pids


def test_no_trial_is_begun_once_the_best_is_good_enough(space):
    study = tune(
        lambda trial: trial.config["x"], space, maximize="score", search=Ramp(), trials=50, until=0.05
    )
    assert len(study.trials) == 6
    assert study.best.value == 0.05


def test_until_stops_the_running_trials_and_they_keep_their_value(space, fifo):
    def train(trial):
        if trial.number == 1:
            trial.report(loss=2.0)
            with fifo.open("w"):
                pass
            for _ in trial.epochs(10**9):
                trial.report(loss=2.0)
        else:
            with fifo.open() as meeting:  # until trial 1 has reported
                meeting.read()
            trial.report(loss=0.0)

    study = tune(train, space, minimize="loss", trials=50, workers=2, until=0.5)
    first, second = study.trials
    assert (first.state, first.value) == ("complete", 0.0)
    assert (second.state, second.value) == ("stopped", 2.0)
    assert "trial 0 reached loss = 0" in second.reason


class Clock:
    """Stands still until something has happened in the study, then is far beyond any budget."""

    due = False

    def __init__(self, happened):
        self._happened = happened

    @property
    def seconds(self):
        return 1e9 if self._happened() else 0.0


def run_out_of_budget(train, space, happened):
    """Train until the budget runs out, which is when something has happened."""
    study = Study.create(":memory:", space, minimize="loss")
    ledger = Ledger(study, Limits(trials=None, budget=1000.0))
    with WorkerPool(pack(train), 1) as pool:
        WorkerLoop(ledger, pool, Clock(lambda: happened(study))).run(threading.Event())
    return study.trials


def test_the_budget_stops_running_trials_which_keep_their_value(space):
    def train(trial):
        for epoch in trial.epochs(10**9):
            trial.report(loss=1 / epoch)

    (trial,) = run_out_of_budget(train, space, lambda study: any(t.curves for t in study.trials))
    assert trial.state == "stopped"
    assert "the budget of 1000 s ran out" in trial.reason
    assert trial.value == trial.curves["loss"][-1][1]


def test_a_trial_without_a_value_at_the_end_of_the_budget_is_paused(space):
    (trial,) = run_out_of_budget(
        lambda trial: threading.Event().wait(), space, lambda study: study.counts()["running"]
    )
    assert trial.state == "paused"


def test_a_budget_without_worker_processes(space, monkeypatch):
    seconds = [0.0]
    monkeypatch.setattr(here, "time", SimpleNamespace(monotonic=lambda: seconds[0]))

    def train(trial):
        for epoch in trial.epochs(10**9):
            seconds[0] += 0.05
            trial.report(loss=1 / epoch)

    (trial,) = tune(train, space, minimize="loss", budget="0.2s", workers=0).trials
    assert (trial.state, trial.value) == ("stopped", trial.curves["loss"][-1][1])
    assert trial.last_step == 4


def test_an_exhausted_space_ends_the_run():
    study = tune(lambda trial: trial.config["n"], Space(n=Integer(1, 3)), minimize="loss", workers=2)
    assert sorted(trial.config["n"] for trial in study.trials) == [1, 2, 3]
    assert study.counts()["complete"] == 3


def test_several_objectives(space):
    def train(trial):
        return {"loss": trial.config["x"], "recall": trial.config["x"]}

    study = tune(train, space, minimize="loss", maximize="recall", trials=4, workers=1)
    assert len(study.best_trials) == 4


def test_prints_of_a_training_pass_through(space, capfd):
    tune(lambda trial: print("hello from", trial.number) or 0.0, space, minimize="loss", trials=2)
    assert capfd.readouterr().out.splitlines() == ["hello from 0", "hello from 1"]


def test_signals_in_a_worker_are_left_to_the_parent(space):
    def train(trial):
        import signal

        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        child.terminate()  # not inherited
        child.stdin.close()
        return {"loss": 0.0, "child": child.wait()}

    study = tune(train, space, minimize="loss", trials=1)
    assert study.best.metrics["child"] == -15


def test_queued_configurations_come_first(space, tmp_path):
    with Study.create(tmp_path / "a.study", space, minimize="loss") as study:
        study.enqueue({"x": 0.25})
    study = tune(lambda trial: trial.config["x"], space, trials=2, study=tmp_path / "a.study", resume=True)
    assert study.trials[0].value == 0.25


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"trials": 0}, "`trials` must be a whole number from 1; got 0. Write trials=64"),
        ({"trials": float("nan"), "budget": 3}, "`trials` must be a whole number from 1; got nan"),
        ({"trials": 2.5}, "`trials` must be a whole number from 1; got 2.5"),
        ({"trials": 6.0}, "`trials` must be a whole number from 1; got 6.0"),
        ({"trials": "6"}, "`trials` must be a whole number from 1; got '6'"),
        ({"budget": "1x"}, "got '1x'. Write '10m'"),
        ({"budget": [1]}, r"`budget` must be a time longer than 0.*got \[1\]"),
        ({"budget": "soon"}, "`budget` must be a time longer than 0.*got 'soon'"),
        ({"timeout": -1}, "`timeout` must be a time longer than 0.*got -1"),
        ({"timeout": 1, "workers": 0}, "timeout=1 with workers=0"),
        ({"workers": -1}, r"`workers` must be a whole number from 0, or st.Ray\(...\); got -1. Write"),
        ({"workers": "2"}, "got '2'. Write workers=2"),
        ({"workers": None}, "got None. Write workers=2"),
        ({"workers": Ray}, r"Write workers=st.Ray\("),
        ({"workers": 1, "resources": {"cores": 0.5}}, 'got 0.5. Write resources={"cores": 1}'),
        ({"workers": 1, "resources": {"gpus": 1.5}}, 'got 1.5. Write resources={"gpus": 1}'),
        ({"repeats": 0}, "`repeats` must be a whole number from 1; got 0. Write repeats=3"),
        ({"keep": 0}, "`keep` must be a whole number from 1; got 0. Write keep=3"),
        ({"progress": "no"}, "`progress` must be True or False; got 'no'. Write progress=False"),
        ({"until": float("nan")}, "`until` must be a finite value; got nan"),
        ({"until": "a"}, "`until` must be a finite value; got 'a'"),
        ({"max_failures": "a"}, "`max_failures` must be a share above 0 and up to 1; got 'a'"),
        ({"max_failures": 2}, "`max_failures` must be a share above 0 and up to 1; got 2"),
        ({"attempts": 0}, "at least 1 attempt; got attempts=0: write attempts=2"),
        ({"attempts": "2"}, "a whole number of attempts.*got attempts='2'"),
        ({"callbacks": 3}, r"`callbacks` must be functions .*got 3. Write callbacks=\["),
        ({"callbacks": [3]}, r"`callbacks` must be functions .*got \[3\]"),
        ({"callbacks": print}, "`callbacks` must be functions .*built-in function print"),
        ({"checkpoints": 3}, "`checkpoints` must be a folder or a URL; got 3. Write checkpoints="),
        ({"study": 3}, "a study is a file's path or a PostgreSQL URL; got 3: name a file"),
        ({"study": b"a.study"}, "got b'a.study': name a file"),
        (
            {"study": "sqlite:///old/a.db"},
            r"sqlite:// URL: name a file, study='a.study'.*Study.from_optuna\(",
        ),
        ({"minimize": 3}, "must be text; got 3 for 'minimize': write minimize=\"val_loss\""),
        ({"minimize": ""}, "must not be empty; got '' for 'minimize': write"),
        ({"maximize": "loss"}, "once; got .*: name 'loss' once, in minimize or in maximize"),
        ({"minimize": None}, "a study needs an objective"),
        ({"minimize": ["a", "b"], "until": 1.0}, "`until` is a value of a single objective"),
        ({"resume": True}, "resume=True without a study"),
    ],
)
def test_bad_settings_are_refused(space, settings, words):
    with pytest.raises(InputError, match=words):
        tune(bowl, space, **{"minimize": "loss", **settings})


def test_a_study_that_exists_needs_resume(space, tmp_path):
    where = tmp_path / "a.study"
    tune(bowl, space, minimize="loss", trials=1, study=where, workers=0).close()
    before = where.read_bytes()
    with pytest.raises(StudyError, match=r"resumed only when asked to; .*a\.study' exists: add resume"):
        tune(bowl, space, minimize="loss", trials=2, study=where, workers=0)
    assert where.read_bytes() == before
    with tune(bowl, space, minimize="loss", trials=3, study=where, workers=0, resume=True) as study:
        assert study.counts()["complete"] == 3


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"space": Space(x=Real(0.0, 2.0))}, "its 'x' differs"),
        ({"space": Space(x=Real(0.0, 1.0), y=Choice([1, 2]))}, "its 'y' differs"),
        ({"minimize": "error"}, "the objective = minimize error where .* has minimize loss"),
        ({"minimize": None, "maximize": "loss"}, "the objective = maximize loss where"),
        ({"seed": 4}, "seed = 4 where .* has 0"),
    ],
)
def test_a_study_is_gone_on_with_as_it_was_begun(space, tmp_path, changed, words):
    where = tmp_path / "a.study"
    settings = {"space": space, "minimize": "loss", "study": where, "workers": 0}
    tune(bowl, trials=1, **settings).close()
    with pytest.raises(StudyError, match=words):
        tune(bowl, trials=2, resume=True, **{**settings, **changed})


def test_resume_makes_a_study_where_there_is_none(space, tmp_path):
    with tune(
        bowl, space, minimize="loss", trials=1, study=tmp_path / "new.study", resume=True, workers=0
    ) as s:
        assert s.counts()["complete"] == 1


@pytest.mark.parametrize("seed", [-1, 2**70, 1.7])
def test_a_seed_that_is_none_makes_no_study(space, tmp_path, seed):
    with pytest.raises(StudyError, match="a seed must be a whole number"):
        tune(bowl, space, minimize="loss", study=tmp_path / "a.study", seed=seed, workers=0)
    assert list(tmp_path.iterdir()) == []


def test_another_search_goes_on_with_a_study(space, tmp_path):
    settings = {"minimize": "loss", "study": tmp_path / "a.study", "workers": 0, "resume": True}
    tune(bowl, space, trials=3, search=Random(), **settings).close()
    with tune(bowl, space, trials=6, search=Sobol(), **settings) as study:
        assert (study.search, len(study.trials)) == (Sobol(), 6)
    with tune(bowl, space, trials=7, **settings) as study:
        assert study.search == Sobol()


def test_changed_code_is_said_and_goes_on(space, tmp_path, caplog):
    settings = {"minimize": "loss", "study": tmp_path / "a.study", "workers": 0, "resume": True}
    tune(bowl, space, trials=2, **settings).close()
    tune(bowl, space, trials=3, **settings).close()
    assert "has changed" not in caplog.text
    with tune(lambda trial: trial.config["x"], space, trials=4, **settings) as study:
        assert study.counts()["complete"] == 4
        assert len(study.journal.read(kind="code")) == 2
    assert "source of <lambda> has changed" in caplog.text
