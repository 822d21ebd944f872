"""``sturgeon recheck``: whether the chosen hyperparameters are still right on new data."""

from __future__ import annotations

import json
import shlex
import sys
from typing import TYPE_CHECKING, Any

import click

from sturgeon.cli.common.paths import PATH, PLACE, expand_home
from sturgeon.errors import InputError

if TYPE_CHECKING:
    from sturgeon.recheck.outcome import RecheckResult

STALE = 3
_SAME = ("budget", "old", "time_column", "window")
"""The options that say what a recheck compares."""


@click.command(no_args_is_help=True)
@click.argument("study", metavar="STUDY")
@click.argument("newdata", required=False, type=PLACE)
@click.option(
    "--retune",
    is_flag=True,
    help="Where it is stale, tune anew, warm-started from the old record; where only its network is "
    "outdated, train that again.",
)
@click.option("--out", type=PATH, help="Where --retune writes.  [default: beside the study]")
@click.option("--trials", type=int, help="Trials of --retune.  [default: 40 % of the study's]")
@click.option(
    "--budget",
    metavar="EPOCHS|TIME",
    help="Epochs to compare by, each one network's, or a time such as 10m.  "
    "[default: a fifth of the epochs of the tuning]",
)
@click.option("--old", type=PLACE, help="The data that was tuned on, where it does not lie where it lay.")
@click.option(
    "--time-column",
    metavar="COLUMN",
    help="When a row was: networks learn from earlier rows than they predict.",
)
@click.option(
    "--window",
    metavar="ROWS|DAYS",
    help="In order of time, learn from the last 5000 rows, or the last 30d, only.  [default: all before]",
)
@click.option(
    "--every", metavar="TIME", help="Recheck again and again, such as every 1d; sooner where data drifts."
)
@click.option(
    "--data", metavar="PATTERN", help="With --every, the files to recheck: the newest that matches."
)
@click.option("--times", type=click.IntRange(min=1), help="With --every, end after so many rechecks.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object on stdout; with --every one a line."
)
def recheck(study: str, newdata: Any, as_json: bool, **options: Any) -> int:
    """Say whether a study's choice is still right on new data.

    STUDY is a file, a URL, or a directory that `sturgeon tune` wrote; NEWDATA is a table with the same
    columns. Exit codes: 0 still right, 3 stale (another is better, or retune), 2 bad input, 1 failed.
    """
    from sturgeon.recheck.front import recheck as run

    study = expand_home(study)
    how = {name: options[name] for name in _SAME}
    if options["every"] is None and (options["data"] or options["times"]):
        raise InputError("`--data` and `--times` belong to `--every`; got no period. Add `--every 1d`.")
    if options["every"] is None and newdata is None:
        raise InputError("A recheck needs new data; got none. Name it: `sturgeon recheck STUDY NEWDATA`.")
    how |= {"retune": options["retune"], "out": options["out"], "trials": options["trials"]}
    if not options["retune"] and (options["out"] or options["trials"]):
        raise InputError("`--out` and `--trials` belong to `--retune`; got them without. Add `--retune`.")

    def once(place: str, data: Any) -> RecheckResult:
        result = run(place, data, **how)
        _print(result, as_json, _put_right(place, data, how))
        if options["retune"] and result.retuned is None and not result.interrupted:
            print("`--retune` tuned nothing anew: the study is not stale.", file=sys.stderr)
        return result

    if options["every"] is None:
        result = once(study, newdata)
    else:
        from sturgeon.recheck.periods import recheck_every

        if newdata is not None:
            raise InputError(
                f"With `--every`, new data is named by `--data`; got {str(newdata)!r} too. Leave it out."
            )
        result = recheck_every(
            study, once, every=options["every"], pattern=options["data"], times=options["times"]
        )
    if result.interrupted:
        print("Interrupted; the study is as it was.", file=sys.stderr)
        return 130
    return STALE if result.stale else 0


def _put_right(study: str, data: Any, how: dict[str, Any]) -> str:
    """The command that tunes anew, of the same recheck."""
    from sturgeon.data.reading.formats.database import hide_password

    options = [(f"--{name.replace('_', '-')}", value) for name, value in how.items() if name in _SAME]
    given = [part for name, value in options if value is not None for part in (name, str(value))]
    return shlex.join(["sturgeon", "recheck", *map(hide_password, (study, str(data), *given)), "--retune"])


def _print(result: RecheckResult, as_json: bool, put_right: str) -> None:
    if as_json:
        print(json.dumps(result.to_json(), allow_nan=False), flush=True)
        return
    from sturgeon.cli.views.recheck_table import print_recheck

    print_recheck(result, put_right)
