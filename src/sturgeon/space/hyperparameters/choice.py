"""One of several options."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from sturgeon.errors import SpaceError
from sturgeon.space.base import Codes, Varying, shown
from sturgeon.space.config import Scalar, check_value, is_structure, own_copy, scalar_key
from sturgeon.space.scales import Floats


@dataclass(frozen=True, eq=False, repr=False)
class Choice(Varying):
    """One of several options, each with equal mass.

    Args:
        options: JSON scalars (str, int, float, bool, None), or tuples, lists and dicts of them; at least
            one, all different. ``True``, ``1`` and ``1.0`` are three different options, ``(1, 2)`` and
            ``[1, 2]`` are one.
        ordered: Whether neighbours are alike, as small, medium and large are: a search then learns of one
            option from those beside it.
        priority: 1 is tuned first.
        default: The option to start from; None stands for the first option.
        when: Active only when another hyperparameter has this value.

    Raises:
        SpaceError: The options, the default, the priority or the condition breaks a rule.

    Example:
        >>> Choice(("adam", "momentum")).start(), Choice([(50,), (50, 50)]).start()
        ('adam', (50,))
    """

    kind: ClassVar[str] = "choice"

    options: tuple[Scalar, ...]
    ordered: bool = field(default=False, kw_only=True, metadata={"later": True})

    def __post_init__(self) -> None:
        self.check_shared()
        object.__setattr__(self, "options", _checked_options(self.options))
        if type(self.ordered) is not bool:
            raise SpaceError(f"`ordered` must be True or False; got {shown(self.ordered)}. Leave it out.")
        self.check_default()

    def rule(self) -> str:
        """List the options."""
        return "one of " + ", ".join(repr(option) for option in self.options)

    def contains(self, value: object) -> bool:
        """Tell whether ``value`` is one of the options, of the same type."""
        return scalar_key(value) in map(scalar_key, self.options)

    @property
    def size(self) -> int:
        """How many options there are."""
        return len(self.options)

    def values(self) -> Iterator[Scalar]:
        """Yield the options in order."""
        return map(own_copy, self.options)

    def start(self) -> Scalar:
        """Give the default, or the first option."""
        return own_copy(self.options[0]) if self.default is None else self.as_given(self.default)

    def as_given(self, value: Scalar) -> Scalar:
        """Give an option that was read from JSON in the type that it was declared with, as a copy."""
        if not is_structure(value):
            return value
        key = scalar_key(value)
        return next((deepcopy(option) for option in self.options if scalar_key(option) == key), value)

    def encode(self, values: list[Any]) -> npt.NDArray[np.intp]:
        """Turn options into their indices."""
        index = {scalar_key(option): position for position, option in enumerate(self.options)}
        try:
            return np.array([index[scalar_key(value)] for value in values], dtype=np.intp)
        except (KeyError, TypeError):
            raise self.refuse(values) from None

    def decode(self, codes: Codes) -> list[Scalar]:
        """Turn indices into options."""
        options = self.options
        if any(map(is_structure, options)):
            return [own_copy(options[index]) for index in codes.tolist()]
        return [options[index] for index in codes.tolist()]

    def to_unit(self, codes: Codes) -> Floats:
        """Map indices to the middles of their stretches of [0, 1]."""
        return (codes + 0.5) / len(self.options)

    def from_unit(self, unit: Floats) -> npt.NDArray[np.intp]:
        """Map [0, 1] to the indices whose stretches are hit."""
        return np.minimum(unit * len(self.options), len(self.options) - 1).astype(np.intp)


def _checked_options(options: object) -> tuple[Scalar, ...]:
    if isinstance(options, str | Set | Mapping) or not isinstance(options, Iterable):
        remedy = "Write Choice(('a', 'b'))"
        if isinstance(options, Set | Mapping):  # the order of a set differs from process to process
            remedy = "Give them an order: Choice([…])"
        raise SpaceError(f"`options` must be a tuple or a list; got {shown(options)}. {remedy}.")
    normalized = tuple(check_value(option, "An option") for option in options)
    if not normalized:
        raise SpaceError("`options` must hold at least one option; got none. List what may be chosen.")
    keys = [scalar_key(option) for option in normalized]
    for position, key in enumerate(keys):
        if key in keys[:position]:
            raise SpaceError(
                f"`options` must all be different; got {normalized[position]!r} more than once. "
                "Remove the repetition."
            )
    return normalized
