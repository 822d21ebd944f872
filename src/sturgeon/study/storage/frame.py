"""A study as a pandas table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sturgeon.study.storage.rows import Curves, load_error, load_list, load_metrics
from sturgeon.study.trial import FINISHED

if TYPE_CHECKING:
    import pandas as pd


def to_frame(rows: Sequence[Any], open_curves: Mapping[int, Curves]) -> pd.DataFrame:
    """Give the trials as a table, a row each; see ``Study.frame``.

    Args:
        rows: All rows of the trials table.
        open_curves: The curves of the trials that have not ended, by number.
    """
    import pandas as pd

    current = {
        number: {metric: curve[-1][1] for metric, curve in curves.items()}
        for number, curves in open_curves.items()
    }
    configs = [json.loads(row.config) for row in rows]
    metrics = [
        load_metrics(row.metrics) if row.state in FINISHED else current.get(row.number, {}) for row in rows
    ]
    errors = [load_error(row.error) for row in rows]
    columns: dict[str, Any] = {
        "number": pd.Series([row.number for row in rows], dtype="int64"),
        "state": pd.Series([row.state for row in rows], dtype="str"),
        "value": pd.Series([row.value for row in rows], dtype="float64"),
    }
    for name in _names(configs):
        columns[f"config_{name}"] = _series([config.get(name) for config in configs])
    for name in _names(metrics):
        columns[f"metric_{name}"] = pd.Series([found.get(name) for found in metrics], dtype="float64")
    columns |= {
        "attempts": pd.Series([row.attempt for row in rows], dtype="int64"),
        "seconds": pd.Series([row.seconds for row in rows], dtype="float64"),
        "started": _times([row.started for row in rows]),
        "ended": _times([row.ended for row in rows]),
        "error": _series([None if error is None else f"{error.type}: {error.message}" for error in errors]),
        "reason": _series([row.reason for row in rows]),
        "notes": _series(["; ".join(load_list(row.notes)) or None for row in rows]),
        "tags": _series([", ".join(load_list(row.tags)) or None for row in rows]),
    }
    return pd.DataFrame(columns)


def _names(dicts: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for one in dicts for name in one))


def _series(values: list[Any]) -> pd.Series:
    """Make a column of one type; None stays missing, and values of several types become text."""
    import pandas as pd

    kinds = {type(value) for value in values if value is not None}
    if kinds == {int, float}:
        kinds = {float}
    if kinds == {bool}:
        return pd.Series(values, dtype="boolean" if None in values else "bool")
    if kinds == {int}:
        return pd.Series(values, dtype="Int64" if None in values else "int64")
    if kinds == {float}:
        return pd.Series(values, dtype="float64")
    return pd.Series([None if value is None else str(value) for value in values], dtype="str")


def _times(seconds: list[float | None]) -> pd.Series:
    import pandas as pd

    return pd.Series(pd.to_datetime(pd.Series(seconds, dtype="float64"), unit="s", utc=True))
