"""Which configurations are trained on the new data: the incumbent, and those that might be better by now."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sturgeon.errors import SpaceError, StudyError
from sturgeon.space import Config, Space, config_key
from sturgeon.study import Study, TrialRecord

Origin = Literal["incumbent", "record", "neighbour", "default", "random"]
_NEAR = 0.15
_ORDER: tuple[Origin, ...] = ("record", "record", "default", "random", "neighbour", "record", "record")
"""In which order challengers are taken, and again from its start where more are wanted."""


@dataclass(frozen=True)
class Candidate:
    """A configuration that is trained.

    Attributes:
        number: Its number in the recheck; the incumbent has 0.
        config: The configuration.
        origin: Where it came from: the incumbent, the study's record, the neighbourhood of the incumbent, the
            defaults, or chance.
        trial: Its trial in the study, or None.
        epochs: For how many epochs it trains; None for all.
    """

    number: int
    config: Config
    origin: Origin
    trial: int | None = None
    epochs: int | None = None

    def describe(self) -> str:
        """What to call it in a sentence."""
        if self.origin == "record":
            return f"trial {self.trial}"
        if self.origin == "incumbent":
            return f"the incumbent (trial {self.trial})"
        names = {"neighbour": "a neighbour of the incumbent", "default": "the default configuration"}
        return names.get(self.origin, "a random configuration")


def find_incumbent(study: Study, trial: int | None = None) -> TrialRecord:
    """The trial whose configuration is in use.

    Args:
        study: The study.
        trial: The trial that was chosen in the end, where that is known; None for the best value.

    Raises:
        StudyError: No trial has ended with a value.
    """
    ended = {one.number: one for one in study.trials if _has_ended(one)}
    if not ended:
        raise StudyError(
            f"a study is rechecked that has a finished trial; {study.place!r} has none: tune first, or "
            "resume it."
        )
    return study.best if trial is None else ended.get(trial, study.best)


def choose_candidates(
    study: Study, incumbent: TrialRecord, count: int, rng: np.random.Generator
) -> list[Candidate]:
    """Choose the incumbent and its challengers.

    Those of the record are its best trials, each a little away from those before it, since two that are
    nearly the same tell one thing twice.

    Args:
        study: The study.
        incumbent: The trial in use.
        count: How many challengers, at least 1; there are fewer where the space has no more.
        rng: The source of randomness.

    Returns:
        The incumbent, number 0, and the challengers.
    """
    space = study.space
    sources = {
        "record": _rivals(study, incumbent),
        "neighbour": _neighbours(space, incumbent.config, rng),
        "default": _defaults(study),
        "random": ((config, None) for config in space.sample(4 * count, rng)),
    }
    chosen = [Candidate(0, incumbent.config, "incumbent", incumbent.number, _epochs_of(incumbent))]
    seen = {config_key(incumbent.config)}
    fruitless = 0
    while len(chosen) <= count and fruitless < 2:
        before = len(chosen)
        for origin in _ORDER:
            found = next((one for one in sources[origin] if config_key(one[0]) not in seen), None)
            if found is None or len(chosen) > count:
                continue
            config, trial = found
            seen.add(config_key(config))
            number = len(chosen)
            if trial is None:
                chosen.append(Candidate(number, config, origin))
            else:
                place: Origin = "default" if origin == "default" else "record"
                chosen.append(Candidate(number, config, place, trial.number, _epochs_of(trial)))
        fruitless = 0 if len(chosen) > before else fruitless + 1
    return chosen


def _has_ended(trial: TrialRecord) -> bool:
    return trial.state in ("complete", "stopped") and trial.value is not None and math.isfinite(trial.value)


def _epochs_of(trial: TrialRecord) -> int | None:
    """A trial that a rule stopped is trained for as long as it was."""
    return (trial.last_step or None) if trial.state == "stopped" else None


def _rivals(study: Study, incumbent: TrialRecord) -> Iterator[tuple[Config, TrialRecord | None]]:
    """The best trials, those first that differ more from those already given; then what was skipped."""
    sign = 1 if study.direction == "minimize" else -1
    ranked = sorted(
        (one for one in study.trials if _has_ended(one) and one.number != incumbent.number),
        key=lambda one: (sign * (one.value or 0.0), one.number),
    )
    space = study.space
    if not space.coordinates:
        yield from ((one.config, one) for one in ranked)
        return
    given = [_point(space, incumbent.config)]
    skipped = []
    for one in ranked:
        point = _point(space, one.config)
        if min(float(np.abs(point - other).max()) for other in given) < _NEAR:
            skipped.append(one)
            continue
        given.append(point)
        yield one.config, one
    yield from ((one.config, one) for one in skipped)


def _point(space: Space, config: Config) -> np.ndarray:
    return np.nan_to_num(space.to_unit([config])[0], nan=0.5)


def _neighbours(
    space: Space, config: Config, rng: np.random.Generator
) -> Iterator[tuple[Config, TrialRecord | None]]:
    """Configurations near one, each moved by about a tenth of every range."""
    for _ in range(64 if space.coordinates else 0):
        unit = space.to_unit([config])
        moved = np.clip(unit + rng.normal(0.0, 0.1, unit.shape), 0.0, 1.0)
        moved = np.where(np.isnan(moved), rng.random(unit.shape), moved)
        near = space.from_unit(moved)[0]
        if space.satisfies(near):
            yield near, None


def _defaults(study: Study) -> Iterator[tuple[Config, TrialRecord | None]]:
    try:
        default = study.space.default()
    except SpaceError:
        return
    key = config_key(default)
    trial = next((one for one in study.trials if _has_ended(one) and config_key(one.config) == key), None)
    yield default, trial
