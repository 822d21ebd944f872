"""Many configurations in columns, from and to points of the unit cube; dicts are made only when asked for.

A hundred thousand dicts take a tenth of a second to build and more to collect; their columns take
a fraction of that, and most bulk work (``Space.to_unit``, filtering, plotting) needs the columns only.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from sturgeon.errors import SpaceError
from sturgeon.space.base import Codes, Hyperparameter, Varying
from sturgeon.space.conditions import Conditions, Mask
from sturgeon.space.config import Config
from sturgeon.space.scales import Floats

CHUNK = 1024

_ABSENT: Any = object()


class Configs(Sequence[Config]):
    """A read-only sequence of configurations, kept in columns.

    It has a length, an index, slices, iteration and equality with other sequences. Every access makes a
    new dict, so changing one changes nothing else.

    Args:
        hyperparameters: By name, in order of declaration.
        codes: The codes of every varying hyperparameter, whether active or not, all of one length.
        masks: Where each hyperparameter is active; None stands for everywhere.
        count: How many configurations there are.

    Example:
        >>> from sturgeon.space import Integer, Space
        >>> configs = Space(layers=Integer(2, 4)).from_unit([[0.1], [0.5]])
        >>> len(configs), configs[0], list(configs)
        (2, {'layers': 2}, [{'layers': 2}, {'layers': 3}])
    """

    __slots__ = ("_count", "codes", "hyperparameters", "masks")

    def __init__(
        self,
        hyperparameters: Mapping[str, Hyperparameter],
        codes: Mapping[str, Codes],
        masks: Mapping[str, Mask | None],
        count: int,
    ) -> None:
        self.hyperparameters = hyperparameters
        self.codes = codes
        self.masks = masks
        self._count = count

    @staticmethod
    def from_unit(
        unit: npt.ArrayLike, hyperparameters: Mapping[str, Hyperparameter], conditions: Conditions
    ) -> Configs:
        """Map points of the unit cube to configurations.

        Args:
            unit: Shape ``n × d``, in [0, 1]; anything where a hyperparameter is inactive.
            hyperparameters: By name, in order.
            conditions: Their conditions.

        Returns:
            ``n`` configurations.

        Raises:
            SpaceError: The shape is wrong, or an active coordinate is outside [0, 1].
        """
        varying = _varying(hyperparameters)
        points = np.asarray(unit, dtype=np.float64)
        if points.ndim != 2 or points.shape[1] != len(varying):
            raise SpaceError(
                f"Points of this space must have the shape (n, {len(varying)}); got {points.shape}. "
                "Give one row a configuration and one column a varying hyperparameter."
            )
        # Columns are worked on one by one, so each should be contiguous.
        points = np.asfortranarray(points)
        inside = (points >= 0.0) & (points <= 1.0)
        sound = bool(inside.all())
        if not sound:
            # Where a hyperparameter is inactive anything is fine; 0.5 stands in until that is known.
            points = np.where(inside, points, 0.5)
        codes = {
            name: item.from_unit(points[:, column]) for column, (name, item) in enumerate(varying.items())
        }
        masks = conditions.masks(codes, len(points))
        if not sound:
            for column, name in enumerate(varying):
                mask = masks[name]
                wrong = ~inside[:, column] if mask is None else mask & ~inside[:, column]
                if wrong.any():
                    row = int(np.argmax(wrong))
                    received = float(np.asarray(unit, dtype=np.float64)[row, column])
                    raise SpaceError(
                        f"A coordinate must be in [0, 1]; got {received!r} for {name!r} in row {row}. "
                        "Clip it, or map it first."
                    )
        return Configs(hyperparameters, codes, masks, len(points))

    @staticmethod
    def from_dicts(
        dicts: Sequence[Mapping[str, object]],
        hyperparameters: Mapping[str, Hyperparameter],
        conditions: Conditions,
    ) -> Configs:
        """Put configurations into columns.

        Args:
            dicts: ``n`` configurations.
            hyperparameters: By name, in order.
            conditions: Their conditions.

        Returns:
            The same configurations.

        Raises:
            SpaceError: One of them does not belong to the space; the message does not say which.
        """
        present: dict[str, npt.NDArray[np.bool_]] = {}
        codes: dict[str, Codes] = {}
        for name, item in hyperparameters.items():
            column = [config.get(name, _ABSENT) for config in dicts]
            present[name] = np.array([value is not _ABSENT for value in column], dtype=bool)
            values = [value for value in column if value is not _ABSENT]
            if isinstance(item, Varying):
                codes[name] = np.repeat(item.encode([item.start()]), len(dicts))
                codes[name][present[name]] = item.encode(values)
            elif not all(item.contains(value) for value in values):
                raise SpaceError(f"{name!r} must be {item.rule()}.")
        masks = conditions.masks(codes, len(dicts))
        for name, mask in masks.items():
            if not (present[name].all() if mask is None else np.array_equal(present[name], mask)):
                raise SpaceError(f"{name!r} must be there exactly where it is active.")
        known = np.sum(list(present.values()), axis=0)
        if not np.array_equal(known, [len(config) for config in dicts]):
            raise SpaceError("A configuration must hold names of the space only.")
        return Configs(hyperparameters, codes, masks, len(dicts))

    def to_unit(self) -> Floats:
        """Map them to points of the unit cube.

        Returns:
            Shape ``n × d``; NaN where a hyperparameter is inactive.
        """
        varying = _varying(self.hyperparameters)
        unit = np.empty((len(self), len(varying)), dtype=np.float64)
        for column, (name, item) in enumerate(varying.items()):
            unit[:, column] = item.to_unit(self.codes[name])
            mask = self.masks[name]
            if mask is not None:
                unit[~mask, column] = np.nan
        return unit

    def take(self, rows: slice | Codes) -> Configs:
        """Select configurations by a slice, by indices or by a mask."""
        codes = {name: column[rows] for name, column in self.codes.items()}
        masks = {name: None if mask is None else mask[rows] for name, mask in self.masks.items()}
        return Configs(self.hyperparameters, codes, masks, len(np.empty(self._count, dtype=bool)[rows]))

    def joined(self, other: Configs) -> Configs:
        """Append configurations of the same space."""
        codes = {name: np.concatenate([column, other.codes[name]]) for name, column in self.codes.items()}
        masks: dict[str, Mask | None] = {}
        for name, mask in self.masks.items():
            more = other.masks[name]
            masks[name] = None if mask is None or more is None else np.concatenate([mask, more])
        return Configs(self.hyperparameters, codes, masks, self._count + len(other))

    def column(self, name: str) -> list[Any]:
        """Give the values of one hyperparameter, with a marker object where it is inactive."""
        hyperparameter = self.hyperparameters[name]
        if isinstance(hyperparameter, Varying):
            values = hyperparameter.decode(self.codes[name])
        else:
            values = [hyperparameter.start()] * self._count
        mask = self.masks[name]
        if mask is None:
            return values
        return [value if active else _ABSENT for value, active in zip(values, mask.tolist(), strict=True)]

    def parts(self, names: Sequence[str]) -> Iterator[Config]:
        """Yield the configurations cut down to some names, a chunk of columns at a time."""
        for start in range(0, self._count, CHUNK):
            chunk = self.take(slice(start, start + CHUNK))
            columns = [chunk.column(name) for name in names]
            for row in zip(*columns, strict=True) if columns else [()] * len(chunk):
                yield {name: value for name, value in zip(names, row, strict=True) if value is not _ABSENT}

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Config: ...

    @overload
    def __getitem__(self, index: slice) -> Configs: ...

    def __getitem__(self, index: int | slice) -> Config | Configs:
        if isinstance(index, slice):
            return self.take(index)
        position = operator.index(index)
        if not -self._count <= position < self._count:
            raise IndexError(f"Index {position} is outside {self._count} configurations.")
        position %= self._count
        return next(iter(self.take(slice(position, position + 1))))

    def __iter__(self) -> Iterator[Config]:
        return self.parts(tuple(self.hyperparameters))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str | bytes):
            return NotImplemented
        return len(self) == len(other) and all(
            mine == theirs for mine, theirs in zip(self, other, strict=True)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        first = ", ".join(map(repr, self[:3]))
        return f"Configs([{first}{', …' if self._count > 3 else ''}], {self._count} in all)"


def _varying(hyperparameters: Mapping[str, Hyperparameter]) -> dict[str, Varying]:
    return {name: item for name, item in hyperparameters.items() if isinstance(item, Varying)}
