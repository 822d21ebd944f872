"""A running study obeys what another process writes into its journal: pause, resume, stop a trial."""

import itertools
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from counting_lanes import CountingProgram, counting
from sturgeon.caviar import requests as asked
from sturgeon.caviar.checkpoints import Checkpoints
from sturgeon.caviar.lanes.shared import BlockQueue
from sturgeon.caviar.limits import Limits
from sturgeon.caviar.loop.loop import CaviarLoop
from sturgeon.caviar.requests import Requests
from sturgeon.caviar.tuning import tune
from sturgeon.caviar.workers.ledger import Ledger
from sturgeon.search import Random
from sturgeon.space import Choice, Real, Space
from sturgeon.stopping import Never, SuccessiveHalving
from sturgeon.study import Study

TESTS = Path(__file__).parents[2]

FUNCTIONS = """
    import sys
    import sturgeon as st
    import sturgeon.caviar.requests as requests

    requests.LOOK_SECONDS = 0.05

    def train(trial):
        for epoch in trial.epochs(10**9):
            trial.report(loss=trial.config["x"] + 1 / epoch)
            if epoch == 1:
                print("begun", trial.number, flush=True)

    if __name__ == "__main__":
        space = st.Space(x=st.Real(0.0, 1.0))
        st.tune(train, space, minimize="loss", trials=3, study=sys.argv[1], workers=int(sys.argv[2]))
        print("ended", flush=True)
"""

LANES = """
    import sys
    import threading
    from pathlib import Path

    sys.path.insert(0, sys.argv[2])
    from counting_lanes import OBJECTIVE, Counting, CountingProgram

    import sturgeon as st
    import sturgeon.caviar.requests as requests
    from sturgeon.caviar.checkpoints import Checkpoints
    from sturgeon.caviar.limits import Limits
    from sturgeon.caviar.loop.loop import CaviarLoop
    from sturgeon.caviar.trainer import LaneTrainer

    requests.LOOK_SECONDS = 0.05

    class TwoLanes(Counting):
        @property
        def devices(self):
            return super().devices[:1] * 2  # on a machine of any number of cores

    count = CountingProgram.run

    def run(self, *arguments):
        threading.Event().wait(0.005)  # an epoch takes a moment, else the study grows by the second
        return count(self, *arguments)

    CountingProgram.run = run

    def show(progress):
        global begun
        if loop.begun > begun:
            begun = loop.begun
            print("begun", begun, flush=True)

    begun = 0
    space = st.Space(x=st.Real(0.0, 1.0))
    study = st.Study.create(sys.argv[1], space, minimize="val_loss", search=st.Random())
    with study:
        loop = CaviarLoop(
            study,
            LaneTrainer(TwoLanes(width=1), OBJECTIVE, epochs=10**9),
            checkpoints=Checkpoints(Path(sys.argv[1] + ".kept")),
            on_network=lambda trial, network: None,
            on_progress=show,
        )
        loop.run(Limits(trials=int(sys.argv[3])), threading.Event())
    print("ended", flush=True)
"""


def until(condition):
    """Wait for what another process does; give what the condition gives at last."""
    deadline = time.monotonic() + 300  # only ever reached where something is broken
    while not (found := condition()):
        assert time.monotonic() < deadline
        threading.Event().wait(0.02)
    return found


def outcomes(study):
    return [entry.body["outcome"] for entry in study.journal.read(kind="answer")]


def request(study, action, **more):
    trial = more.pop("trial", None)
    study.journal.write("request", {"action": action, **more}, trial=trial, author="Minh")


@pytest.mark.parametrize("workers", [0, 1])
def test_training_functions_obey(script, tmp_path, workers):
    place = tmp_path / "a.study"
    run = script(FUNCTIONS, place, workers)
    assert run.said("begun") == 0
    with Study.open(place) as study:
        request(study, "stop", trial=0, why="too slow")
        assert run.said("begun") == 1
        assert study.trial(0).state == "stopped"
        assert study.trial(0).reason == "stopped by hand: too slow (Minh)"
        assert study.trial(0).value is not None
        request(study, "pause")
        if workers:  # a training of this process keeps it until its next epoch is over
            run.until("stderr", "Paused by hand")
        request(study, "stop", trial=1)
        until(lambda: study.trial(1).state == "stopped")
        until(lambda: "paused" in outcomes(study))
        assert len(study.trials) == 2
        request(study, "resume")
        assert run.said("begun") == 2
        resumed = [entry for entry in study.journal.read() if entry.body.get("outcome") == "resumed"]
        assert study.trial(2).started >= resumed[0].time
        request(study, "stop", trial=2)
    run.until("stdout", "ended")
    assert run.end()[0] == 0
    with Study.open(place) as study:
        assert [trial.state for trial in study.trials] == ["stopped"] * 3


