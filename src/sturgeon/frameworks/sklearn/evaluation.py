"""Candidates of a search, evaluated by scikit-learn batch by batch, and what came of them told to the study.

scikit-learn keeps nothing of a batch in which every fit fails: it raises instead, as it cannot know that
other batches follow. Such candidates are put among the results here, in the order of their evaluation.
"""

from __future__ import annotations

import math
import re
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from sklearn.exceptions import FitFailedWarning

from sturgeon.errors import InputError, SpaceExhausted
from sturgeon.frameworks.sklearn.distributions import ParameterSpace
from sturgeon.search import Random
from sturgeon.study import Study, Trial, TrialError

# After so many suggestions in a row that were evaluated before, the space is taken to hold no others.
_REPEATS = 200
_ALL_FAILED = re.compile(r"\s*All the \d+ fits failed")

Evaluate = Callable[..., Mapping[str, Any]]
Format = Callable[..., dict[str, Any]]


class SameFolds:
    """A splitter whose folds are the same each time it is asked."""

    def __init__(self, splitter: Any) -> None:
        """Take the splitter that is asked the first time."""
        self._splitter = splitter
        self._folds: list[Any] | None = None

    def split(self, *rows: Any, **routed: Any) -> list[Any]:
        """Give the folds."""
        if self._folds is None:
            self._folds = list(self._splitter.split(*rows, **routed))
        return self._folds


class Candidates:
    """Asks the study for candidates that were not evaluated yet.

    Trials that differ may be one candidate: quantiles of a distribution of whole numbers that give the same
    number. The later trial is told what the first came to.
    """

    def __init__(self, study: Study, read: ParameterSpace) -> None:
        """Take what suggests trials, and what makes parameters of them."""
        self._study = study
        self._read = read
        self._first: dict[Any, int] = {}
        self._repeats: list[tuple[Trial, int]] = []

    def take(self, count: int) -> list[Trial]:
        """Give so many trials; fewer where the space holds no more."""
        found: list[Trial] = []
        search, repeats = None, 0
        while len(found) < count and repeats < _REPEATS and len(self._first) < self._read.size:
            try:
                trials = self._study.ask(count - len(found), search=search)
            except SpaceExhausted:
                break
            for trial in trials:
                key = self._read.key(trial.config)
                first = self._first.setdefault(key, trial.number)
                if first == trial.number:
                    found.append(trial)
                    repeats = 0
                else:
                    self._repeats.append((trial, first))
                    repeats += 1
            search = Random()  # one that learns might suggest the same for ever
        return found

    def settle(self) -> None:
        """Tell the trials that repeat another what that came to."""
        for trial, number in self._repeats:
            first = self._study.trial(number)
            if first.state == "complete":
                self._study.tell(trial, **first.metrics)
            else:
                self._study.fail(trial, first.error or "")
            self._study.note(trial, f"the same parameters as trial {number}, whose result this is")
        self._repeats.clear()


