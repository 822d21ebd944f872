"""What measuring a claim gives: a verdict with its interval, and the numbers behind it, in no language."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from sturgeon.notes.lab import Lab

Verdict = Literal["holds", "only_under", "does_not_show", "not_sure", "not_run"]
Translate = Callable[[str], str]

LEVEL = 0.95
"""Of every interval."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One claim, measured.

    Attributes:
        verdict: Whether it holds on these tables.
        estimate: The number that decides; NaN where nothing was measured.
        low: Where its interval begins.
        high: Where that ends.
        tables: The names of the tables.
        numbers: What the sentence and the pictures are made of; JSON.
        reason: Why nothing was measured; empty otherwise.
        seconds: How long it took.
    """

    verdict: Verdict
    estimate: float = math.nan
    low: float = math.nan
    high: float = math.nan
    tables: tuple[str, ...] = ()
    numbers: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """As JSON, where what is not finite is null."""
        found = asdict(self)
        for name in ("estimate", "low", "high"):
            found[name] = found[name] if math.isfinite(found[name]) else None
        return found

    @classmethod
    def of_json(cls, found: Mapping[str, Any]) -> Finding:
        """Undo :meth:`to_json`.

        Raises:
            ValueError: It is no finding.
        """
        if found["verdict"] not in get_args(Verdict) or not isinstance(found["numbers"], dict):
            raise ValueError("no finding")
        numbers = {
            name: math.nan if found[name] is None else float(found[name])
            for name in ("estimate", "low", "high")
        }
        tables = tuple(str(name) for name in found["tables"])
        more = {"reason": str(found["reason"]), "seconds": float(found["seconds"])}
        return cls(found["verdict"], **numbers, tables=tables, numbers=found["numbers"], **more)


@dataclass(frozen=True, slots=True)
class Told:
    """What a reader is told of a claim.

    Attributes:
        title: The claim in a few words.
        plain: What it means, in plain words.
        formula: The notes' formula, as text.
        rule: What decides, and from which number on.
    """

    title: str
    plain: str
    formula: str
    rule: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim of the notes.

    Attributes:
        number: Such as ``"N4"``.
        tell: What it says, in the language of a translation.
        measure: Measures it.
        say: What was found, in a sentence with its numbers.
        draw: The pictures of that.
        repeat: The command or the Python that repeats it on one's own table.
        fewest: The training rows below which it cannot be measured.
    """

    number: str
    tell: Callable[[Translate], Told]
    measure: Callable[[Lab], Finding]
    say: Callable[[Finding, Translate], str]
    draw: Callable[[Finding, Translate], list[go.Figure]]
    repeat: str
    fewest: int = 60


def interval_of(values: Sequence[float]) -> tuple[float, float, float]:
    """The mean of independent repeats, and its interval by Student's t.

    Args:
        values: At least two.

    Example:
        >>> mean, low, high = interval_of([1.0, 2.0, 3.0])
        >>> f"{mean:.2f} in [{low:.2f}, {high:.2f}]"
        '2.00 in [-0.48, 4.48]'
    """
    from scipy.stats import t

    seen = np.asarray(values, float)
    mean = float(seen.mean())
    error = float(seen.std(ddof=1)) / math.sqrt(len(seen))
    reach = float(t.ppf((1 + LEVEL) / 2, len(seen) - 1)) * error
    return mean, mean - reach, mean + reach


def judge(values: Sequence[float], *, above: float = 0.0) -> tuple[Verdict, float, float, float]:
    """Judge a claim that says that a number lies above a threshold.

    Args:
        values: The number in independent repeats.
        above: The threshold.

    Returns:
        ``"holds"`` where the whole interval lies above, ``"does_not_show"`` where none of it does, otherwise
        ``"not_sure"``; the mean, and its interval.

    Example:
        >>> judge([1.0, 1.1, 0.9])[0], judge([-1.0, -1.1, -0.9])[0], judge([1.0, -1.0])[0]
        ('holds', 'does_not_show', 'not_sure')
    """
    mean, low, high = interval_of(values)
    verdict: Verdict = "holds" if low > above else "does_not_show" if high <= above else "not_sure"
    return verdict, mean, low, high
