"""Which hyperparameters may be changed while a training runs, and within which bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sturgeon.errors import InputError
from sturgeon.plain_text import did_you_mean
from sturgeon.space import Choice, Constant, Hyperparameter, Integer, Real, Scalar, Space

# The bounds of a hyperparameter that was declared by a number only; the scale is that of the notes.
_KNOWN_BOUNDS: dict[str, tuple[float, float]] = {
    "learning_rate": (1e-12, 1e3),
    "momentum": (0.0, 1 - 1e-6),
    "beta1": (0.0, 1 - 1e-6),
    "beta2": (0.0, 1 - 1e-6),
    "norm_momentum": (0.0, 1 - 1e-6),
    "dropout": (0.0, 0.95),
    "epsilon": (1e-16, 1.0),
    "norm_epsilon": (1e-12, 1.0),
    "weight_decay": (0.0, 1e3),
    "decay": (0.0, 1e6),
}
_WIDEST = 1e6  # times its first value, for any other


def declare(given: Mapping[str, Scalar | Hyperparameter]) -> Space:
    """Make the space of what may be changed; its default is what the training begins with.

    Args:
        given: By name a value, which gets the bounds that such a hyperparameter has, or a ``Real``,
            ``Integer``, ``Choice`` or ``Constant`` with bounds of one's own. A ``Constant`` stays as it is.

    Raises:
        InputError: Nothing is declared, or a value is neither a number, a word nor a hyperparameter.

    Example:
        >>> declare({"learning_rate": 0.1, "dropout": Real(0.0, 0.5)}).default()["learning_rate"]
        0.1
    """
    if not given:
        raise InputError(
            "A training that is tended needs what may be changed; got no hyperparameter. "
            "Name it with its first value: learning_rate=0.1."
        )
    return Space(**{name: _declared(name, value) for name, value in given.items()})  # pyright: ignore[reportArgumentType]


def check_values(space: Space, values: Mapping[str, Any]) -> dict[str, Scalar]:
    """Check values that hyperparameters are to take, whatever their conditions.

    Returns:
        The same values, a whole number where the hyperparameter is real made real.

    Raises:
        InputError: There are none, a name was not declared, or a value is out of its bounds.
    """
    if not values:
        raise InputError("A change needs a value; got none. Write it as learning_rate=0.01.")
    checked: dict[str, Scalar] = {}
    for name, value in values.items():
        if name not in space.names:
            raise InputError(
                f"Only what was declared can be changed; got {name!r}. "
                f"This training declared {', '.join(space.names)}.{did_you_mean(name, space.names)}"
            )
        known = space[name]
        real = isinstance(known, Real) and isinstance(value, int) and not isinstance(value, bool)
        checked[name] = value = float(value) if real else value
        if not known.contains(value):
            raise InputError(f"`{name}` must be {_in_words(known)}; got {value!r}.")
    return checked


def _declared(name: str, value: Scalar | Hyperparameter) -> Hyperparameter:
    if isinstance(value, Hyperparameter):
        return value
    if isinstance(value, bool):
        return Choice((False, True), default=value)
    if isinstance(value, str):
        return Constant(value)
    if isinstance(value, int) and name not in _KNOWN_BOUNDS:
        return Integer(min(value, 1), max(1, abs(value)) * int(_WIDEST), default=value)
    if isinstance(value, int | float):
        low, high = _KNOWN_BOUNDS.get(name, (min(0.0, _WIDEST * value), _WIDEST * max(abs(value), 1.0)))
        if not low <= value <= high:
            raise InputError(f"`{name}` must be a number in [{low:g}, {high:g}]; got {value!r}.")
        scale = "log" if low > 0 else "linear"
        return Real(low, high, scale=scale, default=float(value))
    raise InputError(
        "A hyperparameter must be a number, a word, or one of Real, Integer, Choice; got "
        f"{value!r} for {name!r}."
    )


def _in_words(known: Hyperparameter) -> str:
    if isinstance(known, Constant):
        return f"{known.value!r}, as it was declared constant"
    if isinstance(known, Choice):
        return "one of " + ", ".join(str(each) for each in known.options)
    assert isinstance(known, Real | Integer)
    kind = "a whole number" if isinstance(known, Integer) else "a number"
    return f"{kind} in [{known.low:g}, {known.high:g}]"
