"""Whether a column moved: a two-sample test, and how much, lest many rows make a trifle a drift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

import numpy as np
import pandas as pd

from sturgeon.data.features.cells import category_key, distinct, read_numbers

LEAST_EFFECT = 0.1
"""A Kolmogorov-Smirnov statistic, or half the sum of the changes of shares, from which a column moved."""
LEAST_MISSING = 0.05
"""A change of the share of missing cells from which it counts."""
LEAST_UNSEEN = 0.01
"""A share of cells of new categories from which it counts."""
SIGNIFICANT = 0.05
_FEWEST_EXPECTED = 5


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """How a column changed.

    Attributes:
        name: The column.
        kind: ``numeric`` or ``categorical``.
        test: ``kolmogorov-smirnov`` or ``chi-square``.
        p: The p-value, corrected for the number of columns by Holm's method.
        effect: The Kolmogorov-Smirnov statistic, or half the sum of the changes of shares; from 0 to 1.
        missing_before: The share of missing cells in the old data.
        missing_after: The same in the new.
        unseen: New categories, those with most cells first, ten at most.
        unseen_share: The share of the new cells that are of one of these.
        moved: Whether it moved: by so much that it counts, and beyond chance.
        why: What changed, in words; empty where nothing that counts did.
    """

    name: str
    kind: Literal["numeric", "categorical"]
    test: Literal["kolmogorov-smirnov", "chi-square"]
    p: float
    effect: float
    missing_before: float
    missing_after: float
    unseen: tuple[str, ...] = ()
    unseen_share: float = 0.0
    moved: bool = False
    why: str = ""


def compare_columns(
    old: pd.DataFrame, new: pd.DataFrame, categorical: Sequence[str], numeric: Sequence[str]
) -> list[ColumnDrift]:
    """Compare columns of old and of new rows, corrected for how many they are.

    Args:
        old: The old rows.
        new: The new rows.
        categorical: Columns of categories, in both tables.
        numeric: Columns of numbers, in both.

    Returns:
        The columns, those that moved most first.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> before = pd.DataFrame({"a": rng.normal(size=500), "b": rng.normal(size=500)})
        >>> after = pd.DataFrame({"a": rng.normal(size=500), "b": rng.normal(1.0, size=500)})
        >>> [(one.name, one.moved) for one in compare_columns(before, after, [], ["a", "b"])]
        [('b', True), ('a', False)]
    """
    found = [_compare_numbers(_column(old, name), _column(new, name)) for name in numeric]
    found += [_compare_categories(_column(old, name), _column(new, name)) for name in categorical]
    corrected = holm([one.p for one in found])
    judged = [_judge(one, p) for one, p in zip(found, corrected, strict=True)]
    return sorted(judged, key=lambda one: (not one.moved, -one.effect, one.name))


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for their number by Holm's method, in the order given.

    Example:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values, kind="stable")
    corrected, most = [0.0] * len(order), 0.0
    for rank, place in enumerate(order):
        most = max(most, min(1.0, (len(order) - rank) * p_values[place]))
        corrected[place] = most
    return corrected


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    return cast(pd.Series, frame[name]).reset_index(drop=True)


def _compare_numbers(old: pd.Series, new: pd.Series) -> ColumnDrift:
    from scipy.stats import ks_2samp

    before, after = read_numbers(old, "the old data"), read_numbers(new, "the new data")
    lacking = np.isnan(before), np.isnan(after)
    before, after = before[~lacking[0]], after[~lacking[1]]
    statistic, p = 0.0, 1.0
    if len(before) and len(after):
        tested = ks_2samp(before, after, method="asymp")
        statistic, p = float(tested.statistic), float(tested.pvalue)  # pyright: ignore[reportAttributeAccessIssue]
    p = min(1.0, 2 * min(p, _same_share(*lacking)))
    shares = float(lacking[0].mean()), float(lacking[1].mean())
    return ColumnDrift(str(old.name), "numeric", "kolmogorov-smirnov", p, statistic, *shares)


def _compare_categories(old: pd.Series, new: pd.Series) -> ColumnDrift:
    before, after = _keys(old, "the old data"), _keys(new, "the new data")
    lacking = before.isna().to_numpy(), after.isna().to_numpy()
    counts = [cast(pd.Series, keys.dropna()).value_counts() for keys in (before, after)]
    names = sorted(set(counts[0].index) | set(counts[1].index))
    table = np.array([count.reindex(names, fill_value=0) for count in counts], float)
    totals = table.sum(axis=1, keepdims=True)
    effect, p = 0.0, 1.0
    if names and totals.min() > 0:
        effect = float(np.abs(np.subtract(*(table / totals))).sum() / 2)
        p = _chi_square(table)
    p = min(1.0, 2 * min(p, _same_share(*lacking)))
    unseen = cast(pd.Series, counts[1][~counts[1].index.isin(counts[0].index)])
    return ColumnDrift(
        str(old.name),
        "categorical",
        "chi-square",
        p,
        effect,
        float(lacking[0].mean()),
        float(lacking[1].mean()),
        tuple(map(str, unseen.index[:10])),
        float(unseen.sum()) / len(new),
    )


def _keys(column: pd.Series, source: str) -> pd.Series:
    codes, values = distinct(column, source)
    keys = np.array([*map(category_key, values), None], dtype=object)
    return pd.Series(keys[codes])


def _same_share(before: np.ndarray, after: np.ndarray) -> float:
    """The p-value of equal shares of missing cells."""
    if before.any() == after.any() and not before.any():
        return 1.0
    table = np.array([[(~each).sum(), each.sum()] for each in (before, after)], float)
    return _chi_square(table)


def _chi_square(table: np.ndarray) -> float:
    """The p-value of equal shares, rare categories taken together so that the approximation holds."""
    from scipy.stats import chi2_contingency

    table = table[:, table.sum(axis=0) > 0]
    expected = table.sum(axis=0) * table.sum(axis=1).min() / table.sum()
    rare = expected < _FEWEST_EXPECTED
    if rare.sum() > 1:
        table = np.column_stack([table[:, ~rare], table[:, rare].sum(axis=1)])
    if table.shape[1] < 2:
        return 1.0
    return float(chi2_contingency(table).pvalue)  # pyright: ignore[reportAttributeAccessIssue]


def _judge(one: ColumnDrift, p: float) -> ColumnDrift:
    change = one.missing_after - one.missing_before
    reasons = []
    if one.unseen_share >= LEAST_UNSEEN:
        reasons.append(f"{one.unseen_share:.0%} of the cells are of new categories")
    if p < SIGNIFICANT:
        if one.effect >= LEAST_EFFECT:
            name = "Kolmogorov-Smirnov statistic" if one.kind == "numeric" else "total variation distance"
            reasons.append(f"its distribution moved by {one.effect:.2f} ({name}, at most 1)")
        if abs(change) >= LEAST_MISSING:
            reasons.append(f"missing cells went from {one.missing_before:.0%} to {one.missing_after:.0%}")
    return replace(one, p=p, moved=bool(reasons), why=", ".join(reasons))
