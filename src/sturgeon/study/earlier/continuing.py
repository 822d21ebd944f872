"""A study's trials carried over into another space, where a new study goes on with those that fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sturgeon.errors import SpaceError
from sturgeon.space import Config, Real, Space
from sturgeon.study.known_trials import KnownTrial
from sturgeon.study.trial import TrialRecord


@dataclass(frozen=True)
class Continued:
    """What a study's trials are in another space.

    Attributes:
        trials: Those that fit, in order.
        left_out: Numbers of those that do not, and of those that still run.
        forgotten: Names that the other space has not; the trials go on without these values.
        filled: Names that the trials had not; they got the default.
    """

    trials: Sequence[KnownTrial]
    left_out: Sequence[int]
    forgotten: Sequence[str]
    filled: Sequence[str]

    def __str__(self) -> str:
        count = len(self.trials) + len(self.left_out)
        text = f"{len(self.trials)} of {count} trials fit into the space and were taken over"
        if self.filled:
            text += f"; the default stands for what they had no value of: {', '.join(self.filled)}"
        if self.forgotten:
            text += f"; left out of them, as the space has it not: {', '.join(self.forgotten)}"
        return f"{text}."


def trials_in(space: Space, old: Space, trials: Sequence[TrialRecord], *, place: str) -> Continued:
    """Fit trials into another space.

    Args:
        space: The new space.
        old: The space that they are from.
        trials: The trials.
        place: Where they are kept, to be written down with each.
    """
    found: list[KnownTrial] = []
    left_out: list[int] = []
    for trial in trials:
        config = None if trial.state == "running" else _fitted(space, trial.config)
        if config is None:
            left_out.append(trial.number)
        else:
            found.append(_known(trial, config, place))
    return Continued(
        found,
        left_out,
        [name for name in old if name not in space],
        [name for name in space if name not in old],
    )


def _fitted(space: Space, config: Mapping[str, Any]) -> Config | None:
    """Give the configuration as one of the space; None where a value is not in its range."""
    fitted: Config = {}
    names = list(space)
    while found := [n for n in names if n not in fitted and space.is_active(n, fitted)]:
        for name in found:
            value = config[name] if name in config else space[name].start()
            if isinstance(space[name], Real) and type(value) is int:
                value = float(value)
            fitted[name] = value
    fitted = {name: fitted[name] for name in names if name in fitted}
    try:
        space.validate(fitted)
    except SpaceError:
        return None
    return fitted


def _known(trial: TrialRecord, config: Config, place: str) -> KnownTrial:
    # What waits, or was put aside, is to be trained here; a checkpoint belongs to the other study.
    ended = trial.state in ("complete", "stopped", "failed")
    return KnownTrial(
        config,
        trial.metrics if ended else {},
        trial.state if ended else "waiting",
        trial.curves if ended else {},
        error=trial.error,
        reason=trial.reason,
        notes=trial.notes,
        tags=trial.tags,
        about={**trial.about, "continued": {"study": place, "trial": trial.number}},
        started=trial.started if ended else None,
        ended=trial.ended if ended else None,
    )
