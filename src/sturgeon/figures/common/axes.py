"""A hyperparameter on its own scale: log where that is log, and reverse log drawn as 1 - x."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from gettext import NullTranslations
from typing import Any

import numpy as np

from sturgeon.figures.common.labels import format_value, label, label_lines
from sturgeon.figures.common.snapshot import Snapshot
from sturgeon.space import Choice, Integer, Real, Space

JITTER = 0.18
MOST_OPTIONS = 25
FEW_OPTIONS = 4
"""So many have room beside each other in a small picture."""
MOST_WHOLE = 10
FEW_DECADES = 2.0
"""A metric that spans more of them goes on a log axis."""


@dataclass(frozen=True)
class HyperparameterAxis:
    """How one hyperparameter is drawn along an axis.

    Attributes:
        name: The hyperparameter.
        title: What the axis says.
        layout: Plotly's settings of the axis.
        kind: ``"plain"``, ``"reverse"`` for 1 - x, or ``"options"`` for places 0, 1, 2, …
        places: For options, where each is.
    """

    name: str
    title: str
    layout: dict[str, Any]
    kind: str = "plain"
    places: dict[tuple[type, Any], int] = field(default_factory=dict)

    def position(self, value: Any, number: int | None = None) -> float | None:
        """Give where a value is drawn.

        Args:
            value: A value of the hyperparameter.
            number: The trial's number, by which points of an option are spread a little sideways, so that
                they do not hide each other; None for the middle.
        """
        if self.kind == "options":
            place = self.places.get((type(value), value))
            if place is None:
                return None
            # the fractional parts of multiples of the golden ratio are spread evenly
            aside = 0.0 if number is None else ((number * 0.6180339887) % 1 - 0.5) * 2 * JITTER
            return round(place + aside, 4)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return 1 - value if self.kind == "reverse" else float(value)


def axis_of(space: Space, name: str, *, room: int | None = None) -> HyperparameterAxis:
    """Make the axis of a hyperparameter that varies.

    Args:
        space: What varies.
        name: One of ``space.coordinates``.
        room: How many characters fit along it; None where there is room for all.
    """
    item, shown = space[name], label(name)
    if isinstance(item, Choice):
        options = list(item.options)
        texts = [label(option, 24) for option in options]
        kept = list(range(len(options)))
        if len(options) > MOST_OPTIONS:
            kept = kept[:: -(-len(options) // MOST_OPTIONS)]
        layout: dict[str, Any] = {"tickvals": kept, "range": [-0.6, len(options) - 0.4]}
        if room is not None and sum(len(texts[place]) + 1 for place in kept) > room:
            if len(kept) > FEW_OPTIONS:  # they stand upright
                texts, layout["tickangle"] = [label(option, 9) for option in options], 90
            else:
                texts, layout["tickangle"] = [label_lines(one, room // len(kept)) for one in options], 0
        layout["ticktext"] = [texts[place] for place in kept]
        places = {(type(option), option): place for place, option in enumerate(options)}
        return HyperparameterAxis(name, shown, layout, "options", places)
    assert isinstance(item, Real | Integer)
    low, high = float(item.low), float(item.high)
    if item.scale == "reverse_log":
        ends = [math.log10(1 - low), math.log10(1 - high)]
        layout = {"type": "log", "range": _widened(ends), **log_ticks(1 - high, 1 - low)}
        return HyperparameterAxis(name, f"1 − {shown}", layout, "reverse")
    if item.scale == "linear":
        layout = {"range": _widened([low, high])}
        if isinstance(item, Integer) and item.high - item.low <= 10:
            layout |= {"tickmode": "linear", "tick0": item.low, "dtick": 1, "range": [low - 0.6, high + 0.6]}
        return HyperparameterAxis(name, shown, layout)
    layout = {"type": "log", "range": _widened([math.log10(low), math.log10(high)])}
    if item.scale == "power_of_two":
        powers = list(item.values())
        layout |= {"tickvals": powers, "ticktext": [str(power) for power in powers]}
    else:
        layout |= log_ticks(low, high)
    return HyperparameterAxis(name, shown, layout)


def unit_ticks(space: Space, name: str) -> tuple[list[float], list[str]]:
    """Ticks for a hyperparameter that is drawn by its place in [0, 1] on its scale: places and texts."""
    item = space[name]
    if isinstance(item, Choice):
        options = list(item.options)
        places = [(place + 0.5) / len(options) for place in range(len(options))]
        texts = [label(option, 14) for option in options]
    else:
        assert isinstance(item, Real | Integer)
        values = list(dict.fromkeys(item.value_at(share) for share in (0.0, 0.25, 0.5, 0.75, 1.0)))
        places = item.to_unit(item.encode(values)).tolist()
        texts = [f"{value:.3g}" if isinstance(value, float) else str(value) for value in values]
    kept = range(0, len(places), -(-len(places) // 8))
    return [round(places[k], 4) for k in kept], [texts[k] for k in kept]


def value_axis(values: Sequence[float], sign: float, words: NullTranslations) -> tuple[dict[str, Any], str]:
    """The axis of a metric: log where it spans decades, and cut where a few are far worse than all others.

    Args:
        values: What is drawn, all finite.
        sign: 1 where less is better, -1 where more is.
        words: The language.

    Returns:
        Plotly's settings of the axis, and a sentence that says how many values lie beyond it, or nothing.
    """
    if not values:
        return {}, ""
    drawn = np.asarray(values, dtype=float)
    ends = np.quantile(drawn, [0.0, 0.9] if sign > 0 else [0.1, 1.0])
    log = bool(drawn.min() > 0 and ends[1] / ends[0] > 10**FEW_DECADES)
    scaled = sign * (np.log10(drawn) if log else drawn)
    best, middle, typical, worst = (float(one) for one in np.quantile(scaled, [0.0, 0.5, 0.9, 1.0]))
    span = max(typical - best, middle - best)
    note = ""
    if worst - best > 3 * span > 0:
        worst = best + 1.5 * span
        beyond = int((scaled > worst).sum())
        note = words.ngettext(
            "One value is worse than the axis shows.", "{count} values are worse than the axis shows.", beyond
        ).format(count=beyond)
    layout: dict[str, Any] = {"type": "log"} if log else {}
    if worst == best:  # one value, or all alike: its digits beyond the fourth would be all one sees
        about = float(drawn[0])
        room = 0.1 * abs(about) or 1.0
        layout = {"range": [float(f"{about - room:.6g}"), float(f"{about + room:.6g}")]}
    if worst > best:
        room = 0.06 * (worst - best)
        shown = sorted([sign * (best - room), sign * (worst + room)])
        layout["range"] = [float(f"{end:.6g}") for end in shown]
        if log:
            layout |= log_ticks(10 ** shown[0], 10 ** shown[1])
    return layout, note


def whole_ticks(last: float) -> dict[str, Any]:
    """The ticks of an axis that counts: where it ends soon, one for each and none between them."""
    return {"tickmode": "linear", "tick0": 0, "dtick": 1} if last <= MOST_WHOLE else {}


def metric_title(seen: Snapshot) -> str:
    """The name of the (first) objective, as an axis says it."""
    return label(seen.metric)


def _widened(ends: list[float]) -> list[float]:
    """A range with a little room at both ends, whichever way it runs."""
    room = 0.04 * (ends[1] - ends[0])
    return [round(ends[0] - room, 6), round(ends[1] + room, 6)]


def log_ticks(low: float, high: float) -> dict[str, Any]:
    """Ticks at 1 of each decade, and where there are few decades also at 2 and 5."""
    decades = math.log10(high / low) if low > 0 else 0
    if decades <= 0 or decades > 8:
        return {"exponentformat": "power"}
    steps = (1, 2, 5) if decades < 1.5 else (1, 3) if decades < 3 else (1,)
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    ticks = [float(f"{step}e{power}") for power in range(first, last + 1) for step in steps]
    kept = [tick for tick in ticks if low * 0.999 <= tick <= high * 1.001]
    if len(kept) < 2:
        return {"exponentformat": "power"}
    return {"tickvals": kept, "ticktext": [format_value(tick) for tick in kept]}
