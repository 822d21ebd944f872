"""Trials are paused, promoted, interrupted and resumed; the record tells each step once."""

import shutil
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counting_lanes import Counting, counting
from lane_runs import OBJECTIVE, SMALL, same_network
from sturgeon.caviar.backends.device_choice import table_trainer
from sturgeon.caviar.checkpoints import Checkpoints
from sturgeon.caviar.lanes.backend import LaneCheckpoint
from sturgeon.caviar.limits import Limits
from sturgeon.caviar.loop import loop as loops
from sturgeon.caviar.loop.loop import CaviarLoop
from sturgeon.caviar.trainer import LaneTrainer
from sturgeon.search import Random
from sturgeon.space import Choice, Integer, Real, Space
from sturgeon.stopping import MedianRule, Never, SuccessiveHalving
from sturgeon.study import Study

EPOCHS, TRIALS = 9, 20
SPACE = Space(block=Choice(("a", "b", "c")), x=Real(0.0, 1.0))


def new_study(place=":memory:", space=SPACE):
    return Study.create(place, space, minimize="val_loss", search=Random(), seed=3)


def go(study, folder, trainer=None, *, stopping=None, trials=TRIALS, stop_after=None):
    """Run a study; True where it was interrupted. The networks handed over, by trial."""
    stop, networks, reports = threading.Event(), {}, 0

    def count(_):
        nonlocal reports
        reports += 1
        if stop_after is not None and reports >= stop_after:
            stop.set()

    loop = CaviarLoop(
        study,
        trainer or counting(EPOCHS, width=2),
        checkpoints=Checkpoints(folder),
        on_network=lambda trial, network: networks.update({trial.number: network}),
        on_progress=count,
        stopping=stopping,
    )
    return loop.run(Limits(trials=trials), stop), networks


def expected_curve(seed, epochs):
    seeds = np.full(epochs, seed, np.float32)
    return [(step, float(value)) for step, value in enumerate(np.cumsum(seeds), start=1)]


def check_curves(study):
    for trial in study.trials:
        curve = trial.curves.get("val_loss", [])
        assert curve == expected_curve(trial.seed, len(curve))


@pytest.mark.parametrize("brackets", [1, 2])
def test_the_rule_stops_trials_at_its_rungs_and_gives_its_reasons(tmp_path, brackets):
    study = new_study()
    trainer = counting(EPOCHS, width=2)
    interrupted, networks = go(
        study, tmp_path, trainer, stopping=SuccessiveHalving(first=1, brackets=brackets)
    )
    assert not interrupted
    check_curves(study)
    trials = study.trials
    lengths = [len(trial.curves["val_loss"]) for trial in trials]
    assert len(trials) == TRIALS
    assert set(lengths) <= {1, 3, EPOCHS}
    assert {trial.state for trial in trials} == {"complete", "stopped"}
    for trial, length in zip(trials, lengths, strict=True):
        assert (trial.state == "complete") == (length == EPOCHS)
        assert trial.value == trial.curves["val_loss"][-1][1]
        assert (trial.reason or "").startswith("Successive halving: ") == (trial.state == "stopped")
    assert list(tmp_path.iterdir()) == []
    best = study.best
    assert np.float32(networks[best.number][0]) == np.float32(best.value)


def test_paused_trials_are_promoted_and_go_on_from_their_files(tmp_path):
    study, checkpoints = new_study(), Checkpoints(tmp_path)
    for trial in study.ask(TRIALS):
        total = np.full(2, trial.seed, np.float32)
        study.report(trial, step=1, val_loss=float(total[0]))
        study.checkpoint(trial, checkpoints.save(trial.number, LaneCheckpoint(1, (total,))), 1)
        study.pause(trial)
    trained = Counting(width=2)
    go(study, tmp_path, LaneTrainer(trained, OBJECTIVE, EPOCHS), stopping=SuccessiveHalving(first=1))
    check_curves(study)
    lengths = sorted((len(trial.curves["val_loss"]) for trial in study.trials), reverse=True)
    assert lengths == [9] * 2 + [3] * 4 + [1] * 14
    best = sorted(study.trials, key=lambda trial: trial.seed)
    assert [trial.state for trial in best] == ["complete"] * 2 + ["stopped"] * 18
    assert all(trial.attempts >= 2 for trial in best)
    assert list(tmp_path.iterdir()) == []


def test_halving_trains_far_less_than_all_epochs_and_keeps_the_best(tmp_path):
    study = new_study()
    go(study, tmp_path, stopping=SuccessiveHalving(first=1))
    seeds = {trial.number: trial.seed for trial in study.trials}
    finished = [trial.number for trial in study.trials if trial.state == "complete"]
    assert min(seeds, key=lambda number: seeds[number]) in finished
    assert sum(len(trial.curves["val_loss"]) for trial in study.trials) < TRIALS * EPOCHS / 2


def run_in_pieces(tmp_path, pieces, stopping, spoil=lambda folder: None):
    study = new_study()
    for stop_after in pieces:
        if not go(study, tmp_path, stopping=stopping, stop_after=stop_after)[0]:
            break
        assert study.counts()["running"] == 0
        begun = [t for t in study.trials if t.state == "paused" and t.curves.get("val_loss")]
        for trial in begun:
            if trial.checkpoint_step is not None:
                assert trial.checkpoint_step <= trial.curves["val_loss"][-1][0]
        check_curves(study)
        spoil(tmp_path)
    go(study, tmp_path, stopping=stopping)
    check_curves(study)
    assert list(tmp_path.iterdir()) == []
    return study


