"""A space as JSON: plain data that can be read from a stranger, because reading it runs no code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sturgeon.errors import SpaceError
from sturgeon.space.base import Hyperparameter
from sturgeon.space.checks import is_keyword_name
from sturgeon.space.config import read_value
from sturgeon.space.constraint import Constraint, Expression, callable_name
from sturgeon.space.hyperparameters import Choice, Constant, Integer, Real

FORMAT = 2
"""The newest form; a space that needs nothing of it is written in the first, which older versions read."""
KINDS: Mapping[str, type[Hyperparameter]] = {kind.kind: kind for kind in (Real, Integer, Choice, Constant)}


def write_space(
    hyperparameters: Mapping[str, Hyperparameter], constraint: Constraint | None
) -> dict[str, Any]:
    """Write hyperparameters and a constraint as a plain dict; of a function only its name."""
    entries = [{"name": name, **item.to_json()} for name, item in hyperparameters.items()]
    written: Any = None
    if isinstance(constraint, Expression):
        written = {"expression": constraint.text, "absent": list(constraint.absent)}
    elif constraint is not None:
        written = {"callable": callable_name(constraint)}
    version = FORMAT if any(map(_needs_second_format, entries)) else 1
    return {"format": version, "hyperparameters": entries, "constraint": written}


def _needs_second_format(entry: Mapping[str, Any]) -> bool:
    """Tell whether a hyperparameter has what the first form had not: a step, say, or a tuple as an option."""
    values = [
        *entry.get("options", ()),
        entry.get("value"),
        *(one for each in entry["when"].values() for one in each),
    ]
    later = not {"step", "around", "ordered"}.isdisjoint(entry)
    return later or not is_keyword_name(entry["name"]) or any(isinstance(value, dict) for value in values)


def read_space(
    data: Mapping[str, Any], constraint: Constraint | None
) -> tuple[dict[str, Hyperparameter], Constraint | None]:
    """Read what ``write_space`` wrote.

    Args:
        data: The dict.
        constraint: The function, where there was one.

    Returns:
        The hyperparameters by name, and the constraint.

    Raises:
        SpaceError: The dict is not of that form, or a function is missing or not asked for.
    """
    try:
        entries = [dict(entry) for entry in data["hyperparameters"]]
        names = [entry.pop("name") for entry in entries]
        written, version = data["constraint"], data["format"]
    except (KeyError, TypeError, ValueError) as error:
        raise SpaceError(
            "A space in JSON must have `format`, `constraint` and `hyperparameters`, each with a `name`; "
            f"got {type(error).__name__} ({error}). Use what to_json() wrote."
        ) from None
    if version not in (1, FORMAT):
        raise SpaceError(f"A space in JSON must have format 1 to {FORMAT}; got {version!r}. Update Sturgeon.")
    if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise SpaceError(f"Names must be texts and different; got {names!r}. Correct the JSON.")
    hyperparameters = {name: _read(name, entry) for name, entry in zip(names, entries, strict=True)}
    return hyperparameters, _read_constraint(written, constraint)


def _read(name: str, entry: Mapping[str, Any]) -> Hyperparameter:
    settings = {setting: value for setting, value in entry.items() if setting != "kind"}
    kind = entry.get("kind")
    try:
        if not isinstance(kind, str) or kind not in KINDS:
            raise SpaceError(
                f"A hyperparameter needs a `kind`, one of {', '.join(KINDS)}; got {entry!r}. "
                "Correct the JSON."
            )
        for setting in ("value", "default"):
            if setting in settings:
                settings[setting] = read_value(settings[setting])
        if "options" in settings:
            settings["options"] = tuple(map(read_value, settings["options"]))
        settings["when"] = {of: tuple(map(read_value, wanted)) for of, wanted in settings["when"].items()}
        return KINDS[kind](**settings)
    except (SpaceError, TypeError, KeyError, AttributeError) as error:
        told = f"A {kind} hyperparameter cannot be read from {settings!r}: {error}. Correct the JSON."
        raise SpaceError(f"{error if isinstance(error, SpaceError) else told} (reading {name!r})") from None


def _read_constraint(written: Any, given: Constraint | None) -> Constraint | None:
    match written:
        case {"callable": name} if given is None:
            raise SpaceError(
                f"A constraint that is a function must be given again; got none for {name!r}. "
                f"Write Space.from_json(data, constraint={name})."
            )
        case {"callable": _}:
            return given
        case _ if given is not None:
            raise SpaceError(
                "`constraint` may be given only for a space that was written with a function; "
                f"got one beside {written!r}. Leave it out, or use replace(constraint=…)."
            )
        case None:
            return None
        case {"expression": str(text), "absent": [*absent]}:
            return Expression(text, tuple(map(str, absent)))
    raise SpaceError(
        f"A constraint in JSON must be null, an expression or a callable; got {written!r}. Correct it."
    )
