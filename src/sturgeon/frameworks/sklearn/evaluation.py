"""Candidates of a search, evaluated by scikit-learn batch by batch, and what came of them told to the study.

scikit-learn keeps nothing of a batch in which every fit fails: it raises instead, as it cannot know that
other batches follow. Such candidates are put among the results here, in the order of their evaluation.
"""

from __future__ import annotations

import math
import re
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.exceptions import FitFailedWarning

from sturgeon.errors import SpaceExhausted
from sturgeon.frameworks.sklearn.distributions import ParameterSpace
from sturgeon.frameworks.sklearn.rows import Row, fits_of, guiding_metric, kept_of, with_steps
from sturgeon.search import Random
from sturgeon.study import Study, Trial, TrialError, TrialRecord

# After so many suggestions in a row that were evaluated before, the space is taken to hold no others.
_REPEATS = 200
_ALL_FAILED = re.compile(r"\s*All the \d+ fits failed")
_NONE_COUNTED = "All the 0 fits failed. "

Evaluate = Callable[..., Mapping[str, Any]]
Format = Callable[..., dict[str, Any]]


class SameFolds:
    """A splitter whose folds are the same each time it is asked."""

    def __init__(self, splitter: Any, told: Callable[[Any, list[Any]], None]) -> None:
        """Take the splitter that is asked the first time, and who is told of the rows and folds then."""
        self._splitter = splitter
        self._told = told
        self._folds: list[Any] | None = None

    def split(self, *rows: Any, **routed: Any) -> list[Any]:
        """Give the folds."""
        if self._folds is None:
            folds = list(self._splitter.split(*rows, **routed))
            self._told(rows, folds)
            self._folds = folds
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

    def remember(self, trial: Trial | TrialRecord) -> bool:
        """Note a candidate that was evaluated before; tell whether it is the first of its kind."""
        return self._first.setdefault(self._read.key(trial.config), trial.number) == trial.number

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
            if self._study.search.learns:  # a grid that is finished has no others
                search = Random()  # it might suggest the same for ever
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

    def __init__(
        self,
        evaluate: Evaluate,
        folds: SameFolds,
        refit: Any,
        error_score: Any,
        *,
        metrics: list[str],
        named: Callable[[dict[str, Any]], dict[str, Any]] = dict,
    ) -> None:
        """Take what fits and scores candidates, on which folds, and what guides.

        Args:
            evaluate: scikit-learn's own function.
            folds: The folds of every candidate.
            refit: As in scikit-learn.
            error_score: As in scikit-learn.
            metrics: The metrics that are all to be maximised, with a callable ``refit``; else empty.
            named: Makes of a candidate's parameters those that the results name.
        """
        self._evaluate = evaluate
        self._folds = folds
        self._refit = refit
        self._error_score = error_score
        self._metrics = metrics
        self._named = named
        # Candidates that scikit-learn does not keep: their parameters, and what each fit came to, if it did.
        self._rows: list[Row | None] = []  # None for one that it keeps
        self._results: Mapping[str, Any] = {}
        self._again: Callable[[], dict[str, Any]] | None = None
        self._added = False
        self._anchors = 0
        self._partly_failed: list[tuple[int, str]] = []
        self._first_error: ValueError | None = None

    @property
    def candidates(self) -> int:
        """How many were evaluated."""
        return len(self._rows)

    @property
    def _apart(self) -> int:
        return sum(row is not None for row in self._rows)

    @property
    def _failed(self) -> int:
        return sum(row is not None and row.fits is None for row in self._rows)

    @property
    def fitted(self) -> bool:
        """Whether anything was fitted in this run."""
        told = self._again is not None or self._first_error is not None or self._added
        return bool(self._rows) and told

    def fit_again(self, position: int, read: ParameterSpace) -> None:
        """Have scikit-learn fit a candidate that was recalled, so that it has results to go by."""
        row = self._rows.pop(position)
        assert row is not None
        # It is put last among the results: scikit-learn knows nothing of those before it.
        self._results = self._evaluate([row.parameters], cv=self._folds)
        self._rows.append(None)

    def recall(self, trial: TrialRecord, read: ParameterSpace) -> None:
        """Take a candidate of an earlier run as evaluated."""
        fits = fits_of(trial) if trial.state in ("complete", "stopped") else None
        curve = trial.curves.get(self._metrics[0] if self._metrics else "score")
        steps = curve[-1][0] if curve else None
        row = Row(
            self._named(read.parameters(trial.config)),
            trial.seconds or 0.0, fits, steps=steps, stopped=trial.state == "stopped",
        )  # fmt: skip
        self._rows.append(row)
        if fits is None:
            why = "" if trial.error is None else f"{trial.error.type}: {trial.error.message}"
            self._first_error = self._first_error or ValueError(_NONE_COUNTED + why)

    def evaluate(
        self, study: Study, trials: list[Trial], read: ParameterSpace, callback_context: Any = None
    ) -> None:
        """Fit and score one batch.

        Args:
            study: The study, which is told.
            trials: The batch.
            read: Makes parameters of configurations.
            callback_context: What scikit-learn's callbacks are told of the batch by, where it knows them.

        Raises:
            ValueError: scikit-learn refuses what it was given; or a fit failed, with error_score="raise".
        """
        batch = [read.parameters(trial.config) for trial in trials]
        began = time.perf_counter()
        try:
            with warnings.catch_warnings():  # said once, at the end, and not after every batch
                _ignore_non_finite()
                told = {} if callback_context is None else {"callback_ctx": callback_context}
                self._results = self._evaluate(batch, cv=self._folds, **told)
        except ValueError as error:
            if self._error_score == "raise" or _ALL_FAILED.match(str(error)) is None:
                raise
            self._first_error = self._first_error or error
            seconds = (time.perf_counter() - began) / len(batch)
            self._rows += [Row(parameters, seconds, None) for parameters in batch]
            self._tell_failed(study, trials, TrialError.of(error.__cause__ or error))
            return
        first = len(self._rows)
        self._rows += [None] * len(batch)
        with study.batch():
            for position, trial in enumerate(trials, start=first):
                told = {name: float(scores[position]) for name, scores in self._goals().items()}
                study.tell(trial, **{**kept_of(self._results, position), **told})

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
        new = len(candidates) - self._anchors + self._apart - len(self._rows)
        rows = [*self._rows, *[None] * new]
        for row in rows:
            if row is None:
                position = next(kept)
                all_candidates.append(candidates[position])
                all_out += out[position * folds : (position + 1) * folds]
            else:
                all_candidates.append(row.parameters)
                for fold, one in enumerate(out[:folds]):
                    failed = self._failed_fit(one, row.seconds / folds)
                    all_out.append(failed if row.fits is None else row.fits(failed, fold))
        return with_steps(make(all_candidates, folds, all_out, more), rows)

    def add(self, row: Row) -> None:
        """Take a candidate among the results that scikit-learn did not evaluate."""
        self._added = True
        self._rows.append(row)

    def add_failed(self, study: Study, trial: Trial, row: Row, error: str) -> None:
        """Take one likewise of which every fit failed, and tell the study."""
        last = (error.strip().splitlines() or [""])[-1]
        told = ValueError(_NONE_COUNTED + last)
        self._first_error = self._first_error or told
        self._rows.append(replace(row, fits=None))
        name, _, message = last.partition(": ")
        self._tell_failed(study, [trial], TrialError(name, message, error))

    def note_failed(self, fits: int, error: str) -> None:
        """Note that some of a candidate's fits failed, to say so at the end."""
        self._partly_failed.append((fits, error))

    def anchor(self, smallest: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Have scikit-learn fit something small: it makes its results of a fit, and goes by their form.

        Args:
            smallest: Makes of a candidate's parameters those with which a fit takes the least time.
        """
        row = next((row for row in self._rows if row is not None and row.fits is not None), None)
        if row is None or self._again is not None:
            return
        self._anchors = 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._results = self._evaluate([smallest(row.parameters)], cv=self._folds)

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
            first = str(self._first_error).removeprefix(_NONE_COUNTED)
            warnings.warn(
                f"Every fit of {self._failed} of {len(self._rows)} candidates failed, {self._failed * fits} "
                f"fits; their scores are set to {self._error_score}. The first of them: {first}",
                FitFailedWarning,
                stacklevel=2,
            )
        if self._partly_failed:
            number = sum(failed for failed, _ in self._partly_failed)
            warnings.warn(
                f"{number} fits of {len(self._partly_failed)} candidates failed; their scores are set to "
                f"{self._error_score}. The first of them:\n{self._partly_failed[0][1]}",
                FitFailedWarning,
                stacklevel=2,
            )
        if not np.isfinite(self._scores()).all():
            warnings.warn("One or more of the test scores are non-finite.", UserWarning, stacklevel=2)

    def _scores(self) -> Any:
        return np.array(list(self._goals().values()))

    def _goals(self) -> dict[str, Any]:
        """The mean scores that the study maximises, by the study's name of each."""
        if self._metrics:
            return {name: self._results[f"mean_test_{name}"] for name in self._metrics}
        return {"score": self._results[f"mean_test_{guiding_metric(self._results, self._refit)}"]}

    def _tell_failed(self, study: Study, trials: list[Trial], why: TrialError) -> None:
        with study.batch():
            for trial in trials:
                if math.isfinite(self._error_score):
                    study.tell(trial, **dict.fromkeys(self._metrics or ["score"], float(self._error_score)))
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


def _ignore_non_finite() -> None:
    warnings.filterwarnings("ignore", "One or more of the .* scores are non-finite", UserWarning)
