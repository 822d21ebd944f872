"""SearchCV: scikit-learn's RandomizedSearchCV with a search that learns from the scores so far."""

from __future__ import annotations

import contextlib
import math
import os
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import numpy as np
from joblib import effective_n_jobs
from sklearn.model_selection import RandomizedSearchCV
from sklearn.utils import check_random_state, indexable
from sklearn.utils.validation import _check_method_params

from sturgeon.caviar.limits import to_seconds
from sturgeon.errors import InputError, StudyError
from sturgeon.frameworks.sklearn.callbacks import told_of
from sturgeon.frameworks.sklearn.distributions import ParameterSpace, read_parameters
from sturgeon.frameworks.sklearn.evaluation import Candidates, Evaluate, Evaluation, SameFolds
from sturgeon.frameworks.sklearn.growth import Growth, choose_growth
from sturgeon.frameworks.sklearn.pruning import Pruning, check_rule, resource_of
from sturgeon.frameworks.sklearn.rows import unguided
from sturgeon.frameworks.sklearn.same_scores import check_comparable, scores_of
from sturgeon.search import CoarseToFine, Grid, Search, search_by_name
from sturgeon.space import Space
from sturgeon.stopping import Stopping
from sturgeon.study import MEMORY, Study
from sturgeon.study.trial import FINISHED

# Several candidates are asked for at once only where otherwise more than this share of the workers' time
# would be spent waiting for the last fold.
_IDLE = 0.2

_USUAL = 10
"""How many candidates RandomizedSearchCV evaluates by default."""


