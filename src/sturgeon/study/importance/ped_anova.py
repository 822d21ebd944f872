"""PED-ANOVA: how much each hyperparameter decided whether a trial was among the best.

Where a hyperparameter matters, the best trials have other values of it than trials at large. The importance
is the Pearson divergence of the two densities, each estimated on a grid of at most 50 cells.

Source: Watanabe, Bansal, Hutter, PED-ANOVA: efficiently quantifying hyperparameter importance in
arbitrary subspaces, IJCAI 2023 (arXiv 2304.10255), Theorem 1; for hyperparameters that are not always active
its conditional form (arXiv 2601.20800, Theorem 4.2).
"""

from __future__ import annotations

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


def importance_of(column: Column, top: npt.NDArray[np.bool_]) -> float:
    """How much a hyperparameter decided whether a trial is in the top.

    Args:
        column: The hyperparameter.
        top: Which trials are the best; ``[trials]``.

    Returns:
        ``(a² / b) · Σ p_all (p_top / p_all - 1)²`` over the cells, a and b being the shares of the top and of
        all trials that have the hyperparameter; 0 where it did not matter, without an upper bound.
    """
    active = column.cells >= 0
    if not (active & top).any() or column.count < 2:
        return 0.0
    of_all = _density(column, column.cells[active])
    of_top = _density(column, column.cells[active & top])
    divergence = float(of_all @ (of_top / of_all - 1) ** 2)
    return float(active[top].mean() ** 2 / active.mean()) * divergence


def _density(column: Column, cells: npt.NDArray[np.intp]) -> Floats:
    """The density over the cells: a kernel for each trial, and a wide one so that none is empty."""
    counts = np.bincount(cells, minlength=column.count).astype(float)
    total = counts.sum()
    if not column.ordered:
        return (counts + PRIOR_WEIGHT / column.count) / (total + PRIOR_WEIGHT)
    centres = np.append(np.flatnonzero(counts), (column.count - 1) / 2)
    weights = np.append(counts[counts > 0], PRIOR_WEIGHT)
    widths = np.full(len(centres), max(_scott_width(cells), NARROWEST))
    widths[-1] = column.count
    return (weights @ _kernels(centres, widths, column.count)) / weights.sum() + TINY


def _scott_width(cells: npt.NDArray[np.intp]) -> float:
    """The width of the kernels by Scott's rule (Scott, Multivariate Density Estimation, 1992)."""
    deviation = float(np.std(cells, ddof=1)) if len(cells) > 1 else 0.0
    low, high = np.quantile(cells, [0.25, 0.75])
    return 1.059 * min((high - low) / 1.34, deviation) * len(cells) ** -0.2


def _kernels(centres: Floats, widths: Floats, count: int) -> Floats:
    """Normal densities cut to the grid, ``[kernels, cells]``."""
    from scipy.special import ndtr

    edges = np.arange(count + 1) - 0.5
    below = ndtr((edges[None, :] - centres[:, None]) / widths[:, None])
    return np.diff(below, axis=1) / (below[:, -1:] - below[:, :1])
