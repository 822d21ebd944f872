"""What there is to hand on: the network of a tuned study, and rows to check an export on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from sturgeon.caviar.controller import best_trial
from sturgeon.caviar.table.opening import RULES
from sturgeon.caviar.table.saved import SavedModel
from sturgeon.data import prepare
from sturgeon.data.reading.file_options import FileOptions
from sturgeon.data.reading.place import is_there
from sturgeon.errors import DataError, InputError, option
from sturgeon.study import Study
from sturgeon.study.storage.result_folder import study_of


@dataclass(frozen=True, slots=True)
class Tuned:
    """A study and its network.

    Attributes:
        study: Where the study lies.
        seed: Its seed.
        about: What was written down when it was begun.
        model: The network that is kept, in the folder that was given to ``--out``.
    """

    study: str
    seed: int
    about: Mapping[str, Any]
    model: SavedModel


@dataclass(frozen=True, slots=True)
class CheckRows:
    """Rows that an export is checked on.

    Attributes:
        table: The rows.
        source: What to call them in messages.
        are_test_rows: Whether they are the study's test part, or else rows that were given.
    """

    table: pd.DataFrame
    source: str
    are_test_rows: bool


def open_tuned(study: str | Path) -> Tuned:
    """Find the network of a study.

    Args:
        study: A folder that ``sturgeon tune`` wrote, or the study's file or URL.

    Returns:
        The study's network.

    Raises:
        InputError: There is no such study, it is not one of a table, or it has no network yet.
    """
    folder = Path(study)
    with Study.open(study_of(folder) if folder.is_dir() else study) as opened:
        place, seed, about = opened.place, opened.seed, opened.about
        if about.get("job") != "table":
            raise InputError(
                f"Only a study that `sturgeon tune` made of a table has a network to hand on; {place!r} is "
                "of a training function or a model of your own. Save that model in your code."
            )
        if best_trial(opened) is None:
            raise InputError(
                f"A study is handed on once a trial is complete; {place!r} has none. "
                "Go on with `sturgeon tune … --resume`."
            )
    if not folder.is_dir():
        beside = folder.absolute().parent
        folder = beside if (beside / "best").is_dir() else Path(about.get("out", beside))
    return Tuned(place, seed, about, SavedModel.load(folder))


def rows_to_check(tuned: Tuned, data: Path | None) -> CheckRows:
    """Find the rows to check an export on: the study's test part, wherever it can be had.

    Args:
        tuned: The study.
        data: A table, in the place of the one that the study was begun with; None for that one.

    Returns:
        The test rows, where the table is the one that the study saw; else all rows of ``data``.

    Raises:
        InputError: There is no such table, or without ``data`` the table has changed.
    """
    table = tuned.about.get("table")
    if data is not None:
        rows = tuned.model.preprocessing.read(data)
        found = _test_rows(tuned, {**(table or {}), "data": str(data)}, rows)
        return found or CheckRows(rows, repr(str(data)), False)
    remedy = f"Name that table, or other rows like its own: `{option('data', 'FILE')}`."
    if table is None:
        raise InputError(
            f"An export is checked on the test rows of the table; {tuned.study!r} has not kept where it "
            f"lies. {remedy}"
        )
    for place in (table["data"], table["test"]):
        if place is not None and not is_there(place):
            raise InputError(
                f"An export is checked on the test rows of the table; there is no {place!r} any more. "
                f"{remedy}"
            )
    found = _test_rows(tuned, table, _read(tuned, table["data"], table))
    if found is None:
        raise InputError(
            f"An export is checked on the test rows of the table; {table['data']!r} is not what "
            f"{tuned.study!r} was begun with. {remedy}"
        )
    return found


def _test_rows(tuned: Tuned, table: Mapping[str, Any], rows: pd.DataFrame) -> CheckRows | None:
    """The study's test rows, if a table, cut as the study's was, gives the very same data."""
    options = {name: value for name, value in table.items() if name not in ("data", "test")}
    options["folds"] = tuned.about.get("folds", 1)
    test = table.get("test")
    try:
        own = None if test is None else _read(tuned, test, {**table, "sql": None})
        options |= {rule: bool(tuned.about.get(rule, False)) for rule in RULES}
        dataset = prepare(rows, tuned.about["target"], test=own, seed=tuned.seed, **options)
    except DataError:
        return None
    if dataset.fingerprint != tuned.about["fingerprint"]:
        return None
    source = repr(str(table["data"] if test is None else test))
    return CheckRows((rows if own is None else own).iloc[dataset.test_rows], source, True)


def _read(tuned: Tuned, place: str, table: Mapping[str, Any]) -> pd.DataFrame:
    """Read a table as the study did."""
    options = FileOptions(*(table.get(name) for name in ("encoding", "sheet", "sql")))
    return tuned.model.preprocessing.read(place, options, tidied=bool(tuned.about.get("tidied", False)))
