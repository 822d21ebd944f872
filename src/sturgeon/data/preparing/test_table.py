"""A test table of its own: read, checked and encoded as the table that is learnt from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd

from sturgeon.data.features.cells import distinct
from sturgeon.data.features.notes import describe_unseen
from sturgeon.data.features.preprocessing import Preprocessing
from sturgeon.data.groups import describe_shared, shared_groups
from sturgeon.data.preparing.columns import Groups
from sturgeon.data.preparing.copies import describe_copies, mark_rows
from sturgeon.data.preparing.labels import refuse_beyond_squares
from sturgeon.data.reading.file_options import FileOptions
from sturgeon.data.reading.formats.workbook import ENDINGS as WORKBOOKS
from sturgeon.data.reading.names import find_name
from sturgeon.data.reading.rules import CellRules
from sturgeon.data.reading.sources import Table, open_table
from sturgeon.data.splits import FEWEST_IN_A_PART
from sturgeon.data.targets import NumericTarget, check_present
from sturgeon.errors import DataError


@dataclass(frozen=True, slots=True)
class EncodedTest:
    """The test part where it comes from a table of its own.

    Attributes:
        x: Its inputs.
        y: Its targets.
        notes: What is to be said of it, a line each.
    """

    x: np.ndarray
    y: np.ndarray
    notes: tuple[str, ...]


def read_test_table(
    test: Table,
    preprocessing: Preprocessing,
    groups: Groups | None,
    *,
    rules: CellRules,
    files: FileOptions,
    learnt: np.ndarray,
) -> EncodedTest:
    """Read and encode a test table.

    Args:
        test: As `prepare` takes it.
        preprocessing: What was learnt from the training rows.
        groups: The groups of the table that is learnt from, to be warned of where the two share some.
        rules: How the cells of that table's file were read.
        files: What had to be known of that file.
        learnt: The marks of the rows to learn from, as :func:`mark_rows` gives them.

    Raises:
        DataError: The table breaks a rule, or has too few rows.
    """
    if rules.as_spelled:
        rules = preprocessing.cell_rules(asked=rules.asked)
    workbook = isinstance(test, str | Path) and str(test).lower().endswith(WORKBOOKS)
    files = FileOptions(files.encoding, files.sheet if workbook else None)
    target = preprocessing.target
    frame, name, source = open_table(test, target.name, "the test table", rules=rules, options=files)
    if isinstance(target, NumericTarget):
        column = cast(pd.Series, frame[name])
        check_present(column, source)
        refuse_beyond_squares(target.read(column, source), column, source)
    if len(frame) < FEWEST_IN_A_PART:
        raise DataError(
            f"a test table must have at least {FEWEST_IN_A_PART} rows; {source} has {len(frame)}; add rows"
        )
    frame = preprocessing.name_columns(frame, source)
    shared = _describe_shared(frame, groups, source)
    x, y = preprocessing.transform(frame, source), preprocessing.encode_target(frame, source)
    inputs = frame[list(dict.fromkeys(column.name for column in preprocessing.columns))]
    marks = mark_rows(preprocessing.columns, frame, y, source)
    copies = describe_copies(learnt, marks, cast(pd.DataFrame, inputs))
    return EncodedTest(x, y, (*describe_unseen(preprocessing, frame), *shared, *copies))


def _describe_shared(frame: pd.DataFrame, groups: Groups | None, source: str) -> list[str]:
    """A warning where the test table has groups that are learnt from; none where it has no such column."""
    column = None if groups is None else find_name(groups.column, list(frame.columns))
    if groups is None or column is None:
        return []
    codes, values = distinct(cast(pd.Series, frame[column]), source)
    both = shared_groups(groups.names, values)
    if not both:
        return []
    rows = int(np.isin(codes, both).sum())
    return [describe_shared(groups.column, [values[place] for place in both], rows)]
