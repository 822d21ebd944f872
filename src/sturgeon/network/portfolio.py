"""Configurations to begin with: those that together did best over many tables."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from sturgeon.errors import SpaceError
from sturgeon.space import Config, Constant, Space, config_key, standard_space

PORTFOLIO_FILE = Path(__file__).with_name("portfolio.json")
"""What ``benchmarks/portfolio.py`` wrote."""


def portfolio(space: Space) -> list[Config]:
    """The first configurations to try in the standard space, or in one made from it.

    The first is the space's default. The others were chosen one after the other, each as the one that adds
    the most to those before it over the development tables, so a few are a good choice as well. Where a
    hyperparameter was given one value, they take it; one that lies outside a range is left out.

    Args:
        space: Where the configurations are to lie.

    Returns:
        Different configurations of the space, at least its default; of a space with other hyperparameters
        than the standard one's, nothing but the default.

    Example:
        >>> from sturgeon.space import standard_space
        >>> len(portfolio(standard_space()))
        8
        >>> {config["layers"] for config in portfolio(standard_space().narrow(layers=2))}
        {2}
    """
    found = {config_key(space.default()): space.default()}
    if space.names == standard_space().names:
        for config in _learnt():
            adapted = _adapted(config, space)
            if adapted is not None:
                found.setdefault(config_key(adapted), adapted)
    return list(found.values())


def _adapted(config: Config, space: Space) -> Config | None:
    constants = {name: item.value for name, item in space.items() if isinstance(item, Constant)}
    changed = {**space.default(), **config, **constants}
    try:
        adapted = {name: value for name, value in changed.items() if space.is_active(name, changed)}
        space.validate(adapted)
    except SpaceError:
        return None
    return adapted


@cache
def _learnt() -> tuple[Config, ...]:
    return tuple(json.loads(PORTFOLIO_FILE.read_text(encoding="utf-8")))
