"""``sturgeon show``: look at a study."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sturgeon.cli.paths import expand_home

if TYPE_CHECKING:
    from sturgeon.study import Study, TrialRecord


@click.command(no_args_is_help=True)
@click.argument("study", metavar="STUDY")
@click.option("--top", type=click.IntRange(min=0), default=10, show_default=True, help="Trials to list.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def show(study: str, top: int, as_json: bool) -> int:
    """Look at a study.

    STUDY is a file, a URL, or a directory that `sturgeon tune` wrote.
    """
    from sturgeon.caviar.table.job import STUDY_FILE
    from sturgeon.caviar.table.saved import shares_of
    from sturgeon.study import Study

    study = expand_home(study)
    place = Path(study)
    with Study.open(place / STUDY_FILE if place.is_dir() else study) as opened:
        ranked = _ranked(opened)
        shares = shares_of(place)
        if as_json:
            made = {"ensemble": [{"trial": trial, "share": share} for trial, share in shares.items()]}
            print(json.dumps({**_summary(opened, ranked), **(made if shares else {})}))
        else:
            _print(opened, ranked[:top], shares)
    return 0


def _ranked(study: Study) -> list[TrialRecord]:
    """Trials, best first; those without a value last."""
    sign = 1 if study.direction == "minimize" else -1
    return sorted(
        study.trials,
        key=lambda t: (t.value is None, sign * t.value if t.value is not None else 0.0, t.number),
    )


def _summary(study: Study, ranked: list[TrialRecord]) -> dict[str, Any]:
    trials = [_as_dict(trial) for trial in ranked]
    best = next((trial for trial in trials if trial["state"] in ("complete", "stopped")), None)
    return {
        "study": study.place,
        "metric": study.metric,
        "direction": study.direction,
        "seed": study.seed,
        "trials": dict(study.counts()),
        "best": None
        if best is None or best["value"] is None
        else {key: best[key] for key in ("trial", "config", "value")},
        "importance": asdict(study.importance()),
        "all_trials": sorted(trials, key=lambda trial: trial["trial"]),
    }


def _as_dict(trial: TrialRecord) -> dict[str, Any]:
    return {
        "trial": trial.number,
        "state": trial.state,
        "value": trial.value,
        "config": trial.config,
        "epochs": max((len(curve) for curve in trial.curves.values()), default=0),
        "seconds": trial.seconds,
        "notes": list(trial.notes),
        "why": trial.reason or (trial.error.message if trial.error is not None else None),
    }


def _print(study: Study, ranked: list[TrialRecord], shares: dict[int, float]) -> None:
    from rich.console import Console
    from rich.table import Table

    from sturgeon.cli.result import describe_config, describe_shares, format_number

    console = Console(highlight=False, markup=False)
    states = ", ".join(f"{count} {state}" for state, count in study.counts().items() if count)
    console.print(f"{study.place}: {study.direction} {study.metric}, seed {study.seed}", soft_wrap=True)
    console.print(f"trials: {states or 'none yet'}")
    if shares:
        console.print(f"ensemble of {describe_shares(shares)}", soft_wrap=True)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("trial", justify="right")
    table.add_column("state")
    table.add_column(study.metric, justify="right")
    table.add_column("what varies, or why it ended", overflow="fold")
    for trial in ranked:
        value = "" if trial.value is None else format_number(trial.value)
        varying = {name: trial.config[name] for name in study.space.coordinates if name in trial.config}
        why = trial.error.message if trial.error is not None else trial.reason
        table.add_row(str(trial.number), trial.state, value, f"{why} " * bool(why) + describe_config(varying))
    console.print(table)
    importance = study.importance()
    if importance.shares:
        console.print("\nhow much of the difference each made:")
    console.print(str(importance), soft_wrap=True)
