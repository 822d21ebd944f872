"""Trials of a script, each a case: a rule that stops one, a trap, and what became of them, as JSON."""

import json
from dataclasses import dataclass
from typing import ClassVar

import sturgeon as st
from sturgeon.stopping.decision import CONTINUE, Stop


@dataclass(frozen=True)
class StopsAt(st.Stopping):
    """Stops the trial that is to be stopped after two epochs."""

    name: ClassVar[str] = "stops-at"

    def decide(self, trial, peers, context):
        late = trial.config["case"] == "stopped" and trial.curve[-1][0] == 2
        return Stop("it was time.") if late else CONTINUE

    def milestone(self, number, step, context):
        return None

    def promote(self, record, context):
        return None


class Trap:
    """What runs code when it is unpickled."""

    def __reduce__(self):
        return (print, ("run",))


def tune_cases(train, cases):
    """Train a trial for each case in worker processes; print what became of them as JSON."""
    study = st.tune(
        train, st.Space(case=st.Choice(cases)), minimize="val_loss", trials=len(cases), max_failures=1,
        search=st.Grid(len(cases)), stopping=StopsAt(),
    )  # fmt: skip
    told = {
        one.config["case"]: {
            "state": one.state, "curve": one.curves.get("val_loss"), "reported": sorted(one.curves),
            "attempts": one.attempts, "error": one.error and one.error.message, "reason": one.reason,
            "checkpoint": one.checkpoint, "step": one.checkpoint_step, "weights": one.metrics.get("weights"),
        }
        for one in study.trials
    }  # fmt: skip
    print(json.dumps(told))
