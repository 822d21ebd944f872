"""Optuna's distributions as a space, and a space as Optuna's distributions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from sturgeon.errors import StudyError
from sturgeon.space import Choice, Constant, Hyperparameter, Integer, Real, Space

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

Drawn: TypeAlias = "tuple[Mapping[str, Any], Mapping[str, BaseDistribution]]"

LARGEST_LADDER = 1000
"""How many steps a stepped distribution may have; each becomes an option of a Choice."""


def to_distributions(space: Space) -> dict[str, BaseDistribution]:
    """Say a space in Optuna's terms.

    Optuna has no reverse log scale: such a Real becomes linear. Powers of two become categories, so that
    Optuna draws no other number; a Constant becomes a category of its own.
    """
    return {name: _to_distribution(item) for name, item in space.items()}


def _to_distribution(item: Hyperparameter) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(item, Real):
        return FloatDistribution(item.low, item.high, log=item.scaling.is_log)
    if isinstance(item, Integer) and item.scaling.every_integer:
        return IntDistribution(item.low, item.high, log=item.scaling.is_log)
    if isinstance(item, Integer):
        return CategoricalDistribution(list(item.values()))
    if isinstance(item, Choice):
        return CategoricalDistribution(item.options)
    assert isinstance(item, Constant)
    return CategoricalDistribution([item.value])


def to_space(trials: Sequence[Drawn]) -> Space:
    """Find the space that trials were drawn from.

    A range that changed between trials becomes the widest. A hyperparameter that only some trials have
    becomes conditional on the category that tells those trials from the others.

    Args:
        trials: For each trial its parameters and their distributions.

    Raises:
        StudyError: There are no trials, a name or a distribution has no counterpart, or there is no
            telling when a hyperparameter is active.
    """
    names = list(dict.fromkeys(name for params, _ in trials for name in params))
    if not names:
        raise StudyError("a space can only be read from trials with parameters; the Optuna study has none.")
    for name in names:
        if not name.isidentifier():
            raise StudyError(
                f"a hyperparameter's name must be a Python identifier; Optuna's {name!r} is not: "
                f"copy the Optuna study under other names first."
            )
    found: dict[str, Hyperparameter] = {}
    for name in names:
        distributions = [known[name] for _, known in trials if name in known]
        found[name] = _merged(name, distributions, _condition(name, trials))
    return Space(constraint=None, **found)


def _condition(name: str, trials: Sequence[Drawn]) -> dict[str, tuple[Any, ...]]:
    from optuna.distributions import CategoricalDistribution

    configs = [params for params, _ in trials]
    categories = dict.fromkeys(
        other
        for _, known in trials
        for other, one in known.items()
        if isinstance(one, CategoricalDistribution)
    )
    having = [config for config in configs if name in config]
    lacking = [config for config in configs if name not in config]
    if not lacking:
        return {}
    for other in categories:
        if other == name or any(other not in config for config in having):
            continue
        on = _values(other, having)
        off = _values(other, [config for config in lacking if other in config])
        if not set(on) & set(off):
            return {other: tuple(value for _, value in on)}
    raise StudyError(
        f"a hyperparameter that only some trials have must depend on another one's value; no such rule "
        f"fits Optuna's {name!r}."
    )


def _values(name: str, configs: Iterable[Mapping[str, Any]]) -> list[tuple[str, Any]]:
    # Beside its type, for True equals 1.
    return list(dict.fromkeys((type(config[name]).__name__, config[name]) for config in configs))


def _merged(
    name: str, distributions: Sequence[BaseDistribution], when: Mapping[str, tuple[Any, ...]]
) -> Hyperparameter:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    first = distributions[0]
    if isinstance(first, CategoricalDistribution):
        return Choice(first.choices, when=when)
    if not isinstance(first, FloatDistribution | IntDistribution):
        raise StudyError(f"Optuna's {type(first).__name__} of {name!r} has no counterpart in a space.")
    numbers = [one for one in distributions if isinstance(one, FloatDistribution | IntDistribution)]
    low = min(one.low for one in numbers)
    high = max(one.high for one in numbers)
    if low == high:
        return Constant(low, when=when)
    step = first.step
    if step is not None and not (isinstance(first, IntDistribution) and step == 1):
        count = round((high - low) / step) + 1
        if count > LARGEST_LADDER:
            raise StudyError(
                f"a stepped range may have {LARGEST_LADDER} steps; Optuna's {name!r} has {count}: "
                f"copy the Optuna study without the step first."
            )
        # Optuna rounds low + k·step as here, and a value has to be found again.
        kind = int if isinstance(first, IntDistribution) else float
        return Choice(tuple(kind(low + k * step) for k in range(count)), when=when)
    scale = "log" if first.log else "linear"
    if isinstance(first, IntDistribution):
        return Integer(int(low), int(high), scale=scale, when=when)
    return Real(float(low), float(high), scale=scale, when=when)
