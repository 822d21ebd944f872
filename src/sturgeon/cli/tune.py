"""``sturgeon tune``: from a table to a tuned, saved network."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sturgeon.cli.common.cells import CELL_OPTIONS, FILE_OPTIONS, cell_options, file_options
from sturgeon.cli.common.memory import check_address_space
from sturgeon.cli.common.names import NETWORK, SEARCH, STOPPING
from sturgeon.cli.common.paths import PATH, PLACE, check_is_there, expand_home, out_beside
from sturgeon.errors import InputError

if TYPE_CHECKING:
    from sturgeon.caviar.table.job import TableJob
    from sturgeon.caviar.table.outcome import TableResult
    from sturgeon.cli.views.live import LiveView
    from sturgeon.space import Space


@click.command(no_args_is_help=True)
@click.argument("data", required=False, type=PLACE)
@click.option("--target", metavar="COLUMN", help="The column to predict.")
@click.option("--trials", type=int, help="Configurations to try.  [default: 16, or what --budget affords]")
@click.option("--epochs", type=int, help="Epochs of each trial.  [default: 30]")
@click.option("--budget", metavar="TIME", help="Time to spend, such as 90s, 10m or 1h30m.")
@click.option(
    "--minimize",
    metavar="METRIC",
    help="Classes: val_loss, val_brier or val_ece; numbers: val_rmse, val_mae or val_loss.  "
    "[default: val_loss for classes, val_rmse for numbers]",
)
@click.option(
    "--maximize",
    metavar="METRIC",
    help="Classes: val_accuracy, val_balanced_accuracy, val_auc, val_average_precision or val_f1; "
    "numbers: val_r2.",
)
@click.option(
    "--search",
    type=SEARCH,
    help="Which configuration next; optuna:gp also names a sampler.  [default: coarse-to-fine]",
)
@click.option(
    "--stopping",
    type=STOPPING,
    help="Which trials end early.  [default: halving with --budget alone; with neither it nor --trials, "
    "about half after a third of their epochs; else never]",
)
@click.option(
    "--folds",
    type=int,
    metavar="K",
    help="Train a network on each of K folds in every trial, and score it by the mean.  [default: 5 up to "
    "5,000 rows, 3 up to 10,000; else, with --time-order and with --repeats, 1]",
)
@click.option(
    "--ensemble",
    type=int,
    metavar="N",
    help="Let the networks of at most N trials answer together; without folds, 1 trains the best once more, "
    "on all rows but the test rows.  [default: 8; with --folds 1, --repeats or --time-order, 1]",
)
@click.option(
    "--max-size",
    metavar="SIZE",
    help="What the saved networks may take, such as 2MB: fewer answer together then.  [default: no bound]",
)
@click.option(
    "--max-predict-time",
    metavar="TIME",
    help="What they may take for 1,000 rows, such as 5ms, likewise.  [default: no bound]",
)
@click.option(
    "--compare",
    is_flag=True,
    help="Compare the result on the test rows with boosted trees, LightGBM (if installed) and scikit-learn. "
    "Their time comes on top of --budget.",
)
@click.option(
    "--repeats",
    type=int,
    metavar="N",
    help="Train the best trial and its closest rivals N times more with other seeds, within --budget; "
    "the best mean wins.  [default: 0]",
)
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
@click.option("--space", "only_space", is_flag=True, help="Print what may vary, and stop.")
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
@click.option("--test", type=PATH, help="A test table of its own, instead of 15 % of the rows.")
@click.option(
    "--group-column",
    metavar="COLUMN",
    help="Rows of equal cells there belong together: in one part, in one fold; it is no input.",
)
@click.option("--time-order", is_flag=True, help="Rows are in order of time: test on the last.")
@click.option("--study", metavar="FILE|URL", help="Where the study is kept.  [default: tune.study in --out]")
@click.option(
    "--ray",
    metavar="ADDRESS",
    help="Train on the cores of a Ray cluster, HOST:PORT or auto; with several machines, --study is a "
    "PostgreSQL URL.  [default: on this machine]",
)
@click.option("--resume", is_flag=True, help="Resume the study that is there.")
@click.option(
    "--precision", metavar="NAME", help="float32, or bfloat16 for matrix products.  [default: float32]"
)
@file_options
@click.option("--seed", type=int, help="Of the split, the search and every training.  [default: 0]")
@click.option("--out", type=PATH, help="Where all goes.  [default: NAME.sturgeon beside the data]")
@click.option(
    "--prior", metavar="STUDY", help="An earlier study, whose trials count as far as they predict the new."
)
@click.option("--no-report", is_flag=True, help="Leave out report.html in --out.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def tune(data: Path | str | None, target: str | None, only_space: bool, as_json: bool, **options: Any) -> int:
    """Tune a batch-norm network on a table.

    DATA is a table: CSV, TSV, JSON lines, Parquet, Feather, Excel or OpenDocument; a pattern of files; a
    directory of Parquet files; - for standard input; or a database's URL, with --sql. The best network is
    saved in the directory of --out.
    """
    space = _space(options["network"], options["vary"], options["fix"])
    if only_space:
        from sturgeon.network.settings import check_network_space

        check_network_space(space)
        _print_space(space, as_json)
        return 0
    if data is None:
        raise InputError("A table is needed; got none. Name it: `sturgeon tune DATA --target COLUMN`.")
    if target is None:
        raise InputError("A column to predict is needed; got none. Name it: `--target COLUMN`.")
    check_address_space()
    job = _job(data, target, space, options)
    check_is_there(data)
    result, view, report = _run(job, with_report=not options["no_report"])
    if result.interrupted:
        skipped = " No trial was chosen by repeats." if options["repeats"] and not result.repeats else ""
        print(f"Interrupted; everything so far is kept.{skipped} Go on with `--resume`.", file=sys.stderr)
    if as_json:
        print(json.dumps(asdict(result), allow_nan=False))
    else:
        from sturgeon.cli.views.result import print_result

        print_result(result, view.varying, view.space, report=report)
    return 130 if result.interrupted else 0


def _job(data: Path | str, target: str, space: Space, options: dict[str, Any]) -> TableJob:
    """The job that the options ask for."""
    from sturgeon.caviar.limits import to_seconds
    from sturgeon.caviar.opening import TuneOptions
    from sturgeon.caviar.ray.settings import Ray
    from sturgeon.caviar.table.job import TableJob

    changed = bool(options["vary"] or options["fix"] or options["network"] != "standard")
    asked = ("minimize", "maximize", "search", "stopping", "epochs", "seed", "precision", "prior")
    as_given = ("trials", "repeats", "resume", "ensemble", "max_size", "max_predict_time", "compare")
    return TableJob(
        data,
        target,
        options["out"] or out_beside(data),
        TuneOptions(space if changed else None, **{name: options[name] for name in asked}),
        budget=to_seconds(options["budget"], "--budget"),
        study=None if options["study"] is None else expand_home(options["study"]),
        data_options=_data_options(options),
        ray=None if options["ray"] is None else Ray(address=options["ray"]),
        **{name: options[name] for name in as_given},
    )


def _data_options(options: dict[str, Any]) -> dict[str, Any]:
    """What of the options is for reading and splitting the table."""
    from sturgeon.cli.common.options import words_of

    names = ("test", "task", "numeric", "categorical", "drop", *CELL_OPTIONS, "time_order", "folds")
    of_data = {name: options[name] for name in (*names, "group_column")}
    of_data |= {name: options[name] for name in FILE_OPTIONS if options[name] is not None}
    if options["missing"]:
        of_data["missing"] = words_of(options["missing"])
    return of_data


def _run(job: TableJob, *, with_report: bool) -> tuple[TableResult, LiveView, Path | None]:
    """Do the job and show how it goes on; write its report, where that is wanted and it came to its end."""
    from sturgeon.caviar.table.ending import report_seconds
    from sturgeon.caviar.table.folder import STUDY_FILE
    from sturgeon.caviar.table.job import tune_table
    from sturgeon.cli.common.ending import write_report_of
    from sturgeon.cli.views.live import LiveView

    loading = time.process_time()
    place = job.study or str(job.out / STUDY_FILE)
    absent = job.resume and "://" not in place and not Path(place).exists()
    note = f"there was no study at {place!r} to resume: this is a new one" if absent else None
    report = None
    with LiveView(note) as view:
        result = tune_table(
            job,
            on_start=view.start,
            on_progress=view.show,
            on_repeats=view.repeats,
            on_final=view.final,
            started=click.get_current_context().obj,
            reserved=lambda trials: report_seconds(trials, loading) if with_report else 0.0,
        )
        if with_report and not result.interrupted:
            view.report()
            report = write_report_of(place, job.out)
    return result, view, report


def _space(network: str, vary: tuple[str, ...], fix: tuple[str, ...]) -> Space:
    from sturgeon.cli.common.options import change_space
    from sturgeon.space import network_space

    return change_space(network_space(network), vary, fix)


def _print_space(space: Space, as_json: bool) -> None:
    description = space.describe()
    print(json.dumps({"space": description.rows}) if as_json else description)
