"""Recheck the built-in network on a table."""

from __future__ import annotations

import json
import math
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from sturgeon.caviar.limits import to_seconds
from sturgeon.caviar.opening import StudySettings
from sturgeon.caviar.progress import FIRST_SECONDS, SHORTEST_SECONDS, format_metric, format_seconds, say
from sturgeon.caviar.table.outcome import RESULT_FILE
from sturgeon.data import naive_baseline
from sturgeon.data.metrics import measure
from sturgeon.data.reading.sources import Table
from sturgeon.data.targets import NumericTarget
from sturgeon.errors import InputError, option
from sturgeon.recheck.blocks import FEWEST_BLOCKS, Blocks, BlockTrainer, count_blocks
from sturgeon.recheck.candidates import choose_candidates, find_incumbent
from sturgeon.recheck.evidence import chance_against_a_guess, interval
from sturgeon.recheck.history import (
    capital_of_another,
    one_at_a_time,
    open_account,
    past_rechecks,
    write_recheck,
)
from sturgeon.recheck.layout import Layout, budget_of, lay_out, trainings_of_every_kind, trainings_that_show
from sturgeon.recheck.outcome import RecheckResult, sum_up
from sturgeon.recheck.race import MOST_PAIRS, Race, run_race
from sturgeon.recheck.rows.drift import describe_drift
from sturgeon.recheck.rows.new_data import NewData, fingerprint_of, judged_rows, read_new_data, seed_of
from sturgeon.recheck.rows.old_rows import read_old_rows
from sturgeon.recheck.rows.table_study import TableStudy
from sturgeon.recheck.rows.windows import Window
from sturgeon.recheck.verdict import FEWEST_PAIRS, judge
from sturgeon.stopping import Never
from sturgeon.study import Objective, Study, TrialRecord

SHARE = 0.2
"""Of the epochs of the first tuning, where no budget is given."""
_NEED_CLASSES = ("auc", "average_precision", "f1", "balanced_accuracy", "ece", "r2")


@dataclass(frozen=True)
class RecheckOptions:
    """How a table is rechecked.

    Attributes:
        budget: Epochs, each one network's; or a time such as ``"10m"``. None for a fifth of the epochs of the
            first tuning.
        old: The data that the study was tuned on, where it does not lie any more where it lay.
        time_column: A column that says when a row was.
        window: How far back networks look, in order of time: rows, or days such as ``"30d"``.
        progress: Whether to print a line on stderr now and then.
    """

    budget: int | str | None = None
    old: Table | None = None
    time_column: str | None = None
    window: str | int | None = None
    progress: bool = True


@dataclass(frozen=True, slots=True)
class Budget:
    """How much may be trained.

    Attributes:
        epochs: Epochs in all.
        seconds: Seconds in all; None for no bound.
        original: The epochs that the first tuning took.
    """

    epochs: int
    seconds: float | None
    original: int


