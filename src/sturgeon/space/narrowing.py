"""Fewer values of one hyperparameter: a range inside another (N4 of the notes), a few points of it."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from sturgeon.errors import SpaceError
from sturgeon.space.base import Hyperparameter, shown
from sturgeon.space.config import Scalar, scalar_key
from sturgeon.space.hyperparameters import Choice, Constant, Integer, Real


def narrowed(name: str, hyperparameter: Hyperparameter, to: Any) -> Hyperparameter:
    """Restrict a hyperparameter to a part of what it may be.

    Args:
        name: Its name, for messages.
        hyperparameter: What may vary now.
        to: ``(low, high)`` for a Real or an Integer, a tuple of options for a Choice, or one value,
            which makes a Constant.

    Returns:
        The same kind with the same scale, priority and condition; the default stays if it is still
        allowed. A Constant where one value is left.

    Raises:
        SpaceError: ``to`` is not inside the range, or not of a form above.
    """
    if not isinstance(to, tuple | list):
        return _fixed(name, hyperparameter, to)
    try:
        if isinstance(hyperparameter, Choice):
            return _fewer_options(name, hyperparameter, tuple(to))
        if isinstance(hyperparameter, Real | Integer) and len(to) == 2:
            return _smaller_range(name, hyperparameter, to[0], to[1])
    except SpaceError as error:
        raise SpaceError(f"{error} (narrowing {name!r})") from None
    raise SpaceError(
        f"A narrower range must be a pair (low, high), options for a Choice, or one value; "
        f"got {to!r} for {name!r}. "
        "Correct it."
    )


def evenly_spaced(hyperparameter: Hyperparameter, points: int) -> Hyperparameter:
    """Turn a Real or an Integer into a Choice of a few values of it.

    Args:
        hyperparameter: Of any kind; a Choice or a Constant stays as it is.
        points: How many values, at least 2, evenly spaced on the scale with both ends included.

    Returns:
        The Choice; an Integer has fewer options where neighbours coincide.
    """
    if not isinstance(hyperparameter, Real | Integer):
        return hyperparameter
    values = (hyperparameter.value_at(unit) for unit in np.linspace(0.0, 1.0, points).tolist())
    options = tuple(dict.fromkeys(values))
    return Choice(options, priority=hyperparameter.priority, when=hyperparameter.when)


def _fixed(name: str, hyperparameter: Hyperparameter, value: Scalar) -> Constant:
    if isinstance(hyperparameter, Real) and type(value) is int:
        value = float(value)
    if not hyperparameter.contains(value):
        raise SpaceError(
            f"{name!r} must be {hyperparameter.rule()}; got {shown(value)}. "
            "Narrow to a value inside, or use replace()."
        )
    return Constant(value, priority=hyperparameter.priority, when=hyperparameter.when)


def _fewer_options(name: str, choice: Choice, options: tuple[Scalar, ...]) -> Choice:
    for option in options:
        if not choice.contains(option):
            raise SpaceError(
                f"{name!r} must be {choice.rule()}; got {shown(option)}. Leave it out, or use replace()."
            )
    wanted = set(map(scalar_key, Choice(options).options))
    kept = tuple(option for option in choice.options if scalar_key(option) in wanted)
    default = choice.default if scalar_key(choice.default) in wanted else None
    return dataclasses.replace(choice, options=kept, default=default)


def _smaller_range(name: str, bounded: Real | Integer, low: Any, high: Any) -> Hyperparameter:
    if low == high:
        return _fixed(name, bounded, low)
    around = bounded.around if bounded.around is not None and low <= bounded.around <= high else None
    smaller = dataclasses.replace(bounded, low=low, high=high, default=None, around=around)
    if bounded.step is not None and not bounded.contains(smaller.low):
        raise SpaceError(
            f"A narrower range must begin on a step; got low={smaller.low!r} where {name!r} is "
            f"{bounded.rule()}. Move it."
        )
    if smaller.low < bounded.low or smaller.high > bounded.high:
        raise SpaceError(
            f"A narrower range must lie inside [{bounded.low!r}, {bounded.high!r}]; "
            f"got [{smaller.low!r}, {smaller.high!r}] for {name!r}. Move it inside, or use replace()."
        )
    if bounded.default is not None and smaller.contains(bounded.default):
        return dataclasses.replace(smaller, default=bounded.default)
    return smaller
