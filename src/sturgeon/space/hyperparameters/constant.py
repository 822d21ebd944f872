"""A value that does not vary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from sturgeon.space.base import Hyperparameter
from sturgeon.space.config import Scalar, check_value, is_structure, own_copy, scalar_key


@dataclass(frozen=True, eq=False, repr=False)
class Constant(Hyperparameter):
    """A value that does not vary; it is in every configuration and has no coordinate.

    Args:
        value: A JSON scalar, or a tuple, a list or a dict of such.
        priority: Kept for the day it varies.
        default: None, or the value itself.
        when: Active only when another hyperparameter has this value.

    Raises:
        SpaceError: The value is not a JSON scalar, or a shared field breaks a rule.

    Example:
        >>> Constant(0.9).start()
        0.9
    """

    kind: ClassVar[str] = "constant"

    value: Scalar

    def __post_init__(self) -> None:
        self.check_shared()
        object.__setattr__(self, "value", check_value(self.value, "A constant"))
        self.check_default()

    def rule(self) -> str:
        """Say the value."""
        return repr(self.value)

    def contains(self, value: object) -> bool:
        """Tell whether ``value`` is the constant, of the same type."""
        return scalar_key(value) == scalar_key(self.value)

    @property
    def size(self) -> int:
        """One."""
        return 1

    def values(self) -> Iterator[Scalar]:
        """Yield the value."""
        return iter((self.start(),))

    def start(self) -> Scalar:
        """Give the value."""
        return own_copy(self.value)

    def as_given(self, value: Scalar) -> Scalar:
        """Give the constant, whose type JSON may have changed, as a copy."""
        return self.start() if is_structure(value) and self.contains(value) else value