def recheck_table(
    study: Study,
    data: Table,
    options: RecheckOptions,
    stop: threading.Event,
    *,
    folder: Path | None = None,
) -> RecheckResult:
    """Recheck a study of a table on new data, and add that to the study's history.

    Args:
        study: The study.
        data: The new rows.
        options: How.
        stop: When set, trainings end after their current epochs, and what is known by then is judged.
        folder: The folder that the study was named by.

    Returns:
        What was found.

    Raises:
        InputError: The study or the data breaks a rule.
    """
    started = time.monotonic()
    old = TableStudy.of(study, folder)
    incumbent = find_incumbent(study, _chosen_trial(old.folder))
    budget = choose_budget(options.budget, study, incumbent)
    rows = read_old_rows(old, options.old, data)
    window = Window.of(options.window)
    new = read_new_data(old, data, old_rows=rows, time_column=options.time_column, window=window)
    with one_at_a_time(study):
        fingerprint = fingerprint_of(new)
        seed = seed_of(study, fingerprint)
        judged = judged_rows(old, new)
        entries = past_rechecks(study)
        account = open_account(entries, incumbent.number, fingerprint, judged, budget=budget.epochs)
        settings, notes = _settings(study, new)
        epochs = max(settings.epochs, 1)
        number = count_blocks(new.rows - new.judged_from, MOST_PAIRS)
        if new.groups is not None and not new.in_time:
            number = min(number, len(np.unique(new.groups)))
        layout, most = lay_out(budget.epochs, epochs, new.rows, number), number
        share, plan = layout.share, layout.plan
        number = min(number, max(plan.pairs, FEWEST_BLOCKS))  # so that all rows judge
        rng = np.random.default_rng(seed)
        candidates = choose_candidates(study, incumbent, plan.challengers, rng)
        blocks = Blocks(
            new.dataset,
            number,
            seed % 2**32,
            first=new.judged_from if new.in_time else None,
            window=new.window,
            share=share,
            groups=new.groups,
        )
        shown = _Progress(round(plan.trainings * epochs * share), started, wanted=options.progress)
        trainer = BlockTrainer(blocks, settings, seed, stop, shown.epoch)

        def is_over() -> bool:
            late = budget.seconds is not None and time.monotonic() - started >= budget.seconds
            return late or stop.is_set()

        begun = time.monotonic()

        def affordable(race: Race) -> float:
            if budget.seconds is None or not race.trainings:
                return math.inf
            now = time.monotonic()
            return race.trainings * (budget.seconds - (now - started)) / (now - begun)

        race = run_race(
            candidates, plan, trainer, capital=account.capital, stop=is_over, affordable=affordable
        )
        guesses = _guesses(old, blocks, race, settings.objective)
        hopeless = _is_hopeless(race, guesses, chance_against_a_guess(account.number))
        another = capital_of_another(entries, incumbent.number, account)
        enough = trainings_that_show(another, most)
        least = 0 if enough is None else budget_of(enough, epochs, new.rows)
        verdict = judge(
            race,
            account,
            settings.objective,
            study.space,
            hopeless=hopeless,
            enough=least if not least or least > budget.epochs else None,
        )
        deployed, drift = None, None
        if not stop.is_set():  # whoever stops it does not wait for why
            deployed = _deployed(old, new, race, settings.objective)
            drift = describe_drift(old, new, rows, seed=seed)
        wide = trainings_of_every_kind(another, most)
        result = sum_up(
            study,
            settings.objective,
            incumbent,
            race,
            verdict,
            account,
            data=new.source,
            rows=new.rows,
            epochs={
                "spent": round(trainer.epochs),
                "budget": budget.epochs,
                "original": budget.original,
                "share": trainer.epochs / budget.original if budget.original else None,
                "folds": _folds_of(study),
                "row_share": share,
            },
            drift=None if drift is None else drift.to_json(),
            deployed=deployed,
            notes=[
                *notes,
                *account.notes(),
                *_notes_on(new, options.time_column),
                *(() if verdict.stale else _note_on_budget(layout, budget, epochs, new.rows, wide)),
                *(() if drift is None else drift.notes(verdict.stale)),
                *(
                    note_on_guess(race, [] if verdict.stale else guesses, settings.objective)
                    or _note_on_network(deployed, settings.objective, verdict.stale)
                ),
            ],
            fingerprint=fingerprint,
            interrupted=stop.is_set(),
            extra_columns=list(new.extra),
            seconds=round(time.monotonic() - started, 3),
        )
        if not result.interrupted:
            write_recheck(study, result.to_json(), judged, after=len(entries))
    return result


def original_epochs(study: Study) -> int:
    """The epochs that a study's trials took, each one network's."""
    metric = study.metric
    return _folds_of(study) * sum(len(trial.curves.get(metric, ())) for trial in study.trials)


def _folds_of(study: Study) -> int:
    return int(study.about.get("folds", 1) or 1)


