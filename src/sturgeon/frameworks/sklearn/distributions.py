"""What a scikit-learn user says may vary, as a space: hyperparameters, lists, SciPy distributions.

Nothing is approximated. A list gives each of its options equal mass, as ``RandomizedSearchCV`` does; a
distribution of SciPy is drawn by its own quantile function.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, cast

import numpy as np
from sklearn.base import clone

from sturgeon.errors import SpaceError
from sturgeon.space import Choice, Config, Hyperparameter, Integer, Real, Space
from sturgeon.space.config import scalar_key

# A quantile of 0 or 1 may be infinite: a normal distribution is cut off this far out.
_OUTERMOST = 1e-6
_SELECTOR = "which dict"
_SCALARS = (str, int, float, bool, type(None))

Reading = Callable[[Any], Any]


@dataclass(frozen=True)
class ParameterSpace:
    """A space, and how its configurations become parameters of an estimator.

    Attributes:
        space: What may vary.
        names: The estimator's name of each hyperparameter whose own name had to differ.
        readings: How a hyperparameter's value becomes the parameter's, where it is not the value itself.
        selector: The hyperparameter that says which of several dicts holds, and is no parameter; or None.
    """

    space: Space
    names: Mapping[str, str]
    readings: Mapping[str, Reading]
    selector: str | None = None

    def parameters(self, config: Config) -> dict[str, Any]:
        """What ``set_params`` takes; inactive hyperparameters are absent and keep the estimator's values."""
        return {
            self.names.get(name, name): self.readings[name](value) if name in self.readings else value
            for name, value in config.items()
            if name != self.selector
        }

    def key(self, config: Config) -> tuple[Any, ...]:
        """What is equal for configurations that become equal parameters, and can be hashed."""
        found = []
        for name, value in config.items():
            reading = self.readings.get(name)
            plain = reading(float(value)) if isinstance(reading, _Quantile) else value  # pyright: ignore[reportArgumentType]
            if name != self.selector:
                found.append((self.names.get(name, name), scalar_key(plain)))
        return tuple(sorted(found, key=lambda one: one[0]))

    @property
    def size(self) -> float:
        """How many candidates there are at most; infinite where a parameter is continuous."""
        if self.selector is not None:
            return math.inf if math.isinf(self.space.size) else self.space.size
        return math.prod(_values(item, self.readings.get(name)) for name, item in self.space.items())


@dataclass(frozen=True)
class _Quantile:
    """Reads a quantile as the value of a distribution."""

    drawn: Any
    whole: bool

    def __call__(self, quantile: Any) -> int | float:
        return (int if self.whole else float)(self.drawn.ppf(quantile))

    @property
    def values(self) -> float:
        return self(1 - _OUTERMOST) - self(_OUTERMOST) + 1 if self.whole else math.inf


def _values(item: Hyperparameter, reading: Reading | None) -> float:
    """How many values a parameter has at most; one more where it may be inactive."""
    if isinstance(reading, _Quantile):
        return reading.values
    inactive = int(bool(getattr(item, "when", None)))
    if isinstance(item, Choice):
        return len(item.options) + inactive
    if isinstance(item, Integer):
        return item.high - item.low + 1 + inactive
    return math.inf if isinstance(item, Real) else 1 + inactive


def read_parameters(given: Any, estimator: Any) -> ParameterSpace:
    """Make a space of what a user says may vary, and see that the estimator has such parameters.

    Args:
        given: A ``Space``, or a dict from a parameter's name to a hyperparameter, to a list of options, or to
            a frozen distribution of SciPy. ``uniform`` becomes a Real, ``loguniform`` a Real on a log scale
            and ``randint`` an Integer; of any other distribution the quantile varies. Or a list of such
            dicts, of which one holds at a time.
        estimator: The estimator; it stays as it is.

    Raises:
        SpaceError: It is none of these, or the estimator has no such parameter.

    Example:
        >>> from scipy.stats import loguniform
        >>> from sklearn.svm import SVC
        >>> read = read_parameters({"C": loguniform(0.1, 10.0), "degree": [2, 3]}, SVC())
        >>> read.space
        Space(C=Real(0.1, 10.0, scale='log'), degree=Choice((2, 3)))
    """
    if isinstance(given, Space):
        space, names, readings = given, {}, {}
        read = ParameterSpace(given, names, readings)
    elif isinstance(given, Mapping):
        space, names, readings = _of_mapping(given)
        read = ParameterSpace(space, names, readings)
    elif isinstance(given, list | tuple) and given and all(isinstance(one, Mapping) for one in given):
        read = _of_several(given)
        space, names = read.space, read.names
    elif isinstance(given, list | tuple) and not given:
        raise SpaceError(
            f"`param_distributions` must say what varies; got an empty {type(given).__name__}. Write for "
            'instance {"C": st.Real(0.1, 10.0, scale="log")}.'
        )
    else:
        raise SpaceError(
            f"`param_distributions` must be a Space, a dict or a list of dicts; got {_shown(given)}. Where "
            'a parameter depends on another, write st.Real(..., when={"kernel": "rbf"}).'
        )
    parameters = [names.get(name, name) for name in space.names if name != read.selector]
    _check_names(parameters, read, estimator)
    return read


