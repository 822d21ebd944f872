"""Estimators that train step by step: by ``partial_fit``, or by ``warm_start`` and a larger number."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection._validation import _fit_and_score
from sklearn.pipeline import Pipeline

from sturgeon.errors import InputError

PARTIAL_FIT = "partial_fit"
_COUNT_IN_ALL = (HistGradientBoostingClassifier, HistGradientBoostingRegressor)
"""Their ``max_iter`` is how many steps there are in all; others make as many in each ``fit``."""
MOST_PASSES = 100
"""So many passes of ``partial_fit`` at most where nobody says; ``max_iter`` counts on an early end."""


@dataclass(frozen=True)
class Growth:
    """How an estimator is trained on.

    Attributes:
        resource: ``"partial_fit"``, or the parameter that grows, such as ``"n_estimators"``.
        last: How many steps a whole training has, at least 2: passes, or the parameter's value.
        prefix: What stands before names of the parameters of the step that learns; empty without a pipeline.
        counts_anew: Whether each ``fit`` makes as many steps as the parameter says, and not as many in all.
        fixed: Whether ``last`` was asked for, so that it is one of the candidates' parameters.
    """

    resource: str
    last: int
    prefix: str = ""
    counts_anew: bool = False
    fixed: bool = False

    @property
    def is_parameter(self) -> bool:
        """Whether the resource is a parameter of the estimator."""
        return self.resource != PARTIAL_FIT

    def whole(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """A candidate's parameters as the results name them, with the resource where that was asked for."""
        fixed = self.is_parameter and self.fixed
        return {**parameters, self.resource: self.last} if fixed else dict(parameters)

    def smallest(self, parameters: Mapping[str, Any], estimator: Any) -> dict[str, Any]:
        """A candidate's parameters with which ``fit`` takes the least time."""
        name = self.resource if self.is_parameter else f"{self.prefix}max_iter"
        return {**parameters, name: 1} if name in estimator.get_params() else dict(parameters)


def choose_growth(estimator: Any, resource: str, last: int | str, varied: Collection[str]) -> Growth:
    """Find out how an estimator is trained on.

    Args:
        estimator: An estimator, or a pipeline whose last step learns.
        resource: ``"auto"``, ``"partial_fit"``, or the name of a parameter.
        last: How many steps a whole training has; ``"auto"`` for as many as the estimator makes.
        varied: The names of the parameters that vary.

    Raises:
        InputError: It cannot be trained on, or what grows varies.

    Example:
        >>> from sklearn.ensemble import GradientBoostingClassifier
        >>> choose_growth(GradientBoostingClassifier(), "auto", "auto", ["learning_rate"])
        Growth(resource='n_estimators', last=100, prefix='', counts_anew=False, fixed=False)
    """
    prefix, learner = "", estimator
    if isinstance(estimator, Pipeline):
        prefix, learner = f"{estimator.steps[-1][0]}__", estimator.steps[-1][1]
    known = learner.get_params() if hasattr(learner, "get_params") else {}
    if resource == "auto":
        resource = _usual_resource(learner, known, prefix)
    own = known.get("max_iter" if resource == PARTIAL_FIT else resource.removeprefix(prefix))
    if resource == PARTIAL_FIT and not hasattr(learner, "partial_fit"):
        raise InputError(
            f"A pass of `partial_fit` needs an estimator that has it; got {learner!r}. Leave `resource` out."
        )
    if resource != PARTIAL_FIT and not ("warm_start" in known and isinstance(own, int)):
        raise InputError(
            f"`resource` must be a whole number among the parameters of an estimator with `warm_start`, or "
            f"'partial_fit'; got {resource!r} for {learner!r}. Leave it out."
        )
    if prefix and prefix.removesuffix("__") in varied:
        raise InputError(
            f"The step of a pipeline that is trained on cannot vary; got {prefix.removesuffix('__')!r} among "
            "the parameters. Leave it out there, or leave `stopping` out."
        )
    if resource in varied:
        raise InputError(
            f"What grows in the course of a training cannot vary; got `{resource}` among the parameters. "
            "Leave it out there, or name another `resource`."
        )
    if known.get("early_stopping") is True:
        raise InputError(
            f"A training that ends by itself cannot be trained on; got early_stopping=True in {learner!r}. "
            "Leave one of it and `stopping` out."
        )
    steps = _usual_steps(resource, own) if last == "auto" else last
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 2:
        raise InputError(
            f"A training that can be stopped early needs at least two steps; got {steps!r}. Give "
            "max_resources=50."
        )
    counts_anew = resource.removeprefix(prefix) != "n_estimators" and not isinstance(learner, _COUNT_IN_ALL)
    return Growth(resource, int(steps), prefix, counts_anew, last != "auto")


