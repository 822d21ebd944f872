"""The rules that a space and its configurations must keep, each with its message."""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from sturgeon.errors import SpaceError
from sturgeon.space.base import Hyperparameter, shown
from sturgeon.space.conditions import Conditions
from sturgeon.space.config import SCALARS
from sturgeon.space.constraint import Constraint, Expression

LONGEST_NAME = 200


def check_names(hyperparameters: Mapping[Any, Any], may_be_empty: bool = False) -> None:
    """Refuse an empty space, names that are no identifiers, and values that are no hyperparameters."""
    if not hyperparameters and not may_be_empty:
        raise SpaceError(
            "A space must hold at least one hyperparameter; got none. Write Space(layers=Integer(2, 4))."
        )
    for name, item in hyperparameters.items():
        if not isinstance(name, str) or not _is_name(name):
            raise SpaceError(
                "A name must be printable text without `=`, a backtick or spaces at its ends, and "
                f"not `constraint`; got {name!r}. Rename it, for instance to learning_rate."
            )
        if not isinstance(item, Hyperparameter):
            raise SpaceError(
                f"A space must hold Real, Integer, Choice or Constant; got {shown(item)} for {name!r}. "
                f"{_instead(name, item)}."
            )


def _instead(name: str, item: object) -> str:
    """Say what to write for something that is no hyperparameter."""
    to = f"{name}=" if is_keyword_name(name) else f"{name!r}: "
    if isinstance(item, type) and issubclass(item, Hyperparameter):
        return f"Give it its values, as in {to}{item.__name__}(…)"
    if isinstance(item, list | tuple | range | np.ndarray):
        return f"Write {to}Choice({item!r}) to choose one of them"
    if isinstance(item, dict) and list(item) == ["grid_search"]:
        return f"Write {to}Choice({item['grid_search']!r}) and search with Grid"
    if isinstance(item, SCALARS):
        return f"Write {to}Constant({item!r}) if it does not vary"
    if callable(item) and not hasattr(item, "rvs"):
        return "What follows from other hyperparameters is computed in `train`"
    return f"Write {to}Real(low, high), {to}Integer(low, high) or {to}Choice([…])"


def _is_name(name: str) -> bool:
    sound = bool(name) and name.isprintable() and name.strip() == name and len(name) <= LONGEST_NAME
    return sound and not set(name) & set("=`") and name != "constraint"


def is_keyword_name(name: str) -> bool:
    """Tell whether a name can be written as the name of an argument, as in ``Space(layers=…)``."""
    return name.isidentifier() and not keyword.iskeyword(name)


def parse_constraint(
    constraint: Constraint | str | None, hyperparameters: Mapping[str, Hyperparameter]
) -> Constraint | None:
    """Check a constraint and parse it if it is a text."""
    if constraint is not None and not isinstance(constraint, str) and not callable(constraint):
        raise SpaceError(
            f"`constraint` must be a function or an expression; got {shown(constraint)}. "
            "Write for instance constraint='batch_size <= 4 * hidden_units'."
        )
    normalized = Expression(constraint) if isinstance(constraint, str) else constraint
    if isinstance(normalized, Expression):
        unknown = sorted(normalized.names - hyperparameters.keys() - set(normalized.absent))
        if unknown:
            raise SpaceError(
                "A constraint must name hyperparameters of the space, "
                f"{', '.join(map(repr, hyperparameters))}; "
                f"got {unknown[0]!r} in {normalized.text!r}. Correct the name."
            )
    return normalized


def check_known(hyperparameters: Mapping[str, Hyperparameter], names: Iterable[str]) -> None:
    """Refuse a name that the space does not have."""
    for name in names:
        if name not in hyperparameters:
            raise SpaceError(
                f"A name must be one of the space's, {', '.join(map(repr, hyperparameters))}; got {name!r}. "
                "Correct the name."
            )


def check_members(
    config: Mapping[str, object], hyperparameters: Mapping[str, Hyperparameter], conditions: Conditions
) -> None:
    """Check a configuration against everything but the constraint.

    Raises:
        SpaceError: A name is unknown, missing or inactive, or a value is not allowed.
    """
    if not isinstance(config, Mapping):
        raise SpaceError(f"A configuration must be a dict; got {shown(config)}. Give names with values.")
    check_known(hyperparameters, config)
    for name, item in hyperparameters.items():
        active = conditions.is_active(name, config)
        if active and name not in config:
            raise SpaceError(
                f"A configuration must hold every active hyperparameter; {name!r} is missing in "
                f"{dict(config)!r}. Add it: {item.rule()}."
            )
        if not active and name in config:
            when = {parent: list(values) for parent, values in item.conditions.items()}
            raise SpaceError(
                f"A configuration must hold active hyperparameters only; got {name!r}, which is active when "
                f"{when!r}, in {dict(config)!r}. Leave it out."
            )
        if active and not item.contains(config[name]):
            raise SpaceError(f"{name!r} must be {item.rule()}; got {shown(config[name])}. Change the value.")
