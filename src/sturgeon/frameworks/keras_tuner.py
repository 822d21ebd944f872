"""KerasTuner's way of writing a model: ``build(hp)`` draws its ranges where it uses them.

KerasTuner itself is not needed. Nothing but a call can tell what such a function draws, so it is called a
number of times: with every starting value, and with each of the other values of what it draws. What is drawn
for some of the values only becomes a condition of the space.
"""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

import numpy as np

from sturgeon.caviar.progress import say
from sturgeon.caviar.workers.failures import in_one_line
from sturgeon.errors import InputError, SpaceError
from sturgeon.plain_text import message_of
from sturgeon.space import Choice, Config, Constant, Hyperparameter, Integer, Real, Space, Varying
from sturgeon.study import TrialError

MOST_BUILDS = 500
"""So many models are built at most to see what is drawn."""

_ALL_TRIED = 16
"""Of a hyperparameter with more values, the lowest and the highest are tried."""

_ROUNDS = 3
_SAMPLED = 24

_log = logging.getLogger("sturgeon")

Conditions = tuple[tuple[str, tuple[Any, ...]], ...]


@dataclass(frozen=True)
class KerasTunerBuild:
    """A function of KerasTuner's kind as one of a configuration.

    Attributes:
        build: ``build(hp)``.
    """

    build: Callable[[Any], Any]

    def __call__(self, config: Config) -> Any:
        """Build the model of a configuration."""
        return self.build(HyperParameters(config, is_trial=True))


def from_keras_tuner(build: Any) -> tuple[KerasTunerBuild, Space]:
    """Take a model that was written for KerasTuner as it is: ``build(hp)``, or a ``HyperModel``.

    ``hp`` has ``Int``, ``Float``, ``Choice``, ``Boolean``, ``Fixed``, ``get``, ``values``, ``name_scope`` and
    ``conditional_scope``, with KerasTuner's arguments. ``sampling`` becomes the scale, ``step`` the steps,
    and ``default`` the value that the first trial has. What is drawn for some values of another one only, by
    an ``if``, a loop or a ``conditional_scope``, becomes a condition.

    Args:
        build: The function, or the ``HyperModel`` that has it; called up to 500 times here, with no data.

    Returns:
        ``build(config)`` and the space, for :func:`sturgeon.frameworks.keras.tune`, ``population`` or
        :func:`sturgeon.tune`.

    Raises:
        InputError: ``build`` is no function, draws nothing, fails with its own starting
            values, or draws one name from two ranges; or it is a class, or a ``HyperModel`` with a ``fit`` of
            its own, which nothing here would call.
        SpaceError: A range breaks a rule.

    Example:
        >>> def build(hp):
        ...     return [hp.Int(f"units_{i}", 32, 512) for i in range(hp.Int("layers", 1, 2))]
        >>> build, space = from_keras_tuner(build)
        >>> space
        Space(layers=Integer(1, 2), units_0=Integer(32, 512), units_1=Integer(32, 512, when={'layers': 2}))
        >>> build({"layers": 1, "units_0": 64})
        [64]
    """
    if isinstance(build, type) and hasattr(build, "build"):
        raise InputError(
            f"`build` must be a function of `hp`, or a HyperModel; got the class {build.__name__}. Write "
            f"{build.__name__}()."
        )
    function = getattr(build, "build", build)
    if not callable(function):
        raise InputError(f"`build` must be a function of `hp`, or a HyperModel; got {build!r}.")
    if function is not build:
        _check_fit(build)
    return KerasTunerBuild(function), _Survey(function).space()


def _check_fit(model: Any) -> None:
    """Check that a HyperModel has no ``fit`` of its own.

    Raises:
        InputError: It has one.
    """
    owner = next((one for one in type(model).__mro__ if "fit" in vars(one)), None)
    if owner is not None and owner.__module__.partition(".")[0] not in ("keras_tuner", "kerastuner"):
        name = type(model).__name__
        raise InputError(
            f"Keras's own fit trains here, no HyperModel's; {name} has a `fit`. Draw what varies there in "
            '`build`, by its name as an argument of fit, such as hp.Choice("batch_size", [32, 64]), and give '
            f"{name}().build."
        )


class NotDrawn(KeyError):
    """Nothing was drawn under a name."""

    __str__ = Exception.__str__  # a KeyError writes its text as Python code