def ends(study):
    return [(trial.number, trial.config, trial.state, trial.value, trial.curves) for trial in study.trials]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    return ends(run_in_pieces(tmp_path_factory.mktemp("whole"), [], Never()))


@settings(max_examples=10, deadline=None)
@given(pieces=st.lists(st.integers(1, 60), min_size=1, max_size=4))
def test_a_run_in_pieces_ends_as_one_that_ran_through(uninterrupted, tmp_path_factory, pieces):
    assert ends(run_in_pieces(tmp_path_factory.mktemp("pieces"), pieces, Never())) == uninterrupted


def remove(folder):
    shutil.rmtree(folder)
    folder.mkdir()


def cut(folder):
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes()[:100])


@pytest.mark.parametrize("spoil", [remove, cut])
def test_a_trial_whose_file_is_gone_or_broken_begins_anew(uninterrupted, tmp_path, spoil):
    assert ends(run_in_pieces(tmp_path, [20, 30], Never(), spoil)) == uninterrupted


@pytest.mark.parametrize("stopping", [SuccessiveHalving(), MedianRule()])
@pytest.mark.parametrize("spoil", [remove, lambda folder: None], ids=["files gone", "files kept"])
def test_a_rule_goes_on_after_an_interrupt(tmp_path, stopping, spoil):
    study = run_in_pieces(tmp_path, [8, 15, 5], stopping, spoil)
    trials = study.trials
    assert len(trials) == TRIALS
    assert {trial.state for trial in trials} <= {"complete", "stopped"}
    assert all(trial.reason for trial in trials if trial.state == "stopped")


@pytest.mark.parametrize("where", ["block", "start"])
def test_a_configuration_that_raises_fails_its_trial_alone(tmp_path, where):
    space = Space(breaks=Choice(("never", where)), x=Real(0.0, 1.0))
    study = new_study(space=space)
    go(study, tmp_path, trials=12)
    for trial in study.trials:
        if trial.config["breaks"] == where:
            assert trial.state == "failed"
            assert (trial.error.type, trial.error.message) == ("Unlucky", f"no {where}")
        else:
            assert trial.state == "complete"
    assert 0 < study.counts()["failed"] < 12


def test_a_diverging_trial_fails_alone(tmp_path):
    study = new_study(space=Space(nan_from=Choice((3, 99)), x=Real(0.0, 1.0)))
    go(study, tmp_path, trials=12)
    for trial in study.trials:
        assert trial.state == ("failed" if trial.config["nan_from"] == 3 else "complete")
        if trial.state == "failed":
            assert trial.error.type == "Diverged"
            assert "epoch 3" in trial.error.message


def test_a_trial_too_large_for_the_memory_fails_as_that(tmp_path):
    study = new_study()
    go(study, tmp_path, LaneTrainer(Counting(width=2, room=0), OBJECTIVE, EPOCHS), trials=3)
    assert study.counts()["failed"] == 3
    assert {trial.error.type for trial in study.trials} == {"OutOfMemory"}
    assert all("too large" in trial.error.message for trial in study.trials)


def test_an_interrupted_run_of_real_networks_gives_the_same_ones(regression, tmp_path):
    space = Space(
        learning_rate=SMALL["learning_rate"],
        hidden_units=Integer(7, 12),
        batch_size=SMALL["batch_size"],
        layers=SMALL["layers"],
    )

    def networks(name, pieces):
        study, found = new_study(tmp_path / f"{name}.study", space), {}
        folder = tmp_path / name
        for stop_after in (*pieces, None):
            trainer = table_trainer(regression, space, OBJECTIVE, EPOCHS)
            found |= go(study, folder, trainer, trials=6, stop_after=stop_after)[1]
        curves = [trial.curves for trial in study.trials]
        number = study.best.number
        study.close()
        return curves, number, found[number]

    whole, pieces = networks("whole", []), networks("pieces", [10, 13])
    assert pieces[:2] == whole[:2]
    assert same_network(pieces[2], whole[2])


class OneWaits(Counting):
    """Lanes of which the first trial's waits until others have ended."""

    def __init__(self, others_ended: threading.Event) -> None:
        super().__init__(width=1)
        self.others_ended = others_ended

    @property
    def devices(self):
        return (*super().devices, *super().devices)  # two at least, on a machine of one core too

    def program(self, block, device, lanes):
        program = super().program(block, device, lanes)
        inputs = program.inputs

        def wait(work):
            if any(job.number == 0 for job, _ in work):
                assert self.others_ended.wait(300), "the others were not taken note of"
            return inputs(work)

        program.inputs = wait
        return program


def test_where_time_bounds_the_run_no_trial_waits_for_a_slower_one(tmp_path, monkeypatch):
    others_ended, seen, budget = threading.Event(), [], 1000.0
    # The budget is over once others have ended.
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + (budget if others_ended.is_set() else 0))
    monkeypatch.setattr(loops, "time", clock)

    def look(progress):
        seen.append(progress.done)
        if progress.done >= 3:
            others_ended.set()

    with new_study() as study:
        loop = CaviarLoop(
            study,
            LaneTrainer(OneWaits(others_ended), OBJECTIVE, EPOCHS),
            checkpoints=Checkpoints(tmp_path),
            on_network=lambda trial, network: None,
            on_progress=look,
        )
        loop.run(Limits(trials=None, budget=budget), threading.Event())
        assert max(seen) >= 3
        assert study.trial(0).state in ("complete", "stopped")
