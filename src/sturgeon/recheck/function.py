"""Recheck a study of a function: the same race, its pairs trained by the function itself."""

from __future__ import annotations

import hashlib
import inspect
import math
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sturgeon.caviar.interrupt import stop_on_signal
from sturgeon.caviar.limits import Limits
from sturgeon.caviar.progress import ProgressLines, format_metric
from sturgeon.caviar.tuning import tune
from sturgeon.caviar.workers.function import check_function, pack
from sturgeon.caviar.workers.here import HereLoop
from sturgeon.caviar.workers.ledger import Ledger
from sturgeon.caviar.workers.live_trial import LiveTrial
from sturgeon.caviar.workers.loop import WorkerLoop
from sturgeon.caviar.workers.training import prepare
from sturgeon.caviar.workers.worker_pool import WorkerPool
from sturgeon.errors import InputError, StudyError, option
from sturgeon.recheck.blocks import pair_seed
from sturgeon.recheck.candidates import Candidate, choose_candidates, find_incumbent
from sturgeon.recheck.history import (
    capital_of_another,
    one_at_a_time,
    open_account,
    past_rechecks,
    write_recheck,
)
from sturgeon.recheck.layout import trainings_that_show
from sturgeon.recheck.outcome import RecheckResult, sum_up
from sturgeon.recheck.race import MOST_PAIRS, Race, plan_race, run_race
from sturgeon.recheck.retune import search_of
from sturgeon.recheck.rows.judged import remember_rows, rows_of
from sturgeon.recheck.rows.new_data import seed_of
from sturgeon.recheck.verdict import judge
from sturgeon.recheck.widening import describe_widening, widen
from sturgeon.search import Random
from sturgeon.space import Integer, Space
from sturgeon.study import Objective, Study
from sturgeon.study.trial import TrialError

FEWEST_TRAININGS = 24
"""With fewer trainings nothing could be shown; so these are allowed, whatever share of the study they are."""
SHARE = 0.2
_WORTH = 0.1
"""The noise counts as at least so much of what tuning won."""
_MOST_TRIALS = 0.75
_PAIR = "recheck_pair"


@dataclass(frozen=True)
class PairedFunction:
    """A training function with the seed of the pair, and the new data, where it takes them.

    Attributes:
        train: The function.
        data: What it gets beside the trial; None for nothing.
        seed: Where the pairs' seeds come from.
    """

    train: Callable[..., Any]
    data: Any
    seed: int

    def __call__(self, trial: LiveTrial) -> Any:
        """Train one configuration of one pair."""
        trial.seed = pair_seed(self.seed, int(trial.config.pop(_PAIR)))  # pyright: ignore[reportArgumentType]
        return self.train(trial) if self.data is None else self.train(trial, self.data)

    def prepare(self) -> None:
        """Let the function get ready, where it wants to."""
        prepare(self.train)


def recheck_function(
    study: Study,
    train: Callable[..., Any] | None,
    data: Any = None,
    *,
    budget: int | str | None = None,
    workers: int = 1,
    progress: bool = True,
) -> RecheckResult:
    """Recheck a study of a function; see :func:`sturgeon.recheck.front.recheck`.

    Raises:
        InputError: The function was not given or cannot be called so, or the budget is no number of trials.
        StudyError: The study has no finished trial, or several objectives.
    """
    started = time.monotonic()
    if train is None:
        raise StudyError(
            f"a study of a function is rechecked with that function; {study.place!r} is one, and none was "
            f"given: call st.recheck(study, train=..., data=...)."
        )
    _check(train, data, study)
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 0:
        raise InputError(f"`workers` must be a whole number from 0; got {workers!r}.")
    incumbent = find_incumbent(study)
    trainings = _count(budget, study)
    with ExitStack() as stack:
        stack.enter_context(one_at_a_time(study))
        stop = stack.enter_context(stop_on_signal())
        entries = past_rechecks(study)
        rows = list(rows_given(data))
        judged = remember_rows(rows) if rows else None
        fingerprint = _fingerprint(rows, data, len(entries))
        seed = seed_of(study, fingerprint)
        account = open_account(entries, incumbent.number, fingerprint, judged, budget=trainings)
        plan = plan_race(trainings)
        candidates = choose_candidates(study, incumbent, plan.challengers, np.random.default_rng(seed))
        trainer = FunctionTrainer(
            stack, study, PairedFunction(train, data, seed), workers=workers, stop=stop, progress=progress
        )
        race = run_race(
            candidates,
            plan,
            trainer,
            capital=account.capital,
            least_noise=_WORTH * _spread(study),
            stop=stop.is_set,
        )
        enough = trainings_that_show(capital_of_another(entries, incumbent.number, account)) or 0
        verdict = judge(
            race,
            account,
            study.objectives[0],
            study.space,
            hopeless=False,
            enough=enough if enough > trainings else None,
        )
        ended = sum(trial.value is not None for trial in study.trials)
        result = sum_up(
            study,
            study.objectives[0],
            incumbent,
            race,
            verdict,
            account,
            data="the new data",
            rows=None,
            epochs={
                "spent": race.trainings,
                "budget": trainings,
                "original": ended,
                "share": race.trainings / ended if ended else None,
            },
            drift=None,
            deployed=None,
            notes=[
                *account.notes(),
                *_note_on_seeds(race),
                *_note_on_level(race, study, verdict.stale),
                "epochs are counted as trainings: what an epoch is, only the function knows.",
            ],
            fingerprint=fingerprint,
            interrupted=stop.is_set(),
            seconds=round(time.monotonic() - started, 3),
        )
        if not result.interrupted:
            write_recheck(study, result.to_json(), judged, after=len(entries))
    return result


