"""What searches and stopping rules share: settings that are checked, a name, and both as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any, ClassVar, Protocol, TypeVar, cast

from sturgeon.errors import InputError

OBJECT = "object"
"""The key under which a setting that JSON cannot hold leaves the name of its kind."""


class Named(Protocol):
    """A frozen dataclass of settings, with a name for its class."""

    name: ClassVar[str]


T = TypeVar("T", bound=Named)


class Registry(Mapping[str, type[T]]):
    """Classes by name, and their instances as JSON: the name and the settings.

    Args:
        noun: What they are, for messages.
        base: The class that all derive from.
        kinds: The classes.

    Example:
        >>> from sturgeon.search import Random, Search, Sobol
        >>> searches = Registry("search", Search, [Random])
        >>> searches.register(Sobol)
        <class 'sturgeon.search.sobol.Sobol'>
        >>> list(searches), searches.from_json({"name": "sobol", "seed": 7})
        (['random', 'sobol'], Sobol(seed=7))
        >>> searches.to_json(Sobol(seed=7))
        {'name': 'sobol', 'seed': 7}
    """

    def __init__(self, noun: str, base: type[T], kinds: Iterable[type[T]]) -> None:
        self._noun = noun
        self._base = base
        self._kinds = {kind.name: kind for kind in kinds}

    def register(self, kind: type[T]) -> type[T]:
        """Add a class of your own, so that it is found by its name; it serves as a decorator.

        Raises:
            InputError: Another class has the name.
        """
        if self._kinds.setdefault(kind.name, kind) is not kind:
            raise InputError(
                f"The name of a {self._noun} must be its own; got {kind.name!r}, which is that of "
                f"{self._kinds[kind.name].__qualname__}. Give it another name."
            )
        return kind

    def __getitem__(self, name: str) -> type[T]:
        return self._kinds[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)

    def to_json(self, thing: T) -> dict[str, Any]:
        """Write one as a plain dict: its name and its settings."""
        settings = {setting: getattr(thing, setting) for setting in _settings(type(thing))}
        return {"name": thing.name, **{setting: self._write(value) for setting, value in settings.items()}}

    def from_json(self, data: Mapping[str, Any]) -> T:
        """Read one from the dict that ``to_json`` wrote; settings left out take their defaults.

        Raises:
            InputError: The name or a setting is unknown, or a setting breaks its rule.
        """
        if not isinstance(data, Mapping):
            raise InputError(
                f"A {self._noun} in JSON must be an object with a `name`; got {data!r}. Correct the JSON."
            )
        name = data.get("name")
        if not isinstance(name, str) or name not in self._kinds:
            raise InputError(
                f"A {self._noun} must be one of {', '.join(self._kinds)}; got {name!r}. Correct the name."
            )
        kind = self._kinds[name]
        settings = {setting: self._read(value) for setting, value in data.items() if setting != "name"}
        known = _settings(kind)
        for setting in settings:
            if setting not in known:
                raise InputError(
                    f"A setting of the {name} {self._noun} must be one of "
                    f"{', '.join(known) or 'none at all'}; got {setting!r}. Leave it out."
                )
        return kind(**settings)

    def _write(self, value: Any) -> Any:
        """A setting as JSON has it; a search within a search is written like any other."""
        if isinstance(value, self._base):
            return self.to_json(value)
        if isinstance(value, tuple | list):
            return [self._write(item) for item in value]
        if isinstance(value, Mapping):
            return {str(key): self._write(item) for key, item in value.items()}
        if isinstance(value, str | int | float | None):
            return value
        return {OBJECT: type(value).__name__}

    def _read(self, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        if OBJECT in value:
            raise InputError(
                f"A {self._noun} is read back from names and numbers; this one holds an object, a "
                f"{value[OBJECT]!r}. Give the {self._noun} again: Study.open(place, {self._noun}=…)."
            )
        return self.from_json(value) if "name" in value else dict(value)


def _settings(kind: type) -> list[str]:
    return [item.name for item in fields(cast(Any, kind))]


def check_whole(name: str, value: object, *, least: int, example: str) -> None:
    """Refuse a setting that is no whole number from ``least``.

    Args:
        name: The setting's name.
        value: What was given.
        least: The smallest value allowed.
        example: What to write instead.

    Raises:
        InputError: It is none.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InputError(f"`{name}` must be a whole number from {least}; got {value!r}. Write {example}.")
