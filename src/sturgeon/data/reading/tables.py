"""Read a table from a file: CSV, TSV (plain or gzipped) and Parquet; nothing that can run code.

Bad files are turned away with the file, the line and the remedy. A file is never silently
repaired: pandas would rename a second column of one name and shift ragged rows.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sturgeon.data.reading.arrow_cells import apply_rules, whole_type
from sturgeon.data.reading.delimited import read_delimited
from sturgeon.data.reading.names import check_names
from sturgeon.data.reading.rules import CellRules, cell_rules, note_missing
from sturgeon.errors import DataError

ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")


def read_table(
    path: str | Path,
    *,
    missing: Collection[str] | str | None = None,
    categorical: Collection[str] = (),
    rules: CellRules | None = None,
) -> pd.DataFrame:
    r"""Read a table whose first line (or schema) names the columns.

    A CSV may use commas, semicolons or tabs. Blanks around a cell are not part of it. A cell is
    missing when it is empty, ``?`` or a word for it (``NA``, ``NaN``, ``null``, ``None`` …), in every format.
    Cells are as they are spelled: a column in which one begins with a zero before another digit is text.

    Args:
        path: A file that ends in .csv, .csv.gz, .tsv, .tsv.gz or .parquet.
        missing: Words that mean a missing value, in place of the usual ones.
        categorical: Columns to read as text, such as long whole numbers that are names.
        rules: How cells are read, in place of the other two.

    Returns:
        The table, at least one row, with rows numbered from 0 and columns of distinct names.

    Raises:
        DataError: The file is missing, empty, not a table, ragged, or of an unknown ending.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "fish.csv")
        ...     _ = path.write_text("length, river\n1.5, Volga\n?, Danube\n")
        ...     read_table(path)["length"].isna().tolist()
        [False, True]
    """
    path = Path(path)
    names = frozenset([categorical] if isinstance(categorical, str) else categorical)
    rules = rules or cell_rules(missing, categorical=names)
    _refuse_directory(path)
    ending = _ending(path)
    _check_exists(path)
    if ending == ".parquet":
        return _read_parquet(path, rules)
    try:
        return read_delimited(path, rules=rules)
    except OSError as error:
        raise DataError(_unreadable(path, error)) from None


def _ending(path: Path) -> str:
    name = path.name.lower()
    for ending in sorted(ENDINGS, key=len, reverse=True):
        if name.endswith(ending):
            return ending
    raise DataError(f"a table's file must end in {', '.join(ENDINGS)}; got '{path}'; convert or rename it")


def _refuse_directory(path: Path) -> None:
    if path.is_dir():
        raise DataError(f"a table must be a file; '{path}' is a directory; give the file inside it")


def _check_exists(path: Path) -> None:
    try:
        if not path.exists():
            raise DataError(f"a table's file must exist; there is no '{path}'; check the path")
    except OSError as error:
        raise DataError(_unreadable(path, error)) from None


def _read_parquet(path: Path, rules: CellRules) -> pd.DataFrame:
    try:
        # ParquetFile, not read_table: the latter turns a folder called a=b into a column.
        with pq.ParquetFile(path) as file:
            check_names([str(name) for name in file.schema_arrow.names], f"'{path}'")
            rules = rules.for_columns(file.schema_arrow.names)
            frame = _read_columns(file, rules)
    except OSError as error:
        raise DataError(_unreadable(path, error)) from None
    except pa.ArrowException as error:
        reason = str(error).splitlines()[0]
        raise DataError(
            f"a .parquet file must hold a Parquet table; '{path}' does not ({reason}); write it again"
        ) from None
    if frame.empty:
        raise DataError(f"a table must have at least one row and column; '{path}' has none; add data")
    return frame.reset_index(drop=True)


def _read_columns(file: pq.ParquetFile, rules: CellRules) -> pd.DataFrame:
    """Read a column at a time: the whole at once would be in memory twice, as Arrow's and as pandas'.

    Each is copied out of Arrow's memory, which is then free for the next, and stays the process's for ever.
    """
    described = file.schema_arrow.pandas_metadata or {}
    index = [name for name in described.get("index_columns", []) if isinstance(name, str)]
    columns: dict[str, pd.Series] = {}
    taken: dict[str, dict[str, int]] = {}
    for name in file.schema_arrow.names:
        if name not in index:
            table = file.read(columns=[name], use_threads=False)
            if rules.as_spelled:
                table, taken[name] = apply_rules(table, name, rules)
                keep = whole_type(table.column(0), exact=name in rules.categorical or name == rules.target)
                column = table.to_pandas(types_mapper=keep)[name]
            else:
                column = table.to_pandas()[name]
            columns[name] = column.reset_index(drop=True).copy()
    frame = pd.DataFrame(columns, copy=False)
    for name, words in taken.items():
        note_missing(frame, name, words)
    return frame


def _unreadable(path: Path, error: OSError) -> str:
    return (
        f"a table's file must be readable; '{path}' is not ({error.strerror or error}); check its permissions"
    )
