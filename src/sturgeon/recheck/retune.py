"""Tune anew on the new data, with the old record as prior evidence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sturgeon.caviar.opening import StudySettings, TuneOptions
from sturgeon.caviar.progress import say
from sturgeon.caviar.table.folder import STUDY_FILE
from sturgeon.caviar.table.job import TableJob, tune_table
from sturgeon.data import Dataset
from sturgeon.errors import InputError, option
from sturgeon.recheck.outcome import RecheckResult
from sturgeon.recheck.rows.new_data import TableStudy
from sturgeon.space import config_key
from sturgeon.study import Study

SHARE = 0.4
"""Of the trials of the old study, where no number is given."""
FEWEST = 8
KIND = "retune"


@dataclass(frozen=True, slots=True)
class RetuneOptions:
    """How to tune anew.

    Attributes:
        out: The folder that takes the new study; None for one beside the old.
        trials: How many trials; None for 40 % of the old study's.
    """

    out: Path | None = None
    trials: int | None = None


def retune_table(
    study: Study, folder: Path | None, data: Any, result: RecheckResult, options: RetuneOptions
) -> RecheckResult:
    """Tune anew where a recheck said that it is due.

    The default, the best old configurations and the challenger are tried first. Every old trial counts as
    evidence, as far as the old record predicts the new results.

    Args:
        study: The old study.
        folder: The folder that was named for it.
        data: The new data.
        result: What the recheck found.
        options: Where to, and how many trials.

    Returns:
        The result, with the new folder; as it was where nothing is to be done.

    Raises:
        InputError: The folder holds another study, or the number of trials is out of range.
    """
    if not result.stale or result.interrupted:
        return result
    old = TableStudy.of(study, folder)
    out = options.out or _free_folder(old, study)
    if (out / STUDY_FILE).exists():
        raise InputError(
            f"A new tuning needs a directory of its own; {str(out)!r} holds a study. Name another with "
            f"`{option('out')}`."
        )
    about, objective = study.about, study.objectives[0]
    goal: dict[str, Any] = {objective.direction: objective.metric}
    ended = sum(trial.value is not None for trial in study.trials)
    trials = options.trials or max(FEWEST, round(SHARE * ended))
    taken = {name: value for name, value in old.options.items() if name in _KEPT and value is not None}
    challenger = result.challenger["config"] if result.challenger else None

    def on_start(dataset: Dataset, settings: StudySettings, new: Study) -> None:
        known = {config_key(trial.config) for trial in new.trials}
        room = len(known) < trials
        if challenger is not None and room and config_key(challenger) not in known:
            new.enqueue(challenger, note="the challenger of the recheck")
        say(f"tuning anew in {out}: {trials} trials, the old record as prior evidence")

    tune_table(
        TableJob(
            data,
            old.target,
            out,
            TuneOptions(
                study.space,
                **goal,
                search=study.search,
                epochs=int(about.get("epochs") or 1),
                seed=study.seed,
                precision=about.get("precision"),
                prior=study,
            ),
            trials=trials,
            data_options={**taken, "task": about.get("task"), "drop": _unknown(taken, result)},
        ),
        on_start=on_start,
    )
    study.journal.write(KIND, {"out": str(out), "trials": trials, "data": result.data}, author="recheck")
    return replace(result, retuned=str(out))


_KEPT = ("numeric", "categorical", "drop", "missing", "time_order", "folds", "group_column")


def _unknown(taken: dict[str, Any], result: RecheckResult) -> list[str]:
    """Columns to leave out: those that were, and those that the old study did not know."""
    return list(dict.fromkeys([*(taken.get("drop") or ()), *result.extra_columns]))


def _free_folder(old: TableStudy, study: Study) -> Path:
    """A folder beside the old one that is not there yet."""
    home = old.folder or (Path.cwd() / "study" if "://" in study.place else Path(study.place).parent)
    number = 1
    while True:
        name = f"{home.name.removesuffix('.sturgeon')}-retuned{'' if number == 1 else f'-{number}'}.sturgeon"
        folder = home.with_name(name) if home.name else home / name
        if not folder.exists():
            return folder
        number += 1