def test_lanes_obey(script, tmp_path):
    """This search hands in all forty at once; most wait for one of the two lanes."""
    place = tmp_path / "a.study"
    run = script(LANES, place, TESTS, 40)
    run.said("begun")
    with Study.open(place) as study:
        until(lambda: sum(bool(trial.curves) for trial in study.trials) == 2)  # so no lane is free
        request(study, "pause")
        run.until("stderr", "Paused by hand")
        trains = [trial.number for trial in study.trials if trial.curves]
        waits = [trial.number for trial in study.trials if not trial.curves]
        for number in (*trains, waits[0]):
            request(study, "stop", trial=number, why="enough")
        stopped = until(lambda: [one for one in study.trials if one.state == "stopped"][len(trains) :])
        assert {one.reason for one in stopped} == {"stopped by hand: enough (Minh)"}
        assert study.trial(waits[0]).value is None
        assert not any(trial.curves for trial in study.trials if trial.number in waits)
        request(study, "resume")
        until(lambda: any(trial.curves for trial in study.trials if trial.number in waits))


def test_one_of_several_lanes_is_stopped_at_once_though_others_began_before_it(script, tmp_path):
    place = tmp_path / "a.study"
    run = script(LANES, place, TESTS, 2)
    run.said("begun")
    with Study.open(place) as study:
        until(lambda: len(study.trials) == 2 and all(trial.curves for trial in study.trials))
        request(study, "stop", trial=1)
        until(lambda: study.trial(1).state == "stopped")
        assert study.trial(0).state == "running"
        request(study, "stop", trial=0)
    run.until("stdout", "ended")


@pytest.mark.parametrize("stopping", [Never(), SuccessiveHalving(first=3)], ids=lambda rule: rule.name)
@pytest.mark.parametrize("ends", ["resume", "interrupt"])
def test_trials_that_run_in_lanes_go_on_past_their_milestones_while_paused(
    tmp_path, monkeypatch, stopping, ends
):
    monkeypatch.setattr(asked, "LOOK_SECONDS", 0.0)
    count, hold = CountingProgram.run, BlockQueue.hold
    held, runs = threading.Event(), itertools.count(1)

    def run_until_paused(self, *arguments):
        if next(runs) > 10:  # some have begun by then, and by no means all
            assert held.wait(300)
        time.sleep(0.001)
        return count(self, *arguments)

    def hold_and_tell(self, on):
        hold(self, on)
        held.set()

    monkeypatch.setattr(CountingProgram, "run", run_until_paused)
    monkeypatch.setattr(BlockQueue, "hold", hold_and_tell)
    place, stop, idle = tmp_path / "a.study", threading.Event(), []

    def pause(progress):
        if not outcomes(study) and progress.epochs:
            request(study, "pause")

    def look_on():
        with Study.open(place) as other:
            deadline = time.monotonic() + 300
            while time.monotonic() < deadline and not idle:
                stop.wait(0.02)
                trials = other.trials
                trains = any(trial.state == "running" and trial.curves for trial in trials)
                if "paused" in outcomes(other) and not trains:
                    idle.extend(trial.state for trial in trials)
            if idle and ends == "resume":
                request(other, "resume")
            else:
                stop.set()

    space = Space(block=Choice(["a", "b", "c"]), x=Real(0.0, 1.0))
    with Study.create(place, space, minimize="val_loss", search=Random()) as study:
        loop = CaviarLoop(
            study,
            counting(epochs=30, width=1),
            checkpoints=Checkpoints(tmp_path / "kept"),
            on_network=lambda trial, network: None,
            on_progress=pause,
            stopping=stopping,
        )
        looks_on = threading.Thread(target=look_on)
        looks_on.start()
        interrupted = loop.run(Limits(trials=30), stop)
        looks_on.join()
        states = [trial.state for trial in study.trials]
    assert "complete" in idle
    assert {"running", "waiting"} & set(idle)  # handed in, and not begun
    assert interrupted == (ends == "interrupt")
    assert len(states) == 30
    assert ends == "interrupt" or set(states) <= {"complete", "stopped"}