class SearchCV(RandomizedSearchCV):
    """Search an estimator's parameters by cross-validation, coarse to fine; a RandomizedSearchCV that learns.

    It takes the place of ``RandomizedSearchCV``: the parameters of the same name mean the same, and so do
    ``best_params_``, ``best_estimator_``, ``best_score_``, ``best_index_``, ``cv_results_``, ``scorer_``,
    ``n_splits_``, ``refit_time_``, pipelines, groups and metadata routing. What differs:

    * Candidates depend on the scores of those before them, so they are evaluated in batches. All are
      evaluated on the same folds, also where ``cv`` shuffles without a seed.
    * No candidate is evaluated twice; a space with fewer than ``n_iter`` ends the search, with a warning.
    * With several metrics, ``refit`` names the one that the search is guided by; where it is a function, the
      search looks for the front of all of them, and the function chooses.
    * It goes on where all fits of some candidates fail, however many those are; they stay in ``cv_results_``
      with ``error_score``, and a warning says how they failed.

    Args:
        estimator: Any estimator, or a pipeline.
        param_distributions: A :class:`sturgeon.Space` whose names are the estimator's parameters
            (``step__parameter`` in a pipeline), or a dict from those names to hyperparameters, lists, or
            frozen distributions of SciPy, or a list of such dicts. ``when`` says which parameters belong
            together; an inactive one keeps the estimator's own value.
        n_iter: How many candidates, at least 1. With ``search=st.Grid(...)`` the 10 of the default stands for
            the whole grid, as in ``GridSearchCV``.
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
        study: A path or URL of a study that keeps every candidate; in memory by default. Each ``fit``, as
            those of a nested cross-validation, begins one of its own: where ``iris.study`` is one already, it
            is ``iris-2.study``; ``study_place_`` says which. It keeps the text of a value that is no plain
            scalar, and the quantile of one from an uncommon distribution.
        batch_size: Candidates evaluated at once; by default the fewest that keep ``n_jobs`` workers busy.
        budget: Seconds, or a time such as ``"10m"``, after which no further batch is begun.
        until: No further batch is begun once a mean score is as good as this.
        resume: Go on with the study named, if it exists: its candidates count among ``n_iter`` and are among
            the results, and are not fitted again. Ctrl-C while fitting leaves a study that can be resumed.
            The estimator, the scoring, the rows and the folds must be the same, or it is refused: ``cv`` must
            not shuffle without a seed.
        stopping: A stopping rule or the name of one, such as ``"halving"``: candidates of an estimator with
            ``partial_fit`` or ``warm_start`` are trained step by step on all folds side by side, and stopped
            where their mean score is hopeless beside that of others at the same step. ``cv_results_`` then
            has ``n_resources``, up to which step a candidate was trained, and ``stopped``; a stopped one
            keeps its last scores, and ranks behind those that were trained whole. By default none is stopped.
        resource: What a step is: ``"partial_fit"`` for a pass over the rows, or the parameter that grows,
            such as ``"n_estimators"``. By default passes where the estimator has ``partial_fit`` and
            ``max_iter``, else ``n_estimators`` or ``max_iter``, with ``warm_start``.
        max_resources: How many steps a whole training has; by default what the estimator's parameter says, at
            most 100 passes. Where a number is given for a parameter, it is one of ``best_params_``, so that
            the best is fitted with it on all rows. ``partial_fit`` serves the folds, and ``fit`` all rows.

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
        "until": "no_validation",
        "resume": ["boolean"],
        "stopping": [Stopping, str, None],
        "resource": [str],
        "max_resources": "no_validation",
    }

    def __init__(
        self,
        estimator: Any,
        param_distributions: Any,
        *,
        n_iter: int = _USUAL,
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
        until: float | None = None,
        resume: bool = False,
        stopping: Stopping | str | None = None,
        resource: str = "auto",
        max_resources: int | str = "auto",
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
        self.until = until
        self.resume = resume
        self.stopping = stopping
        self.resource = resource
        self.max_resources = max_resources

    def fit(self, X: Any, y: Any = None, **params: Any) -> Any:
        """Search, and fit the best on all rows; see ``RandomizedSearchCV.fit``."""
        self._given = X, y, params
        try:
            return super().fit(X, y, **params)
        finally:
            del self._given

    def _run_search(self, evaluate_candidates: Evaluate, *, callback_ctx: Any = None) -> None:
        """What scikit-learn calls within ``fit``; ``evaluate_candidates`` fits and scores a list of them."""
        read = read_parameters(self.param_distributions, self.estimator)
        search = (
            search_by_name(self.search) if isinstance(self.search, str) else self.search or CoarseToFine()
        )
        budget = to_seconds(self.budget, "budget")
        metrics = _several_metrics(self.scoring, self.refit)
        rule = check_rule(self.stopping, metrics)
        growth = None
        if rule is not None:
            varied = [read.names.get(name, name) for name in read.space.names]
            growth = choose_growth(self.estimator, self.resource, self.max_resources, varied)
        elif (self.resource, self.max_resources) != ("auto", "auto"):
            warnings.warn(
                "`resource` and `max_resources` say what a stopping rule goes by, and there is none, so they "
                "are ignored. Add stopping='halving', or leave them out.",
                UserWarning,
                stacklevel=2,
            )
        wanted = self._wanted(search, read.space)
        ends = math.inf if budget is None else time.monotonic() + budget
        try:
            with (
                self._open_study(read.space, search, metrics) as study,
                told_of(callback_ctx, self) as batch_of,
            ):
                self.study_place_ = study.place

                def check(rows: Any, folds: list[Any]) -> None:
                    if study.place != MEMORY:
                        told = scores_of(self.estimator, self.scoring, rows, folds)
                        check_comparable(study, {**told, "resource": resource_of(growth)})

                folds = SameFolds(self._checked_cv_orig, check)
                evaluation = Evaluation(
                    evaluate_candidates,
                    folds,
                    self.refit,
                    self.error_score,
                    metrics=metrics,
                    named=growth.whole if growth else dict,
                )
                pruning = self._pruning(rule, growth, folds) if rule and growth else None
                self._evaluation = evaluation
                candidates = Candidates(study, read)
                known = self._recall(study, candidates, evaluation, read, wanted, fits=pruning is None)
                for count in self._batches(search, wanted, known):
                    if evaluation.fitted and (time.monotonic() >= ends or self._is_good_enough(study)):
                        break
                    trials = candidates.take(count)
                    if trials:
                        try:
                            with batch_of(len(trials) * self.n_splits_) as context:
                                if pruning is None:
                                    evaluation.evaluate(study, trials, read, context)
                                else:
                                    pruning.evaluate(study, trials, read, evaluation)
                        except (KeyboardInterrupt, StudyError):
                            for trial in trials:
                                study.pause(trial)
                            raise
                    candidates.settle()
                    if len(trials) < count and wanted == self.n_iter:
                        where = "grid" if isinstance(search, Grid) else "space"
                        warnings.warn(
                            f"The {where} holds {evaluation.candidates} candidates, fewer than "
                            f"n_iter={self.n_iter}; all were evaluated.",
                            UserWarning,
                            stacklevel=2,
                        )
                    if len(trials) < count:
                        break
                if growth:
                    evaluation.anchor(lambda parameters: growth.smallest(parameters, self.estimator))
            evaluation.finish()
        finally:
            with contextlib.suppress(AttributeError):
                del self._evaluation

    def __getstate__(self) -> Any:
        state: Any = super().__getstate__()  # scikit-learn sends the search along to the workers that fit
        return {name: value for name, value in state.items() if name not in ("_evaluation", "_given")}

    def _format_results(
        self, candidate_params: Any, n_splits: int, out: Any, more_results: Any = None
    ) -> Any:
        """What scikit-learn calls to make ``cv_results_`` of the candidates that it keeps."""
        make = super()._format_results  # pyright: ignore[reportAttributeAccessIssue]
        return self._evaluation.format(make, candidate_params, n_splits, out, more_results)

    def _pruning(self, rule: Stopping, growth: Growth, folds: SameFolds) -> Pruning:
        """What trains candidates step by step, on the folds and with all that ``fit`` was given."""
        x, y, params = self._given
        x, y = indexable(x, y)
        routed = self._get_routed_params_for_fit(_check_method_params(x, params=params))
        given = {
            "X": x,
            "y": y,
            "scorer": self._get_scorers()[0],
            "fit_params": routed.estimator.fit,
            "score_params": routed.scorer.score,
            "return_train_score": self.return_train_score,
            "error_score": self.error_score,
            "verbose": self.verbose,
        }
        parts = folds.split(x, y, **routed.splitter.split)
        run = Pruning.runner(self.n_jobs, self.pre_dispatch)
        return Pruning(self.estimator, growth, rule, parts, given, self.refit, run)

    def _is_good_enough(self, study: Study) -> bool:
        if self.until is None:
            return False
        if len(study.objectives) > 1:
            raise InputError(
                f"`until` is a score of one metric; got until={self.until!r} with the metrics "
                f"{[one.metric for one in study.objectives]}. Leave it out."
            )
        return any(one.state == "complete" and -(one.value or 0.0) >= self.until for one in study.record)

    def _recall(
        self,
        study: Study,
        candidates: Candidates,
        evaluation: Evaluation,
        read: ParameterSpace,
        wanted: int,
        *,
        fits: bool,
    ) -> int:
        """Take what an earlier run evaluated into the results; tell how many candidates that are.

        One of them is fitted again where nothing else would be, and ``fits`` says that scikit-learn is to:
        it makes its results of a fit.
        """
        ended = [one for one in study.trials if one.state in FINISHED]
        known = [one for one in ended if candidates.remember(one)]
        for trial in known:
            evaluation.recall(trial, read)
        again = len(known) >= wanted or self._is_good_enough(study)
        if again and known and fits:
            best = max(known, key=lambda one: -math.inf if one.value is None else one.value)
            evaluation.fit_again(known.index(best), read)
        return len(known)

    def _open_study(self, space: Space, search: Search, metrics: list[str]) -> Study:
        """Resume the study that was named, or begin one."""
        place = MEMORY if self.study is None else os.fspath(self.study)
        if not self.resume or place == MEMORY or not _holds_study(place):
            return self._begin_study(space, search, metrics)
        study = Study.open(place)
        wanted = metrics or ["score"]
        had = [one.metric for one in study.objectives]
        if study.space == space and had == wanted:
            return study
        study.close()
        what = "space" if had == wanted else "metrics"
        raise StudyError(
            f"a study is resumed with the {what} that it was begun with; that of {place!r} differs: give the "
            "same, or name another study."
        )

    def _begin_study(self, space: Space, search: Search, metrics: list[str]) -> Study:
        """Begin a study at the place that was named or, where there is one, beside it."""
        goals = metrics or "score"
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        about = {"job": "scikit-learn", "estimator": type(self.estimator).__name__}
        place = named = MEMORY if self.study is None else os.fspath(self.study)
        count = 1
        while True:
            try:
                return Study.create(place, space, maximize=goals, search=search, seed=seed, about=about)
            except StudyError:
                if not _holds_study(place):
                    raise
            count += 1
            place = numbered(named, count)

    def _wanted(self, search: Search, space: Space) -> int:
        """How many candidates there are to be: ``n_iter``, or by default all of a grid."""
        if not isinstance(search, Grid):
            return self.n_iter
        size = sum(1 for _ in space.grid(search.points).configurations())
        if self.n_iter == _USUAL:
            return size
        if self.n_iter < size:
            warnings.warn(
                f"The grid holds {size} candidates, more than n_iter={self.n_iter}: only the first are "
                "evaluated. Leave `n_iter` out for all of them.",
                UserWarning,
                stacklevel=2,
            )
        return self.n_iter

    def _batches(self, search: Search, wanted: int, known: int) -> Iterator[int]:
        """How many candidates to ask for, time after time, all that are wanted with those known.

        What a search suggests before it learns is asked for at once: it costs nothing, and workers stay busy.
        """
        usual = self.batch_size or fewest_busy(self.n_splits_, effective_n_jobs(cast(int, self.n_jobs)))
        left = wanted - known
        ahead = max(usual, getattr(search, "start", 1) - known) if search.learns else left
        while left > 0:
            count = min(ahead, left)
            yield count
            left -= count
            ahead = usual


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


def _several_metrics(scoring: Any, refit: Any) -> list[str]:
    """Give the metrics that are all to guide, where a function chooses among candidates; else none.

    Raises:
        InputError: There are several metrics, and none of them is to guide.
    """
    if not isinstance(scoring, list | tuple | set | dict) or isinstance(refit, str):
        return []
    if not callable(refit):
        raise unguided(refit, list(scoring))
    return sorted(scoring) if isinstance(scoring, set) else list(scoring)


def numbered(place: str, count: int) -> str:
    """Name the place of another study beside one.

    Args:
        place: A path, or a URL whose ``study`` is the study's name.
        count: Which one it is, from 2.

    Example:
        >>> numbered("runs/iris.study", 2), numbered("postgresql://host/base?study=iris", 3)
        ('runs/iris-2.study', 'postgresql://host/base?study=iris-3')
    """
    if "://" not in place:
        path = Path(place)
        return str(path.with_name(f"{path.stem}-{count}{path.suffix}"))
    parts = urlsplit(place)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    query["study"] = f"{query.get('study', 'study')}-{count}"
    return urlunsplit(parts._replace(query=urlencode(query)))


def _holds_study(place: str) -> bool:
    try:
        Study.open(place).close()
    except StudyError:
        return False
    return True
