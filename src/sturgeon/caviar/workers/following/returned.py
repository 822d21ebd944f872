"""What a training function gave: its values by name, or an error that says what is missing."""

from __future__ import annotations

from collections.abc import Mapping

from sturgeon.study import TrialError
from sturgeon.study.trial import as_argument

Value = float | Mapping[str, float] | None


def named_values(value: Value, metric: str) -> dict[str, float]:
    """Give what a function returned, by name.

    Args:
        value: What it returned.
        metric: The (first) objective, which is what has no name.

    Example:
        >>> named_values(0.5, "loss"), named_values({"": 0.5, "_std": 0.1}, "loss")
        ({'loss': 0.5}, {'loss': 0.5, 'loss_std': 0.1})
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        return {metric: value}
    named = dict(value)
    for ending in ("", "_std"):  # what was returned without a name, several times, is the objective
        if ending in named and "" in value:
            named[metric + ending] = named.pop(ending)
    return named


def no_value(missing: list[str], reported: Mapping[str, float], value: Value) -> TrialError:
    """Say which objective `train` did not give, and what it gave."""
    gave = "reported " + (", ".join(repr(name) for name in reported) or "nothing")
    if value is None:
        gave += " and returned nothing"
    else:
        gave += f" and returned {dict(value) if isinstance(value, Mapping) else value!r}"
    wanted = ", ".join(missing)
    return TrialError(
        "NoValue",
        f"`train` must report or return {wanted!r}; it {gave}. Write "
        f"trial.report({as_argument(missing[0])}), or name another metric to tune for.",
    )