class HyperParameters:
    """What ``build(hp)`` is given: KerasTuner's methods, on the values of one configuration.

    Attributes:
        values: What has been drawn, by name.
        drawn: Hyperparameters by name, with the conditions under which each was drawn.
        active: The names of those whose conditions held.
    """

    def __init__(self, values: Mapping[str, Any], *, is_trial: bool = False) -> None:
        """Take what is decided; anything else that is drawn has its starting value."""
        self.values = dict(values)
        self.drawn: dict[str, tuple[Hyperparameter, Conditions]] = {}
        self.active: set[str] = set()
        self._is_trial = is_trial
        self._scopes: list[str] = []
        self._conditions: Conditions = ()

    # -- KerasTuner's methods --------------------------------------------------------------------

    def Int(
        self,
        name: str,
        min_value: int,
        max_value: int,
        step: int | None = None,
        sampling: str | None = "linear",
        default: int | None = None,
        parent_name: str | None = None,
        parent_values: Any = None,
    ) -> Any:
        """Draw a whole number; with ``sampling="log"``, a ``step`` multiplies."""
        step = None if step == 1 else step
        kind = _range(Integer, int(min_value), int(max_value), step, sampling, default)
        return self._draw(name, kind, parent_name, parent_values)

    def Float(
        self,
        name: str,
        min_value: float,
        max_value: float,
        step: float | None = None,
        sampling: str | None = "linear",
        default: float | None = None,
        parent_name: str | None = None,
        parent_values: Any = None,
    ) -> Any:
        """Draw a number; with ``sampling="log"``, a ``step`` multiplies."""
        start = None if default is None else float(default)
        kind = _range(Real, float(min_value), float(max_value), step, sampling, start)
        return self._draw(name, kind, parent_name, parent_values)

    def Choice(
        self,
        name: str,
        values: Sequence[Any],
        ordered: bool | None = None,
        default: Any = None,
        parent_name: str | None = None,
        parent_values: Any = None,
    ) -> Any:
        """Draw one of several values; numbers are taken to be in order."""
        options = tuple(values)
        numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in options)
        kind = _choice(options, ordered=numbers if ordered is None else ordered, default=default)
        return self._draw(name, kind, parent_name, parent_values)

    def Boolean(
        self, name: str, default: bool = False, parent_name: str | None = None, parent_values: Any = None
    ) -> Any:
        """Draw True or False."""
        return self._draw(name, Choice((False, True), default=bool(default)), parent_name, parent_values)

    def Fixed(self, name: str, value: Any, parent_name: str | None = None, parent_values: Any = None) -> Any:
        """Give a value that is the same in all trials."""
        return self._draw(name, Constant(value), parent_name, parent_values)

    def get(self, name: str) -> Any:
        """Give what was drawn under a name.

        Raises:
            NotDrawn: Nothing was. It is a KeyError.
        """
        full = self._full(name)
        if full not in self.values:
            close = get_close_matches(full, self.values, n=1)
            raise NotDrawn(
                f"hp.get must name what was drawn before; got {full!r}, and "
                f"{', '.join(map(repr, self.values)) or 'nothing'} was drawn. "
                + (f"Did you mean {close[0]!r}?" if close else "Draw it first.")
            )
        return self.values[full]

    def __getitem__(self, name: str) -> Any:
        return self.get(name)

    def __contains__(self, name: str) -> bool:
        return self._full(name) in self.values

    @contextmanager
    def name_scope(self, name: str) -> Iterator[None]:
        """Put a name before those that are drawn within."""
        self._scopes.append(name)
        try:
            yield
        finally:
            self._scopes.pop()

    @contextmanager
    def conditional_scope(self, parent_name: str, parent_values: Any) -> Iterator[None]:
        """Have what is drawn within depend on another value; it is None where that is a different one."""
        before = self._conditions
        values = tuple(parent_values) if isinstance(parent_values, list | tuple) else (parent_values,)
        self._conditions = (*before, (self._full(parent_name), values))
        try:
            yield
        finally:
            self._conditions = before

    # -- how it is drawn -------------------------------------------------------------------------

    def _full(self, name: str) -> str:
        return "/".join([*self._scopes, str(name)])

    def _draw(self, name: str, kind: Hyperparameter, parent: str | None, values: Any) -> Any:
        if parent is not None:
            with self.conditional_scope(parent, values):
                return self._draw(name, kind, None, None)
        full = self._full(name)
        check_same(full, self.drawn.setdefault(full, (kind, self._conditions))[0], kind)
        if not all(self.values.get(of) in among for of, among in self._conditions):
            return None
        if full not in self.values:
            if self._is_trial:
                _log.warning("%r was not drawn before the first trial: it is %r in all.", full, kind.start())
            self.values[full] = kind.start()
        self.active.add(full)
        return self.values[full]


def check_same(name: str, one: Hyperparameter, other: Hyperparameter) -> None:
    """Check that a name is drawn from one range only.

    Raises:
        InputError: It is drawn from two.
    """
    if one != other:
        raise InputError(
            f"A name must be drawn from one range; {name!r} is drawn from {one!r} and from {other!r}. Give "
            "them two names."
        )