def choose_budget(given: int | str | None, study: Study, incumbent: TrialRecord) -> Budget:
    """Read a budget: a number of epochs, a time, or None for a fifth of what the study took.

    Raises:
        InputError: It is neither, or too small for a single pair.
    """
    original = original_epochs(study)
    if given is None:
        return Budget(max(round(SHARE * original), 1), None, original)
    text = str(given).strip()
    epochs = max(int(study.about.get("epochs") or 1), incumbent.last_step, 1)
    if not text.lstrip("-").isdigit():
        try:
            seconds = to_seconds(text, option("budget"))
        except InputError:
            seconds = None
        if seconds is None:
            raise InputError(
                f"`{option('budget')}` must be a number of epochs, such as 1000, or a time, such as 10m; got "
                f"{given!r}."
            )
        return Budget(MOST_PAIRS * 8 * epochs, seconds, original)
    count = int(text)
    if count < 4 * epochs:
        raise InputError(
            f"`{option('budget')}` must allow two pairs of trainings, which on all rows take {4 * epochs} "
            f"epochs; got {count}."
        )
    return Budget(count, None, original)


def _chosen_trial(folder: Path | None) -> int | None:
    """The trial that the tuning chose in the end, of its ``result.json``."""
    result = _read_result(folder)
    best = result.get("best")
    return best.get("trial") if isinstance(best, dict) else None


