"""Coarse to fine, literally: random everywhere, then denser in the box of the best few, and again."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np

from sturgeon.errors import InputError, SpaceError
from sturgeon.search.base import Search
from sturgeon.search.record import Observation, Record
from sturgeon.search.region import Region
from sturgeon.search.settings import check_whole
from sturgeon.search.unseen import Unseen, fill
from sturgeon.space import Choice, Config, Scalar, Space, Varying
from sturgeon.space.config import scalar_key
from sturgeon.space.scales import Floats

NARROWEST = 1e-3
"""The least width of a box, as a share of the whole: closer in, trials would hardly differ."""


@dataclass(frozen=True)
class ShrinkingBoxes(Search):
    """Zoom in: random in the whole space, then denser in the box of the best few, and again (N4).

    It is the notes' coarse to fine by the letter, to understand and to compare with; ``CoarseToFine``
    does the same guided by a model and finds more. After ``start`` trials the search looks at the ``best``
    few of them. On each coordinate of the unit cube, which is the hyperparameter's own scale, the box
    reaches from the lowest to the highest of them, but is at most ``shrink`` and at least half of ``shrink``
    wide and lies around the best one. A Choice keeps the options that the best few have. After ``round``
    more trials the best few of all give the next box, at most ``shrink²`` wide, and so on. One trial in
    five (``elsewhere``) is still drawn from the whole space, so that a box in the wrong place is left again.

    Attributes:
        start: Trials with a value before the first box, from 1.
        round: Trials with a value between one box and the next, from 1.
        best: How many of the best span a box, from 1.
        shrink: How wide the first box is at most, as a share of the whole, in (0, 1).
        elsewhere: The share of trials drawn from the whole space, in [0, 1].

    Example:
        >>> from sturgeon.space import Real
        >>> space = Space(x=Real(0.0, 1.0))
        >>> tried = [Observation(n, {"x": n / 16}, "complete", abs(n / 16 - 0.25)) for n in range(16)]
        >>> region, = ShrinkingBoxes().regions(space, Record(tried))
        >>> region.low["x"], region.centre["x"], region.high["x"]
        (0.125, 0.25, 0.375)
    """

    name: ClassVar[str] = "shrinking-boxes"

    start: int = 16
    round: int = 12
    best: int = 5
    shrink: float = 0.5
    elsewhere: float = 0.2

    def __post_init__(self) -> None:
        for setting in ("start", "round", "best"):
            check_whole(setting, getattr(self, setting), least=1, example=f"ShrinkingBoxes({setting}=8)")
        if not _is_number(self.shrink) or not 0 < self.shrink < 1:
            raise InputError(f"`shrink` must lie between 0 and 1; got {self.shrink!r}. Write shrink=0.5.")
        if not _is_number(self.elsewhere) or not 0 <= self.elsewhere <= 1:
            raise InputError(
                f"`elsewhere` must be a share from 0 to 1; got {self.elsewhere!r}. Write elsewhere=0.2."
            )

    def suggest(self, space: Space, record: Record, count: int, rng: np.random.Generator) -> list[Config]:
        """Draw up to ``count`` new configurations, most of them in the newest box; see ``Search.suggest``."""
        batch = Unseen(record, count)
        valued = _valued(record)
        level = self._level(len(valued))
        inside = self._box(space, valued, level).inside(space) if level else space
        fill(batch, space, lambda size: self._draw(space, inside, size, rng), rng)
        return batch.configs()

    def regions(self, space: Space, record: Record) -> list[Region]:
        """Give the boxes so far, the first first: where the search looked closer, so that it can be drawn."""
        valued = _valued(record)
        regions = []
        for level in range(1, self._level(len(valued)) + 1):
            box = self._box(space, valued, level)
            inside = tuple(sorted(one.number for one in record if box.contains(one.config)))
            regions.append(Region(box.centre, box.low, box.high, level, self._width(level), inside))
        return regions

    def _level(self, known: int) -> int:
        """How many boxes there are once so many trials have a value."""
        return 0 if known < self.start else 1 + (known - self.start) // self.round

    def _box(self, space: Space, valued: list[Observation], level: int) -> _Box:
        """The box as it was found at its own time, with what was known then."""
        known = valued[: self.start + (level - 1) * self.round]
        few = sorted(known, key=lambda one: (one.value, one.number))[: self.best]
        return _Box.around(space, few, self._width(level))

    def _width(self, level: int) -> float:
        return max(self.shrink**level, NARROWEST)

    def _draw(self, space: Space, inside: Space, size: int, rng: np.random.Generator) -> list[Config]:
        """Draw so many, each by itself inside the box or elsewhere."""
        if inside is space:
            return list(space.sample(size, rng))
        far = rng.random(size) < self.elsewhere
        try:
            near = list(inside.sample(int(size - far.sum()), rng))
        except SpaceError:  # a constraint leaves too little of the box to be met by chance
            return list(space.sample(size, rng))
        away = list(space.sample(int(far.sum()), rng))
        return [away.pop() if is_far else near.pop() for is_far in far]


@dataclass(frozen=True, slots=True)
class _Box:
    """A part of a space: bounds of what is ordered, options of what is not."""

    centre: Config
    low: dict[str, Any]
    high: dict[str, Any]
    options: dict[str, tuple[Scalar, ...]]

    @staticmethod
    def around(space: Space, few: list[Observation], width: float) -> _Box:
        """The box of the best few, best first; what none of them has stays whole."""
        box = _Box(cast(Config, dict(few[0].config)), {}, {}, {})
        points = space.to_unit([dict(one.config) for one in few])
        for name, column in zip(space.coordinates, points.T, strict=True):
            item, active = space[name], column[~np.isnan(column)]
            assert isinstance(item, Varying)
            if isinstance(item, Choice):
                values = [one.config[name] for one in few if name in one.config]
                if values:
                    box.options[name] = tuple(option for option in item.options if _among(option, values))
            elif len(active):
                low, high = _stretch(active, width)
                box.low[name], box.high[name] = item.value_at(low), item.value_at(high)
        return box

    def inside(self, space: Space) -> Space:
        """The space of what lies in the box."""
        for name, low in self.low.items():
            try:
                space = space.narrow(**{name: (low, self.high[name])})
            except SpaceError:  # so narrow that rounding leaves hardly a value inside
                space = space.narrow(**{name: low})
        return space.narrow(**self.options)

    def contains(self, config: Mapping[str, Any]) -> bool:
        """Whether a configuration lies inside; what it does not have does not matter."""
        bounded = all(low <= config[n] <= self.high[n] for n, low in self.low.items() if n in config)
        return bounded and all(_among(config[n], kept) for n, kept in self.options.items() if n in config)


def _valued(record: Record) -> list[Observation]:
    """The trials with a value, by number, so that the order in which they ended does not matter."""
    valued = [one for one in record if one.value is not None and math.isfinite(one.value)]
    return sorted(valued, key=lambda one: one.number)


def _stretch(active: Floats, width: float) -> tuple[float, float]:
    """From the lowest to the highest, the best being the first; at most ``width`` and at least half of it."""
    best = float(active[0])
    low = max(float(active.min()), best - width / 2)
    high = min(float(active.max()), best + width / 2)
    low, high = min(low, best - width / 4), max(high, best + width / 4)
    return max(low, 0.0), min(high, 1.0)


def _among(value: object, values: Iterable[object]) -> bool:
    return any(scalar_key(value) == scalar_key(one) for one in values)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
