"""SearchCV: scikit-learn's RandomizedSearchCV with a search that learns from the scores so far."""

from __future__ import annotations

import math
import os
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, cast

import numpy as np
from joblib import effective_n_jobs
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import RandomizedSearchCV
from sklearn.utils import check_random_state

from sturgeon.caviar.limits import to_seconds
from sturgeon.errors import InputError, SpaceExhausted
from sturgeon.frameworks.sklearn.distributions import ParameterSpace, read_parameters
from sturgeon.search import CoarseToFine, Search, search_by_name
from sturgeon.study import Study, Trial

# Several candidates are asked for at once only where otherwise more than this share of the workers' time
# would be spent waiting for the last fold.
_IDLE = 0.2

Evaluate = Callable[..., Mapping[str, Any]]


class SearchCV(RandomizedSearchCV):
    """Search an estimator's parameters by cross-validation, coarse to fine; a RandomizedSearchCV that learns.

    It takes the place of ``RandomizedSearchCV``: the parameters of the same name mean the same, and so do
    ``best_params_``, ``best_estimator_``, ``best_score_``, ``best_index_``, ``cv_results_``, ``scorer_``,
    ``n_splits_``, ``refit_time_``, pipelines, groups and metadata routing. What differs:

    * Candidates depend on the scores of those before them, so they are evaluated in batches. All are
      evaluated on the same folds, also where ``cv`` shuffles without a seed.
    * No candidate is evaluated twice; a space with fewer than ``n_iter`` ends the search, with a warning.
    * With several metrics, ``refit`` has to name the one that the search is guided by.
    * A batch in which every fit fails is fitted once more with the next one, since scikit-learn keeps no
      results of it.

    Args:
        estimator: Any estimator, or a pipeline.
        param_distributions: A :class:`sturgeon.Space` whose names are the estimator's parameters
            (``step__parameter`` in a pipeline), or a dict from those names to hyperparameters, lists, or
            frozen distributions of SciPy. ``when`` says which parameters belong together; an inactive one
            keeps the estimator's own value.
        n_iter: How many candidates, at least 1.
        scoring: As in scikit-learn; greater is better.
        n_jobs: Processes of joblib that fit folds at once.
        refit: Whether, and by which metric, the best is fitted again on all rows.
        cv: The folds.
        verbose: How much scikit-learn prints.
        pre_dispatch: As in scikit-learn.
        random_state: Of the search. Equal numbers give equal candidates, if the scores are equal.
        error_score: The score of a fit that fails, or ``"raise"``.
        return_train_score: Whether ``cv_results_`` holds scores of the training folds.
        search: A :class:`sturgeon.Search` or the name of one; coarse to fine by default.
        study: A path or URL of a new study that keeps every candidate; in memory by default. It keeps the
            text of a value that is no plain scalar, and the quantile of one from an uncommon distribution.
        batch_size: Candidates evaluated at once; by default the fewest that keep ``n_jobs`` workers busy.
        budget: Seconds, or a time such as ``"10m"``, after which no further batch is begun.

    Raises:
        InputError: The parameters, the search, the study or the budget break a rule. It is a ValueError.

    Example:
        >>> import sturgeon as st
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.svm import SVC
        >>> space = st.Space(C=st.Real(0.01, 100.0, scale="log"), gamma=st.Real(1e-3, 1.0, scale="log"))
        >>> search = SearchCV(SVC(), space, n_iter=8, random_state=0).fit(*load_iris(return_X_y=True))
        >>> round(float(search.best_score_), 1), sorted(search.best_params_)
        (1.0, ['C', 'gamma'])
    """

    _parameter_constraints: dict = {  # noqa: RUF012  (scikit-learn's own way of checking parameters)
        **RandomizedSearchCV._parameter_constraints,
        "param_distributions": "no_validation",
        "search": [Search, str, None],
        "study": [str, os.PathLike, None],
        "batch_size": [*RandomizedSearchCV._parameter_constraints["n_iter"], None],
        "budget": "no_validation",
    }

    def __init__(
        self,
        estimator: Any,
        param_distributions: Any,
        *,
        n_iter: int = 10,
        scoring: Any = None,
        n_jobs: Any = None,
        refit: Any = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: Any = "2*n_jobs",
        random_state: Any = None,
        error_score: Any = np.nan,
        return_train_score: bool = False,
        search: Search | str | None = None,
        study: str | os.PathLike[str] | None = None,
        batch_size: int | None = None,
        budget: str | float | None = None,
    ) -> None:
        super().__init__(
            estimator,
            param_distributions,
            n_iter=n_iter,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            random_state=random_state,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.search = search
        self.study = study
        self.batch_size = batch_size
        self.budget = budget

    def _run_search(self, evaluate_candidates: Evaluate) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]  (fit asks whether callbacks are taken)
        """What scikit-learn calls within ``fit``; ``evaluate_candidates`` fits and scores a list of them."""
        read = read_parameters(self.param_distributions, self.estimator)
        search = (
            search_by_name(self.search) if isinstance(self.search, str) else self.search or CoarseToFine()
        )
        budget = to_seconds(self.budget, "budget")
        _check_several_metrics(self.scoring, self.refit)
        ends = math.inf if budget is None else time.monotonic() + budget
        evaluation = _Evaluation(evaluate_candidates, _SameFolds(self._checked_cv_orig), self.refit)
        with Study.create(
            ":memory:" if self.study is None else self.study,
            read.space,
            maximize="score",
            search=search,
            seed=int(check_random_state(self.random_state).randint(2**31 - 1)),
            about={"job": "scikit-learn", "estimator": type(self.estimator).__name__},
        ) as study:
            for count in self._batches(search):
                if evaluation.candidates and time.monotonic() >= ends:
                    break
                trials = _ask(study, count)
                if trials:
                    evaluation.evaluate(study, trials, read)
                if len(trials) < count:
                    warnings.warn(
                        f"The space holds {evaluation.candidates} candidates, fewer than "
                        f"n_iter={self.n_iter}; all were evaluated.",
                        UserWarning,
                        stacklevel=2,
                    )
                    break
        evaluation.finish()

    def _batches(self, search: Search) -> Iterator[int]:
        """How many candidates to ask for, time after time, ``n_iter`` in all.

        What a search suggests before it learns is asked for at once: it costs nothing, and workers stay busy.
        """
        usual = self.batch_size or fewest_busy(self.n_splits_, effective_n_jobs(cast(int, self.n_jobs)))
        left = self.n_iter
        ahead = max(usual, getattr(search, "start", 1)) if search.learns else left
        while left > 0:
            count = min(ahead, left)
            yield count
            left -= count
            ahead = usual


