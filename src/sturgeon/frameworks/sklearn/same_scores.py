"""Whether a resumed search's scores can be compared: those of other rows, folds or metrics cannot."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import joblib
import numpy as np
import pandas as pd

from sturgeon.errors import StudyError
from sturgeon.study import Study

KIND = "scores of"
"""The kind of the journal's entry that keeps what scores are of."""
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def scores_of(estimator: Any, scoring: Any, rows: Sequence[Any], folds: Sequence[Any]) -> dict[str, str]:
    """Say in a few words each what makes scores what they are; what cannot be told is left out.

    Args:
        estimator: What is fitted.
        scoring: As in scikit-learn.
        rows: Inputs, targets and groups, as a splitter is given them.
        folds: Pairs of training and test rows' numbers.
    """
    numbers = hashlib.sha256()
    for part in folds:
        for side in part:
            numbers.update(np.ascontiguousarray(side).tobytes() + b";")
    found = {
        "estimator": _plain(estimator),
        "scoring": _plain(scoring),
        "folds": f"{len(folds)} folds, {numbers.hexdigest()[:16]}",
    }
    given = [one for one in rows[:2] if one is not None]
    if all(isinstance(one, np.ndarray | pd.DataFrame | pd.Series) for one in given):
        found["rows"] = f"{len(given[0]) if given else 0} rows, {joblib.hash(given)}"
    return found


def check_comparable(study: Study, now: Mapping[str, str]) -> None:
    """Keep what scores are of with a study; where it has kept that before, it must be the same.

    Raises:
        StudyError: It is not, so that old scores and new ones would be of different things.
    """
    kept = study.journal.read(kind=KIND)
    if not kept:
        study.journal.write(KIND, now)
        return
    before = kept[-1].body
    other = [name for name in now if name in before and before[name] != now[name]]
    if other:
        told = "; ".join(f"{name}: got {now[name]}, it has {before[name]}" for name in other)
        raise StudyError(
            f"a study is resumed with the {', '.join(other)} that it was begun with, as scores of others "
            f"cannot be compared; in that of {study.place!r} {told}. Give the same, or name another study."
        )


def _plain(value: Any) -> str:
    """A text that is the same in each process."""
    if callable(value) and hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}"
    return _ADDRESS.sub("", repr(value))
