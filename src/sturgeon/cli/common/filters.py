"""Which trials to show: those in some states, and those for which ``learning_rate<0.01`` or so holds."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sturgeon.errors import InputError
from sturgeon.study import STATES, Study, TrialRecord

_FORM = re.compile(r"\s*(?P<name>.+?)\s*(?P<sign><=|>=|==|!=|=|<|>)\s*(?P<value>.+?)\s*")
_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
}
_OF_TRIALS: dict[str, Callable[[TrialRecord], Any]] = {
    "trial": lambda trial: trial.number,
    "value": lambda trial: trial.value,
    "seconds": lambda trial: trial.seconds,
    "steps": lambda trial: trial.last_step,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison of something of a trial with a value.

    Attributes:
        name: A hyperparameter, a metric, or ``trial``, ``value``, ``seconds`` or ``steps``.
        sign: ``<``, ``<=``, ``>``, ``>=``, ``=`` or ``!=``.
        value: A number, or text as it was typed.
    """

    name: str
    sign: str
    value: float | str

    def holds(self, trial: TrialRecord) -> bool:
        """Tell whether it holds for a trial; never where the trial has nothing of that name."""
        found = self._of(trial)
        if found is None or (isinstance(found, float) and math.isnan(found)):
            return False
        compare = _SIGNS[self.sign]
        if isinstance(self.value, float) and isinstance(found, int | float) and not isinstance(found, bool):
            return compare(found, self.value)
        if self.sign in ("=", "==", "!="):
            return compare(str(found).casefold(), self._text.casefold())
        return False

    @property
    def _text(self) -> str:
        return self.value if isinstance(self.value, str) else f"{self.value:g}"

    def _of(self, trial: TrialRecord) -> Any:
        if self.name in trial.config:
            return trial.config[self.name]
        if self.name in trial.metrics:
            return trial.metrics[self.name]
        return _OF_TRIALS[self.name](trial) if self.name in _OF_TRIALS else None


def read_condition(text: str, names: Sequence[str]) -> Condition:
    """Read a condition as it is typed.

    Args:
        text: Such as ``learning_rate<0.01`` or ``optimizer=adam``.
        names: What may be compared.

    Raises:
        InputError: It has another form, or names nothing that there is.

    Example:
        >>> read_condition("rate <= 1e-2", ["rate"])
        Condition(name='rate', sign='<=', value=0.01)
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise InputError(
            f"`--where` must be NAME<VALUE with one of < <= > >= = !=; got {text!r}. "
            "Write, for instance, --where 'learning_rate<0.01'."
        )
    name, sign, value = found["name"], found["sign"], found["value"]
    if name not in names:
        raise InputError(f"`--where` must name one of {', '.join(names)}; got {name!r}.")
    try:
        number: float | str = float(value)
    except ValueError:
        number = value
    if isinstance(number, str) and sign not in ("=", "==", "!="):
        raise InputError(f"`--where` compares by {sign} with a number; got {value!r} for {name!r}.")
    return Condition(name, sign, number)


def names_of(study: Study, trials: Sequence[TrialRecord]) -> list[str]:
    """What conditions may name: hyperparameters, metrics, and facts about a trial."""
    metrics = [name for one in trials for name in one.metrics]
    return list(dict.fromkeys([*study.space.names, *metrics, *_OF_TRIALS]))


def choose_trials(
    study: Study, trials: Sequence[TrialRecord], where: Sequence[str], states: Sequence[str]
) -> list[TrialRecord]:
    """Keep the trials that are in one of the states, and for which every condition holds.

    Args:
        study: The study.
        trials: Its trials, in any order.
        where: Conditions, as they are typed.
        states: States; empty for all.

    Raises:
        InputError: A condition or a state is none.
    """
    for state in states:
        if state not in STATES:
            raise InputError(f"`--state` must be one of {', '.join(STATES)}; got {state!r}.")
    conditions = [read_condition(text, names_of(study, trials)) for text in where]
    return [
        one
        for one in trials
        if (not states or one.state in states) and all(condition.holds(one) for condition in conditions)
    ]
