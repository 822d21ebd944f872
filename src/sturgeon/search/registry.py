"""Searches by name, and as JSON."""

from __future__ import annotations

from sturgeon.errors import InputError
from sturgeon.search.base import Search
from sturgeon.search.coarse_to_fine import CoarseToFine
from sturgeon.search.grid import Grid
from sturgeon.search.optuna_search import OptunaSearch
from sturgeon.search.population.training import PopulationBasedTraining
from sturgeon.search.random import Random
from sturgeon.search.settings import Registry
from sturgeon.search.shrinking_boxes import ShrinkingBoxes
from sturgeon.search.sobol import Sobol
from sturgeon.search.staged import Staged

SEARCHES = Registry(
    "search",
    Search,
    [CoarseToFine, Staged, ShrinkingBoxes, Random, Sobol, Grid, OptunaSearch, PopulationBasedTraining],
)
"""All searches by name; ``SEARCHES.register(Mine)`` adds one."""

search_to_json = SEARCHES.to_json
search_from_json = SEARCHES.from_json


def check_search(search: object) -> None:
    """Check that it is a search, and that what it needs is installed.

    Raises:
        InputError: It is not, such as a search's name or class; the message says what to write.
        MissingExtra: A package that it needs is not there.
    """
    if search is None:
        return
    if isinstance(search, Search):
        search.check_installed()
        return
    name = search if isinstance(search, str) else str(getattr(search, "name", ""))
    kinds = [SEARCHES[name]] if name in SEARCHES else [*SEARCHES.values()]
    known = ", ".join(f"st.{kind.__name__}()" for kind in kinds)
    sampler = "" if name in SEARCHES else "; a sampler of Optuna is st.OptunaSearch('tpe')"
    raise InputError(f"`search` must be a search; got {search!r}. Write {known}{sampler}.")


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
