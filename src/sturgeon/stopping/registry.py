"""Stopping rules by name, and as JSON."""

from __future__ import annotations

from sturgeon.search.settings import Registry
from sturgeon.stopping.base import Stopping
from sturgeon.stopping.halving import SuccessiveHalving
from sturgeon.stopping.median import MedianRule
from sturgeon.stopping.never import Never
from sturgeon.stopping.patience import Patience
from sturgeon.stopping.percentile import PercentileRule
from sturgeon.stopping.threshold import ThresholdRule
from sturgeon.stopping.wilcoxon import WilcoxonRule

STOPPINGS = Registry(
    "stopping rule",
    Stopping,
    [SuccessiveHalving, MedianRule, Patience, Never, PercentileRule, ThresholdRule, WilcoxonRule],
)
"""All rules by name; ``STOPPINGS.register(Mine)`` adds one."""

stopping_to_json = STOPPINGS.to_json
stopping_from_json = STOPPINGS.from_json

DEFAULT = SuccessiveHalving()
"""The rule that needs no setting: measured best of those here where a trainer can pause."""


def stopping_by_name(name: str) -> Stopping:
    """Make a rule with its default settings.

    Args:
        name: ``"halving"``, ``"median"``, ``"patience"``, ``"never"``, ``"percentile"``, ``"threshold"``,
            ``"wilcoxon"``.

    Returns:
        The rule.

    Raises:
        InputError: There is no such rule; the message lists those there are.

    Example:
        >>> stopping_by_name("median")
        MedianRule(warm_up=3, at_least=5)
    """
    return stopping_from_json({"name": name})
