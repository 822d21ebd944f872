"""Optuna's distributions as a space, and a space as Optuna's distributions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from sturgeon.errors import StudyError
from sturgeon.space import Choice, Constant, Hyperparameter, Integer, Real, Space
from sturgeon.space.config import is_structure, structure_key

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

Drawn: TypeAlias = "tuple[Mapping[str, Any], Mapping[str, BaseDistribution]]"


def to_distributions(space: Space) -> dict[str, BaseDistribution]:
    """Say a space in Optuna's terms.

    Optuna has no reverse log scale: such a Real becomes linear. Powers of two become categories, so that
    Optuna draws no other number; a Constant becomes a category of its own.
    """
    return {name: _to_distribution(item) for name, item in space.items()}


def _to_distribution(item: Hyperparameter) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(item, Real):
        return FloatDistribution(item.low, item.high, log=item.scaling.is_log, step=item.step)
    if isinstance(item, Integer) and item.step is not None:
        return IntDistribution(item.low, item.high, step=item.step)
    if isinstance(item, Integer) and item.scaling.every_integer:
        return IntDistribution(item.low, item.high, log=item.scaling.is_log)
    if isinstance(item, Integer):
        return CategoricalDistribution([to_category(value) for value in item.values()])
    if isinstance(item, Choice):
        return CategoricalDistribution([to_category(option) for option in item.options])
    assert isinstance(item, Constant)
    return CategoricalDistribution([to_category(item.value)])


def to_category(value: Any) -> Any:
    """Give a value as Optuna's categories may be: a tuple, a list or a dict as its JSON.

    Example:
        >>> to_category((50, 50)), to_category(0.5)
        ('[50, 50]', 0.5)
    """
    return structure_key(value) if is_structure(value) else value


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
    found: dict[str, Hyperparameter] = {}
    for name in names:
        distributions = [known[name] for _, known in trials if name in known]
        found[name] = _merged(name, distributions, _condition(name, trials))
    return Space(found)


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
        if isinstance(first, IntDistribution):
            return Integer(int(low), int(high), step=int(step), when=when)
        return Real(float(low), float(high), step=float(step), when=when)
    scale = "log" if first.log else "linear"
    if isinstance(first, IntDistribution):
        return Integer(int(low), int(high), scale=scale, when=when)
    return Real(float(low), float(high), scale=scale, when=when)
