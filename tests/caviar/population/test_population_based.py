"""Population-based training of real, if small, trainings."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sturgeon.caviar.population.population import Population
from sturgeon.caviar.tuning import tune
from sturgeon.errors import InputError, StudyError
from sturgeon.search import PopulationBasedTraining, Random
from sturgeon.space import Integer, Real, Space
from sturgeon.stopping import MedianRule
from sturgeon.study import Study

EPOCHS, STEPS = 30, 20
CURVATURES = [0.01 * 1.6**power for power in range(10)]
SPACE = Space(learning_rate=Real(1e-3, 3.0, scale="log"))
SEARCH = PopulationBasedTraining(population=8, interval=3)


def train_one_epoch(errors, rate):
    """Noisy gradient descent in a valley, on average: the rate shrinks the errors, and adds noise to them."""
    for _ in range(STEPS):
        shrunk = [(1 - rate * c) ** 2 * error for c, error in zip(CURVATURES, errors, strict=True)]
        errors = [min(1e9, error + rate**2) for error in shrunk]
    return errors


def loss_of(errors):
    return sum(c * error for c, error in zip(CURVATURES, errors, strict=True))


def train(trial):
    errors = [1.0] * len(CURVATURES)
    if trial.resume_from is not None:
        errors = json.loads(Path(trial.resume_from).read_text(encoding="utf-8"))
    for _ in trial.epochs(EPOCHS):
        errors = train_one_epoch(errors, trial.config["learning_rate"])
        trial.report(loss=loss_of(errors))
        path = Path(trial.folder) / "errors.json"  # written over in each epoch, as people do
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(errors), encoding="utf-8")
        trial.checkpoint(path)


def run(function=train, search=SEARCH, **options):
    space = options.pop("space", SPACE)
    return tune(
        function, space, minimize="loss", search=search, **{"workers": 0, "progress": False, **options}
    )


def trained(study):
    """The epochs that were trained in all, without those that copies took over."""
    return sum(one.last_step - one.about.get("copied", {}).get("step", 0) for one in study.trials)


def outcome(study):
    return [
        (one.config, one.state, one.value, one.about.get("copied", {}).get("parent")) for one in study.trials
    ]


@pytest.fixture(scope="module")
def whole():
    return run(seed=1)


def test_a_schedule_is_found_that_beats_every_constant_rate_at_equal_epochs(whole):
    random = run(search=Random(), trials=8, seed=1)
    assert trained(whole) == trained(random) == 8 * EPOCHS
    assert whole.best.value < 0.97 * random.best.value
    stretches = whole.lineage(whole.best.number)
    assert [one.first for one in stretches[1:]] == [one.last + 1 for one in stretches[:-1]]
    assert (stretches[0].first, stretches[-1].last) == (1, EPOCHS)
    rates = [one.config["learning_rate"] for one in stretches]
    assert rates[-1] < rates[0]


def test_the_study_says_who_was_copied_from_whom(whole):
    copies = [one for one in whole.trials if "copied" in one.about]
    assert len(copies) == 2 * (EPOCHS // 3 - 1)
    for copy in copies:
        copied = copy.about["copied"]
        parent, replaced = whole.trial(copied["parent"]), whole.trial(copied["replaces"])
        assert copied["step"] == 3 * copied["generation"] == replaced.last_step
        before = [point for point in parent.curves["loss"] if point[0] <= copied["step"]]
        assert copy.curves["loss"][: len(before)] == before
        assert copy.config != parent.config
        assert replaced.state == "stopped"
        assert f"trial {copy.number}, a copy of trial {parent.number}" in replaced.reason
        where = f"copy of trial {parent.number} at step {copied['step']}"
        assert copy.notes == (f"{where}, in the place of trial {replaced.number}",)


def test_a_copy_goes_on_from_its_parents_weights_though_the_parent_writes_over_them(whole):
    errors = [1.0] * len(CURVATURES)
    for stretch in whole.lineage(whole.best.number):
        for _ in range(stretch.first, stretch.last + 1):
            errors = train_one_epoch(errors, stretch.config["learning_rate"])
    assert loss_of(errors) == whole.best.value  # the schedule, trained in one go


def test_several_workers_give_the_same_trials(whole):
    assert outcome(run(seed=1, workers=2)) == outcome(whole)


def test_an_interrupted_population_goes_on_as_if_nothing_had_been(whole, tmp_path):
    place = tmp_path / "population.study"

    def interrupted(trial):
        def interrupt(metrics):
            if trial.number == 9 and trial._step == 8:
                os.kill(os.getpid(), signal.SIGINT)

        trial.listeners.append(interrupt)
        train(trial)

    with pytest.raises(KeyboardInterrupt):
        run(interrupted, seed=1, study=place)
    with Study.open(place) as study:
        assert study.counts()["paused"] >= 7
    with run(seed=1, study=place, resume=True) as study:
        assert outcome(study) == outcome(whole)
    with run(seed=1, study=place, resume=True) as study:  # and is over then
        assert outcome(study) == outcome(whole)
    left = sorted(path.name for path in place.with_name("population.study.checkpoints").iterdir())
    assert left == [f"trial-{whole.best.number}"]


def test_a_process_that_dies_between_copying_and_ending_loses_nothing(whole, tmp_path, monkeypatch):
    place = tmp_path / "population.study"

    def die(*args):
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(Population, "_end", die)
        with pytest.raises(RuntimeError, match="killed"):
            run(seed=1, study=place)
    with run(seed=1, study=place, resume=True) as study:
        assert outcome(study) == outcome(whole)


PROGRAM = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
import test_population_based as here

def train(trial):
    def die(metrics):
        if trial.number == 9 and trial._step == 8 and trial.attempt == int(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)

    trial.listeners.append(die)
    here.train(trial)

here.run(train, seed=1, study=sys.argv[2], resume=True)
"""


