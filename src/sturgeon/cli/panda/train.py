"""``sturgeon panda DATA``: train the built-in network, and listen."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sturgeon.caviar.progress import format_metric
from sturgeon.cli.common.cells import FILE_OPTIONS, file_options
from sturgeon.cli.common.paths import PATH, PLACE, out_beside
from sturgeon.cli.common.printable import printable
from sturgeon.cli.panda.drawing import in_words
from sturgeon.cli.panda.shell import is_terminal
from sturgeon.cli.panda.view import TrainingView
from sturgeon.errors import InputError

if TYPE_CHECKING:
    from sturgeon.panda.table.table import PandaResult


@click.command("train", no_args_is_help=True, short_help="Train the built-in network on a table.")
@click.argument("data", type=PLACE)
@click.option("--target", metavar="COLUMN", help="The column to predict.")
@click.option("--epochs", type=int, help="Epochs of each branch.  [default: 30]")
@click.option("--fix", multiple=True, metavar="NAME=VALUE", help="Begin a hyperparameter with this value.")
@click.option(
    "--minimize", metavar="METRIC", help="As of `sturgeon tune`.  [default: val_loss, of numbers val_rmse]"
)
@click.option("--maximize", metavar="METRIC", help="The same.")
@click.option("--autopilot", is_flag=True, help="Do what the coach proposes, within the bounds.")
@click.option("--bound", multiple=True, metavar="NAME=LOW:HIGH", help="What the autopilot must keep within.")
@click.option("--replay", type=PATH, metavar="FILE", help="Repeat a schedule of `sturgeon panda export`.")
@click.option("--task", metavar="TASK", help="classification or regression.  [default: as the target looks]")
@click.option("--numeric", multiple=True, metavar="COLUMN", help="Take a column as numbers.")
@click.option("--categorical", multiple=True, metavar="COLUMN", help="Take a column as categories.")
@click.option("--drop", multiple=True, metavar="COLUMN", help="Leave a column out.")
@click.option("--missing", multiple=True, metavar="WORD,…", help="Words that mean a missing value.")
@file_options
@click.option("--test", type=PATH, help="A test table of its own, instead of 15 % of the rows.")
@click.option("--time-order", is_flag=True, help="Rows are in order of time: test on the last.")
@click.option("--resume", is_flag=True, help="Go on with the run that is there.")
@click.option(
    "--disk", type=float, default=4.0, help="Gigabytes that the checkpoints may take.  [default: 4]"
)
@click.option("--seed", type=int, help="Of the split and the training.  [default: 0]")
@click.option("--out", type=PATH, help="Where all goes.  [default: NAME.panda beside the data]")
@click.option("--tui", is_flag=True, help="Show the screen of the run, as `sturgeon panda attach` does.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def train(data: Path | str, target: str | None, as_json: bool, **options: Any) -> int:
    """Train the built-in network on a table, and listen to whoever tends it.

    Every hyperparameter can be changed while it trains, from another terminal: `sturgeon panda attach`.
    """
    if options["tui"]:
        from sturgeon.cli.panda.screen.training import train_on_screen

        if not is_terminal():
            raise InputError("`--tui` needs a terminal to draw on; this is none. Leave it out.")
    else:
        train_on_screen = None
    if target is None:
        raise InputError("A column to predict is needed; got none. Name it: `--target COLUMN`.")
    if not options["disk"] > 0:
        raise InputError(f"`--disk` must be above 0 gigabytes; got {options['disk']:g}.")
    from sturgeon.cli.common.options import change_space, words_of
    from sturgeon.panda.coach.coaching import read_bounds
    from sturgeon.panda.kept.schedule import Schedule
    from sturgeon.panda.table.table import PandaJob, tend_table
    from sturgeon.space import standard_space

    of_data = {
        name: options[name] for name in ("task", "numeric", "categorical", "drop", "test", "time_order")
    }
    of_data |= {name: options[name] for name in FILE_OPTIONS if options[name] is not None}
    if options["missing"]:
        of_data["missing"] = words_of(options["missing"])
    replay = None if options["replay"] is None else Schedule.load(options["replay"])
    default = out_beside(data).with_suffix(".panda" if replay is None else ".replay")
    asked = ("epochs", "minimize", "maximize", "seed", "resume", "autopilot")
    job = PandaJob(
        data,
        target,
        options["out"] or default,
        space=change_space(standard_space(), (), options["fix"]),
        replay=replay,
        bounds=read_bounds(options["bound"]),
        disk=int(options["disk"] * 2**30),
        data_options=of_data,
        **{name: options[name] for name in asked},
    )
    if train_on_screen is not None:
        result = train_on_screen(job)
    else:
        view = TrainingView(job.epochs if replay is None else replay.epochs)
        result = tend_table(job, on_start=view.start, on_epoch=view.epoch)
    if result.interrupted:
        print("Interrupted; everything so far is kept. Go on with `--resume`.", file=sys.stderr)
    if as_json:
        print(json.dumps(asdict(result), allow_nan=False))
    else:
        _print(result)
    return 130 if result.interrupted else 0


def _print(result: PandaResult) -> None:
    value = "not finite" if result.value is None else format_metric(result.value)
    print(
        f"branch {result.branch} of {result.branches}, epoch {result.epochs}: "
        f"{printable(result.metric)} {value}"
    )
    print(f"  {in_words(result.config)}")
    if result.best is not None:
        best = result.best
        print(
            f"best network: branch {best['branch']}, epoch {best['epoch']}, "
            f"{format_metric(best['value'])}, in {result.out}/best"
        )
    if result.test is not None:
        print("test: " + ", ".join(f"{name} {format_metric(value)}" for name, value in result.test.items()))
    if result.replay is not None:
        same = result.replay["same"]
        difference = result.replay["largest_difference"]
        print(
            "replay: the same curves to the bit"
            if same
            else f"replay: the curves differ by {difference:.2g} at most"
        )
