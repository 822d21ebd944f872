"""N9: normalised inputs make the cost round, and gradient descent quick."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sturgeon.figures.common.theme import BLUE, ORANGE, new_figure, style_axes
from sturgeon.notes.finding import Claim, Finding, Told, Translate, judge
from sturgeon.notes.lab import Lab
from sturgeon.notes.pictures import draw_bars

if TYPE_CHECKING:
    import plotly.graph_objects as go

MOST_STEPS = 10**9
NEAR = 1e-3
"""The share of the first excess cost at which gradient descent has arrived."""


def tell(_: Translate) -> Told:
    """What the claim says."""
    return Told(
        _("Normalised inputs"),
        _(
            "Inputs of different sizes make the cost a long valley; with mean 0 and variance "
            "1 it is rounder. "
            "The steps of gradient descent to a thousandth of the first excess cost of a linear model "
            "are counted, each with the best learning rate that there is for it."
        ),
        "x ← (x - μ) / σ",
        _("It holds if raw inputs need more steps: mean of log10(raw / normalised) above 0."),
    )


def _steps(x: np.ndarray, w: np.ndarray) -> float:
    """Steps of gradient descent on ½(w - w*)ᵀH(w - w*) at the best constant α = 2/(λ_max + λ_min)."""
    size, directions = np.linalg.eigh(x.T @ x / len(x))
    kept = size > size[-1] * 1e-12  # along the others the cost is flat
    size = size[kept]
    parts = (directions.T @ w)[kept] ** 2 * size
    factors = 2 * np.log(np.abs(1 - 2 / (size[-1] + size[0]) * size) + 1e-300)
    low, high = 0.0, 1.0

    def excess(steps: float) -> float:
        return float((parts * np.exp(steps * factors)).sum() / parts.sum())

    while excess(high) > NEAR and high < MOST_STEPS:
        high *= 2
    for _halving in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > NEAR else (low, middle)
    return max(float(np.ceil(high)), 1.0)


def measure(lab: Lab) -> Finding:
    """Steps with both kinds of inputs, for rows drawn anew and other beginnings."""
    tables = [table for table in lab.fitting(30) if table.raw.shape[1] >= 2 and len(table.raw) >= 30]
    if not tables:
        from sturgeon.notes.lab import TooSmall

        raise TooSmall(30, "two numeric columns")
    repeats = lab.pick(10, 20)
    counts = np.zeros((repeats, len(tables), 2))
    for repeat in range(repeats):
        for place, table in enumerate(tables):
            rng = lab.rng(repeat, place)
            x = table.raw[rng.integers(0, len(table.raw), len(table.raw))]
            x = x[:, x.std(axis=0) > 0]
            w = rng.normal(size=x.shape[1])
            sizes = np.sqrt((x**2).mean(axis=0))
            for kind, inputs in enumerate((x, (x - x.mean(axis=0)) / x.std(axis=0))):
                # the same function to be learnt: its weights are as much larger as its inputs are smaller
                counts[repeat, place, kind] = _steps(inputs, w / sizes if kind == 0 else w)
    logs = np.log10(counts)
    verdict, mean, low, high = judge((logs[:, :, 0] - logs[:, :, 1]).mean(axis=1).tolist())
    numbers = {
        "raw": (10 ** logs[:, :, 0].mean(axis=0)).tolist(),
        "normalised": (10 ** logs[:, :, 1].mean(axis=0)).tolist(),
        "bowls": _bowls(tables[0].raw),
        "repeats": repeats,
    }
    return Finding(verdict, mean, low, high, tuple(table.name for table in tables), numbers)


def _bowls(x: np.ndarray) -> dict[str, list[list[float]]]:
    """The Hessians of the two inputs whose sizes differ most, raw and normalised."""
    sizes = (x**2).mean(axis=0)
    pair = x[:, [int(np.argmin(sizes)), int(np.argmax(sizes))]]
    normal = (pair - pair.mean(axis=0)) / pair.std(axis=0)
    return {
        name: (part.T @ part / len(part)).tolist() for name, part in (("raw", pair), ("normalised", normal))
    }


def say(found: Finding, _: Translate) -> str:
    """What was found, in a sentence."""
    return _(
        "Raw inputs need {times:,.0f} times as many steps [{low:,.0f}, {high:,.0f}]: the geometric mean; "
        "tables: {count}, repeats: {repeats}."
    ).format(
        times=10**found.estimate,
        low=10**found.low,
        high=10**found.high,
        count=len(found.tables),
        repeats=found.numbers["repeats"],
    )


def draw(found: Finding, _: Translate) -> list[go.Figure]:
    """The pictures of what was found."""
    names = {"raw": _("raw inputs"), "normalised": _("normalised inputs")}
    bars = {names[kind]: (found.tables, found.numbers[kind]) for kind in names}
    bowl = new_figure(
        _("The cost's bowl: where it is the same"),
        _("Of the two inputs whose sizes differ most; each bowl fits its frame."),
    )
    angle = np.linspace(0, 2 * np.pi, 121)
    for kind, colour, dash in (("raw", ORANGE, "dash"), ("normalised", BLUE, "solid")):
        size, directions = np.linalg.eigh(np.array(found.numbers["bowls"][kind]))
        size = np.maximum(size, size[-1] * 1e-4)
        ring = directions @ (np.stack([np.cos(angle), np.sin(angle)]) / np.sqrt(size)[:, None])
        ring = ring / np.abs(ring).max()
        for level in (0.33, 0.66, 1.0):
            bowl.add_scatter(
                x=(level * ring[0]).tolist(),
                y=(level * ring[1]).tolist(),
                mode="lines",
                name=names[kind],
                legendgroup=kind,
                showlegend=level == 1.0,
                line={"color": colour, "dash": dash},
            )
    bowl.update_layout(xaxis={"title": {"text": "w₁"}}, yaxis={"title": {"text": "w₂"}})
    return [
        style_axes(bowl),
        draw_bars(_("Steps of gradient descent"), _("table"), _("steps"), bars, log_y=True),
    ]


CLAIM = Claim("N9", tell, measure, say, draw, "sturgeon tune DATA --target COLUMN", 30)