def _range(kind: Any, low: Any, high: Any, step: Any, sampling: str | None, default: Any) -> Hyperparameter:
    scale = sampling or "linear"
    if low == high:
        return Constant(low)
    if step is None:
        return kind(low, high, scale=scale, default=default)
    if scale == "linear":
        return kind(low, high, step=step, default=default)
    if not step > 1:
        raise SpaceError(f"`step` must be above 1 where it multiplies; got {step!r} with {scale!r} sampling.")
    powers = itertools.takewhile(lambda value: value <= high, (low * step**n for n in itertools.count()))
    return _choice(tuple(powers), ordered=True, default=default)


def _choice(options: tuple[Any, ...], *, ordered: bool, default: Any) -> Hyperparameter:
    if len(options) == 1:
        return Constant(options[0])
    return Choice(options, ordered=ordered, default=default)


class _Survey:
    """Looks for what a function draws, and when."""

    def __init__(self, build: Callable[[Any], Any]) -> None:
        self._build = build
        self._runs: list[HyperParameters] = []
        self._found: dict[str, Hyperparameter] = {}
        self._said: dict[str, Conditions] = {}  # by conditional_scope
        self._seen: dict[str, dict[str, tuple[Any, ...]]] = {}
        self._waiting: list[tuple[str, dict[str, Any]]] = []
        self._began = time.monotonic()

    def space(self) -> Space:
        """Call the function until no value is left to be tried, and make a space of what it drew."""
        first = self._run({})
        if first is None or not first.drawn:
            raise InputError(
                "`build` must draw something with hp.Int, hp.Float, hp.Choice or hp.Boolean; nothing was "
                "drawn. Draw what may vary."
            )
        self._take(first, {})
        rng = np.random.default_rng(0)
        for _ in range(_ROUNDS):
            while self._waiting:
                self._try_values(*self._waiting.pop(0))
            space = self._space()
            for config in space.sample(_SAMPLED, rng):  # what two values together bring about
                run = self._run(config)
                if run is not None:
                    self._take(run, config)
            if not self._waiting:
                break
        return self._space()

    def _run(self, given: Mapping[str, Any]) -> HyperParameters | None:
        """Call the function; None where it fails with these values, as a trial may."""
        if len(self._runs) >= MOST_BUILDS:
            return None
        if self._runs and len(self._runs) % 20 == 0 and time.monotonic() - self._began > 2:
            say(f"Looking for what `build` draws: {len(self._runs)} models built.")
        run = HyperParameters(given)
        try:
            self._build(run)
        except InputError:
            raise
        except Exception as error:  # whatever the user's function raises
            if isinstance(error, NotDrawn) and not given:
                raise InputError(str(error)) from error
            if not given:
                said = in_one_line(TrialError(type(error).__name__, message_of(error)))
                raise InputError(
                    f"`build` must build a model of its starting values, {run.values!r}; it raised {said}. "
                    "Correct it, or give what is drawn another `default`."
                ) from error
            return None
        self._runs.append(run)
        return run

    def _take(self, run: HyperParameters, given: Mapping[str, Any]) -> None:
        """Note what was drawn for the first time."""
        for name, (kind, conditions) in run.drawn.items():
            other = self._found.setdefault(name, kind)
            check_same(name, other, kind)
            if name in self._said:
                continue
            self._said[name] = conditions
            self._waiting.append((name, {**given, **{of: among[0] for of, among in conditions}}))

    def _try_values(self, name: str, given: dict[str, Any]) -> None:
        """Give one hyperparameter its values in turn, and note what is drawn for some of them only."""
        kind = self._found[name]
        if not isinstance(kind, Varying):
            return
        ends = [kind.low, kind.high] if isinstance(kind, Integer | Real) else None
        every = ends is None or kind.size <= _ALL_TRIED
        values = list(kind.values()) if ends is None or every else ends
        runs = [(value, run) for value in values if (run := self._run({**given, name: value})) is not None]
        drawn = {other for _, run in runs for other in run.active if other != name}
        for other in sorted(drawn):
            among = tuple(value for value, run in runs if other in run.active)
            if every and len(among) < len(runs):
                self._seen.setdefault(other, {}).setdefault(name, among)
        for value, run in runs:
            self._take(run, {**given, name: value})

    def _space(self) -> Space:
        return Space({name: replace(kind, when=self._when(name)) for name, kind in self._found.items()})

    def _when(self, name: str) -> dict[str, tuple[Any, ...]]:
        """The conditions of a name: as it was said, or as it was seen and no run belies it."""
        said = self._said[name]
        if said:
            return dict(said)
        runs = [run.values for run in self._runs if name in run.active]
        return {
            of: among
            for of, among in self._seen.get(name, {}).items()
            if all(values.get(of) in among for values in runs)
        }
