"""``sturgeon sweep``: tune any command line, as a YAML file describes it."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict
from pathlib import Path

import click

from sturgeon.cli.common.paths import PATH


@click.command(no_args_is_help=True)
@click.argument("file", type=PATH)
@click.option("--study", metavar="FILE|URL", help="Where the study is kept.  [default: FILE with .study]")
@click.option("--resume", is_flag=True, help="Go on with the study that is there.")
@click.option("--trials", type=int, help="How many trials; instead of what the file says.")
@click.option("--workers", type=int, help="How many commands run at once; instead of what the file says.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def sweep(
    file: Path, study: str | None, resume: bool, trials: int | None, workers: int | None, as_json: bool
) -> int:
    """Tune any command line.

    FILE is YAML: the `command`, with {name} for a parameter or {args} for all of them; `minimize` or
    `maximize`; the `parameters`, each `{low: 0.001, high: 1, scale: log}`, a list, or a value; and perhaps
    `trials`, `budget`, `workers`, `search`, `stopping`, `seed`, `timeout`, `constraint`, `metrics`.

    The command prints its metrics, in lines such as `val_loss=0.31 epoch=3` or as JSON. It ends early
    where a stopping rule says so; an exit code other than 0 is a failed trial.
    """
    from sturgeon.caviar.sweep.sweep_file import read_sweep
    from sturgeon.caviar.tuning import tune
    from sturgeon.cli.common.printable import printable
    from sturgeon.cli.views.result import describe_config, format_number

    asked = read_sweep(file)
    place = study or asked.study or str(file.with_suffix(".study"))
    options = {**asked.options}
    options |= {
        name: value for name, value in (("trials", trials), ("workers", workers)) if value is not None
    }
    with tune(
        asked.command,
        asked.space,
        minimize=asked.minimize,
        maximize=asked.maximize,
        search=asked.search,
        stopping=asked.stopping,
        study=place,
        resume=resume,
        **options,
    ) as done:
        best = done.best_trials if len(done.objectives) > 1 else done.top(1)
        if as_json:
            found = [
                {"trial": one.number, "config": one.config, "value": one.value, "metrics": dict(one.metrics)}
                for one in best
            ]
            goals = [asdict(one) for one in done.objectives]
            print(
                json.dumps({"study": done.place, "objectives": goals, "trials": done.counts(), "best": found})
            )
            return 0
        for one in best:
            values = ", ".join(
                f"{goal.metric} {format_number(one.metrics.get(goal.metric))}" for goal in done.objectives
            )
            print(printable(f"best: trial {one.number}, {values}"))
            print(f"  {describe_config(dict(one.config))}")
        print(f"study: {printable(done.place)}   look at it:  sturgeon show {shlex.quote(done.place)}")
    return 0
