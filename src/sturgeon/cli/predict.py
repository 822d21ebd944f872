"""``sturgeon predict``: use the network that ``tune`` found, as it is or as it was exported."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sturgeon.cli.common.cells import file_options
from sturgeon.cli.common.memory import check_address_space
from sturgeon.cli.common.paths import PATH, PLACE, refuse_input
from sturgeon.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from sturgeon.caviar.table.saved import SavedModel
    from sturgeon.frameworks.export.exported import ExportedModel

OUTSIDE = "outside training"
_WRITERS = {".csv": ",", ".csv.gz": ",", ".tsv": "\t", ".tsv.gz": "\t"}


@click.command(no_args_is_help=True)
@click.argument("network", metavar="DIR", type=PATH)
@click.argument("data", type=PLACE, required=False)
@click.option("-o", "--output", type=PATH, help="CSV, TSV or Parquet.  [default: CSV on stdout]")
@click.option(
    "--explain-range",
    is_flag=True,
    help=f"Add a column {OUTSIDE!r}: which inputs of a row are outside what training saw.",
)
@file_options
def predict(
    network: Path,
    data: Path | str | None,
    output: Path | None,
    explain_range: bool,
    encoding: str | None,
    sheet: str | None,
    sql: str | None,
) -> int:
    """Predict every row of a table.

    DIR is the directory that was given to `sturgeon tune --out`, or what `sturgeon export` wrote, which its
    own framework then runs; DATA is a table like the one it saw, in
    any form that `sturgeon tune` takes.

    A number beyond what training saw counts as one that is at most a standard deviation beyond it, and no
    predicted number is further from the targets that training saw than a twentieth of their range.
    """
    from sturgeon.data.features.pooled import PooledColumn
    from sturgeon.data.reading.file_options import FileOptions
    from sturgeon.data.reading.formats.database import hide_password
    from sturgeon.data.reading.rules import describe_missing
    from sturgeon.data.targets import ClassTarget

    if data is None:
        raise InputError("A table to predict is needed; got none. Name it: `sturgeon predict DIR DATA`.")
    if output is not None:
        _check_output(output)
        refuse_input(output, [data, network])
    check_address_space()
    model = _load(network)
    table = model.preprocessing.read(data, FileOptions(encoding, sheet, sql))
    source = "standard input" if data == "-" else repr(hide_password(str(data)))
    predictions = model.predict(table, source)
    pooled = [column.name for column in model.preprocessing.columns if isinstance(column, PooledColumn)]
    for column, count in model.preprocessing.count_unseen(table, source).items():
        hardly = " or hardly ever" * (column in pooled)
        print(f"{column!r}: {count} cells are of a kind that training never{hardly} had", file=sys.stderr)
    if explain_range:
        outside = model.preprocessing.name_outside(table, source)
        predictions[OUTSIDE] = ["; ".join(names) for names in outside]
        print(
            f"{sum(map(bool, outside))} of {len(outside)} rows have an input outside what training saw",
            file=sys.stderr,
        )
    for column in model.preprocessing.columns:
        if line := describe_missing(table, column.name):
            print(line, file=sys.stderr)
    if output is None:
        predictions.to_csv(sys.stdout, index=False)
        return 0
    target = model.preprocessing.target
    if output.suffix == ".parquet" and isinstance(target, ClassTarget) and _are_mixed(target.labels):
        predictions[target.name] = predictions[target.name].map(str)
    _write(predictions, output)
    print(
        f"{len(predictions)} predictions of {model.preprocessing.target.name!r} in {output}", file=sys.stderr
    )
    return 0


def _are_mixed(labels: Sequence[object]) -> bool:
    """Whether labels are of several types, such as 1 and "a", that a column of Parquet cannot have."""
    kinds = set(map(type, labels))
    return len(kinds) > 1 and kinds != {int, float}


def _load(network: Path) -> SavedModel | ExportedModel:
    from sturgeon.caviar.table.saved import SavedModel
    from sturgeon.frameworks.export.exported import ExportedModel
    from sturgeon.frameworks.export.forms import form_at

    return SavedModel.load(network) if form_at(network) is None else ExportedModel.load(network)


def _check_output(output: Path) -> None:
    if not output.name.endswith((*_WRITERS, ".parquet")):
        endings = ", ".join((*_WRITERS, ".parquet"))
        raise InputError(f"Predictions go to a file that ends in {endings}; got {str(output)!r}.")
    if not output.parent.is_dir():
        raise InputError(
            f"Predictions go to a directory that exists; got {str(output.parent)!r}. Make it first."
        )


def _write(predictions: pd.DataFrame, output: Path) -> None:
    """Write all of it or nothing."""
    fresh = output.with_name(f".{os.getpid()}.new-{output.name}")
    try:
        if output.suffix == ".parquet":
            predictions.to_parquet(fresh, index=False)
        else:
            separator = next(_WRITERS[ending] for ending in _WRITERS if output.name.endswith(ending))
            predictions.to_csv(fresh, sep=separator, index=False)
        fresh.replace(output)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise InputError(
            f"Predictions go to a file that can be written; got {str(output)!r} ({error.strerror}). "
            "Name another with `-o`."
        ) from error