def _of_mapping(given: Mapping[Any, Any]) -> tuple[Space, dict[str, str], dict[str, Reading]]:
    hyperparameters: dict[str, Any] = {}
    names: dict[str, str] = {}
    readings: dict[str, Reading] = {}
    for parameter, options in given.items():
        own = _own_name(str(parameter), [*hyperparameters, *given])
        if own != parameter:
            names[own] = str(parameter)
        hyperparameters[own], reading = _hyperparameter_of(str(parameter), options)
        if reading is not None:
            readings[own] = reading
    return Space(hyperparameters), names, readings


def _of_several(given: Sequence[Mapping[Any, Any]]) -> ParameterSpace:
    """Put several dicts into one space: a hyperparameter chooses among them, with equal chances."""
    hyperparameters: dict[str, Hyperparameter] = {_SELECTOR: Choice(tuple(range(1, len(given) + 1)))}
    names: dict[str, str] = {}
    readings: dict[str, Reading] = {}
    for number, one in enumerate(given, start=1):
        if not one:
            continue  # the estimator as it is
        space, own, read = _of_mapping(one)
        here = {name: f"{name} ({number})" if name in hyperparameters else name for name in space}
        for name, item in space.items():
            conditions = {here[of]: wanted for of, wanted in item.conditions.items()}
            hyperparameters[here[name]] = replace(item, when={**conditions, _SELECTOR: number})
            if here[name] != name or name in own:
                names[here[name]] = own.get(name, name)
            if name in read:
                readings[here[name]] = read[name]
    return ParameterSpace(Space(hyperparameters), names, readings, _SELECTOR)


def _own_name(parameter: str, taken: Sequence[Any]) -> str:
    """The parameter's name, or one like it that a space takes, which keeps ``constraint`` for itself."""
    try:
        Space({parameter: Integer(0, 1)})
    except SpaceError:
        own = re.sub(r"\W", "_", f"parameter_{parameter}")
        while own in taken:
            own += "_"
        return own
    return parameter


def _hyperparameter_of(parameter: str, options: Any) -> tuple[Hyperparameter, Reading | None]:
    if isinstance(options, Hyperparameter):
        return options, None
    if callable(getattr(options, "ppf", None)) and callable(getattr(options, "support", None)):
        return _of_distribution(options)
    if isinstance(options, np.ndarray | Sequence) and not isinstance(options, str):
        return _of_options(parameter, list(options))
    raise SpaceError(
        f"A parameter must vary over a hyperparameter, a list or a frozen distribution of SciPy; got "
        f"{_shown(options)} for {parameter!r}. Write for instance st.Real(0.1, 10.0, scale='log')."
    )


def _of_distribution(drawn: Any) -> tuple[Hyperparameter, Reading | None]:
    low, high = (float(bound) for bound in drawn.support())
    family = getattr(getattr(drawn, "dist", None), "name", "")
    if family == "uniform":
        return Real(low, high), None
    if family in ("loguniform", "reciprocal") and math.isclose(drawn.median(), math.sqrt(low * high)):
        return Real(low, high, scale="log"), None
    if family == "randint" and low < high:
        return Integer(int(low), int(high)), None
    whole = callable(getattr(drawn, "pmf", None))
    return Real(_OUTERMOST, 1 - _OUTERMOST), _Quantile(drawn, whole)


def _of_options(parameter: str, options: list[Any]) -> tuple[Hyperparameter, Reading | None]:
    plain = [option.item() if isinstance(option, np.generic) else option for option in options]
    if all(_is_scalar(option) for option in plain):
        return Choice(tuple({scalar_key(option): option for option in plain}.values())), None
    # Estimators, tuples and functions go by a label: a study holds plain values only.
    labels = [option if isinstance(option, str) else _label(option) for option in plain]
    if len(set(labels)) < len(labels):
        labels = [f"{parameter} {number}: {label}" for number, label in enumerate(labels)]
    return Choice(tuple(labels)), dict(zip(labels, options, strict=True)).__getitem__


def _is_scalar(option: Any) -> bool:
    return type(option) in _SCALARS and (not isinstance(option, float) or math.isfinite(option))


def _label(option: Any) -> str:
    name = getattr(option, "__qualname__", None)
    return name if isinstance(name, str) else " ".join(repr(option).split())


def _check_names(parameters: list[str], read: ParameterSpace, estimator: Any) -> None:
    known = estimator.get_params(deep=True)
    for parameter in parameters:
        parts = parameter.split("__")
        owners = {"__".join(parts[:depth]) for depth in range(1, len(parts))}
        # A parameter of what is itself chosen (clf__C beside clf) is known only once it is chosen.
        if parameter in known or owners & set(parameters):
            continue
        try:  # some estimators take parameters that they do not list
            value = next(
                iter(
                    read.parameters({name: item.start()})
                    for name, item in read.space.items()
                    if read.names.get(name, name) == parameter
                )
            )
            cast(Any, clone(estimator)).set_params(**value)
        except (ValueError, TypeError, AttributeError):
            close = get_close_matches(parameter, known, n=1)
            remedy = f"Did you mean {close[0]!r}?" if close else "See estimator.get_params()."
            raise SpaceError(
                f"A parameter must be one of the estimator's; {type(estimator).__name__} has no "
                f"{parameter!r}. {remedy}"
            ) from None


def _shown(value: Any) -> str:
    text = " ".join(repr(value).split())
    return f"{text if len(text) <= 80 else text[:77] + '...'} ({type(value).__name__})"
