"""The record of an earlier study, carried over into the space of a new one.

It is evidence of where good configurations lie, not of what they are worth now: the data may have changed. A
search that uses it weighs it by how well it predicts the new trials.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from sturgeon.errors import SpaceError
from sturgeon.space import Config, Integer, Real, Space, config_key

PRIOR = "prior"
"""Under this name a study keeps in its ``about`` the trials of an earlier one."""
MOST = 64
"""So many of the old trials are kept: the best half, and the others evenly."""
STARTS = 3
"""So many of the best are tried first."""
_APART = 0.15


@dataclass(frozen=True, slots=True)
class OldTrial:
    """A trial of an earlier study.

    Attributes:
        config: Its configuration, in the space of the new study.
        value: What it was worth then, to be minimised.
    """

    config: Mapping[str, object]
    value: float


def carry_over(space: Space, trials: Iterable[tuple[Mapping[str, Any], float]]) -> list[OldTrial]:
    """Take old trials into a space, which need not be the one that they were from.

    A hyperparameter that is gone is left out, and one that is new has its default. A trial with a value that
    is not in the new range, or that breaks the constraint, is left out.

    Args:
        space: The new space.
        trials: Configurations and finite values, to be minimised.

    Returns:
        At most 64, the best first.

    Example:
        >>> space = Space(rate=Real(0.0, 0.5), units=Integer(8, 64, default=16))
        >>> [one.config for one in carry_over(space, [({"rate": 0.1, "gone": 1}, 2.0), ({"rate": 0.9}, 1.0)])]
        [{'rate': 0.1, 'units': 16}]
    """
    best: dict[str, OldTrial] = {}
    for config, value in sorted(trials, key=lambda pair: pair[1]):
        taken = fit_into(space, config)
        if taken is not None and math.isfinite(value):
            best.setdefault(config_key(taken), OldTrial(taken, float(value)))
    known = list(best.values())
    if len(known) <= MOST:
        return known
    rest = known[MOST // 2 :]
    evenly = np.linspace(0, len(rest) - 1, MOST - MOST // 2).round().astype(int)
    return known[: MOST // 2] + [rest[place] for place in evenly]


def fit_into(space: Space, config: Mapping[str, Any], *, clip: bool = False) -> Config | None:
    """Make a configuration of a space from one of another.

    Args:
        space: The space.
        config: A configuration of another space.
        clip: Whether a number out of its range is moved to the end of it.

    Returns:
        The configuration; None where it has no place in the space.
    """
    fitted: dict[str, Any] = {}
    for name in space.names:
        if not space.is_active(name, fitted):
            continue
        item = space[name]
        value = config.get(name, item.start())
        if clip and isinstance(item, Real | Integer) and isinstance(value, int | float):
            value = min(max(value, item.low), item.high)
            value = int(value) if isinstance(item, Integer) else float(value)
        fitted[name] = value if item.contains(value) or name in config else item.start()
    try:
        space.validate(fitted)
    except SpaceError:
        return None
    return cast(Config, fitted)


def first_configs(space: Space, old: Sequence[OldTrial], count: int = STARTS) -> list[Config]:
    """The best old configurations that differ from each other, to be tried first.

    Args:
        space: The new space.
        old: Of :func:`carry_over`.
        count: How many at most.
    """
    taken: list[Config] = []
    points: list[np.ndarray] = []
    for one in old:
        if len(taken) == count:
            break
        point = np.nan_to_num(space.to_unit([one.config])[0], nan=0.5)
        if all(np.abs(point - other).max() >= _APART for other in points if len(point)):
            taken.append(cast(Config, dict(one.config)))
            points.append(point)
    return taken


def old_to_json(old: Sequence[OldTrial]) -> list[dict[str, Any]]:
    """Write old trials as plain JSON."""
    return [{"config": dict(one.config), "value": one.value} for one in old]


def old_from_json(given: object) -> tuple[OldTrial, ...]:
    """Read what `old_to_json` wrote; nothing of what is not that."""
    if not isinstance(given, list):
        return ()
    return tuple(
        OldTrial(dict(one["config"]), float(one["value"]))
        for one in given
        if isinstance(one, dict) and isinstance(one.get("config"), dict) and "value" in one
    )
