"""What a sweep file of W&B says, as a sweep file says it here: for whoever comes from there."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sturgeon.errors import InputError

_OWN_PLACEHOLDERS = ("env", "interpreter", "program", "args", "args_no_hyphens", "args_no_boolean_flags")
_SCALES = {
    "log_uniform_values": "log",
    "q_log_uniform_values": "log",
    "inv_log_uniform_values": "reverse_log",
}


def check_fields(given: Mapping[str, Any]) -> None:
    """Check that a sweep file has none of W&B's own fields.

    Raises:
        InputError: It has one; the message says what to write for it.
    """
    remedies = {
        "program": f"command: python {given.get('program')} {{args}}",
        "method": _search_for(given.get("method")),
        "metric": _goal_for(given.get("metric")),
        "early_terminate": "stopping: halving",
        "run_cap": f"trials: {given.get('run_cap')}",
    }
    for name in given:
        if name in remedies:
            raise InputError(
                f"A sweep of W&B's is written otherwise here; got its field {name!r}. Instead of it, "
                f"write {remedies[name]}"
            )


def check_choices(search: Any, stopping: Any) -> None:
    """Check that neither the search nor the stopping rule is called as W&B calls it.

    Raises:
        InputError: One is; the message says what to write for it.
    """
    if search in ("bayes", "bayesian"):
        raise InputError(
            f"What learns from the trials so far, as W&B's bayes does, is the default; got search: {search}. "
            "Leave `search` out."
        )
    kind = stopping.get("type") if isinstance(stopping, Mapping) else stopping
    if kind == "hyperband":
        raise InputError(
            f"W&B's hyperband is halving here; got stopping: {stopping}. Write stopping: halving"
        )


def check_command(arguments: Sequence[str]) -> None:
    """Check that a command has no placeholder as W&B writes it.

    Raises:
        InputError: It has one.
    """
    for name in re.findall(r"\$\{(\w+)\}", " ".join(arguments)):
        if name in _OWN_PLACEHOLDERS:
            remedy = "Write {args}, without the $." if name.startswith("args") else "Write it out, as python."
            raise InputError(f"A command has {{args}} for all parameters; got W&B's ${{{name}}}. {remedy}")


def check_parameter(name: str, given: Mapping[Any, Any]) -> None:
    """Check that a parameter is not described as W&B describes it.

    Raises:
        InputError: It is; the message says what to write for it.
    """
    remedy = None
    if isinstance(given.get("values"), list):
        remedy = f"{name}: [{', '.join(map(str, given['values']))}]"
    elif {"min", "max", "distribution"} & set(given):
        remedy = f"{name}: {_range_for(given)}"
    if remedy is not None:
        raise InputError(
            f"A parameter has `low` and `high`, or is a list; got W&B's {dict(given)!r} for {name!r}. "
            f"Write {remedy}"
        )


def _search_for(method: Any) -> str:
    known = {"random": "search: random", "grid": "search: grid"}
    return known.get(method, "nothing: the default search learns, as bayes does")


def _goal_for(metric: Any) -> str:
    of = metric if isinstance(metric, Mapping) else {}
    goal = "maximize" if of.get("goal") == "maximize" else "minimize"
    return f"{goal}: {of.get('name', 'val_loss')}"


def _range_for(given: Mapping[Any, Any]) -> str:
    low, high, distribution = given.get("min", "..."), given.get("max", "..."), given.get("distribution")
    scale = _SCALES.get(distribution)  # pyright: ignore[reportArgumentType]  (None is no key)
    if distribution in ("log_uniform", "q_log_uniform"):  # whose ends are exponents
        scale = "log"
        low, high = (f"{math.exp(one):g}" if isinstance(one, int | float) else one for one in (low, high))
    parts = [f"low: {low}", f"high: {high}", *([f"scale: {scale}"] if scale else [])]
    parts += [f"step: {given['q']}"] if "q" in given and scale is None else []
    return "{" + ", ".join(parts) + "}"