def start(place, attempt):
    return subprocess.Popen([sys.executable, "-c", PROGRAM, Path(__file__).parent, place, str(attempt)])


def test_a_process_that_was_killed_loses_nothing(whole, tmp_path):
    place = tmp_path / "population.study"
    assert start(place, 2).wait() == -signal.SIGKILL
    with run(seed=1, study=place, resume=True) as study:
        assert outcome(study) == outcome(whole)


def test_several_processes_train_one_population_together(whole, tmp_path):
    place = tmp_path / "population.study"
    running = [start(place, -1) for _ in range(2)]
    assert [one.wait() for one in running] == [0, 0]
    with Study.open(place) as study:
        assert outcome(study) == outcome(whole)
        assert trained(study) == 8 * EPOCHS


def test_one_of_several_processes_copies_after_a_generation():
    with Study.create(":memory:", SPACE, minimize="loss", search=SEARCH) as study:
        for trial in study.ask(8):
            study.report(trial, step=3, loss=trial.number)
            study.checkpoint(trial, "memory://weights", step=3)
            study.pause(trial)
        copies = SEARCH.exploit(SPACE, study.record, np.random.default_rng(0))
        places = {copy.parent: "memory://weights" for copy in copies}
        assert study.copy_trials(copies, places) == [8, 9]
        assert study.copy_trials(copies, places) == []
        assert [one.copied.replaces for one in study.record if one.copied] == [7, 6]


def test_a_trial_that_fails_is_replaced():
    def train_or_fail(trial):
        if trial.number == 2:
            raise ValueError("no luck")
        train(trial)

    study = run(train_or_fail)
    assert study.counts() == {**study.counts(), "complete": 8, "failed": 1}
    first = [one for one in study.trials if one.about.get("copied", {}).get("generation") == 1]
    assert [one.about["copied"]["replaces"] is None for one in first] == [False, True]


def test_a_value_that_is_not_finite_is_replaced_too():
    def diverge(trial):
        if trial.number != 2:
            train(trial)
        for _ in trial.epochs(EPOCHS) if trial.number == 2 else ():
            trial.report(loss=float("nan"))

    study = run(diverge)
    assert (study.counts()["complete"], study.trial(2).state) == (8, "failed")


def test_only_what_may_change_is_changed():
    space = Space(learning_rate=Real(1e-3, 3.0, scale="log"), units=Integer(8, 64))
    study = run(space=space, search=PopulationBasedTraining(population=4, mutate=["learning_rate"]))
    copies = [one for one in study.trials if "copied" in one.about]
    parents = [study.trial(one.about["copied"]["parent"]) for one in copies]
    assert [one.config["units"] for one in copies] == [one.config["units"] for one in parents]
    assert all(a.config != b.config for a, b in zip(copies, parents, strict=True))


