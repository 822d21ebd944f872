"""What a job on a table found: numbers to print and to write down."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sturgeon.caviar.controller import best_trial
from sturgeon.caviar.opening import StudySettings
from sturgeon.caviar.table.candidates import Candidates, choose_ensemble
from sturgeon.caviar.table.final import train_again, train_final
from sturgeon.caviar.table.repeats import Repeated
from sturgeon.caviar.table.saved import SavedModel
from sturgeon.data import Dataset, naive_baseline
from sturgeon.errors import RunError, option
from sturgeon.study import Study, TrialRecord

RESULT_FILE = "result.json"


@dataclass(frozen=True, slots=True)
class TableResult:
    """What a job found. Its fields are the JSON that ``sturgeon tune --json`` prints.

    Attributes:
        study: Where the study lies.
        out: The folder with the best network and this result.
        task: ``classification`` or ``regression``.
        target: The column predicted.
        rows: Rows of each part.
        metric: The metric that trials were chosen by.
        direction: ``minimize`` or ``maximize``.
        seed: The seed.
        best: The number (``trial``), ``config`` and ``value`` of the trial whose network is kept, which has
            the best value, or with repeats the best mean; with an ensemble the trial with the best value;
            None if none has ended.
        trials: How many trials are in each state.
        epochs: Epochs trained in total, over all trials; one trained again after a stop counts once.
        seconds: How long this run took.
        repeats: The best and its rivals trained again with other seeds, the best mean first: ``trial``,
            ``mean``, ``deviation``, ``number`` and ``values`` (None for NaN); None without, or where an
            interrupt cut them short.
        interrupted: Whether it was stopped before its end.
        exhausted: Whether it ended before its limits, because the search had no further configuration.
        trained_on: Which rows the best network learnt from: after a whole run, training and validation.
        test: Metrics of the best network on the held-out test part, None for one that its rows leave
            undefined (the AUC of one class, r² of equal targets); None without a best.
        naive_test: The same of a guess that looks at no input.
        default_test: The same of the default hyperparameters, with folds of their fold networks; None if they
            failed, or after an interrupt.
        folds: How many networks each trial trained, on as many folds of the rows; 1 for a single split.
        ensemble: With folds, the trials whose networks answer together, and the ``share`` of each; else None.
        no_better_than_default: With folds, whether the ensemble is no better than the default configuration's
            fold networks, by more than one standard error, on the rows that each network did not see; None
            without folds, or where the default failed.
    """

    study: str
    out: str
    task: str
    target: str
    rows: dict[str, int]
    metric: str
    direction: str
    seed: int
    best: dict[str, Any] | None
    trials: dict[str, int]
    epochs: int
    seconds: float
    interrupted: bool
    exhausted: bool
    trained_on: str | None
    test: dict[str, float | None] | None
    naive_test: dict[str, float | None]
    default_test: dict[str, float | None] | None
    repeats: list[dict[str, Any]] | None
    folds: int = 1
    ensemble: list[dict[str, Any]] | None = None
    no_better_than_default: bool | None = None

    def write(self) -> None:
        """Write it to ``result.json`` in ``out``, all of it or nothing."""
        path = Path(self.out) / RESULT_FILE
        fresh = path.with_name(f".{path.name}.new")
        fresh.write_text(json.dumps(asdict(self), indent=2, allow_nan=False) + "\n", encoding="utf-8")
        fresh.replace(path)


@dataclass(frozen=True, slots=True)
class Tried:
    """What there is to conclude from.

    Attributes:
        study: The trials.
        dataset: The data.
        settings: What holds for every trial.
        exhausted: Whether the search had nothing left to suggest.
        repeated: The best trials with other seeds, the best mean first; empty without.
        candidates: With folds, what an ensemble is chosen from.
        most: Of how many trials at most.
    """

    study: Study
    dataset: Dataset
    settings: StudySettings
    exhausted: bool = False
    repeated: Sequence[Repeated] = ()
    candidates: Candidates | None = None
    most: int = 1


def conclude(
    tried: Tried,
    *,
    out: Path,
    stop: threading.Event,
    seconds: Callable[[], float],
) -> TableResult:
    """Make the network that is handed over, keep it, and look at the test part for the first time.

    With folds that is the best ensemble of what is trained already. Without, the chosen configuration is
    trained for the last time.

    Args:
        tried: The study, the data, and what was repeated.
        out: The folder; its ``best`` holds the best network as it was when it was judged.
        stop: Set where the run was interrupted: then that network stays as it is.
        seconds: Tells how long the run has taken.

    Raises:
        RunError: No trial has ended with a value.
    """
    study, dataset, settings = tried.study, tried.dataset, tried.settings
    best = best_trial(study)
    if best is None and not stop.is_set():
        raise RunError(_why_nothing_ended(study))
    made = _Made()
    if best is not None:
        make = _train_chosen if tried.candidates is None else _choose_from_folds
        made = make(tried, best, out, stop)
        if made.model is not None and tried.candidates is None:
            best = study.trial(made.model.trial)
    model, default = made.model, made.default
    if model is not None:
        model.test_rows(dataset).write(out)
    return TableResult(
        study=study.place,
        out=str(out),
        task=dataset.task,
        target=dataset.target,
        rows=dataset.rows,
        metric=settings.objective.metric,
        direction=settings.objective.direction,
        seed=study.seed,
        best=None if best is None else {"trial": best.number, "config": best.config, "value": best.value},
        trials={str(state): count for state, count in study.counts().items()},
        epochs=sum(len(trial.curves.get(settings.objective.metric, ())) for trial in study.trials),
        seconds=round(seconds(), 3),
        interrupted=stop.is_set(),
        exhausted=tried.exhausted,
        trained_on=None if model is None else model.trained_on,
        test=None if model is None else model.test(dataset),
        naive_test=naive_baseline(dataset),
        default_test=None if default is None else default.test(dataset),
        repeats=[one.to_json() for one in tried.repeated] or None,
        folds=dataset.folds,
        ensemble=[{"trial": trial, "share": share} for trial, share in made.shares.items()] or None,
        no_better_than_default=made.no_better,
    )


@dataclass(frozen=True, slots=True)
class _Made:
    """What is handed over.

    Attributes:
        model: The network, or the ensemble.
        default: The default configuration's, to compare it with.
        shares: The share of each trial in an ensemble.
        no_better: Whether the ensemble is no better than the default.
    """

    model: SavedModel | None = None
    default: SavedModel | None = None
    shares: dict[int, float] = field(default_factory=dict)
    no_better: bool | None = None


def _train_chosen(tried: Tried, best: TrialRecord, out: Path, stop: threading.Event) -> _Made:
    """Train the chosen trial, and the default beside it, on the training and validation rows together."""
    study, dataset, settings = tried.study, tried.dataset, tried.settings
    chosen = study.trial(tried.repeated[0].trial) if tried.repeated else best
    first = study.trial(0)
    wanted = [chosen] if chosen.number == 0 or first.value is None else [chosen, first]
    networks = {} if stop.is_set() else train_final(dataset, settings, wanted, stop)
    if chosen.number in networks:
        network = networks[chosen.number]
        trained_on = "training and validation rows"
        kept = SavedModel(chosen.number, chosen.config, dataset.preprocessing, network, trained_on)
        kept.save(out / "best")
    default = None
    if first.number in networks:
        default = SavedModel(0, first.config, dataset.preprocessing, networks[0])
    # Not what was chosen, where its last training was cut short.
    return _Made(SavedModel.load(out), default)


def _choose_from_folds(tried: Tried, best: TrialRecord, out: Path, stop: threading.Event) -> _Made:
    """Choose an ensemble; also after an interrupt, as hardly anything is trained for it."""
    candidates = tried.candidates
    assert candidates is not None
    first = tried.study.trial(0)
    missing = [one for one in {best.number: best, 0: first}.values() if not candidates.of(one.number)]
    if not candidates.kept or missing:
        # The study is concluded in another folder than it was begun in, or the folder lost files.
        again = [one for one in missing if one.value is not None]
        networks = {} if stop.is_set() else train_again(tried.dataset, tried.settings, again, stop)
        for number, of_folds in networks.items():
            candidates.add(number, tried.study.trial(number).config, of_folds)
    kept = candidates.kept
    if not kept:
        return _Made(SavedModel.load(out))
    if tried.most == 1:
        kept = [candidates.of(best.number) or kept[0]]
    choice = choose_ensemble(kept, tried.dataset.y_train, most=tried.most)
    chosen = sorted(
        (one for one in kept if one.trial in choice.shares), key=lambda one: -choice.shares[one.trial]
    )
    model = candidates.model(chosen, choice.shares)
    model.save(out / "best")
    shares = {one.trial: choice.shares[one.trial] for one in chosen}
    default = candidates.of(0)
    if default is None:
        return _Made(model, None, shares)
    gain = default.losses - choice.losses
    error = float(gain.std(ddof=1)) / math.sqrt(len(gain))
    return _Made(model, candidates.model([default]), shares, bool(gain.mean() <= error))


def _why_nothing_ended(study: Study) -> str:
    trials = study.trials
    failed = next((trial for trial in trials if trial.error is not None), None)
    if failed is None or failed.error is None:
        return (
            "A study needs a trial that ends; the budget ran out before any did. "
            f"Give more `{option('budget')}`."
        )
    return (
        f"A study needs one trial that ends; {sum(t.state == 'failed' for t in trials)} failed, trial "
        f"{failed.number} with: {failed.error.message} Narrow the space, most of all `learning_rate`."
    )
