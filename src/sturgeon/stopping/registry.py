"""Stopping rules by name, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from sturgeon.errors import InputError
from sturgeon.stopping.base import Stopping
from sturgeon.stopping.halving import SuccessiveHalving
from sturgeon.stopping.median import MedianRule
from sturgeon.stopping.never import Never
from sturgeon.stopping.patience import Patience

STOPPINGS: Mapping[str, type[Stopping]] = {
    rule.name: rule for rule in (SuccessiveHalving, MedianRule, Patience, Never)
}

DEFAULT = SuccessiveHalving()
"""The rule that needs no setting: measured best of those here where a trainer can pause."""


def stopping_by_name(name: str) -> Stopping:
    """Make a rule with its default settings.

    Args:
        name: ``"halving"``, ``"median"``, ``"patience"``, ``"never"``.

    Returns:
        The rule.

    Raises:
        InputError: There is no such rule; the message lists those there are.

    Example:
        >>> stopping_by_name("median")
        MedianRule(warm_up=3, at_least=5)
    """
    return stopping_from_json({"name": name})


def stopping_to_json(stopping: Stopping) -> dict[str, Any]:
    """Write a rule as a plain dict: its name and its settings.

    Example:
        >>> stopping_to_json(Patience(steps=7))
        {'name': 'patience', 'steps': 7, 'min_delta': 0.0}
    """
    # Every rule is a dataclass by contract, which the abstract base cannot say.
    settings = {item.name: getattr(stopping, item.name) for item in fields(stopping)}  # pyright: ignore[reportArgumentType]
    return {"name": stopping.name, **settings}


def stopping_from_json(data: Mapping[str, Any]) -> Stopping:
    """Read a rule from the dict that ``stopping_to_json`` wrote; settings left out take their defaults.

    Raises:
        InputError: The name or a setting is unknown, or a setting breaks its rule.

    Example:
        >>> stopping_from_json({"name": "never"})
        Never()
    """
    if not isinstance(data, Mapping):
        raise InputError(
            f"A stopping rule in JSON must be an object with a `name`; got {data!r}. Correct the JSON."
        )
    name = data.get("name")
    if not isinstance(name, str) or name not in STOPPINGS:
        raise InputError(
            f"A stopping rule must be one of {', '.join(STOPPINGS)}; got {name!r}. Correct the name."
        )
    settings = {setting: value for setting, value in data.items() if setting != "name"}
    known = [item.name for item in fields(STOPPINGS[name])]  # pyright: ignore[reportArgumentType]
    for setting in settings:
        if setting not in known:
            raise InputError(
                f"A setting of the {name} rule must be one of {', '.join(known) or 'none at all'}; "
                f"got {setting!r}. Leave it out."
            )
    return STOPPINGS[name](**settings)
