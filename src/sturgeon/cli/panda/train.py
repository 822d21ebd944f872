"""``sturgeon panda DATA``: train the built-in network, and listen."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sturgeon.caviar.progress import format_metric, format_seconds, say
from sturgeon.cli.common.cells import FILE_OPTIONS, file_options
from sturgeon.cli.common.paths import PATH, PLACE, out_beside
from sturgeon.cli.common.printable import printable
from sturgeon.cli.panda.drawing import in_words, sparkline
from sturgeon.errors import InputError

if TYPE_CHECKING:
    from sturgeon.data import Dataset
    from sturgeon.panda.run import Run
    from sturgeon.panda.table.table import PandaResult

_LINE_SECONDS = 1.0


@click.command("train", no_args_is_help=True)
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
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def train(data: Path | str, target: str | None, as_json: bool, **options: Any) -> int:
    """Train the built-in network on a table, and listen to whoever tends it.

    Every hyperparameter can be changed while it trains, from another terminal: `sturgeon panda attach`.
    """
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
    view = _View(job.epochs)
    result = tend_table(job, on_start=view.start, on_epoch=view.epoch)
    if result.interrupted:
        print("Interrupted; everything so far is kept. Go on with `--resume`.", file=sys.stderr)
    if as_json:
        print(json.dumps(asdict(result), allow_nan=False))
    else:
        _print(result)
    return 130 if result.interrupted else 0


class _View:
    """Says on stderr how the training goes: a line a second at most, and what was changed at once."""

    def __init__(self, epochs: int | None) -> None:
        self._epochs = epochs or 30
        self._began = self._said = time.monotonic()
        self._seen = -1
        self._trained = 0

    def start(self, dataset: Dataset, run: Run) -> None:
        """Say what is trained on what, and how to steer it."""
        say(f"{dataset.task} of {dataset.target!r}, because {dataset.task_reason}")
        say(
            f"rows: {', '.join(f'{n} {part}' for part, n in dataset.rows.items())}; inputs: "
            f"{dataset.features}"
        )
        say(f"tend it:  sturgeon panda attach {printable(run.record.study.place)}")

    def epoch(self, run: Run, metrics: Mapping[str, float]) -> None:
        """Say how an epoch went."""
        self._trained += 1
        self._tell_journal(run)
        now = time.monotonic()
        if now - self._said < _LINE_SECONDS and run.at.epoch < self._epochs:
            return
        self._said = now
        curve = [one.metrics[run.metric] for one in run.history if run.metric in one.metrics]
        left = (now - self._began) / self._trained * max(0, self._epochs - run.at.epoch)
        shown = [
            f"{name} {format_metric(metrics[name])}" for name in dict.fromkeys(("train_loss", run.metric))
        ]
        say(
            f"epoch {run.at.epoch}/{self._epochs} · {' · '.join(shown)} · learning_rate "
            f"{run.learning_rate:.3g} · "
            f"{sparkline(curve)} · {format_seconds(left)} left"
        )

    def _tell_journal(self, run: Run) -> None:
        for entry in run.record.study.journal.read(after=self._seen):
            self._seen = entry.id
            if entry.kind == "note":
                say(f"coach {entry.id}: {printable(entry.body['sentence'])}")
            elif entry.kind == "outcome":
                say(f"{'' if entry.body['done'] else 'refused: '}{printable(entry.body['message'])}")


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
