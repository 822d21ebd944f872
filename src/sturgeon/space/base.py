"""What every hyperparameter has, whatever its kind."""

from __future__ import annotations

import json
import numbers
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from types import MappingProxyType
from typing import Any, ClassVar, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from sturgeon.errors import SpaceError
from sturgeon.space.config import Scalar, check_value, is_structure, scalar_key, write_value
from sturgeon.space.scales import Floats

Codes: TypeAlias = npt.NDArray[Any]
When: TypeAlias = Mapping[str, Scalar | tuple[Scalar, ...] | list[Scalar]]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Hyperparameter(ABC):
    """One thing that may vary, without its name: the name is given by the space it sits in.

    Attributes:
        priority: 1 is tuned first, larger numbers later (N2 of the notes).
        default: The value to start from; None stands for the median of what is drawn (for a
            Choice, its first option).
        when: The condition under which this one is active: ``{"optimizer": "momentum"}``, or
            several values ``{"optimizer": ("momentum", "adam")}``; with several names all must hold.
    """

    kind: ClassVar[str]

    priority: int = 2
    default: Scalar = None
    when: When = field(default_factory=dict)

    @abstractmethod
    def rule(self) -> str:
        """Say which values are allowed, to be put after "must be"."""

    @abstractmethod
    def contains(self, value: object) -> bool:
        """Tell whether ``value`` is allowed, its type included."""

    @property
    @abstractmethod
    def size(self) -> int | float:
        """How many values there are; ``math.inf`` for a Real."""

    @abstractmethod
    def values(self) -> Iterator[Scalar]:
        """Yield every value in order; only where ``size`` is finite."""

    @abstractmethod
    def start(self) -> Scalar:
        """Give the value to start from: the default, or what stands for it."""

    def as_given(self, value: Scalar) -> Scalar:
        """Give a value that was read from JSON in the type that it was declared with, as a copy."""
        return value

    @property
    def conditions(self) -> Mapping[str, tuple[Scalar, ...]]:
        """``when`` with every condition as a tuple of values."""
        return cast(Mapping[str, tuple[Scalar, ...]], self.when)

    def to_json(self) -> dict[str, Any]:
        """Write it as a plain dict that ``json.dumps`` accepts; ``from_json`` reads it back."""
        entry: dict[str, Any] = {"kind": self.kind}
        for item in fields(self):
            value = getattr(self, item.name)
            if item.metadata.get("later") and value == item.default:
                continue  # it came later, and what does without it is as older versions read it
            if item.name == "when":
                value = {name: [write_value(one) for one in values] for name, values in value.items()}
            elif item.name == "options":
                value = [write_value(option) for option in value]
            else:
                value = write_value(value)
            entry[item.name] = value
        return entry

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Hyperparameter):
            return NotImplemented
        # The text tells True from 1, and 1 from 1.0, which comparing fields would not.
        return json.dumps(self.to_json()) == json.dumps(other.to_json())

    def __hash__(self) -> int:
        return hash(json.dumps(self.to_json()))

    def __reduce__(self) -> tuple[Any, ...]:
        settings = {item.name: getattr(self, item.name) for item in fields(self)}
        return _rebuild, (type(self), settings | {"when": dict(self.when)})

    def __repr__(self) -> str:
        parts = []
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name == "when":
                value = {name: _as_condition(values) for name, values in value.items()}
            shared = item.name in Hyperparameter.__dataclass_fields__
            if item.default is MISSING and not shared:
                parts.append((0, repr(value)))
            elif scalar_key(value) != scalar_key(item.default) and value != {}:
                parts.append((1 + shared, f"{item.name}={value!r}"))
        return (
            f"{type(self).__name__}({', '.join(text for _, text in sorted(parts, key=lambda part: part[0]))})"
        )

    def check_shared(self) -> None:
        """Check the shared fields and put ``when`` into its one form."""
        if not is_integer(self.priority) or self.priority < 1:
            raise SpaceError(
                f"`priority` must be a whole number from 1; got {self.priority!r}. "
                "Use 1 for the first to tune."
            )
        object.__setattr__(self, "priority", int(self.priority))
        object.__setattr__(self, "when", _normalized_when(self.when))

    def check_default(self) -> None:
        """Check the default against the rule of the kind."""
        if self.default is not None and not self.contains(self.default):
            raise SpaceError(
                f"`default` must be {self.rule()}; got {shown(self.default)}. "
                "Change the default or widen the range."
            )


class Varying(Hyperparameter):
    """A hyperparameter that has a coordinate in the unit cube: every kind but Constant.

    Bulk work goes through *codes*: the values of a Real or an Integer, the option indices of a Choice.
    """

    @abstractmethod
    def encode(self, values: list[Any]) -> Codes:
        """Turn values into codes.

        Raises:
            SpaceError: A value is not allowed.
        """

    @abstractmethod
    def decode(self, codes: Codes) -> list[Scalar]:
        """Turn codes into plain Python values."""

    @abstractmethod
    def to_unit(self, codes: Codes) -> Floats:
        """Map codes to [0, 1]; for an Integer or a Choice to the middle of the value's stretch."""

    @abstractmethod
    def from_unit(self, unit: Floats) -> Codes:
        """Map [0, 1] to codes."""

    def value_at(self, unit: float) -> Scalar:
        """Give the value at one point of [0, 1]: the ``unit`` quantile of what is drawn."""
        return self.decode(self.from_unit(np.array([unit])))[0]

    def refuse(self, values: Iterable[object]) -> SpaceError:
        """Make the error for the first value that is not allowed."""
        culprit = next(value for value in values if not self.contains(value))
        return SpaceError(f"A value must be {self.rule()}; got {shown(culprit)}.")


def _as_condition(values: tuple[Scalar, ...]) -> Any:
    """Give the values of a condition as one would write them; in a tuple they would be several."""
    if len(values) == 1:
        return [values[0]] if is_structure(values[0]) else values[0]
    return values


def shown(value: object) -> str:
    """Show a received value with its type, so that 1, 1.0 and '1' cannot be confused in a message."""
    return f"{value!r} ({type(value).__name__})"


def is_integer(value: object) -> bool:
    """Tell whether ``value`` is a whole number of any integer type; a bool is not."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _normalized_when(when: object) -> Mapping[str, tuple[Scalar, ...]]:
    if not isinstance(when, Mapping):
        raise SpaceError(
            f"`when` must map a name to a value; got {shown(when)}. Write when={{'optimizer': 'momentum'}}."
        )
    normalized = {}
    for name, wanted in when.items():
        values = tuple(wanted) if isinstance(wanted, tuple | list | range | np.ndarray) else (wanted,)
        if not values:
            raise SpaceError(f"`when` must give at least one value; got none for {name!r}. List the values.")
        normalized[name] = tuple(check_value(value, f"A value of `when` for {name!r}") for value in values)
    return MappingProxyType(normalized)


def _rebuild(kind: type[Hyperparameter], settings: dict[str, Any]) -> Hyperparameter:
    return kind(**settings)