def _usual_resource(learner: Any, known: Mapping[str, Any], prefix: str) -> str:
    if hasattr(learner, "partial_fit") and "max_iter" in known:
        return PARTIAL_FIT
    for name in ("n_estimators", "max_iter"):
        if "warm_start" in known and name in known:
            return prefix + name
    raise InputError(
        "`stopping` needs an estimator that trains in several steps, with `partial_fit` and `max_iter` or "
        f"with `warm_start`; got {learner!r}. Leave it out, or name its `resource`."
    )


def _usual_steps(resource: str, own: Any) -> Any:
    if resource != PARTIAL_FIT:
        return own
    return min(own, MOST_PASSES) if isinstance(own, int) else own


@dataclass
class Growing:
    """One fit of a candidate on a fold's training rows, as far as it has come.

    Attributes:
        estimator: It, fitted up to the last step.
        step: The last step; 0 before the first.
        result: What scikit-learn makes of a fit: scores of the last step, and times of all together.
    """

    estimator: Any
    step: int = 0
    result: dict[str, Any] | None = None


def grow(growing: Growing, step: int, growth: Growth, parameters: Mapping[str, Any], given: Any) -> Growing:
    """Train on to a step, and score; scikit-learn's own function fits, scores and reports errors.

    Args:
        growing: As far as it has come.
        step: Where to.
        growth: How.
        parameters: The candidate's.
        given: Arguments of scikit-learn's function: ``X``, ``y``, ``train``, ``test``, ``scorer`` …
    """
    estimator, changed = growing.estimator, {}
    if growing.step == 0:
        estimator, changed = clone(estimator), dict(parameters)
    if growth.is_parameter:
        name = growth.resource.removeprefix(growth.prefix)
        number = step - growing.step if growth.counts_anew else step
        changed |= {f"{growth.prefix}warm_start": True, f"{growth.prefix}{name}": number}
    else:
        vars(estimator)["fit"] = _Passes(estimator, growing.step, step, growth.prefix, given["y"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it has not come to its end
        result = _fit_and_score(
            estimator,
            **given,
            parameters=changed,
            return_n_test_samples=True,
            return_times=True,
        )
    vars(estimator).pop("fit", None)
    if growing.result is not None:
        for name in ("fit_time", "score_time"):
            result[name] += growing.result[name]
    return replace(growing, estimator=estimator, step=step, result=result)


class _Passes:
    """What stands for ``fit`` while an estimator is trained on by ``partial_fit``."""

    def __init__(self, estimator: Any, done: int, step: int, prefix: str, targets: Any) -> None:
        self._estimator, self._done, self._step, self._prefix = estimator, done, step, prefix
        self._targets = targets

    def __call__(self, x: Any, y: Any = None, **params: Any) -> Any:
        learner = self._estimator
        if self._prefix:
            foreign = [name for name in params if not name.startswith(self._prefix)]
            if foreign:
                raise InputError(
                    "In a pipeline that is trained by `partial_fit`, arguments of fit are for its last step; "
                    f"got {foreign[0]!r}. Write {self._prefix}{foreign[0]}."
                )
            params = {name.removeprefix(self._prefix): value for name, value in params.items()}
            x, learner = self._transformed(x, y)
        if self._done == 0 and "classes" in inspect.signature(learner.partial_fit).parameters:
            params["classes"] = np.unique(self._targets)
        rows = (x,) if y is None else (x, y)
        for _ in range(self._done, self._step):
            learner.partial_fit(*rows, **params)
            params.pop("classes", None)
        return self._estimator

    def _transformed(self, x: Any, y: Any) -> tuple[Any, Any]:
        """What the last step of a pipeline learns from, and that step."""
        pipeline = self._estimator
        before, learner = pipeline[:-1], pipeline.steps[-1][1]
        if not before.steps:
            return x, learner
        if self._done:
            return before.transform(x), learner
        x = before.fit_transform(x, y)
        pipeline.steps[:-1] = before.steps  # with a cache, other objects were fitted
        return x, learner