def _read_result(folder: Path | None) -> dict[str, Any]:
    if folder is None:
        return {}
    try:
        read = json.loads((folder / RESULT_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return read if isinstance(read, dict) else {}


def _settings(study: Study, new: NewData) -> tuple[StudySettings, list[str]]:
    """What held for every trial, and a metric to compare by that a block of few rows leaves defined."""
    about = study.about
    objective, notes = study.objectives[0], []
    name = objective.metric.removeprefix("val_")
    if name in _NEED_CLASSES:
        by = "val_rmse" if new.dataset.task == "regression" else "val_loss"
        notes.append(f"compared by {by}: a few rows at a time leave {objective.metric} too unsure.")
        objective = Objective(by, "minimize")
    settings = StudySettings(
        study.space, (objective,), Never(), int(about.get("epochs") or 1), about.get("precision", "float32")
    )
    return settings, notes


def _guesses(old: TableStudy, blocks: Blocks, race: Race, objective: Objective) -> list[float]:
    """What a guess that looks at no input comes to in each pair, to be minimised.

    Empty where the network in use was no better than a guess on its own test rows: then that is nothing new.
    """
    result, name = _read_result(old.folder), objective.metric.removeprefix("val_")
    try:
        tuned, guess = result["test"][name], result["naive_test"][name]
        if objective.sign * tuned >= objective.sign * guess:
            return []
    except (KeyError, TypeError):
        return []
    values = list[float | None]()
    for pair in range(race.pairs):
        part = blocks.part(pair)
        part = replace(part, x_test=part.x_validation, y_test=part.y_validation)
        values.append(naive_baseline(part)[name])
    return [] if None in values else [objective.sign * value for value in values if value is not None]


def _is_hopeless(race: Race, guesses: list[float], alpha: float) -> bool:
    """Whether a guess beats the incumbent on the new rows, beyond the noise."""
    differences = [race.values[0, pair] - guess for pair, guess in enumerate(guesses)]
    return interval(differences, alpha=alpha)[0] > 0


def note_on_guess(race: Race, guesses: list[float], objective: Objective) -> list[str]:
    """Say where the incumbent, trained on the new rows, is no better than a guess, if by chance perhaps."""
    if len(guesses) < FEWEST_PAIRS:
        return []
    now = float(np.mean([race.values[0, pair] for pair in range(len(guesses))]))
    guess = float(np.mean(guesses))
    if now < guess:
        return []
    return [
        "trained on the new rows, the incumbent is no better than a guess that looks at no input "
        f"({objective.metric} {format_metric(objective.sign * now)} against "
        f"{format_metric(objective.sign * guess)}): see whether the target still depends on the columns."
    ]


def _deployed(old: TableStudy, new: NewData, race: Race, objective: Objective) -> dict[str, Any] | None:
    """How the network in use does on the new rows, did on its test rows, and would if trained anew."""
    if old.model is None:
        return None
    name = objective.metric.removeprefix("val_")
    preprocessing = old.model.preprocessing
    truth = preprocessing.encode_target(new.fresh, new.source)
    answers = old.model.answers(new.fresh, new.source)
    if isinstance(preprocessing.target, NumericTarget):
        answers = preprocessing.target.scale.apply(answers[:, 0])
    value = measure(preprocessing, truth, answers, positive=new.dataset.positive).get(name)
    before = (_read_result(old.folder).get("test") or {}).get(name)
    values = [value for (number, _), value in race.values.items() if number == 0 and math.isfinite(value)]
    anew, outdated = None, None
    if values and value is not None:
        anew = objective.sign * float(np.median(values))
        outdated = objective.sign * (value - anew) > 2 * float(np.std(values))
    return {"metric": name, "old": before, "new": value, "anew": anew, "outdated": outdated}


def _notes_on(new: NewData, time_column: str | None) -> list[str]:
    notes = [*new.notes, *(note for note in new.dataset.notes if "test part" not in note)]
    if extra := [name for name in new.extra if name != time_column]:
        notes.append(f"columns that the network does not know were left out: {', '.join(extra)}.")
    return notes


def _note_on_budget(
    layout: Layout, budget: Budget, epochs: int, rows: int, wide: tuple[int, float] | None
) -> list[str]:
    """Say where the budget is small, and which one compares with challengers of every kind."""
    plan = layout.plan
    if plan.pairs >= FEWEST_BLOCKS:
        return []
    part = "" if layout.share >= 1 else f" on {layout.share:.0%} of the rows, which count as so much"
    pairs = "1 pair" if plan.pairs == 1 else f"{plan.pairs} pairs"
    against = "1 challenger" if plan.challengers == 1 else f"{plan.challengers} challengers"
    note = (
        f"{budget.epochs} epochs allow {pairs} of trainings (each of {epochs} epochs{part}) with "
        f"{against}, which show large differences only"
    )
    if wide is None or (more := budget_of(wide[0], epochs, rows)) <= budget.epochs:
        return [f"{note}."]
    return [
        f"{note}; {option('budget', more)} would show one of {wide[1]:.1f} times the noise, and try the "
        "default, a neighbour and a random configuration too."
    ]


def _note_on_network(deployed: dict[str, Any] | None, objective: Objective, stale: bool) -> list[str]:
    """Say where the same hyperparameters, trained on the new rows, do better than the network in use."""
    if deployed is None or not deployed["outdated"] or stale:
        return []
    return [
        f"the network in use does worse than its hyperparameters trained on the new rows "
        f"({objective.metric} {format_metric(deployed['new'])} against {format_metric(deployed['anew'])}): "
        f"train it again, with the same hyperparameters, as `{option('retune', True)}` does."
    ]


class _Progress:
    """A line on stderr now and then, from two seconds on."""

    def __init__(self, most: int, started: float, *, wanted: bool) -> None:
        self._most = most
        self._started = started
        self._wanted = wanted
        self._next = FIRST_SECONDS
        self._begun: tuple[float, int] | None = None

    def epoch(self, done: int) -> None:
        """One more epoch of some network is done."""
        now = time.monotonic()
        if self._begun is None:  # what came before, such as reading the rows, is not gone through again
            self._begun = now, done
        spent, (begun, first) = now - self._started, self._begun
        if not self._wanted or spent < self._next or done <= first:
            return
        self._next = spent + max(SHORTEST_SECONDS, spent / 10)
        left = (now - begun) / (done - first) * max(self._most - done, 0)
        say(f"recheck: {done}/{self._most} epochs · at most {format_seconds(left)} left")
