"""What a job on a table found: numbers to print and to write down."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sturgeon.caviar.controller import best_trial
from sturgeon.caviar.table.choosing.comparison import Compared
from sturgeon.caviar.table.choosing.ensemble import choose_networks
from sturgeon.caviar.table.choosing.one_network import train_chosen
from sturgeon.caviar.table.choosing.tried import Made, Tried
from sturgeon.data import naive_baseline
from sturgeon.errors import RunError, option
from sturgeon.study import Study

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
            the best value, or with repeats the best mean, or is simpler and within one standard error of it;
            with an ensemble the trial with the best value;
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
        ensemble: The trials whose networks answer together, and the ``share`` of each; None where one network
            was trained for the result.
        no_better_than_default: Whether the network is not better than the default configuration's by more
            than one standard error of the difference, paired over rows that neither learnt from: with folds
            the ensemble and the default's fold networks, else both as they were judged on the validation
            rows. None where the default failed or its network is gone.
        within_one_standard_error: The trials that are as good as the one with the best value, as far as their
            folds or repeats tell, that one first; of one network the simplest of them is kept. None where
            each has one value.
        calibration: For classes, the ``temperature`` by which probabilities are made as sure as they are
            right, and the expected calibration error ``before`` and ``after`` on the ``rows`` it was fitted
            to, never those of the test; else None.
        prediction: What the network takes: ``size``, the bytes of its files, and ``seconds_per_1000_rows``,
            without reading the table; None without a network.
        comparison: With ``compare``, those that the network is compared with: ``name``, ``test``,
            ``difference`` (of which ``metric``, ``value``, ``low`` and ``high``), ``seconds``, and ``why``
            there is none of it; see :class:`sturgeon.caviar.table.choosing.comparison.Compared`.
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
    within_one_standard_error: list[int] | None = None
    calibration: dict[str, Any] | None = None
    prediction: dict[str, Any] | None = None
    comparison: list[dict[str, Any]] | None = None

    def write(self) -> None:
        """Write it to ``result.json`` in ``out``, all of it or nothing."""
        path = Path(self.out) / RESULT_FILE
        fresh = path.with_name(f".{path.name}.new")
        fresh.write_text(json.dumps(asdict(self), indent=2, allow_nan=False) + "\n", encoding="utf-8")
        fresh.replace(path)


def conclude(
    tried: Tried,
    *,
    out: Path,
    stop: threading.Event,
    seconds: Callable[[], float],
    compare: Callable[[Made], list[Compared]] | None = None,
) -> TableResult:
    """Make the network that is handed over, keep it, and look at the test part for the first time.

    That is the best ensemble of what is trained already; or, without folds and candidates, the chosen
    configuration is trained for the last time.

    Args:
        tried: The study, the data, and what was repeated.
        out: The folder; its ``best`` holds the best network as it was when it was judged.
        stop: Set where the run was interrupted: then that network stays as it is.
        seconds: Tells how long the run has taken.
        compare: Compares what is handed over with others; None to leave that out.

    Raises:
        RunError: No trial has ended with a value.
    """
    study, dataset, settings = tried.study, tried.dataset, tried.settings
    best = best_trial(study)
    if best is None and not stop.is_set():
        raise RunError(_why_nothing_ended(study))
    made = Made()
    if best is not None:
        make = train_chosen if tried.candidates is None else choose_networks
        made = make(tried, best, out, stop)
        if made.model is not None and (tried.candidates is None or tried.most == 1):
            best = study.trial(made.model.trial)
    model, default = made.model, made.default
    comparison = None
    if compare is not None and model is not None and not stop.is_set():
        comparison = [asdict(one) for one in compare(made)]
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
        within_one_standard_error=None if made.winner is None else list(made.winner.equals),
        calibration=None if model is None or model.calibration is None else model.calibration.to_json(),
        prediction=None if made.cost is None else made.cost.to_json(),
        comparison=comparison,
    )


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