def _ask(study: Study, count: int) -> list[Trial]:
    try:
        return study.ask(count)
    except SpaceExhausted:
        return []


class _SameFolds:
    """A splitter whose folds are the same each time it is asked."""

    def __init__(self, splitter: Any) -> None:
        self._splitter = splitter
        self._folds: list[Any] | None = None

    def split(self, *rows: Any, **routed: Any) -> list[Any]:
        if self._folds is None:
            self._folds = list(self._splitter.split(*rows, **routed))
        return self._folds


class _Evaluation:
    """Hands candidates to scikit-learn batch by batch, and tells the study what came of them."""

    def __init__(self, evaluate: Evaluate, folds: _SameFolds, refit: Any) -> None:
        self._evaluate = evaluate
        self._folds = folds
        self._refit = refit
        self._kept = 0
        self._failed: list[dict[str, Any]] = []
        self._finite = True

    @property
    def candidates(self) -> int:
        """How many were evaluated."""
        return self._kept + len(self._failed)

    def evaluate(self, study: Study, trials: list[Trial], read: ParameterSpace) -> None:
        """Fit and score one batch.

        Raises:
            ValueError: Every fit failed so far: scikit-learn's message says how.
        """
        new = [read.parameters(trial.config) for trial in trials]
        batch = [*self._failed, *new]
        try:
            with warnings.catch_warnings():  # said once, at the end, and not after every batch
                warnings.filterwarnings("ignore", "One or more of the .* scores are non-finite", UserWarning)
                results = self._evaluate(batch, cv=self._folds)
        except ValueError as error:
            # Once a batch went well, the one thing that raises is that every single fit of a batch failed.
            if not self._kept:
                raise
            self._failed = batch
            for trial in trials:
                study.fail(trial, error)
            return
        first = self._kept + len(self._failed)
        self._kept, self._failed = self._kept + len(batch), []
        scores = results[f"mean_test_{guiding_metric(results, self._refit)}"]
        self._finite = bool(np.isfinite(scores).all())
        with study.batch():
            for position, trial in enumerate(trials, start=first):
                study.tell(trial, score=float(scores[position]), **_others(results, position))

    def finish(self) -> None:
        """Say what is not as one would expect of the results."""
        if self._failed:
            warnings.warn(
                f"Every fit of the last {len(self._failed)} candidates failed; `cv_results_` leaves them "
                f"out: {self._failed!r}.",
                FitFailedWarning,
                stacklevel=2,
            )
        if not self._finite:
            warnings.warn("One or more of the test scores are non-finite.", UserWarning, stacklevel=2)


def fewest_busy(folds: int, workers: int) -> int:
    """The fewest candidates at once with which workers rarely wait for one another.

    Args:
        folds: Fits a candidate.
        workers: Fits at once.

    Example:
        >>> fewest_busy(5, workers=2), fewest_busy(5, workers=8), fewest_busy(3, workers=16)
        (1, 3, 5)
    """
    count = 1
    while folds * count < (1 - _IDLE) * workers * -(-folds * count // workers):
        count += 1
    return count


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
        raise _unguided(refit, known)
    return refit


def _check_several_metrics(scoring: Any, refit: Any) -> None:
    """Refuse several metrics of which none is to guide, before anything is fitted."""
    if isinstance(scoring, list | tuple | set | dict) and not isinstance(refit, str):
        raise _unguided(refit, list(scoring))


def _unguided(refit: Any, known: list[str]) -> InputError:
    return InputError(
        f"With several metrics `refit` must name the one to search by; got {refit!r}. "
        f"Give one of {', '.join(map(repr, known))}."
    )


def _others(results: Mapping[str, Any], position: int) -> dict[str, float]:
    """What else of a candidate is worth keeping: finite means and deviations."""
    found = {
        name: float(values[position])
        for name, values in results.items()
        if name.startswith(("mean_", "std_"))
    }
    return {name: value for name, value in found.items() if math.isfinite(value)}
