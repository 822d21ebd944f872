"""The hyperparameters of the built-in network as they are tended: all of them, in their widest bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sturgeon.errors import InputError
from sturgeon.network.settings import ALLOWED, EMBEDDINGS
from sturgeon.space import Choice, Constant, Hyperparameter, Integer, Real, Space, standard_space

_LOG = 1e-15  # a range that begins above this is on a log scale


def tended_space(chosen: Space | None = None, values: Mapping[str, Any] | None = None) -> Space:
    """Make the space of a tended network; its default is what the training begins with.

    The learning rate stays as it is set: a schedule would change it behind one's back. Whoever wants one
    fixes
    ``schedule``.

    Args:
        chosen: The standard space with what was fixed.
        values: The values to begin with, instead.

    Example:
        >>> tended_space().default()["schedule"]
        'constant'
    """
    standard = standard_space()
    given = chosen or standard.replace(schedule=Constant("constant"))
    if chosen is not None and chosen["schedule"] == standard["schedule"]:
        given = chosen.replace(schedule=Constant("constant"))
    first = {name: given[name].start() for name in given.names} | dict(values or {})
    return Space(**{name: _wide(name, first[name]) for name in given.names})  # pyright: ignore[reportArgumentType]


def _wide(name: str, value: Any) -> Hyperparameter:
    if name == "embedding":
        if value != EMBEDDINGS[0]:
            raise InputError(
                f"A tended network reads its inputs as they are; got embedding={value}. Leave it out."
            )
        return Constant(value)
    allowed = ALLOWED[name]
    if isinstance(allowed[0], str):
        return Choice(allowed, default=value)  # pyright: ignore[reportArgumentType]
    kind, low, high = allowed
    if kind is int:
        return Integer(int(low), int(high), default=int(value))  # pyright: ignore[reportArgumentType]
    scale = "log" if float(low) > _LOG else "linear"
    return Real(float(low), float(high), scale=scale, default=float(value))  # pyright: ignore[reportArgumentType]
