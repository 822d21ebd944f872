"""What is left out where there is more than a picture can show, always the same way, and always said.

The best are all kept, and of the others an even choice by their order, with the first and the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from gettext import NullTranslations
from typing import TypeVar

import numpy as np

from sturgeon.study import TrialRecord

MOST_POINTS = 800
MOST_CURVES = 80
MOST_STEPS = 60
BEST_KEPT = 0.25
"""The share of the places that goes to the best trials."""

_T = TypeVar("_T")


def even_choice(items: Sequence[_T], most: int) -> list[_T]:
    """Choose items evenly by their place, the first and the last among them.

    Example:
        >>> even_choice(range(10), 4), even_choice("ab", 4)
        ([0, 3, 6, 9], ['a', 'b'])
    """
    if len(items) <= most:
        return list(items)
    return [items[int(place)] for place in np.linspace(0, len(items) - 1, most).round()]


def thin_trials(trials: Sequence[TrialRecord], ranked: Sequence[TrialRecord], most: int) -> list[TrialRecord]:
    """Choose trials to draw.

    Args:
        trials: All of them, in order.
        ranked: Those with a value, the best first.
        most: How many to keep.

    Returns:
        The best quarter of them, and an even choice of the others, in order.
    """
    if len(trials) <= most:
        return list(trials)
    there = {one.number for one in trials}
    best = [one for one in ranked if one.number in there][: int(most * BEST_KEPT)]
    kept = {one.number for one in best}
    others = [one for one in trials if one.number not in kept]
    chosen = kept | {one.number for one in even_choice(others, most - len(best))}
    return [one for one in trials if one.number in chosen]


def say_thinned(drawn: int, there: int, words: NullTranslations) -> str:
    """Say in a sentence what was left out; empty where nothing was.

    Args:
        drawn: How many trials are drawn.
        there: How many there are.
        words: The language.
    """
    if drawn >= there:
        return ""
    _ = words.gettext
    return _(
        "{drawn} of {there} trials are drawn: the best of them, and an even choice of the others."
    ).format(drawn=f"{drawn:,}", there=f"{there:,}")


def join_sentences(*sentences: str) -> str:
    """Put sentences one after the other, without the empty ones."""
    return " ".join(one for one in sentences if one)
