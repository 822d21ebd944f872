"""How the data changed: column by column, and by how well a classifier tells old rows from new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from sturgeon.data.features.cells import category_key, distinct, read_numbers
from sturgeon.data.features.columns import NumericColumn
from sturgeon.data.features.kinds import find_kind
from sturgeon.data.features.written import read_written
from sturgeon.data.targets import ClassTarget
from sturgeon.errors import DataError, option
from sturgeon.recheck.rows.column_drift import LEAST_UNSEEN, ColumnDrift, compare_columns
from sturgeon.recheck.rows.new_data import NewData
from sturgeon.recheck.rows.table_study import TableStudy

TOLD_APART = 0.6
"""An AUC of old rows against new ones from which these count as different."""
_MOST_ROWS = 4_000
_FEWEST_ROWS = 50


@dataclass(frozen=True)
class Drift:
    """How the data changed.

    Attributes:
        known: ``rows`` where old rows were compared with new ones; ``ranges`` where only what the network
            keeps of the old rows was; ``nothing`` where there is neither.
        columns: Each column, those that moved first; empty where no rows were compared.
        outside: By column the share of new cells that are outside what training rows had: beyond the range,
            of a new category, or missing where none was.
        auc: How well a classifier tells old rows from new ones: 0.5 is not at all, 1 always; None without
            rows.
        moved: Whether anything moved by so much that it counts.
    """

    known: str
    columns: tuple[ColumnDrift, ...] = ()
    outside: dict[str, float] | None = None
    auc: float | None = None
    moved: bool = False

    def to_json(self) -> dict[str, Any]:
        """Its fields, as plain JSON."""
        return asdict(self) | {"columns": [asdict(one) for one in self.columns]}

    def notes(self, stale: bool) -> list[str]:
        """What changed in words, and whether it matters for the choice."""
        if self.known == "nothing":
            return [
                f"how the data changed is not known: the old rows are gone; name them with {option('old')}."
            ]
        lines = [f"column {one.name!r}: {one.why}." for one in self.columns if one.moved]
        if not self.columns:
            lines = [
                f"column {name!r}: {share:.0%} of the cells are outside what the network was tuned on."
                for name, share in (self.outside or {}).items()
                if share >= LEAST_UNSEEN
            ]
            lines.append(
                f"only ranges are known of the old rows; name them with {option('old')} to compare them."
            )
        if self.auc is not None and self.auc >= TOLD_APART:
            lines.append(f"a classifier tells old rows from new ones with an AUC of {self.auc:.2f}.")
        lines.append(_matters(self.moved, stale))
        return lines


def _matters(moved: bool, stale: bool) -> str:
    if moved:
        return (
            "the data changed, and the choice with it."
            if stale
            else "the data changed, in a way that does not matter for the choice."
        )
    return (
        "no column moved: what changed is how the target depends on the columns, or the old choice was luck."
        if stale
        else "no column moved by so much that it counts."
    )


def describe_drift(old: TableStudy, new: NewData, rows: pd.DataFrame | None, *, seed: int) -> Drift:
    """Compare the new data with the old.

    Args:
        old: The study, with what its network keeps of the old rows.
        new: The new rows.
        rows: The old rows, or None.
        seed: Of the classifier's folds.
    """
    outside = _outside(old, new)
    if rows is None:
        if outside is None:
            return Drift("nothing")
        return Drift(
            "ranges", outside=outside, moved=any(share >= LEAST_UNSEEN for share in outside.values())
        )
    rows, after = _as_plain_numbers(old, rows), _as_plain_numbers(old, new.fresh)
    shared = [str(name) for name in after.columns if name in rows.columns]
    kinds = {name: _kind(old, rows, name) for name in shared}
    categorical = [name for name, kind in kinds.items() if kind in ("categorical", "pooled")]
    numeric = [name for name, kind in kinds.items() if kind == "numeric"]
    columns = compare_columns(rows, after, categorical, numeric)
    inputs = [name for name in shared if name != old.target]
    auc = tell_apart(
        rows, after, [n for n in inputs if n in categorical], [n for n in inputs if n in numeric], seed
    )
    moved = any(one.moved for one in columns) or (auc is not None and auc >= TOLD_APART)
    return Drift("rows", tuple(columns), outside, auc, moved)


def tell_apart(
    old: pd.DataFrame, new: pd.DataFrame, categorical: Sequence[str], numeric: Sequence[str], seed: int
) -> float | None:
    """How well boosted trees tell old rows from new ones, on rows that they did not see.

    Args:
        old: The old rows.
        new: The new rows.
        categorical: Columns of categories.
        numeric: Columns of numbers.
        seed: Which rows are taken, 4,000 of each at most, and of the folds.

    Returns:
        The AUC; None where there are too few rows.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from threadpoolctl import threadpool_limits

    if min(len(old), len(new)) < _FEWEST_ROWS or not (categorical or numeric):
        return None
    rng = np.random.default_rng(seed)
    taken = [
        frame.iloc[np.sort(rng.permutation(len(frame))[:_MOST_ROWS])].reset_index(drop=True)
        for frame in (old, new)
    ]
    x = np.vstack(_as_numbers(taken, categorical, numeric))
    y = np.repeat([0, 1], [len(frame) for frame in taken])
    folds = StratifiedKFold(3, shuffle=True, random_state=int(seed % 2**32))
    model = HistGradientBoostingClassifier(max_iter=40, random_state=0)
    with threadpool_limits(limits=1):  # threads that wait for each other take longer than the work
        chance = np.asarray(cross_val_predict(model, x, y, cv=folds, method="predict_proba"))[:, 1]
    return float(roc_auc_score(y, chance))