def test_a_trial_that_nobody_runs_is_stopped_when_a_run_begins(tmp_path):
    space = Space(x=Real(0.0, 1.0))
    place = tmp_path / "a.study"
    with Study.create(place, space, minimize="loss", search=Random()) as study:
        put_aside = study.ask()[0]
        study.report(put_aside, step=1, loss=2.0)
        study.pause(put_aside)
        queued = study.enqueue({"x": 0.5})
        request(study, "pause")
        request(study, "stop", trial=put_aside.number)
        request(study, "stop", trial=queued)
    study = tune(
        lambda trial: trial.config["x"],
        space,
        minimize="loss",
        trials=3,
        study=place,
        resume=True,
        workers=0,
        search=Random(),
    )
    assert [study.trial(number).state for number in range(3)] == ["stopped", "stopped", "complete"]
    assert study.trial(0).value == 2.0
    assert study.trial(1).reason == "stopped by hand: no reason given (Minh)"
    assert "resumed" in outcomes(study)  # starting a run ends the pause
    study.close()


def test_a_run_that_is_started_ends_the_pause_of_other_processes_too(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(asked, "LOOK_SECONDS", 0.0)
    place = tmp_path / "a.study"
    with (
        Study.create(place, Space(x=Real(0.0, 1.0)), minimize="loss") as study,
        Study.open(place) as other,
    ):
        first = Requests(study)
        request(study, "pause")
        first.look(())
        assert first.paused
        second = Requests(other)
        first.look(())
        second.look(())
        assert not first.paused
        assert not second.paused
        assert asked.pause_state(study.journal.read()) == ""
        assert "Resumed: a run was started." in capsys.readouterr().err
        before = len(study.journal.read())
        Requests(other)  # there is no pause to end any more
        assert len(study.journal.read()) == before


def test_a_trial_that_is_deleted_before_it_could_be_stopped_is_told_of(monkeypatch):
    monkeypatch.setattr(asked, "LOOK_SECONDS", 0.0)
    with Study.create(":memory:", Space(x=Real(0.0, 1.0)), minimize="loss", search=Random()) as study:
        queued = study.enqueue({"x": 0.5})
        requests = Requests(study)
        request(study, "stop", trial=queued)
        assert requests.look(()) == {}
        assert outcomes(study) == []
        study.delete(queued)
        assert requests.look(()) == {}
        assert outcomes(study) == ["refused"]
        assert requests.look(()) == {}
        assert outcomes(study) == ["refused"]


@pytest.mark.parametrize(
    ("body", "trial", "why"),
    [
        ({"action": "explode"}, None, "pause, resume or stop"),
        ({"action": ["pause"]}, None, "pause, resume or stop"),
        ({}, None, "pause, resume or stop"),
        ({"action": "stop"}, None, "must name a trial"),
        ({"action": "stop"}, 7, "one of the study's"),
        ({"action": "stop"}, -1, "one of the study's"),
        ({"action": "stop", "why": {"a": 1}}, 0, "ended already"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_in_words(body, trial, why):
    with Study.create(":memory:", Space(x=Real(0.0, 1.0)), minimize="loss", search=Random()) as study:
        study.tell(study.ask()[0], loss=1.0)
        requests = Requests(study)
        study.journal.write("request", body, trial=trial)
        assert requests.look(()) == {}
        (answer,) = study.journal.read(kind="answer")
        assert answer.body["outcome"] == "refused"
        assert why in answer.body["why"]
        assert not requests.paused


def test_the_journal_is_read_about_once_a_second(monkeypatch):
    reads, now = [], [100.0]
    monkeypatch.setattr(asked, "time", SimpleNamespace(monotonic=lambda: now[0]))
    with Study.create(":memory:", Space(x=Real(0.0, 1.0)), minimize="loss", search=Random()) as study:
        ledger = Ledger(study, Limits(trials=2))
        read = study._store.read
        study._store.read = lambda work: reads.append(work) or read(work)
        for looks in range(1, 4):
            now[0] += asked.LOOK_SECONDS
            for _ in range(1000):
                ledger.requests.look(())
            assert len(reads) == looks
