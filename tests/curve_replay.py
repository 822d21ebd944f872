"""Known curves trained under a stopping rule; the benchmark ``stopping_curves.py`` uses it too."""

from dataclasses import replace

import numpy as np

from sturgeon.search import Observation, Record
from sturgeon.stopping import CONTINUE, Pause, Stopping, StoppingContext


def replay(
    rule: Stopping, curves: np.ndarray, workers: int = 4, *, pausing: bool = True, waiting: bool = False
) -> tuple[Record, int]:
    """Train some trials side by side, a step each in turn, paused ones resumed when promoted.

    Args:
        rule: The stopping rule.
        curves: A row of values for each trial, a column for each step.
        workers: How many trials train at once.
        pausing: Whether a trial can be paused. If not, it is stopped instead.
        waiting: Whether the rule knows that more trials will come, as long as some have not begun.

    Returns:
        All trials, and how many steps were trained.
    """
    last, used = curves.shape[1], 0
    record, live = Record(), list[int]()
    while True:
        while len(live) < workers:
            context = StoppingContext("loss", max_steps=last, can_wait=waiting and len(record) < len(curves))
            number = rule.promote(record, context)
            if number is None and len(record) == len(curves):
                break
            if number is None:
                number = len(record)
                record.put(Observation(number, {"n": number}, "running"))
            record.put(replace(record[number], state="running"))
            live.append(number)
        if not live:
            return record, used
        for number in live:
            curve = record[number].curve
            value = float(curves[number][len(curve)])
            record.put(replace(record[number], curve=(*curve, (len(curve) + 1, value))))
            used += 1
        context = StoppingContext("loss", max_steps=last, can_wait=waiting and len(record) < len(curves))
        for number in list(live):
            decision = rule.decide(record[number], record, context)
            state = "complete" if len(record[number].curve) == last else "stopped"
            if state == "stopped" and pausing and isinstance(decision, Pause):
                state = "paused"
            if decision is not CONTINUE or state == "complete":
                record.put(replace(record[number], state=state))
                live.remove(number)


def best_of_complete(record: Record) -> float:
    """The lowest final value of the trials that were trained to their end."""
    return min(trial.curve[-1][1] for trial in record if trial.state == "complete")
