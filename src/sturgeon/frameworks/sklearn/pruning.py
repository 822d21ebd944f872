"""Candidates trained step by step on all folds side by side, of which a stopping rule ends the hopeless."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from sklearn.utils.parallel import Parallel, delayed

from sturgeon.errors import InputError
from sturgeon.frameworks.sklearn.distributions import ParameterSpace
from sturgeon.frameworks.sklearn.evaluation import Evaluation
from sturgeon.frameworks.sklearn.growth import Growing, Growth, grow
from sturgeon.frameworks.sklearn.rows import Row, guiding_metric
from sturgeon.stopping import Never, Pause, Stop, Stopping, StoppingContext, stopping_by_name
from sturgeon.study import Study, Trial

LOOKS = 10
"""So often a training is scored where the rule may decide at any step."""


def check_rule(given: Stopping | str | None, metrics: list[str]) -> Stopping | None:
    """The rule that ends candidates early; None where none is to.

    Raises:
        InputError: There is no such rule, or several metrics for it.
    """
    rule = stopping_by_name(given) if isinstance(given, str) else given
    if rule is None or isinstance(rule, Never):
        return None
    if metrics:
        raise InputError(
            f"A stopping rule compares one metric; got stopping={given!r} with the metrics {metrics}. Have "
            "`refit` name one of them, or leave it out."
        )
    return rule


def resource_of(growth: Growth | None) -> str:
    """In a few words how long candidates are trained."""
    if growth is None or (growth.is_parameter and not growth.fixed):
        return "as the estimator's fit has it"
    return f"{growth.resource} up to {growth.last}"


@dataclass(frozen=True)
class Pruning:
    """What is trained, on which rows, and what ends it early.

    Attributes:
        estimator: The estimator, not fitted.
        growth: How it is trained on.
        rule: What ends trainings; as nothing can be put aside here, what it would pause is stopped.
        folds: Pairs of training and test rows' numbers.
        given: Arguments of scikit-learn's function that fits and scores.
        refit: As in scikit-learn.
        run: Has many calls made at once, as joblib's ``Parallel`` does.
    """

    estimator: Any
    growth: Growth
    rule: Stopping
    folds: list[Any]
    given: Mapping[str, Any]
    refit: Any
    run: Callable[[Iterator[Any]], Any]

    @staticmethod
    def runner(jobs: Any, ahead: Any) -> Callable[[Iterator[Any]], Any]:
        """As many at once as ``n_jobs`` and ``pre_dispatch`` say."""
        return Parallel(n_jobs=jobs, pre_dispatch=ahead)

    def evaluate(
        self, study: Study, trials: list[Trial], read: ParameterSpace, evaluation: Evaluation
    ) -> None:
        """Train a batch; those that are stopped have their last scores.

        All that come to a step are reported before any of them is judged, so that the
        order does not matter.
        """
        batch = [_Candidate.of(trial, read, self) for trial in trials]
        for one in batch:
            one.until = self._next(one.trial.number, 0)
        going = batch
        while going:
            self._train(going)
            for one in going:
                one.score(self)
                if one.error is None:
                    study.report(one.trial, one.until, score=one.value)
            record = study.record
            for one in going:
                if one.error is not None or one.until >= self.growth.last:
                    continue
                context = self._context()
                decision = self.rule.decide(record[one.trial.number], record, context)
                if isinstance(decision, Stop | Pause):
                    one.reason = decision.why
            going = [one for one in going if one.error is None and one.reason is None]
            going = [one for one in going if one.until < self.growth.last]
            for one in going:
                one.until = self._next(one.trial.number, one.until)
        for one in batch:
            one.hand_in(study, evaluation, self)

    def _context(self) -> StoppingContext:
        return StoppingContext("score", maximize=True, max_steps=self.growth.last)

    def _next(self, number: int, step: int) -> int:
        """The next step at which a candidate is scored."""
        last = self.growth.last
        if type(self.rule).milestone is not Stopping.milestone:
            return min(self.rule.milestone(number, step, self._context()) or last, last)
        look = step * LOOKS // last + 1
        return min(max(step + 1, math.ceil(last * look / LOOKS)), last)

    def _train(self, going: list[_Candidate]) -> None:
        jobs = [(one, fold) for one in going for fold in range(len(self.folds))]
        grown = self.run(
            delayed(grow)(
                one.folds[fold],
                one.until,
                self.growth,
                one.parameters,
                {**self.given, "train": self.folds[fold][0], "test": self.folds[fold][1]},
            )
            for one, fold in jobs
        )
        for (one, fold), made in zip(jobs, grown, strict=True):
            one.folds[fold] = made


@dataclass
class _Candidate:
    """A candidate in the course of its training.

    Attributes:
        trial: Its trial.
        parameters: What it is fitted with.
        folds: Its fits.
        until: The step that it trains up to.
        value: The mean score there.
        error: How the first fit of its that failed did so; None while none has.
        reason: Why it was stopped, if it was.
    """

    trial: Trial
    parameters: dict[str, Any]
    folds: list[Growing]
    until: int = 0
    value: float = math.nan
    error: str | None = None
    reason: str | None = None
    results: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, trial: Trial, read: ParameterSpace, pruning: Pruning) -> _Candidate:
        folds = [Growing(pruning.estimator) for _ in pruning.folds]
        return cls(trial, read.parameters(trial.config), folds)

    def score(self, pruning: Pruning) -> None:
        """Take the scores of the step that it was trained up to."""
        self.results = [cast(dict, one.result) for one in self.folds]
        self.error = next((one["fit_error"] for one in self.results if one["fit_error"] is not None), None)
        scores = [one["test_scores"] for one in self.results]
        if isinstance(scores[0], dict):
            name = guiding_metric([f"mean_test_{name}" for name in scores[0]], pruning.refit)
            scores = [one[name] if isinstance(one, dict) else one for one in scores]
        self.value = float(np.mean(scores))

    def hand_in(self, study: Study, evaluation: Evaluation, pruning: Pruning) -> None:
        """Tell the study and the results what came of it."""
        self.folds = []
        results = self.results
        row = Row(
            pruning.growth.whole(self.parameters),
            sum(one["fit_time"] + one["score_time"] for one in results),
            lambda like, fold: like if results[fold]["fit_error"] is not None else {**like, **results[fold]},
            steps=self.until,
            stopped=self.reason is not None,
        )
        failed = sum(one["fit_error"] is not None for one in results)
        if failed == len(results):
            assert self.error is not None
            evaluation.add_failed(study, self.trial, row, self.error)
            return
        evaluation.add(row)
        metrics = {**_kept(results), "score": self.value}
        if failed:
            evaluation.note_failed(failed, str(self.error))
        if self.reason is None or failed:
            study.tell(self.trial, **metrics)
        else:
            study.stop(self.trial, self.reason, **metrics)


def _kept(results: list[dict[str, Any]]) -> dict[str, float]:
    """What else of a candidate is worth keeping: as scikit-learn's results name it, where it is finite."""
    columns = {name: [one[name] for one in results] for name in ("fit_time", "score_time")}
    for which in ("test", "train"):
        for fold, one in enumerate(results):
            scores = one.get(f"{which}_scores", {})
            for name, score in scores.items() if isinstance(scores, dict) else [("score", scores)]:
                columns.setdefault(f"{which}_{name}", [math.nan] * len(results))[fold] = score
    found: dict[str, float] = {}
    for name, values in columns.items():
        found |= {f"mean_{name}": float(np.mean(values)), f"std_{name}": float(np.std(values))}
        if name.startswith(("test_", "train_")):
            found |= {f"split{fold}_{name}": float(value) for fold, value in enumerate(values)}
    return {name: value for name, value in found.items() if math.isfinite(value)}
