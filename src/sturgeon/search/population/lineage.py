"""The ancestry of a trial: the schedule of hyperparameters that led to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sturgeon.search.record import COPIED, Copied


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a training with one configuration.

    Attributes:
        trial: The trial that trained it.
        first: Its first step.
        last: Its last step.
        config: The configuration.
    """

    trial: int
    first: int
    last: int
    config: Mapping[str, Any]


def lineage(number: int, trial_of: Callable[[int], Any]) -> tuple[Stretch, ...]:
    """Follow a trial back to where its training began.

    Args:
        number: The trial.
        trial_of: Gives a ``TrialRecord`` by its number.

    Returns:
        Its stretches, the first one first; one for a trial that is no copy.
    """
    found: list[Stretch] = []
    trial, last, seen = trial_of(number), None, {number}
    while True:
        copied = Copied.of(trial.about)
        first = 0 if copied is None else int(trial.about[COPIED].get("step") or 0)
        found.append(
            Stretch(trial.number, first + 1, trial.last_step if last is None else last, dict(trial.config))
        )
        if copied is None or copied.parent in seen:  # a damaged study must not keep us here
            return tuple(reversed(found))
        seen.add(copied.parent)
        trial, last = trial_of(copied.parent), first
