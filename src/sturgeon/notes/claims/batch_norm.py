"""N10: batch norm on z helps, makes the bias redundant, and its γ and β are learnt like W."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sturgeon.data import Dataset
from sturgeon.notes.finding import Claim, Finding, Told, Translate, judge
from sturgeon.notes.lab import WORST, Lab, bounded
from sturgeon.notes.pictures import draw_bars, draw_lines
from sturgeon.notes.plain_network import Plain, begin, forward, gradient, held_out_loss, step, train_steps

if TYPE_CHECKING:
    import plotly.graph_objects as go

ALPHAS = (0.01, 0.1, 1.0)
NORMS = ("z", "a", "none")
OPTIMIZERS = ("gradient_descent", "momentum", "adam")
LAYERS = 3


def tell(_: Translate) -> Told:
    """What the claim says."""
    return Told(
        _("Batch norm"),
        _(
            "Every hidden layer's z is normalised over the mini-batch, then scaled by γ and moved by β. "
            "Subtracting the mean cancels the bias b, so it is left out. Compared are batch norm on z, on "
            "a, and none, each with the best of the same learning rates."
        ),
        "z_norm = (z - μ)/√(σ² + ε),   z̃ = γ·z_norm + β,   a = g(z̃)",
        _(
            "It holds if batch norm on z has the lower loss than none (mean log ratio above 0), and the bias "
            "under it has a gradient of 0."
        ),
    )


def _loss(data: Dataset, kind: Plain, seed: int, steps: int) -> float:
    rng = np.random.default_rng(seed)
    state = begin(kind, data.features, data.outputs, rng)
    x, y = data.x_train.astype(float), data.y_train
    taken = sum(1 for _loss in train_steps(kind, state, x, y, steps=steps, rng=rng))
    if taken < steps:
        return WORST
    loss = held_out_loss(kind, state, data.x_validation.astype(float), data.y_validation, WORST)
    return bounded(loss)


def bias_gradient(data: Dataset, seed: int) -> tuple[float, float]:
    """The largest gradient by a bias under batch norm, over the largest by a weight; and what it changes.

    Returns:
        The ratio, and the largest difference of the outputs after ten steps with and without the bias.
    """
    x, y = data.x_train[:256].astype(float), data.y_train[:256]
    outputs, ratio = [], 0.0
    for bias in (True, False):
        kind = Plain(layers=LAYERS, bias=bias)
        state = begin(kind, data.features, data.outputs, np.random.default_rng(seed))
        for _step in range(10):
            _loss, g = gradient(kind, state, x, y)
            if bias:
                of_bias = max(float(np.abs(g[f"b{level}"]).max()) for level in range(LAYERS))
                ratio = max(ratio, of_bias / float(np.abs(g["W0"]).max()))
            step(kind, state, g)
        outputs.append(forward(kind, state, x, training=True)[0])
    return ratio, float(np.abs(outputs[0] - outputs[1]).max())


def measure(lab: Lab) -> Finding:
    """The three kinds with equal budgets; γ and β learnt by each optimiser or held; hidden distributions."""
    tables, repeats, steps = lab.fitting(60), lab.pick(5, 10), 60
    losses = np.zeros((repeats, len(tables), 3))
    learnt = np.zeros((repeats, len(OPTIMIZERS), 2))
    for repeat, seed in enumerate(lab.seeds(repeats)):
        for place, table in enumerate(tables):
            data = table.split(seed)
            for which, norm in enumerate(NORMS):
                kind = Plain(layers=LAYERS, norm=norm)
                tried = [_loss(data, replace(kind, alpha=alpha), seed, steps) for alpha in ALPHAS]
                losses[repeat, place, which] = np.log(min(tried))
        data = tables[0].split(seed)
        for which, optimizer in enumerate(OPTIMIZERS):
            for held in (0, 1):
                alpha = 0.01 if optimizer == "adam" else 0.3
                kind = Plain(layers=LAYERS, optimizer=optimizer, learnt=not held, alpha=alpha)
                learnt[repeat, which, held] = np.log(_loss(data, kind, seed, steps))
    verdict, mean, low, high = judge((losses[:, :, 2] - losses[:, :, 0]).mean(axis=1).tolist())
    ratio, difference = bias_gradient(tables[0].split(lab.seed), lab.seed)
    if ratio > 1e-9:
        verdict = "does_not_show"
    on_a = judge((losses[:, :, 1] - losses[:, :, 0]).mean(axis=1).tolist())
    numbers = {
        "losses": np.exp(losses.mean(axis=0)).tolist(),
        "learnt": np.exp(learnt.mean(axis=0)).tolist(),
        "bias": ratio,
        "difference": difference,
        "on_a": on_a[1:],
        "hidden": _hidden(tables[0].split(lab.seed), lab.seed),
    }
    return Finding(verdict, mean, low, high, tuple(table.name for table in tables), numbers)


def _hidden(data: Dataset, seed: int) -> dict[str, list[float]]:
    """The spread of the last hidden layer's input to g over the steps, with batch norm and without."""
    found: dict[str, list[float]] = {}
    x, y = data.x_train.astype(float), data.y_train
    for norm in ("z", "none"):
        rng = np.random.default_rng(seed)
        kind = Plain(layers=LAYERS, norm=norm)
        state = begin(kind, data.features, data.outputs, rng)
        found[norm] = []
        for _loss in train_steps(kind, state, x, y, steps=60, rng=rng):
            seen = forward(kind, state, x[:256], training=False)[1][LAYERS - 1]["active"]
            found[norm].append(float(seen.std()))
    return found