def retune_function(
    study: Study,
    train: Callable[..., Any] | None,
    data: Any,
    result: RecheckResult,
    out: str | os.PathLike[str],
    *,
    trials: int | None = None,
    workers: int = 1,
    progress: bool = True,
) -> RecheckResult:
    """Tune a function anew where a recheck said that it is due, with the old record as prior evidence."""
    if not result.stale or result.interrupted or train is None:
        return result
    space, challenger = study.space, result.challenger
    if challenger is not None and challenger["edges"]:
        space = widen(space, challenger["config"])
    goal: dict[str, Any] = {result.direction: result.metric}
    new = tune(
        train if data is None else _WithData(train, data),
        space,
        **goal,
        trials=trials or max(8, round(0.4 * result.epochs["original"])),
        study=out,
        search=search_of(study),
        seed=study.seed,
        workers=workers,
        progress=progress,
        prior=study,
    )
    with new:
        notes = [*result.notes, *describe_widening(study.space, space)]
        return replace(result, retuned=new.place, notes=notes)


@dataclass(frozen=True)
class _WithData:
    """A training function that gets the new data too."""

    train: Callable[..., Any]
    data: Any

    def __call__(self, trial: LiveTrial) -> Any:
        return self.train(trial, self.data)


class FunctionTrainer:
    """Trains candidates by a function: a :data:`sturgeon.recheck.race.Evaluate`.

    All trainings are trials of a study in memory, whose space has the pair beside the hyperparameters.

    Args:
        stack: Ends the workers.
        study: The study that is rechecked.
        function: What trains.
        workers: How many processes; 0 for this one.
        stop: When set, trainings end.
        progress: Whether to show progress.
    """

    def __init__(
        self,
        stack: ExitStack,
        study: Study,
        function: PairedFunction,
        *,
        workers: int,
        stop: threading.Event,
        progress: bool,
    ) -> None:
        self._objective: Objective = study.objectives[0]
        varying: dict[str, Any] = {**study.space, _PAIR: Integer(0, 10 * MOST_PAIRS)}
        space = Space(**varying)
        goal: dict[str, Any] = {self._objective.direction: self._objective.metric}
        self._study = stack.enter_context(Study.create(":memory:", space, search=Random(), **goal))
        self._function = function
        self._stop = stop
        self._pool = None
        if workers:
            self._pool = stack.enter_context(WorkerPool(pack(function), workers))
            self._pool.load(1)
        else:
            function.prepare()
        self._lines = ProgressLines(progress)
        self._any = False

    def __call__(self, candidates: Sequence[Candidate], pairs: Sequence[int]) -> dict[tuple[int, int], float]:
        """Train each candidate in each pair."""
        study = self._study
        who = {
            study.enqueue({**one.config, _PAIR: pair}): (one.number, pair)
            for pair in pairs
            for one in candidates
        }
        ledger = Ledger(study, Limits(trials=max(who) + 1, max_failures=1.0))
        if self._pool is None:
            HereLoop(ledger, self._function).run(self._stop)
        else:
            WorkerLoop(ledger, self._pool, self._lines).run(self._stop)
        values, failed = {}, ""
        for number, place in who.items():
            trial = study.trial(number)
            if trial.state in ("complete", "stopped") and trial.value is not None:
                values[place] = self._objective.sign * trial.value
            elif trial.state == "failed":
                values[place] = math.inf
                failed = failed or _why(trial.error)
        if not self._any and values and all(map(math.isinf, values.values())):
            raise StudyError(
                f"a recheck needs trainings that end with a value; the first {len(values)} all failed "
                f"({failed}): correct the function, or its data."
            )
        self._any = True
        return values