def _as_numbers(
    frames: Sequence[pd.DataFrame], categorical: Sequence[str], numeric: Sequence[str]
) -> list[np.ndarray]:
    columns: list[list[np.ndarray]] = [[] for _ in frames]
    for name in numeric:
        for own, frame in zip(columns, frames, strict=True):
            own.append(read_numbers(cast(pd.Series, frame[name]), "the data"))
    for name in categorical:
        places: dict[str | None, int] = {}
        for own, frame in zip(columns, frames, strict=True):
            codes, values = distinct(cast(pd.Series, frame[name]), "the data")
            keys = [places.setdefault(category_key(value), len(places)) for value in values]
            own.append(np.array([*keys, np.nan])[codes])
    return [np.column_stack(own) for own in columns]


def _as_plain_numbers(old: TableStudy, frame: pd.DataFrame) -> pd.DataFrame:
    """Read dates and numbers that are written otherwise as plain numbers, as the network does."""
    known = old.preprocessing
    if known is None:
        return frame
    frame = frame.copy(deep=False)
    for column in (*known.columns, known.target):
        form = getattr(column, "form", None)
        if form is not None and column.name in frame.columns:
            cells = cast(pd.Series, frame[column.name]).reset_index(drop=True)
            frame[column.name] = read_written(cells, form, "the data")
    return frame


def _kind(old: TableStudy, rows: pd.DataFrame, name: str) -> str:
    known = old.preprocessing
    if known is not None:
        if name == old.target:
            return "categorical" if isinstance(known.target, ClassTarget) else "numeric"
        column = next((one for one in known.columns if one.name == name), None)
        if column is not None:
            return "numeric" if isinstance(column, NumericColumn) else "categorical"
    if name == old.target:
        return "categorical" if old.study.about.get("task") == "classification" else "numeric"
    try:
        return find_kind(cast(pd.Series, rows[name]).reset_index(drop=True), "the old data")
    except DataError:
        return "neither"


def _outside(old: TableStudy, new: NewData) -> dict[str, float] | None:
    known = old.preprocessing
    if known is None:
        return None
    frame = new.fresh
    shares = {
        column.name: float(column.find_outside(cast(pd.Series, frame[column.name]), new.source).mean())
        for column in known.columns
    }
    return {name: share for name, share in shares.items() if share > 0}
