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
from sturgeon.network.settings import check_network_space
from sturgeon.recheck.outcome import RecheckResult
from sturgeon.recheck.rows.table_study import TableStudy
from sturgeon.recheck.widening import describe_widening, widen
from sturgeon.search import PopulationBasedTraining, Search
from sturgeon.space import Config, config_key
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

    def check(self) -> None:
        """See that they can be followed.

        Raises:
            InputError: The folder holds another study, or the number of trials is out of range.
        """
        check_trials(self.trials)
        if self.out is not None and (self.out / STUDY_FILE).exists():
            raise InputError(
                f"A new tuning needs a directory of its own; {str(self.out)!r} holds a study. Name another "
                f"with `{option('out')}`."
            )


def check_trials(trials: int | None) -> None:
    """Raise where no such number of trials can be tuned anew."""
    if trials is not None and (isinstance(trials, bool) or not isinstance(trials, int) or trials < 1):
        raise InputError(f"`{option('trials')}` must be a whole number from 1; got {trials!r}.")


def retune_table(
    study: Study, folder: Path | None, data: Any, result: RecheckResult, options: RetuneOptions
) -> RecheckResult:
    """Tune anew where a recheck said that it is due, or train again where only the network is outdated.

    The default, the best old configurations and the challenger are tried first. Every old trial counts as
    evidence, as far as the old record predicts the new results. A range at whose end the challenger lies
    becomes wider. Where only the network is outdated, the configuration in use is trained on the new rows,
    and the default beside it; the new study has the whole space, so that it can be rechecked in its turn.

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
    if result.interrupted or not (result.stale or is_outdated(result)):
        return result
    old = TableStudy.of(study, folder)
    out = options.out or _free_folder(old, study)
    options.check()
    about, objective = study.about, study.objectives[0]
    goal: dict[str, Any] = {objective.direction: objective.metric}
    ended = sum(trial.value is not None for trial in study.trials)
    first, note = _tried_first(result)
    if result.stale:
        trials = options.trials or max(FEWEST, round(SHARE * ended))
    else:  # the default and the best; the one in use too, where that is another
        trials = options.trials or (2 if result.incumbent["trial"] == study.best.number else 3)
    taken = {name: value for name, value in old.options.items() if name in _KEPT and value is not None}
    space = study.space
    if first is not None and result.challenger and result.challenger["edges"]:
        space = widen(space, first, check_network_space)

    def on_start(dataset: Dataset, settings: StudySettings, new: Study) -> None:
        known = {config_key(trial.config) for trial in new.trials}
        room = len(known) < trials
        if first is not None and room and config_key(first) not in known:
            new.enqueue(first, note=note)
        doing = "tuning anew" if result.stale else "training the network again"
        say(f"{doing} in {out}: {trials} trials, the old record as prior evidence")

    tune_table(
        TableJob(
            data,
            old.target,
            out,
            TuneOptions(
                space,
                **goal,
                search=search_of(study),
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
    notes = [*result.notes, *describe_widening(study.space, space)]
    return replace(result, retuned=str(out), notes=notes)


def is_outdated(result: RecheckResult) -> bool:
    """Whether the network in use does worse on the new rows than its hyperparameters trained on them."""
    return bool((result.deployed or {}).get("outdated"))


def _tried_first(result: RecheckResult) -> tuple[Config | None, str]:
    """What a new tuning has to try, and why: the challenger, or where nothing is stale what is in use."""
    if not result.stale:
        return result.incumbent["config"], "the configuration in use"
    return (result.challenger or {}).get("config"), "the challenger of the recheck"


def search_of(study: Study) -> Search | None:
    """The search that tunes anew: the study's own.

    Of a population it is the usual one: another population would take as long as the first.
    """
    return None if isinstance(study.search, PopulationBasedTraining) else study.search


_KEPT = (
    "numeric",
    "categorical",
    "drop",
    "date",
    "dates",
    "decimal",
    "missing",
    "time_order",
    "folds",
    "group_column",
)


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
