"""``sturgeon plan``: Panda or Caviar, and why."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sturgeon.caviar.progress import format_seconds, say
from sturgeon.cli.common.cells import CELL_OPTIONS, FILE_OPTIONS, cell_options, file_options
from sturgeon.cli.common.memory import check_address_space
from sturgeon.cli.common.names import NETWORK
from sturgeon.cli.common.paths import PLACE, out_beside
from sturgeon.errors import InputError

if TYPE_CHECKING:
    from sturgeon.caviar.table.planning.plan import TablePlan

# What runs did of what was planned, in 16 of 18 cases (benchmarks/results/plan-truth.md): two runs of as many
# seconds differ as much, by which training happens to end first.
_LEAST, _MOST = 0.75, 1.33


@click.command(no_args_is_help=True)
@click.argument("data", type=PLACE)
@click.option("--target", metavar="COLUMN", help="The column to predict.")
@click.option("--budget", metavar="TIME", help="Time to spend, such as 90s, 10m or 1h30m.")
@click.option("--epochs", type=int, help="Epochs of each trial.  [default: 30]")
@click.option(
    "--network",
    type=NETWORK,
    default="standard",
    help="Whose space to search: standard, or notes, that of the lecture notes.  [default: standard]",
)
@click.option(
    "--vary", multiple=True, metavar="NAME=RANGE", help="name=low:high, name=low:high:scale or name=a,b,c."
)
@click.option("--fix", multiple=True, metavar="NAME=VALUE", help="Give a hyperparameter one value.")
@click.option("--task", metavar="TASK", help="classification or regression.  [default: as the target looks]")
@click.option("--numeric", multiple=True, metavar="COLUMN", help="Take a column as numbers.")
@click.option("--categorical", multiple=True, metavar="COLUMN", help="Take a column as categories.")
@click.option("--drop", multiple=True, metavar="COLUMN", help="Leave a column out.")
@cell_options
@click.option(
    "--missing",
    multiple=True,
    metavar="WORD,…",
    help="Words that mean a missing value.  [default: NA, N/A, NaN, null, None and their like]",
)
@file_options
@click.option(
    "--group-column",
    metavar="COLUMN",
    help="Rows of equal cells there belong together: in one part, in one fold; it is no input.",
)
@click.option("--seed", type=int, help="Of the split and of what is measured.  [default: 0]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def plan(data: Path | str, target: str | None, budget: str | None, as_json: bool, **options: Any) -> int:
    """Measure some seconds of training: Panda or Caviar, and why.

    DATA is a table: CSV, TSV, JSON lines, Parquet, Feather, Excel or OpenDocument; a pattern of files; a
    directory of Parquet files; - for standard input; or a database's URL, with --sql. Caviar trains many
    networks and keeps the best; Panda tends one by hand. Which of the two depends on how many whole trainings
    the budget affords: some are timed, and the beginning of a run is rehearsed for a tenth of the budget,
    from 5 to 10 seconds.
    """
    from sturgeon.caviar.opening import TuneOptions
    from sturgeon.caviar.table.job import TableJob
    from sturgeon.caviar.table.planning.plan import plan_table
    from sturgeon.cli.common.options import change_space, words_of
    from sturgeon.space import network_space

    if target is None:
        raise InputError("A column to predict is needed; got none. Name it: `--target COLUMN`.")
    if budget is None:
        raise InputError("A plan is for a budget; got none. Name it: `--budget 10m`.")
    check_address_space()
    space = change_space(network_space(options["network"]), options["vary"], options["fix"])
    asked = TuneOptions(space, epochs=options["epochs"], seed=options["seed"])
    of_data = {name: options[name] for name in ("task", "numeric", "categorical", "drop", *CELL_OPTIONS)}
    of_data |= (reading := {name: options[name] for name in FILE_OPTIONS if options[name] is not None})
    if options["group_column"] is not None:
        of_data["group_column"] = reading["group_column"] = options["group_column"]
    if options["missing"]:
        of_data["missing"] = words_of(options["missing"])
    job = TableJob(data, target, out_beside(data).parent, asked, budget=budget, data_options=of_data)
    made = plan_table(job, on_progress=say, started=click.get_current_context().obj)
    if as_json:
        print(json.dumps(asdict(made), allow_nan=False))
    else:
        _print(made, _next_command(made, data, target, budget, reading))
    return 0


def _next_command(
    made: TablePlan, data: Path | str, target: str, budget: str, reading: dict[str, str]
) -> str:
    """What to type now: tune for the budget, or where it affords too little, tend one training by hand."""
    from sturgeon.data.reading.formats.database import hide_password

    options = {"target": target, **reading}
    told = (f"--{name.replace('_', '-')} {shlex.quote(value)}" for name, value in options.items())
    table = " ".join((shlex.quote(hide_password(str(data))), *told))
    if made.recommendation == "caviar":
        return f"sturgeon tune {table} --budget {budget}"
    return f"sturgeon panda {table}"


def _print(made: TablePlan, command: str) -> None:
    from rich.console import Console

    console = Console(highlight=False, markup=False, soft_wrap=True)
    free = "unknown" if made.free_bytes is None else _gigabytes(made.free_bytes)
    budget = format_seconds(made.budget_seconds)
    whole, halved = _with_range(made.trials), _with_range(made.trials_with_halving)
    console.print(f"trials in {budget}: about {whole}, whole trainings of {made.epochs} epochs")
    console.print(f"  with --budget alone: about {halved}, some ended early where that saves time")
    console.print(
        f"a training: {made.seconds_per_trial:.2g} s on average; compiling: {made.compiling_seconds:.2g} s"
    )
    console.print(f"at once: {made.lanes} on {', '.join(made.devices)}")
    console.print(f"memory: {_gigabytes(made.memory_bytes)} needed, {free} free")
    console.print(f"{made.recommendation.capitalize()}: {made.reason}")
    console.print(f"next:  {command}")


def _with_range(trials: int) -> str:
    """A number of trials, and what a run may make of it where it is more than a few."""
    low, high = round(_LEAST * trials), round(_MOST * trials)
    return f"{trials} ({low} to {high})" if low < trials < high else str(trials)


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.2f} GB"