def test_trials_bound_all_trials_copies_included(whole):
    study = run(seed=1, trials=11)
    assert len(study.trials) == 11
    assert study.counts()["complete"] == 8
    assert [one.config for one in study.trials] == [one.config for one in whole.trials[:11]]


def test_a_budget_ends_the_population_with_the_values_it_has():
    study = run(budget=1e-3)
    assert study.counts()["paused"] + study.counts()["running"] == 0


def test_a_population_that_its_run_ended_goes_on_in_a_later_one(tmp_path):
    place, ended = tmp_path / "population.study", []

    def enough(study, trial):
        ended.append(trial.number)
        return len(ended) == 5  # in the third generation

    with run(seed=1, study=place, callbacks=[enough]) as study:
        first, counts = outcome(study), study.counts()
        assert (counts["complete"], counts["paused"], counts["running"]) == (0, 0, 0)
    with run(seed=1, study=place, resume=True) as study:
        assert study.counts()["complete"] == 8
        assert outcome(study)[: len(first)] == first  # what has ended stays so
        own = [one for one in study.trials if (c := one.about.get("copied")) and c["parent"] == c["replaces"]]
        assert len(own) == 8
        for copy in own:
            parent = study.trial(copy.about["copied"]["parent"])
            assert (copy.config, copy.about["copied"]["step"]) == (parent.config, parent.last_step)
        assert trained(study) == 8 * EPOCHS  # nothing twice
        number, after = study.best.number, len(study.trials)
    left = sorted(path.name for path in place.with_name("population.study.checkpoints").iterdir())
    assert left == [f"trial-{number}"]
    with run(seed=1, study=place, resume=True) as study:  # and is over then
        assert len(study.trials) == after


def test_a_trial_that_was_stopped_by_hand_does_not_go_on(tmp_path, monkeypatch):
    monkeypatch.setattr("sturgeon.caviar.requests.LOOK_SECONDS", 0.0)
    place = tmp_path / "population.study"

    def enough(study, trial):
        return trial.number == 3

    def asked(trial):
        def ask(metrics):
            if trial.number == 3 and trial._step == 2:
                with Study.open(place) as study:
                    study.journal.write("request", {"action": "stop", "why": "enough"}, trial=3)

        trial.listeners.append(ask)
        train(trial)

    with run(asked, seed=1, study=place, callbacks=[enough]) as study:
        stopped = study.trial(3)
    with run(seed=1, study=place, resume=True) as study:
        parents = {one.about["copied"]["parent"] for one in study.trials if "copied" in one.about}
        assert stopped.state == "stopped"
        assert 3 not in parents


def test_checkpoints_are_needed():
    def forgetful(trial):
        for epoch in trial.epochs(EPOCHS):
            trial.report(loss=1 / epoch)

    with pytest.raises(InputError, match="needs checkpoints; trial 0 had handed over none"):
        run(forgetful)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"trials": 8}, "above the population; got 8"),
        ({"stopping": MedianRule()}, "ends trials itself"),
        ({"search": PopulationBasedTraining(mutate=("momentum",))}, "got 'momentum', the space has"),
    ],
)
def test_what_does_not_go_with_it_is_refused(options, words, tmp_path):
    place = tmp_path / "refused.study"
    with pytest.raises((InputError, StudyError), match=words):
        run(study=place, **options)
    assert not place.exists()


@pytest.mark.parametrize(
    "settings",
    [{"population": 1}, {"interval": 0}, {"quantile": 0.6}, {"resample": 2}, {"mutate": "learning_rate"}],
)
def test_settings_out_of_their_range_are_refused(settings):
    with pytest.raises(InputError, match=next(iter(settings))):
        PopulationBasedTraining(**settings)


def test_a_space_with_fewer_configurations_than_the_population_trains_what_there_is():
    def three(trial):
        trial.config["learning_rate"] = trial.config["rate"] / 100
        train(trial)

    study = run(three, space=Space(rate=Integer(1, 3)))
    assert study.counts()["complete"] == 3
    assert trained(study) == 3 * EPOCHS


def test_a_generation_longer_than_the_trainings_is_pointed_out(caplog):
    study = run(search=PopulationBasedTraining(population=2, interval=EPOCHS))
    assert study.counts()["complete"] == 2
    assert [one.getMessage()[:48] for one in caplog.records] == [
        f"A training of {EPOCHS} epochs has no end of a generation"[:48]
    ]
