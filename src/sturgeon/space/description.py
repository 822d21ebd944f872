"""What a space will draw, as rows and as a plain-text table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sturgeon.space.base import Hyperparameter
from sturgeon.space.hyperparameters import Choice, Constant, Integer, Real

PERCENTS = (5, 25, 50, 75, 95)


@dataclass(frozen=True)
class Description:
    """The facts about a space; ``str()`` of it is a table.

    Attributes:
        rows: One dict a hyperparameter, with the keys name, kind, low, high, step, scale, options, value,
            priority, default, when (a dict of lists) and quantiles (a dict keyed 5, 25, 50, 75, 95).
            What a kind does not have is None. Quantiles are those of the draw where the
            hyperparameter is active, before the constraint.
        constraint: The constraint as a text, or None.
    """

    rows: list[dict[str, Any]]
    constraint: str | None = None

    def __str__(self) -> str:
        header = ["name", "kind", "range", "scale", "priority", "default", *(f"{p} %" for p in PERCENTS)]
        conditional = any(row["when"] for row in self.rows)
        if conditional:
            header.append("active when")
        table = [header, *(_cells(row)[: len(header)] for row in self.rows)]
        widths = [max(len(line[column]) for line in table) for column in range(len(header))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in table
        ]
        lines.insert(1, "  ".join("─" * width for width in widths))
        if self.constraint is not None:
            lines += ["", f"constraint: {self.constraint} (the quantiles are those before it)"]
        return "\n".join(line.rstrip() for line in lines)


def describe(hyperparameters: Mapping[str, Hyperparameter], constraint: str | None) -> Description:
    """Gather the facts about every hyperparameter.

    Args:
        hyperparameters: By name, in order.
        constraint: The constraint as a text, or None.

    Returns:
        The rows, in the same order.
    """
    return Description([_row(name, item) for name, item in hyperparameters.items()], constraint)


def _row(name: str, item: Hyperparameter) -> dict[str, Any]:
    bounded = item if isinstance(item, Real | Integer) else None
    quantiles = {percent: bounded.value_at(percent / 100) for percent in PERCENTS} if bounded else None
    return {
        "name": name,
        "kind": item.kind,
        "low": bounded.low if bounded else None,
        "high": bounded.high if bounded else None,
        "step": bounded.step if bounded else None,
        "scale": bounded.scale if bounded else None,
        "options": list(item.options) if isinstance(item, Choice) else None,
        "value": item.value if isinstance(item, Constant) else None,
        "priority": item.priority,
        "default": item.start(),
        "when": {parent: list(values) for parent, values in item.conditions.items()},
        "quantiles": quantiles,
    }


def _cells(row: dict[str, Any]) -> list[str]:
    if row["kind"] == "choice":
        span = ", ".join(map(_short, row["options"]))
    elif row["kind"] == "constant":
        span = _short(row["value"])
    else:
        steps = "" if row["step"] is None else f" in steps of {_short(row['step'])}"
        span = f"{_short(row['low'])} to {_short(row['high'])}{steps}"
    quantiles = row["quantiles"] or dict.fromkeys(PERCENTS, "")
    conditions = [f"{parent} is {' or '.join(map(_short, values))}" for parent, values in row["when"].items()]
    return [
        row["name"],
        row["kind"],
        span,
        row["scale"] or "",
        str(row["priority"]),
        _short(row["default"]),
        *(_short(quantiles[percent]) for percent in PERCENTS),
        " and ".join(conditions),
    ]


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
