"""Searches by name, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from sturgeon.errors import InputError
from sturgeon.search.base import Search
from sturgeon.search.coarse_to_fine import CoarseToFine
from sturgeon.search.grid import Grid
from sturgeon.search.optuna_search import OptunaSearch
from sturgeon.search.random import Random
from sturgeon.search.shrinking_boxes import ShrinkingBoxes
from sturgeon.search.sobol import Sobol
from sturgeon.search.staged import Staged

SEARCHES: Mapping[str, type[Search]] = {
    search.name: search
    for search in (CoarseToFine, Staged, ShrinkingBoxes, Random, Sobol, Grid, OptunaSearch)
}

OBJECT = "object"
"""The key under which a setting that JSON cannot hold leaves the name of its kind."""


def search_by_name(name: str) -> Search:
    """Make a search with its default settings.

    Args:
        name: One of ``SEARCHES``, such as ``"random"``; ``"optuna:gp"`` also names a sampler.

    Returns:
        The search.

    Raises:
        InputError: There is no such search; the message lists those there are.

    Example:
        >>> search_by_name("grid")
        Grid(points=5)
    """
    kind, _, sampler = name.partition(":")
    if kind == OptunaSearch.name and sampler:
        return OptunaSearch(sampler)
    return search_from_json({"name": name})


def search_to_json(search: Search) -> dict[str, Any]:
    """Write a search as a plain dict: its name and its settings.

    Example:
        >>> search_to_json(Sobol(seed=7))
        {'name': 'sobol', 'seed': 7}
    """
    # Every search is a dataclass by contract, which the abstract base cannot say.
    settings = {item.name: getattr(search, item.name) for item in fields(search)}  # pyright: ignore[reportArgumentType]
    return {"name": search.name, **{setting: _write(value) for setting, value in settings.items()}}


def search_from_json(data: Mapping[str, Any]) -> Search:
    """Read a search from the dict that ``search_to_json`` wrote; settings left out take their defaults.

    Raises:
        InputError: The name or a setting is unknown, or a setting breaks its rule.

    Example:
        >>> search_from_json({"name": "sobol"})
        Sobol(seed=0)
    """
    if not isinstance(data, Mapping):
        raise InputError(f"A search in JSON must be an object with a `name`; got {data!r}. Correct the JSON.")
    name = data.get("name")
    if not isinstance(name, str) or name not in SEARCHES:
        raise InputError(f"A search must be one of {', '.join(SEARCHES)}; got {name!r}. Correct the name.")
    settings = {setting: _read(value) for setting, value in data.items() if setting != "name"}
    known = [item.name for item in fields(SEARCHES[name])]  # pyright: ignore[reportArgumentType]
    for setting in settings:
        if setting not in known:
            raise InputError(
                f"A setting of the {name} search must be one of {', '.join(known) or 'none at all'}; "
                f"got {setting!r}. Leave it out."
            )
    return SEARCHES[name](**settings)


def _write(value: Any) -> Any:
    """A setting as JSON has it; a search within a search is written like any other."""
    if isinstance(value, Search):
        return search_to_json(value)
    if isinstance(value, tuple | list):
        return [_write(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _write(item) for key, item in value.items()}
    if isinstance(value, str | int | float | None):
        return value
    return {OBJECT: type(value).__name__}


def _read(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    if OBJECT in value:
        raise InputError(
            f"A search is read back from names and numbers; this one holds an object, a {value[OBJECT]!r}. "
            "Give the search again: Study.open(place, search=…)."
        )
    return search_from_json(value) if "name" in value else dict(value)
