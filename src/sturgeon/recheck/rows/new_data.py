"""The new data, read and checked as the study's own data was, and what is known of the old."""

from __future__ import annotations

import filecmp
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from sturgeon.caviar.table.opening import RULES
from sturgeon.caviar.table.saved import SavedModel
from sturgeon.data import ClassTarget, Dataset, Preprocessing, prepare
from sturgeon.data.features.columns import CategoricalColumn, Column, NumericColumn
from sturgeon.data.reading.file_options import FileOptions
from sturgeon.data.reading.formats.workbook import ENDINGS as WORKBOOKS
from sturgeon.data.reading.names import listed, name_as, nearest
from sturgeon.data.reading.rules import CellRules, cell_rules
from sturgeon.data.reading.sources import Table, open_table
from sturgeon.errors import DataError, InputError, StudyError
from sturgeon.recheck.blocks import FEWEST_BLOCKS, FEWEST_ROWS
from sturgeon.recheck.rows.windows import Window, in_order_of_time
from sturgeon.study import Study

FEWEST = FEWEST_BLOCKS * FEWEST_ROWS


@dataclass(frozen=True)
class TableStudy:
    """What a table's study keeps of its data and its network.

    Attributes:
        study: The study.
        target: The column that is predicted.
        options: The options by which its table was read, as far as they are kept.
        data: Where its table lay; None where that is not known.
        folder: Where its network lies; None where it has none any more.
        model: The network in use, or None.
    """

    study: Study
    target: str
    options: dict[str, Any]
    data: str | None
    folder: Path | None
    model: SavedModel | None

    @classmethod
    def of(cls, study: Study, folder: Path | None = None) -> TableStudy:
        """Find what belongs to a study.

        Args:
            study: The study.
            folder: The folder that was named for it, or None.

        Raises:
            StudyError: A function was tuned, and not a table.
        """
        about = study.about
        if about.get("job") != "table":
            raise StudyError(
                f"a study of a function is rechecked with that function; {study.place!r} is one, and none "
                "was given: call st.recheck(study, train=..., data=...)."
            )
        kept = dict(about.get("table") or {})
        data = kept.pop("data", None)
        folders = [folder, Path(study.place).parent, Path(str(about.get("out", "")))]
        found = next((one for one in folders if one is not None and (one / "best").is_dir()), None)
        return cls(
            study,
            str(about.get("target")),
            kept,
            None if data is None else str(data),
            found,
            SavedModel.load(found) if found is not None else None,
        )

    @property
    def preprocessing(self) -> Preprocessing | None:
        """How the columns of the old data became inputs."""
        return None if self.model is None else self.model.preprocessing

    def rules(self) -> CellRules:
        """How cells are read."""
        if self.preprocessing is not None:
            return self.preprocessing.cell_rules(asked=bool(self.options.get("missing")))
        return cell_rules(self.options.get("missing"), numeric=frozenset(), categorical=frozenset())

    def _file_options(self, table: Table) -> FileOptions:
        """How a table is found in a file like the study's: its encoding, its sheet, its query."""
        place = str(table) if isinstance(table, str | Path) else ""
        workbook = place.lower().endswith(WORKBOOKS)
        given = {"encoding": not workbook, "sheet": workbook, "sql": "://" in place}
        return FileOptions(**{name: self.options.get(name) for name, fits in given.items() if fits})

    def read(self, table: Table, called: str) -> tuple[pd.DataFrame, str]:
        """Read a table with the columns of the study's.

        Returns:
            The needed columns and the target, and what to call the table.

        Raises:
            DataError: It cannot be read, or lacks a column.
        """
        options = self._file_options(table)
        frame, target, source = open_table(table, self.target, called, rules=self.rules(), options=options)
        dropped = [str(name) for name in self.options.get("drop") or ()]
        frame = frame.drop(columns=[name for name in dropped if name in frame.columns])
        if self.preprocessing is None:
            return frame, source
        needed = [column.name for column in self.preprocessing.columns]
        frame = name_as(frame, needed)
        present = [str(name) for name in frame.columns]
        missing = [name for name in needed if name not in present]
        if missing:
            others = [name for name in present if name not in needed and name != target]
            raise DataError(
                f"new data must have every column that the network was tuned on; {source} lacks "
                f"{listed(missing)}; add it, or give it its old name "
                f"({nearest(missing[0], others or present)})"
            )
        return frame, source


@dataclass(frozen=True)
class NewData:
    """New rows, ready to train on.

    Attributes:
        frame: The rows, in order of time where there is one, with the columns of the study and the target.
        dataset: All of them as the training part.
        source: What to call them.
        extra: Columns that the study does not know.
        window: On how many rows networks train, in order of time; None for all.
        in_time: Whether the rows are in order of time.
    """

    frame: pd.DataFrame
    dataset: Dataset
    source: str
    extra: tuple[str, ...]
    window: int | None
    in_time: bool

    @property
    def rows(self) -> int:
        """How many."""
        return len(self.dataset.y_train)


