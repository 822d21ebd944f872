"""``sturgeon show``: look at a study."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from sturgeon.cli.common.paths import expand_home

if TYPE_CHECKING:
    from sturgeon.caviar.table.saved import SavedSummary
    from sturgeon.study import Study, TrialRecord


@click.command(no_args_is_help=True)
@click.argument("study", metavar="STUDY")
@click.option(
    "--top",
    type=click.IntRange(min=0),
    default=10,
    help="Trials to list, best first.  [default: 10; with --json all]",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
@click.pass_context
def show(context: click.Context, study: str, top: int, as_json: bool) -> int:
    """Look at a study.

    STUDY is a file, a URL, or a directory that `sturgeon tune` wrote.
    """
    from sturgeon.caviar.table.job import STUDY_FILE
    from sturgeon.caviar.table.saved import SavedSummary
    from sturgeon.study import Study

    study = expand_home(study)
    place = Path(study)
    with Study.open(place / STUDY_FILE if place.is_dir() else study) as opened:
        front = {one.number for one in opened.best_trials} if len(opened.objectives) > 1 else set[int]()
        ranked = _ranked(opened, front)
        saved = SavedSummary.read(place)
        if as_json:
            named = context.get_parameter_source("top") is not ParameterSource.DEFAULT
            summary = _summary(opened, ranked, front, top if named else None)
            print(json.dumps({**summary, **_made(saved)}))
        else:
            from sturgeon.cli.common.study_table import print_study

            print_study(opened, ranked, top, front, saved)
    return 0


def _made(saved: SavedSummary) -> dict[str, Any]:
    """What is kept of them: an ensemble, and how sure it is."""
    made: dict[str, Any] = {}
    if saved.shares:
        made["ensemble"] = [{"trial": trial, "share": share} for trial, share in saved.shares.items()]
    if saved.calibration is not None:
        made["calibration"] = saved.calibration.to_json()
    return made


def _ranked(study: Study, front: Collection[int]) -> list[TrialRecord]:
    """Trials, those of the Pareto front and then the best first; those without a value last."""
    sign = 1 if study.direction == "minimize" else -1
    return sorted(
        study.trials,
        key=lambda t: (
            t.number not in front,
            t.value is None,
            sign * t.value if t.value is not None else 0.0,
            t.number,
        ),
    )


def _summary(
    study: Study, ranked: list[TrialRecord], front: Collection[int], top: int | None
) -> dict[str, Any]:
    from sturgeon.study.edges import edges_of

    trials = [_as_dict(trial, study) for trial in ranked]
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
        "objectives": [one.to_json() for one in study.objectives],
        "front": sorted(front),
        "edges": []
        if best is None or len(study.objectives) > 1
        else [asdict(edge) for edge in edges_of(study.space, best["config"])],
        "importance": asdict(study.importance()),
        "all_trials": sorted(trials[:top], key=lambda trial: trial["trial"]),
    }


def _as_dict(trial: TrialRecord, study: Study) -> dict[str, Any]:
    return {
        "trial": trial.number,
        "state": trial.state,
        "value": trial.value,
        "values": {one.metric: trial.metrics.get(one.metric) for one in study.objectives}
        | {study.metric: trial.value},
        "config": trial.config,
        "epochs": max((len(curve) for curve in trial.curves.values()), default=0),
        "seconds": trial.seconds,
        "notes": list(trial.notes),
        "error": trial.error.type if trial.error is not None else None,
        "why": trial.reason or (trial.error.message if trial.error is not None else None),
    }
