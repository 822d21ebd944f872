"""Any sequence of operations through two handles, against a model of what a study is."""

import contextlib
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    rule,
    run_state_machine_as_test,
)

import places
from sturgeon.study import STATES, LeaseLost, Study

HANDLES = st.sampled_from([0, 1])
VALUES = st.floats(-1e6, 1e6)


class StudyMachine(RuleBasedStateMachine):
    """Two handles of one study do anything; the model is one dict a trial."""

    running = Bundle("running")
    kind = "file"

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        where = places.place(self.kind, self.folder)
        places.make_study(where, seed=1).close()
        self.handles = [Study.open(where), Study.open(where)]
        self.model = {}

    def teardown(self):
        for handle in self.handles:
            handle.close()
        shutil.rmtree(self.folder)

    @rule(target=running, handle=HANDLES)
    def ask(self, handle):
        (trial,) = self.handles[handle].ask()
        paused = [n for n, known in self.model.items() if known["state"] == "paused"]
        if paused:
            assert trial.number == min(paused)
            assert trial.config == self.model[trial.number]["config"]
        else:
            assert trial.number == len(self.model)
        known = self.model.setdefault(trial.number, {"curve": {}, "value": None, "attempt": 0})
        known.update(state="running", config=trial.config, attempt=known["attempt"] + 1)
        assert trial.attempt == known["attempt"]
        return trial

    def is_current(self, trial):
        known = self.model[trial.number]
        return known["state"] == "running" and known["attempt"] == trial.attempt

    def refusing(self, trial):
        return contextlib.nullcontext() if self.is_current(trial) else pytest.raises(LeaseLost)

    @rule(handle=HANDLES, trial=running, step=st.integers(0, 5), value=VALUES)
    def report(self, handle, trial, step, value):
        current = self.is_current(trial)
        with self.refusing(trial):
            self.handles[handle].report(trial, step=step, loss=value)
        if current:
            self.model[trial.number]["curve"][step] = value

    @rule(handle=HANDLES, trial=running, value=VALUES, batched=st.booleans())
    def tell(self, handle, trial, value, batched):
        current = self.is_current(trial)
        study = self.handles[handle]
        with self.refusing(trial), study.batch() if batched else contextlib.nullcontext():
            study.tell(trial, loss=value)
        if current:
            self.model[trial.number].update(state="complete", value=value)

    @rule(handle=HANDLES, trial=consumes(running))
    def fail(self, handle, trial):
        current = self.is_current(trial)
        with self.refusing(trial):
            self.handles[handle].fail(trial, "no")
        if current:
            self.model[trial.number].update(state="failed")

    @rule(handle=HANDLES, trial=running)
    def pause(self, handle, trial):
        current = self.is_current(trial)
        with self.refusing(trial):
            self.handles[handle].pause(trial)
        if current:
            self.model[trial.number].update(state="paused")

    @invariant()
    def study_and_record_say_what_the_model_says(self):
        trials = self.handles[0].trials
        assert [trial.number for trial in trials] == list(self.model)
        for trial in trials:
            known = self.model[trial.number]
            assert trial.state == known["state"]
            assert trial.config == known["config"]
            assert dict(trial.curves.get("loss", [])) == known["curve"]
            assert trial.value == known["value"]
        counts = {state: sum(known["state"] == state for known in self.model.values()) for state in STATES}
        assert self.handles[1].counts() == counts

    @rule()
    def both_handles_have_the_same_record(self):
        one, two = (list(handle.record) for handle in self.handles)
        assert one == two
        assert [seen.state for seen in one] == [known["state"] for known in self.model.values()]
        assert [dict(seen.curve) for seen in one] == [known["curve"] for known in self.model.values()]


class ServerMachine(StudyMachine):
    """The same on a server."""

    kind = "postgres"


def run(machine, examples):
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_a_study_in_a_file_is_what_its_model_says():
    run(StudyMachine, 30)


def test_a_study_on_a_server_is_what_its_model_says():
    places.postgres()
    run(ServerMachine, 12)
