"""``sturgeon show``: look at a study."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from sturgeon.cli.common.paths import expand_home
from sturgeon.errors import InputError, StudyError

if TYPE_CHECKING:
    from sturgeon.caviar.table.folder import SavedSummary
    from sturgeon.cli.views.study_table import Shown
    from sturgeon.study import Study, TrialRecord

_FEW = 100
"""Up to how many listed trials are read one by one, and of the others only what ranks them."""


@click.command(no_args_is_help=True)
@click.argument("study", metavar="STUDY")
@click.option(
    "--top",
    type=click.IntRange(min=0),
    default=10,
    help="Trials to list, best first.  [default: 10; with --json and --csv all]",
)
@click.option("--trial", "number", type=int, metavar="N", help="Show one trial, whole.")
@click.option(
    "--where",
    multiple=True,
    metavar="NAME<VALUE",
    help="Only trials for which this holds, such as 'learning_rate<0.01' or optimizer=adam; may be repeated.",
)
@click.option(
    "--state", "states", multiple=True, metavar="STATE", help="Only trials in this state; may be repeated."
)
@click.option("--follow", is_flag=True, help="Show it anew as it goes on, until Ctrl-C.")
@click.option("--csv", "as_csv", is_flag=True, help="Print the trials as CSV, a row each.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
@click.pass_context
def show(
    context: click.Context,
    study: str,
    top: int,
    number: int | None,
    where: tuple[str, ...],
    states: tuple[str, ...],
    follow: bool,
    as_csv: bool,
    as_json: bool,
) -> int:
    """Look at a study.

    STUDY is a file, a URL, or a directory that `sturgeon tune` wrote.
    """
    from sturgeon.caviar.table.folder import SavedSummary
    from sturgeon.cli.common.filters import choose_trials
    from sturgeon.study import Study
    from sturgeon.study.storage.result_folder import study_of

    _check_together(follow=follow, csv=as_csv, json=as_json)
    study = expand_home(study)
    place = Path(study)
    named = context.get_parameter_source("top") is not ParameterSource.DEFAULT
    with Study.open(study_of(study)) as opened:
        if number is not None:
            _show_trial(opened, number, as_json)
            return 0

        def look() -> Shown:
            from sturgeon.cli.views.study_table import Shown

            front = {one.number for one in opened.best_trials} if len(opened.objectives) > 1 else set[int]()
            few = not (where or as_json or as_csv) and top <= _FEW
            in_order = opened.outcomes if few else opened.trials
            everything = _ranked(in_order, opened.direction, front)
            chosen = choose_trials(opened, everything, where, states)
            if few:
                chosen[:top] = [opened.trial(one.number) for one in chosen[:top]]
            left_out = len(everything) - len(chosen)
            by = [f"--where {one}" for one in where] + [f"--state {one}" for one in states]
            best = _best(opened, everything, front)
            return Shown(chosen, top, front, SavedSummary.read(place), left_out, by, in_order, best)

        if follow:
            from sturgeon.cli.views.follow import follow as go_on
            from sturgeon.cli.views.study_table import draw_study

            look()  # what is wrong with the conditions is said before anything is drawn
            go_on(opened, lambda: draw_study(opened, look()))
            return 0
        shown = look()
        if as_csv:
            _print_csv(opened, [one.number for one in shown.ranked[: top if named else None]])
        elif as_json:
            summary = _summary(opened, shown, top if named else None)
            print(json.dumps({**summary, **_made(shown.saved)}))
        else:
            from sturgeon.cli.views.study_table import print_study

            print_study(opened, shown)
    return 0


def _made(saved: SavedSummary) -> dict[str, Any]:
    """What is kept of them: an ensemble, and how sure it is."""
    made: dict[str, Any] = {}
    if saved.shares:
        made["ensemble"] = [{"trial": trial, "share": share} for trial, share in saved.shares.items()]
    if saved.calibration is not None:
        made["calibration"] = saved.calibration.to_json()
    return made


def _check_together(**given: bool) -> None:
    asked = [f"`--{name}`" for name, wanted in given.items() if wanted]
    if len(asked) > 1:
        raise InputError(f"A study is shown in one way; got {' and '.join(asked)}. Leave all but one out.")


def _show_trial(study: Study, number: int, as_json: bool) -> None:
    from sturgeon.cli.views.trial_view import print_trial, trial_as_json

    trial = study.trial(number)
    if as_json:
        print(json.dumps({**_as_dict(trial, study), **trial_as_json(study, trial)}))
    else:
        print_trial(study, trial)


def _print_csv(study: Study, numbers: list[int]) -> None:
    """Print rows of the study's table in the order of some trials, its text printable."""
    from sturgeon.cli.common.printable import printable

    frame = study.frame().set_index("number", drop=False)
    frame = frame.loc[[number for number in numbers if number in frame.index]]
    frame = frame.rename(columns=printable)
    for name in frame.columns[[str(kind) in ("str", "object") for kind in frame.dtypes]]:
        frame[name] = frame[name].map(printable, na_action="ignore")
    frame.to_csv(sys.stdout, index=False)


def _ranked(trials: list[TrialRecord], direction: str, front: Collection[int]) -> list[TrialRecord]:
    """Trials, those of the Pareto front and then the best first; those without a value last."""
    sign = 1 if direction == "minimize" else -1
    return sorted(
        trials,
        key=lambda t: (
            t.number not in front,
            t.value is None,
            sign * t.value if t.value is not None else 0.0,
            t.number,
        ),
    )


def _best(study: Study, ranked: list[TrialRecord], front: Collection[int]) -> TrialRecord | None:
    """The best of all trials, whichever are shown; of several objectives the first of the front."""
    if front:
        return next(one for one in ranked if one.number in front)
    try:
        return study.best
    except StudyError:
        return None


def _summary(study: Study, shown: Shown, top: int | None) -> dict[str, Any]:
    from sturgeon.study.edges import edges_of

    trials = [_as_dict(trial, study) for trial in shown.ranked]
    importance = study.importance()
    best = shown.best
    return {
        "study": study.place,
        "metric": study.metric,
        "direction": study.direction,
        "seed": study.seed,
        "trials": dict(study.counts()),
        "best": None if best is None else {"trial": best.number, "config": best.config, "value": best.value},
        "objectives": [one.to_json() for one in study.objectives],
        "front": sorted(shown.front),
        "edges": []
        if best is None or len(study.objectives) > 1
        else [asdict(edge) for edge in edges_of(study.space, best.config, importance.shares)],
        "importance": asdict(importance),
        "all_trials": sorted(trials[:top], key=lambda trial: trial["trial"]),
    }


def _as_dict(trial: TrialRecord, study: Study) -> dict[str, Any]:
    from sturgeon.cli.views.study_table import value_of

    return {
        "trial": trial.number,
        "state": trial.state,
        "value": trial.value,
        "values": {one.metric: value_of(trial, one, study) for one in study.objectives},
        "config": trial.config,
        "epochs": max((len(curve) for curve in trial.curves.values()), default=0),
        "seconds": trial.seconds,
        "notes": list(trial.notes),
        "error": trial.error.type if trial.error is not None else None,
        "why": trial.reason or (trial.error.message if trial.error is not None else None),
    }
