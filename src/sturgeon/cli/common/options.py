"""What ``--vary`` and ``--fix`` mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from sturgeon.errors import InputError, SpaceError
from sturgeon.plain_text import did_you_mean, plain_number
from sturgeon.space import Choice, Constant, Hyperparameter, Integer, Real, Scalar, Space


def change_space(space: Space, vary: Sequence[str], fix: Sequence[str]) -> Space:
    """Apply ``--vary`` and ``--fix`` to a space.

    ``name=low:high`` and ``name=low:high:scale`` give a range, ``name=a,b,c`` options, ``name=value`` a
    constant. What is not said (the scale, the priority, when it is active) stays as it was.

    Raises:
        InputError: A malformed option, a name given twice, or a name the network does not know.
        SpaceError: A range or value that breaks a rule.
    """
    changed: dict[str, Hyperparameter] = {}
    for option, texts in (("--vary", vary), ("--fix", fix)):
        for text in texts:
            name, value = _split(option, text)
            if name not in space.names:
                raise InputError(
                    f"`{option}` takes a hyperparameter of the network; got {name!r}. "
                    f"It has {', '.join(space.names)}.{did_you_mean(name, space.names)}"
                )
            if name in changed:
                raise InputError(f"A hyperparameter is changed once; got {name!r} twice. Leave one out.")
            change = _varied if option == "--vary" else _fixed
            try:
                changed[name] = change(space[name], name, value)
            except SpaceError as error:
                raise SpaceError(f"`{option} {text}`: {error}") from error
    return space.replace(changed)


def words_of(given: Sequence[str]) -> tuple[str, ...]:
    """The words that ``--missing`` gives, with commas between or one an option; an empty one is none.

    Example:
        >>> words_of(["-,n/k", "unknown"]), words_of([""])
        (('-', 'n/k', 'unknown'), ())
    """
    return tuple(word.strip() for text in given for word in text.split(",") if word.strip())


def _split(option: str, text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip() or not value.strip():
        form = "name=low:high, name=low:high:scale or name=a,b,c" if option == "--vary" else "name=value"
        raise InputError(f"`{option}` must be {form}; got {text!r}.")
    return name.strip(), value.strip()


def _fixed(old: Hyperparameter, name: str, value: str) -> Constant:
    return Constant(_scalar(value, old), priority=old.priority, when=old.when)


def _varied(old: Hyperparameter, name: str, value: str) -> Hyperparameter:
    kept: dict[str, Any] = {"priority": min(old.priority, 3), "when": old.when}
    if ":" not in value:
        return _with_default(Choice, ([_scalar(part.strip(), old) for part in value.split(",")],), old, kept)
    parts = [part.strip() for part in value.split(":")]
    if len(parts) > 3 or not all(parts):
        raise InputError(
            f"`--vary` must be name=low:high, name=low:high:scale or name=a,b,c; got '{name}={value}'."
        )
    low, high = (_number(part, name) for part in parts[:2])
    scale = parts[2] if len(parts) == 3 else getattr(old, "scale", "linear")
    if _is_integer(old):
        for bound in (low, high):
            if bound != int(bound):
                raise InputError(f"The bounds of {name!r} must be whole numbers; got {plain_number(bound)}.")
        return _with_default(Integer, (int(low), int(high), scale), old, kept)
    return _with_default(Real, (float(low), float(high), scale), old, kept)


def _with_default(
    kind: Any, arguments: tuple[Any, ...], old: Hyperparameter, kept: dict[str, Any]
) -> Hyperparameter:
    """The new hyperparameter with the old default, where that is still one of its values."""
    new = kind(*arguments, **kept)
    default = old.value if isinstance(old, Constant) else old.default
    return kind(*arguments, default=default, **kept) if default is not None and new.contains(default) else new


def _is_integer(old: Hyperparameter) -> bool:
    return isinstance(old, Integer) or (isinstance(old, Constant) and type(old.value) is int)


def _number(text: str, name: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"A bound of {name!r} must be a finite number; got {text!r}.")
    return number


def _scalar(text: str, old: Hyperparameter) -> Scalar:
    """A value as the hyperparameter it replaces would have it: whole, real, or a word."""
    words = isinstance(old, Choice) or (isinstance(old, Constant) and isinstance(old.value, str))
    if words:
        return text
    try:
        number = float(text)
    except ValueError:
        return text
    if not math.isfinite(number):
        raise SpaceError(f"a value must be a finite number; got {text!r}.")
    return int(number) if _is_integer(old) and number == int(number) else number