class Evaluation:
    """Hands candidates to scikit-learn batch by batch, and tells the study what came of them."""

    def __init__(self, evaluate: Evaluate, folds: SameFolds, refit: Any, error_score: Any) -> None:
        """Take what fits and scores candidates, on which folds, and what guides."""
        self._evaluate = evaluate
        self._folds = folds
        self._refit = refit
        self._error_score = error_score
        self._rows: list[tuple[dict[str, Any], float] | None] = []  # None for one that scikit-learn keeps
        self._results: Mapping[str, Any] = {}
        self._again: Callable[[], dict[str, Any]] | None = None
        self._first_error: ValueError | None = None

    @property
    def candidates(self) -> int:
        """How many were evaluated."""
        return len(self._rows)

    @property
    def _failed(self) -> int:
        return sum(row is not None for row in self._rows)

    def evaluate(self, study: Study, trials: list[Trial], read: ParameterSpace) -> None:
        """Fit and score one batch.

        Raises:
            ValueError: scikit-learn refuses what it was given; or a fit failed, with error_score="raise".
        """
        batch = [read.parameters(trial.config) for trial in trials]
        began = time.perf_counter()
        try:
            with warnings.catch_warnings():  # said once, at the end, and not after every batch
                _ignore_non_finite()
                self._results = self._evaluate(batch, cv=self._folds)
        except ValueError as error:
            if self._error_score == "raise" or _ALL_FAILED.match(str(error)) is None:
                raise
            self._first_error = self._first_error or error
            seconds = (time.perf_counter() - began) / len(batch)
            self._rows += [(parameters, seconds) for parameters in batch]
            self._tell_failed(study, trials, error)
            return
        first = len(self._rows)
        self._rows += [None] * len(batch)
        scores = self._scores()
        with study.batch():
            for position, trial in enumerate(trials, start=first):
                study.tell(trial, score=float(scores[position]), **_others(self._results, position))

    def format(self, make: Format, candidates: list[Any], folds: int, out: list[Any], more: Any) -> Any:
        """Make ``cv_results_`` of what scikit-learn keeps and of the candidates whose every fit failed.

        Args:
            make: scikit-learn's own method.
            candidates: Parameters of the candidates that it keeps.
            folds: How many folds there are.
            out: What each fit of them came to.
            more: Its further results.
        """
        self._again = lambda: self.format(make, candidates, folds, out, more)
        kept = iter(range(len(candidates)))
        all_candidates, all_out = [], []
        for row in [*self._rows, *[None] * (len(candidates) + self._failed - len(self._rows))]:
            if row is None:
                position = next(kept)
                all_candidates.append(candidates[position])
                all_out += out[position * folds : (position + 1) * folds]
            else:
                all_candidates.append(row[0])
                all_out += [self._failed_fit(one, row[1] / folds) for one in out[:folds]]
        return make(all_candidates, folds, all_out, more)

    def finish(self) -> None:
        """Complete the results, and say what is not as one would expect of them.

        Raises:
            ValueError: Every fit of every candidate failed: scikit-learn's message says how.
        """
        if not self._rows:
            return
        fits = len(self._folds.split())
        if self._again is None:
            if self._first_error is not None:
                number = f"All the {fits * len(self._rows)} fits failed"
                raise ValueError(re.sub(r"All the \d+ fits failed", number, str(self._first_error), count=1))
            return
        if self._rows[-1] is not None:
            with warnings.catch_warnings():
                _ignore_non_finite()
                complete = self._again()
            # The very dict that scikit-learn goes on with.
            self._results.clear()  # pyright: ignore[reportAttributeAccessIssue]
            self._results.update(complete)  # pyright: ignore[reportAttributeAccessIssue]
        if self._first_error is not None:
            warnings.warn(
                f"Every fit of {self._failed} of {len(self._rows)} candidates failed, {self._failed * fits} "
                f"fits; their scores are set to {self._error_score}. The first of them: {self._first_error}",
                FitFailedWarning,
                stacklevel=2,
            )
        if not np.isfinite(self._scores()).all():
            warnings.warn("One or more of the test scores are non-finite.", UserWarning, stacklevel=2)

    def _scores(self) -> Any:
        return self._results[f"mean_test_{guiding_metric(self._results, self._refit)}"]

    def _tell_failed(self, study: Study, trials: list[Trial], error: ValueError) -> None:
        why = TrialError.of(error.__cause__ or error)
        with study.batch():
            for trial in trials:
                if math.isfinite(self._error_score):
                    study.tell(trial, score=float(self._error_score))
                else:
                    study.fail(trial, why)

    def _failed_fit(self, like: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """What a fit that failed comes to, in the form of another of the same fold."""
        failed = {**like, "fit_error": str(self._first_error), "fit_time": seconds, "score_time": 0.0}
        for name in ("test_scores", "train_scores"):
            if name in like:
                scores = like[name]
                failed[name] = (
                    dict.fromkeys(scores, self._error_score)
                    if isinstance(scores, dict)
                    else self._error_score
                )
        return failed


def guiding_metric(results: Iterable[str], refit: Any) -> str:
    """The metric that a search is guided by: the only one, or the one that ``refit`` names.

    Raises:
        InputError: There are several, and ``refit`` names none of them.

    Example:
        >>> guiding_metric(["mean_test_recall", "mean_test_precision"], "recall")
        'recall'
    """
    known = [name.removeprefix("mean_test_") for name in results if name.startswith("mean_test_")]
    if len(known) == 1:
        return known[0]
    if refit not in known:
        raise unguided(refit, known)
    return refit


def unguided(refit: Any, known: list[str]) -> InputError:
    """Say that of several metrics none is to guide."""
    return InputError(
        f"With several metrics `refit` must name the one to search by; got {refit!r}. "
        f"Give one of {', '.join(map(repr, known))}."
    )


def _ignore_non_finite() -> None:
    warnings.filterwarnings("ignore", "One or more of the .* scores are non-finite", UserWarning)


def _others(results: Mapping[str, Any], position: int) -> dict[str, float]:
    """What else of a candidate is worth keeping: finite means and deviations."""
    found = {
        name: float(values[position])
        for name, values in results.items()
        if name.startswith(("mean_", "std_"))
    }
    return {name: value for name, value in found.items() if math.isfinite(value)}
