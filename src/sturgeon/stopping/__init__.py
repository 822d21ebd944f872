"""Which trial to stop early: a pure function of the curves.

How a training loop uses a rule::

    context = StoppingContext(study.metric, maximize=study.direction == "maximize", max_steps=epochs)

    # A free place: go on with a paused trial, or begin a new one.
    number = stopping.promote(study.record, context)
    trial = study.resume(number) if number is not None else study.ask(1, paused=False)[0]

    # After the reports of an epoch (of all trials that run side by side, first) for each of them:
    study.report(trial, step=step, **metrics)
    record = study.record
    decision = stopping.decide(record[trial.number], record, context)
    if isinstance(decision, Pause) and can_pause:
        study.pause(trial)                            # its state must be kept to go on from
    elif isinstance(decision, Pause | Stop):
        study.stop(trial, reason=decision.why, **metrics)

A loop that can pause, and that knows how many trials are wanted, does better to give
``can_wait=True`` in the context as long as new trials will come, and False from then on, both to ``decide``
and to ``promote`` (so: ask ``promote`` again with False before giving up). Successive halving then sends
nothing on before there are others to compare with.

A paused trial counts as one of the trials wanted. When no new trial is wanted, none runs, and
``promote`` gives None, what is paused stays so for good, and is ended with its reason::

    for observation in [one for one in study.record if one.state == "paused"]:
        decision = stopping.decide(observation, study.record, context)
        study.stop(study.resume(observation.number), reason=decision.why)

``study.resume`` raises LeaseLost where another process was faster: ask again. A study's record leaves
out values that are not finite; a loop that sees one ends the trial itself, or appends the point to the
curve it hands to ``decide``.
"""

from sturgeon.stopping.base import Stopping
from sturgeon.stopping.context import StoppingContext
from sturgeon.stopping.decision import CONTINUE, Continue, Decision, Pause, Stop
from sturgeon.stopping.halving import SuccessiveHalving
from sturgeon.stopping.median import MedianRule
from sturgeon.stopping.never import Never
from sturgeon.stopping.patience import Patience
from sturgeon.stopping.percentile import PercentileRule
from sturgeon.stopping.registry import (
    DEFAULT,
    STOPPINGS,
    stopping_by_name,
    stopping_from_json,
    stopping_to_json,
)
from sturgeon.stopping.threshold import ThresholdRule
from sturgeon.stopping.wilcoxon import WilcoxonRule

Goal = StoppingContext
"""The name that ``StoppingContext`` had before."""

__all__ = [
    "CONTINUE",
    "DEFAULT",
    "STOPPINGS",
    "Continue",
    "Decision",
    "Goal",
    "MedianRule",
    "Never",
    "Patience",
    "Pause",
    "PercentileRule",
    "Stop",
    "Stopping",
    "StoppingContext",
    "SuccessiveHalving",
    "ThresholdRule",
    "WilcoxonRule",
    "stopping_by_name",
    "stopping_from_json",
    "stopping_to_json",
]