def say(found: Finding, _: Translate) -> str:
    """What was found, in a sentence."""
    mean, low, high = found.numbers["on_a"]
    return _(
        "Without batch norm the loss differs from that on z by {gain:+.1%} [{low:+.1%}, "
        "{high:+.1%}]; on a, by "
        "{a:+.1%} [{a_low:+.1%}, {a_high:+.1%}]. The bias has a gradient of {bias:.0e} of the weights', and "
        "leaving it out changes the outputs by {difference:.0e}."
    ).format(
        gain=np.expm1(found.estimate),
        low=np.expm1(found.low),
        high=np.expm1(found.high),
        a=np.expm1(mean),
        a_low=np.expm1(low),
        a_high=np.expm1(high),
        bias=found.numbers["bias"],
        difference=found.numbers["difference"],
    )


def draw(found: Finding, _: Translate) -> list[go.Figure]:
    """The pictures of what was found."""
    names = (_("on z"), _("on a"), _("none"))
    losses = np.array(found.numbers["losses"])
    bars = {name: (found.tables, losses[:, which].tolist()) for which, name in enumerate(names)}
    optimizers = (_("gradient descent"), _("momentum"), "Adam")
    learnt = np.array(found.numbers["learnt"])
    learning = {
        _("γ and β learnt"): (optimizers, learnt[:, 0].tolist()),
        _("γ and β held"): (optimizers, learnt[:, 1].tolist()),
    }
    hidden = {
        name: (list(range(1, len(found.numbers["hidden"][norm]) + 1)), found.numbers["hidden"][norm])
        for norm, name in (("z", _("on z")), ("none", _("none")))
    }
    return [
        draw_bars(_("Loss with batch norm and without"), _("table"), _("validation loss"), bars, log_y=True),
        draw_bars(_("γ and β learnt by each optimiser"), "", _("validation loss"), learning),
        draw_lines(
            _("The spread of the last hidden layer's z̃"),
            _("step"),
            _("standard deviation"),
            hidden,
            marks=False,
        ),
    ]


CLAIM = Claim("N10", tell, measure, say, draw, "sturgeon tune DATA --target COLUMN --network notes")
