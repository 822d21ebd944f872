"""An option that takes a name out of a registry, and lists the registry in its help."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, final

import click


@final
class Named(click.ParamType):
    """The type of an option such as ``--search``: a name becomes what it names.

    Both functions are called when they are needed only, so that other commands do not load the registry.

    Args:
        name: What it is, for messages.
        names: Lists the names there are.
        make: Makes what a name stands for, or raises an InputError that lists them.
    """

    def __init__(self, name: str, *, names: Callable[[], Iterable[str]], make: Callable[[str], Any]) -> None:
        self.name = name
        self._names = names
        self._make = make

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Make what the name stands for."""
        return self._make(value) if isinstance(value, str) else value

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """List the names in the help."""
        return "|".join(self._names())


def _search_names() -> Iterable[str]:
    from sturgeon.search import SEARCHES

    return SEARCHES


def _make_search(name: str) -> Any:
    from sturgeon.search import search_by_name

    return search_by_name(name)


def _stopping_names() -> Iterable[str]:
    from sturgeon.stopping import STOPPINGS

    return STOPPINGS


def _make_stopping(name: str) -> Any:
    from sturgeon.stopping import stopping_by_name

    return stopping_by_name(name)


SEARCH = Named("search", names=_search_names, make=_make_search)
STOPPING = Named("stopping rule", names=_stopping_names, make=_make_stopping)
NETWORK = click.Choice(("standard", "notes"))
"""The names of :data:`sturgeon.space.NETWORKS`, which takes longer to import."""
