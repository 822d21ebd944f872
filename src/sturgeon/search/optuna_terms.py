"""A configuration in the terms in which Optuna's samplers search it best.

An exchange of studies keeps every value as it is (``sturgeon.study.optuna``); a sampler is better
served by coordinates: a linear scale for each Real, whatever its own, and exponents of powers of two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sturgeon.space import Choice, Config, Integer, Real, Scalar, Space, Varying

if TYPE_CHECKING:
    from optuna import Trial
    from optuna.distributions import BaseDistribution


def distributions_of(space: Space) -> dict[str, BaseDistribution]:
    """Give each hyperparameter that varies its distribution."""
    return {name: _distribution(space[name]) for name in space.coordinates}


def to_params(
    space: Space, configs: Sequence[Mapping[str, object]]
) -> list[tuple[dict[str, Any], dict[str, BaseDistribution]]]:
    """Give configurations as Optuna's parameters, each with its distributions.

    Raises:
        SpaceError: A configuration is not of this space.
    """
    distributions = distributions_of(space)
    points = space.to_unit(configs)
    found = []
    for config, point in zip(configs, points.tolist(), strict=True):
        active = [(name, unit) for name, unit in zip(space.coordinates, point, strict=True) if name in config]
        params = {name: _param(space[name], config[name], unit) for name, unit in active}
        found.append((params, {name: distributions[name] for name in params}))
    return found


def suggest_config(trial: Trial, space: Space) -> Config:
    """Ask an Optuna trial for a value of everything that is active, parents before children."""
    config: Config = {}
    while found := [n for n in space.names if n not in config and space.is_active(n, config)]:
        for name in found:
            item = space[name]
            config[name] = _ask(trial, name, item) if isinstance(item, Varying) else item.start()
    return {name: config[name] for name in space.names if name in config}


def _distribution(item: Any) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(item, Real):
        return FloatDistribution(0.0, 1.0)
    if isinstance(item, Choice):
        return CategoricalDistribution(tuple(range(len(item.options))))
    assert isinstance(item, Integer)
    if item.scale == "power_of_two":
        return IntDistribution(_exponent(item.low), _exponent(item.high))
    return IntDistribution(item.low, item.high, log=item.scale == "log")


def _param(item: Any, value: Any, unit: float) -> Any:
    if isinstance(item, Real):
        return unit
    if isinstance(item, Choice):
        return int(item.encode([value])[0])
    return _exponent(value) if item.scale == "power_of_two" else value


def _ask(trial: Trial, name: str, item: Varying) -> Scalar:
    if isinstance(item, Real):
        return item.value_at(trial.suggest_float(name, 0.0, 1.0))
    if isinstance(item, Choice):
        return item.options[trial.suggest_categorical(name, tuple(range(len(item.options))))]
    assert isinstance(item, Integer)
    if item.scale == "power_of_two":
        return 2 ** trial.suggest_int(name, _exponent(item.low), _exponent(item.high))
    return trial.suggest_int(name, item.low, item.high, log=item.scale == "log")


def _exponent(power: int) -> int:
    return power.bit_length() - 1
