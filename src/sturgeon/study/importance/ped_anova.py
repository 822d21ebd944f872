"""PED-ANOVA: how much each hyperparameter decided whether a trial was among the best.

Where a hyperparameter matters, the best trials have other values of it than trials at large. The importance
is the Pearson divergence of the two densities, each estimated on a grid of at most 50 cells.

Source: Watanabe, Bansal, Hutter, PED-ANOVA: efficiently quantifying hyperparameter importance in
arbitrary subspaces, IJCAI 2023 (arXiv 2304.10255), Theorem 1; for hyperparameters that are not always active
its conditional form (arXiv 2601.20800, Theorem 4.2).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sturgeon.space import Choice, Space, Varying
from sturgeon.space.scales import Floats

CELLS = 50
PRIOR_WEIGHT = 1.0
NARROWEST = 0.5 / 1.64
"""The least width of a kernel, in cells: nine tenths of it then lie in its own cell."""
TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Column:
    """One hyperparameter of all trials.

    Attributes:
        cells: The cell that each trial lies in, -1 where the hyperparameter is not active; ``[trials]``.
        count: How many cells there are.
        ordered: Whether neighbouring cells are alike; those of a Choice are not.
    """

    cells: npt.NDArray[np.intp]
    count: int
    ordered: bool


def columns_of(space: Space, unit: Floats) -> dict[str, Column]:
    """Put points of the unit cube, ``[trials, hyperparameters]``, into cells."""
    columns = {}
    for name, units in zip(space.coordinates, unit.T, strict=True):
        item = space[name]
        assert isinstance(item, Varying)
        count = int(item.size) if isinstance(item, Choice) else int(min(item.size, CELLS))
        cells = np.minimum(np.nan_to_num(units) * count, count - 1).astype(np.intp)
        ordered = not isinstance(item, Choice) or item.ordered
        columns[name] = Column(np.where(np.isnan(units), -1, cells), count, ordered)
    return columns


def importance_of(column: Column, top: npt.NDArray[np.bool_], of_all: Floats | None = None) -> float:
    """How much a hyperparameter decided whether a trial is in the top.

    Args:
        column: The hyperparameter.
        top: Which trials are the best; ``[trials]``.
        of_all: Its ``density_of`` all trials, where that is known.

    Returns:
        ``(a² / b) · Σ p_all (p_top / p_all - 1)²`` over the cells, a and b being the shares of the top and of
        all trials that have the hyperparameter; 0 where it did not matter, without an upper bound.
    """
    active = column.cells >= 0
    if not (active & top).any() or column.count < 2:
        return 0.0
    of_all = density_of(column) if of_all is None else of_all
    of_top = _density(column, column.cells[active & top])
    divergence = float(of_all @ (of_top / of_all - 1) ** 2)
    return float(active[top].mean() ** 2 / active.mean()) * divergence


def density_of(column: Column) -> Floats:
    """The density over the cells of all trials that have the hyperparameter."""
    return _density(column, column.cells[column.cells >= 0])


def _density(column: Column, cells: npt.NDArray[np.intp]) -> Floats:
    """The density over the cells: a kernel for each trial, and a wide one so that none is empty."""
    counts = np.bincount(cells, minlength=column.count).astype(float)
    total = counts.sum() + PRIOR_WEIGHT
    if not column.ordered:
        return (counts + PRIOR_WEIGHT / column.count) / total
    kernels = _kernels(max(_scott_width(cells), NARROWEST), column.count)
    return (counts @ kernels + PRIOR_WEIGHT * _wide_kernel(column.count)) / total + TINY


def _scott_width(cells: npt.NDArray[np.intp]) -> float:
    """The width of the kernels by Scott's rule (Scott, Multivariate Density Estimation, 1992)."""
    deviation = float(np.std(cells, ddof=1)) if len(cells) > 1 else 0.0
    low, high = np.quantile(cells, [0.25, 0.75])
    return 1.059 * min((high - low) / 1.34, deviation) * len(cells) ** -0.2


def _kernels(width: float, count: int) -> Floats:
    """A normal density around each cell, cut to the grid; ``[cells, cells]``."""
    below = _normal(np.arange(-count, count, dtype=np.float64) + 0.5, width)  # by distance of an edge
    below = below[np.arange(count + 1)[None, :] + np.arange(count - 1, -1, -1)[:, None]]
    return np.diff(below, axis=1) / (below[:, -1:] - below[:, :1])


def _wide_kernel(count: int) -> Floats:
    """A normal density around the middle, as wide as the grid and cut to it; ``[cells]``."""
    below = _normal(np.arange(count + 1, dtype=np.float64) - count / 2, count)
    return np.diff(below) / (below[-1] - below[0])


def _normal(at: Floats, width: float) -> Floats:
    """The normal distribution's integral up to each of a few places."""
    return np.array([0.5 * math.erfc(-one / (width * math.sqrt(2))) for one in at.tolist()])
