"""Trials of a script, each a case: a rule that stops or pauses some, a trap, and what became of all."""

import json
from dataclasses import dataclass
from typing import ClassVar

import sturgeon as st
from sturgeon.stopping.decision import CONTINUE, Pause, Stop

PAUSED = ("forgotten", "unsafe")


@dataclass(frozen=True)
class AfterTwo(st.Stopping):
    """Stops the trial that is to be stopped after two epochs, and pauses those that are to go on badly."""

    name: ClassVar[str] = "after-two"

    def decide(self, trial, peers, context):
        case = trial.config["case"] if trial.curve[-1][0] == 2 else None
        return {"stopped": Stop("it was time."), **dict.fromkeys(PAUSED, Pause("later."))}.get(case, CONTINUE)


class Trap:
    """What runs code when it is unpickled."""

    def __reduce__(self):
        return (print, ("run",))


def tune_cases(train, cases):
    """Train a trial for each case in one worker process; print what became of them as JSON."""
    study = st.tune(
        train, st.Space(case=st.Choice(cases)), minimize="val_loss", trials=len(cases), max_failures=1,
        search=st.Grid(len(cases)), stopping=AfterTwo(), workers=1,
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
