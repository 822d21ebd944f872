"""What a stopping rule answers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Continue:
    """Train on."""


@dataclass(frozen=True, slots=True)
class Stop:
    """End the trial now; it keeps the value it has.

    Attributes:
        why: The rule and its reason, one sentence with the numbers.
    """

    why: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Put the trial aside; it may go on later. Where a trainer cannot do that, it is to be stopped.

    Attributes:
        why: The rule and its reason, one sentence with the numbers.
    """

    why: str


Decision = Continue | Stop | Pause

CONTINUE = Continue()