def read_new_data(
    old: TableStudy, table: Table, *, time_column: str | None = None, window: Window | None = None
) -> NewData:
    """Read new data for a study of a table.

    Args:
        old: The study.
        table: The new rows, with the target.
        time_column: The column that says when a row was; rows are then taken in its order.
        window: How far back networks look, in order of time.

    Raises:
        DataError: A column is missing, of another kind or has a class that the study does not know; the rows
            are too few; or they are the rows that the study was tuned on.
    """
    frame, source = old.read(table, "the new data")
    in_time = bool(time_column) or bool(old.options.get("time_order"))
    train_rows: int | None = None
    if in_time or window is not None:
        in_time = True
        frame, train_rows = in_order_of_time(frame, time_column, window, source)
    known = old.preprocessing
    needed = [column.name for column in known.columns] if known is not None else None
    if time_column is not None and (needed is None or time_column not in needed):
        frame = frame.drop(columns=time_column)
    extra = [] if time_column is None or time_column in frame.columns else [time_column]
    if needed is not None and known is not None:
        dropped = set(known.dropped)
        extra += [
            str(name)
            for name in frame.columns
            if name not in needed and name != old.target and name not in dropped
        ]
        frame = cast(pd.DataFrame, frame[[*needed, old.target]])
        _check_classes(known, frame, source)
    if len(frame) < FEWEST:
        raise DataError(
            f"a recheck needs at least {FEWEST} rows to say anything; {source} has {len(frame)}; "
            f"{FEWEST - len(frame)} more would do"
        )
    return NewData(frame, _prepare(old, frame, source), source, tuple(extra), train_rows, in_time)


def _prepare(old: TableStudy, frame: pd.DataFrame, source: str) -> Dataset:
    """All rows as the training part of a dataset, each column of the kind that it was."""
    kinds: dict[str, Any] = {}
    options = {name: old.options.get(name) for name in ("numeric", "categorical")}
    cells = {name: old.options[name] for name in ("date", "dates", "decimal") if old.options.get(name)}
    for name, kind in (("numeric", NumericColumn), ("categorical", CategoricalColumn)):
        known = old.preprocessing.columns if old.preprocessing is not None else ()
        columns = [column.name for column in known if type(column) is kind and _is_plain(column)]
        kinds[name] = columns or [one for one in options[name] or () if one in frame.columns]
    dataset = prepare(
        frame,
        old.target,
        task=cast(Any, old.study.about.get("task")),
        seed=old.study.seed,
        test_share=0.0,
        folds=2,
        **begun_rules_of(old.study),
        **cells,
        **kinds,
    )
    return replace(dataset, fold_of=None)


def begun_rules_of(study: Study) -> dict[str, bool]:
    """The rules by which a study had its table prepared; an older one had fewer."""
    return {rule: bool(study.about.get(rule, False)) for rule in RULES}


def _is_plain(column: Column) -> bool:
    """Whether a column is plain numbers or categories, not dates or numbers written otherwise."""
    return getattr(column, "form", None) is None


def _check_classes(known: Preprocessing, frame: pd.DataFrame, source: str) -> None:
    if not isinstance(known.target, ClassTarget):
        return
    try:
        known.encode_target(frame, source)
    except DataError as error:
        raise DataError(
            f"new data must have the classes of the old; {error}; a new class is a new task: tune anew"
        ) from error


def refuse_old_data(old: TableStudy, table: Table, new: NewData) -> None:
    """Raise where the new data is what the study was tuned on.

    Raises:
        InputError: It is.
    """
    same = False
    if isinstance(table, str | Path) and old.data is not None and Path(old.data).is_file():
        given = Path(table)
        same = given.is_file() and (given.samefile(old.data) or filecmp.cmp(given, old.data, shallow=False))
    if not same and old.options and len(new.frame) == _rows_of(old.study):
        same = _prepared_as_begun(old, table) == old.study.about.get("fingerprint")
    if same:
        raise InputError(
            f"A recheck needs new data; {new.source} is the data that the study was tuned on. Give the rows "
            "that came since."
        )


def _rows_of(study: Study) -> int:
    rows = study.about.get("rows")
    return sum(rows.values()) if isinstance(rows, dict) else -1


def _prepared_as_begun(old: TableStudy, table: Table) -> str | None:
    about = old.study.about
    options = {name: value for name, value in old.options.items() if name != "test"}
    rules = begun_rules_of(old.study)
    try:
        dataset = prepare(
            table,
            old.target,
            seed=old.study.seed,
            **{**options, **rules, "test": old.options.get("test"), "folds": about.get("folds", 1)},
        )
    except (InputError, TypeError):
        return None
    return dataset.fingerprint


def read_old_data(old: TableStudy, given: Table | None) -> pd.DataFrame | None:
    """The rows that the study was tuned on, where they can be had.

    Args:
        old: The study.
        given: The old data, where the caller names it.

    Raises:
        DataError: What the caller named cannot be read.
    """
    if given is not None:
        return old.read(given, "the old data")[0]
    if old.data is None:
        return None
    try:
        return old.read(old.data, "the old data")[0]
    except InputError:
        return None


def fingerprint_of(new: NewData) -> str:
    """Sixteen hex digits that tell new data from other new data."""
    return new.dataset.fingerprint


def seed_of(study: Study, fingerprint: str) -> int:
    """The seed of a recheck: the same for the same study and data, so that doing it again adds nothing."""
    sequence = np.random.SeedSequence((study.seed, int(fingerprint, 16)), spawn_key=(5,))
    return int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(1))
