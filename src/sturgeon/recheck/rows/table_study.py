"""What a table's study keeps of its data and its network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from sturgeon.caviar.table.opening import RULES
from sturgeon.caviar.table.saved import SavedModel
from sturgeon.data import Preprocessing
from sturgeon.data.reading.file_options import FileOptions
from sturgeon.data.reading.formats.workbook import ENDINGS as WORKBOOKS
from sturgeon.data.reading.names import listed, name_as, nearest
from sturgeon.data.reading.rules import CellRules, cell_rules
from sturgeon.data.reading.sources import Table, open_table
from sturgeon.errors import DataError, StudyError
from sturgeon.study import Study


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

    @property
    def group_column(self) -> str | None:
        """The column that says which rows belong together; None where none does."""
        named = self.options.get("group_column") or self.study.about.get("group_column")
        return None if named is None else str(named)

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

    def read_whole(self, table: Table) -> pd.DataFrame:
        """Read a table with all its columns.

        Raises:
            DataError: It cannot be read, or lacks the target.
        """
        options = self._file_options(table)
        return open_table(table, self.target, "the table", rules=self.rules(), options=options)[0]

    def read(self, table: Table, called: str) -> tuple[pd.DataFrame, str]:
        """Read a table with the columns of the study's.

        Returns:
            The needed columns and the target, and what to call the table.

        Raises:
            DataError: It cannot be read, or lacks a column.
        """
        options = self._file_options(table)
        frame, _, source = open_table(table, self.target, called, rules=self.rules(), options=options)
        dropped = {str(name) for name in self.options.get("drop") or ()} - {self.group_column}
        frame = frame.drop(columns=[name for name in dropped if name in frame.columns])
        needed = [] if self.preprocessing is None else [column.name for column in self.preprocessing.columns]
        together = [] if self.group_column is None else [self.group_column]
        frame = name_as(frame, [*needed, self.target, *together])
        present = [str(name) for name in frame.columns]
        missing = [name for name in needed if name not in present]
        if missing:
            others = [name for name in present if name not in needed and name != self.target]
            raise DataError(
                f"new data must have every column that the network was tuned on; {source} lacks "
                f"{listed(missing)}; add it, or give it its old name "
                f"({_meant(missing[0], others) or nearest(missing[0], present)})"
            )
        return frame, source


def _meant(name: str, others: list[str]) -> str:
    """Which columns that the network does not know a missing one may be; empty where there are none."""
    if len(others) == 1:
        return f"did you mean {others[0]!r}?"
    return nearest(name, others) if others else ""


def begun_rules_of(study: Study) -> dict[str, bool]:
    """The rules by which a study had its table prepared; an older one had fewer."""
    return {rule: bool(study.about.get(rule, False)) for rule in RULES}
