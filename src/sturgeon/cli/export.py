"""``sturgeon export``: hand a tuned network on to another framework."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict
from pathlib import Path

import click

from sturgeon.cli.common.memory import check_address_space
from sturgeon.cli.common.paths import PATH, expand_home


@click.command(no_args_is_help=True)
@click.argument("study", metavar="STUDY")
@click.option("--format", "form", metavar="keras|savedmodel|onnx|torch", required=True, help="What for.")
@click.option(
    "-o",
    "--output",
    type=PATH,
    required=True,
    help="A file (.keras, .onnx) or a folder (savedmodel, torch).",
)
@click.option(
    "--data",
    type=PATH,
    help="The table that was tuned on, where it lies now, or other rows like its own to check on.  "
    "[default: the table where it lay]",
)
@click.option("--force", is_flag=True, help="Replace an export that is there.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def export(study: str, form: str, output: Path, data: Path | None, force: bool, as_json: bool) -> int:
    """Hand the best network on to another framework.

    STUDY is a directory that `sturgeon tune` wrote, or the study's file or URL. What is written takes a
    table's raw columns. It is run in its own framework on the test rows, and kept only if it predicts the
    same.
    """
    check_address_space()
    from sturgeon.frameworks.export.exporting import export_study

    done = export_study(expand_home(study), output, form=form, data=data, force=force)
    if as_json:
        print(json.dumps(asdict(done), allow_nan=False))
        return 0
    rows = (
        "test rows"
        if done.checked_on == "test"
        else f"rows of {str(data)!r}, which is not the table tuned on"
    )
    what = f"the network of trial {done.trial}"
    if done.networks > 1:
        what = f"the ensemble of {done.networks} networks, those of trial {done.trial} the best,"
    print(f"{what} in {done.path}")
    print(
        f"checked on {done.rows} {rows}: largest difference {done.largest_difference:.2g}, "
        f"at most {done.tolerance:g} ({done.unit})"
    )
    print(f"use it:  sturgeon predict {shlex.quote(done.path)} NEW_TABLE.csv -o predictions.csv")
    return 0
