"""A number between 0 and 1 that a framework's code may compare with 0 and 1, and each lane has its own of.

Frameworks keep a dropout rate or a momentum as a Python number and ask ``rate > 0`` before they use it. A
traced number cannot answer that; this one can, as it is known to lie between.
"""

from __future__ import annotations

import functools
from typing import Any

import jax


@functools.total_ordering
class Fraction:
    """A traced number, known to be above 0 and below 1.

    Args:
        value: The traced number.

    Example:
        >>> import jax
        >>> jax.jit(lambda rate: 1.0 - Fraction(rate) if Fraction(rate) > 0 else rate)(0.25).item()
        0.75
    """

    def __init__(self, value: Any) -> None:
        self._value = value

    def __jax_array__(self) -> jax.Array:
        return jax.numpy.asarray(self._value)

    def __eq__(self, other: object) -> bool:
        _check_bound(other)
        return False

    def __lt__(self, other: Any) -> bool:
        _check_bound(other)
        return other >= 1

    def __hash__(self) -> int:
        return id(self)

    def __sub__(self, other: Any) -> Any:
        return self._value - other

    def __rsub__(self, other: Any) -> Any:
        return other - self._value

    def __mul__(self, other: Any) -> Any:
        return self._value * other

    __rmul__ = __mul__


def is_fraction(value: Any) -> bool:
    """Whether a number can be held as a :class:`Fraction`."""
    return isinstance(value, float) and 0 < value < 1


def _check_bound(other: object) -> None:
    if not isinstance(other, int | float) or 0 < other < 1:
        raise TypeError(f"A lane's own number can be compared with 0 and 1 only; got {other!r}.")
