"""Configurations to points of the unit cube and back, a column at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sturgeon.errors import SpaceError
from sturgeon.space.base import Codes, Hyperparameter, Varying
from sturgeon.space.conditions import Conditions
from sturgeon.space.configs import Configs
from sturgeon.space.scales import Floats

_ABSENT: Any = object()


def configs_from_unit(
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
    codes = {name: item.from_unit(points[:, column]) for column, (name, item) in enumerate(varying.items())}
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


def unit_from_configs(configs: Configs) -> Floats:
    """Map configurations in columns to points of the unit cube.

    Args:
        configs: ``n`` configurations.

    Returns:
        Shape ``n × d``; NaN where a hyperparameter is inactive.
    """
    varying = _varying(configs.hyperparameters)
    unit = np.empty((len(configs), len(varying)), dtype=np.float64)
    for column, (name, item) in enumerate(varying.items()):
        unit[:, column] = item.to_unit(configs.codes[name])
        mask = configs.masks[name]
        if mask is not None:
            unit[~mask, column] = np.nan
    return unit


def configs_from_dicts(
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


def _varying(hyperparameters: Mapping[str, Hyperparameter]) -> dict[str, Varying]:
    return {name: item for name, item in hyperparameters.items() if isinstance(item, Varying)}