def _why(error: TrialError | None) -> str:
    return "" if error is None else ": ".join(part for part in (error.type, error.message) if part)


def _spread(study: Study) -> float:
    """How far the median trial of a record is from the best."""
    values = [trial.value for trial in study.trials if trial.value is not None and math.isfinite(trial.value)]
    return abs(float(np.median(values)) - (study.best.value or 0.0)) if values else 0.0


def _note_on_seeds(race: Race) -> list[str]:
    if race.pairs < 2 or race.noise > 0:
        return []
    return [
        "every pair came to the same difference, so that all say no more than one: whatever is random, such "
        "as which rows are for validation, should come from trial.seed."
    ]


def _note_on_level(race: Race, study: Study, stale: bool) -> list[str]:
    """Say where the incumbent does worse on the new data than most trials did on the old."""
    objective = study.objectives[0]
    before = [trial.value for trial in study.trials if trial.value is not None and math.isfinite(trial.value)]
    now = [value for (number, _), value in race.values.items() if number == 0]
    if stale or not now or not before:
        return []
    median = float(np.median(now))
    if median <= np.quantile([objective.sign * value for value in before], _MOST_TRIALS):
        return []
    return [
        f"the incumbent comes to {objective.metric} {format_metric(objective.sign * median)} on the new "
        "data, worse than three of four trials did on the old: where the data is harder, all is well; else "
        f"a larger `{option('budget')}` compares it with more configurations."
    ]


def _check(train: Callable[..., Any], data: Any, study: Study) -> None:
    if len(study.objectives) > 1:
        raise StudyError(
            f"a recheck compares by one objective; {study.place!r} has {len(study.objectives)}: tune one of "
            "them."
        )
    if data is None:
        check_function(train)
        return
    try:
        inspect.signature(train).bind(None, data)
    except TypeError:
        raise InputError(
            "`train` must be a function of the trial and the new data where `data` is given; got "
            f"{getattr(train, '__name__', train)!r}. Write def train(trial, data): ..."
        ) from None
    except ValueError:  # some callables written in C have no signature
        return


def _count(budget: int | str | None, study: Study) -> int:
    ended = sum(trial.value is not None for trial in study.trials)
    if budget is None:
        return max(FEWEST_TRAININGS, round(SHARE * ended))
    if isinstance(budget, bool) or not str(budget).isdigit() or int(budget) < 4:
        raise InputError(
            f"`{option('budget')}` of a function must be a number of trainings from 4; got {budget!r}."
        )
    return int(budget)


def rows_given(data: Any) -> Iterator[bytes]:
    """What each row of new data holds, of arrays and of data frames; nothing of other data.

    Arrays of one length have a row each of every row.

    Example:
        >>> len(list(rows_given((np.zeros((5, 2)), np.zeros(5))))), list(rows_given("new.csv"))
        (5, [])
    """
    arrays = list(data) if isinstance(data, tuple | list) else [data]
    if data is not None and all(isinstance(one, np.ndarray) and one.dtype.kind in "biuf" for one in arrays):
        for length in sorted({len(one) for one in arrays if one.ndim}):
            yield from rows_of([one for one in arrays if one.ndim and len(one) == length])
    elif hasattr(data, "columns") and (to_numpy := getattr(data, "to_numpy", None)) is not None:
        cells = to_numpy()
        if cells.dtype.kind in "biuf":
            yield from rows_of([cells])
            return
        for row in cells:
            yield "\x1f".join(map(repr, row.tolist())).encode()


def _fingerprint(rows: list[bytes], data: Any, rechecks: int) -> str:
    """Sixteen hex digits of the rows; data whose rows are not known counts as new in every recheck."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(len(row).to_bytes(8, "big") + row)
    if not rows:
        digest.update(f"{data if isinstance(data, str) else 'recheck'} {rechecks}".encode())
    return digest.hexdigest()[:16]
