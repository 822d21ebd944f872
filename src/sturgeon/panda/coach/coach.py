"""The coach: what a good engineer would say of a training's curves, in one sentence, with its evidence.

What it proposes, a person accepts or the autopilot does.
"""

from __future__ import annotations

from collections.abc import Callable

from sturgeon.panda.coach.advice import Advice
from sturgeon.panda.coach.curves import Curves
from sturgeon.panda.coach.symptoms import (
    crawling,
    dead_units,
    ending,
    flat,
    gradients,
    not_finite,
    oscillating,
    parting,
    rising,
    unsettled,
)

SYMPTOMS: tuple[Callable[[Curves], Advice | None], ...] = (
    not_finite, rising, dead_units, oscillating, parting, crawling, flat, unsettled, gradients, ending,
)  # fmt: skip
"""The most urgent first."""


def look(curves: Curves) -> list[Advice]:
    """Say all that is to be said, the most urgent first; mostly nothing."""
    if not curves.epochs:
        return []
    found = [symptom(curves) for symptom in SYMPTOMS]
    return [advice for advice in found if advice is not None]
