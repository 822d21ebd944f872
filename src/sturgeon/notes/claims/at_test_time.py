"""N11: at test time the running averages stand in for the batch's own mean and variance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sturgeon.notes.finding import Claim, Finding, Told, Translate, judge
from sturgeon.notes.lab import Lab, answers, loss_of, train_all
from sturgeon.notes.pictures import draw_lines
from sturgeon.space import notes_space

if TYPE_CHECKING:
    import plotly.graph_objects as go

EPOCHS = 8
SIZES = (1, 8, 64, 512)


def tell(_: Translate) -> Told:
    """What the claim says."""
    return Told(
        _("Batch norm at test time"),
        _(
            "A single row has no mean and variance of its own. So an exponentially weighted average over "
            "the training's mini-batches is kept and used. Here both answer the same rows."
        ),
        "μ ← ρ·μ + (1 - ρ)·μ_batch,   σ² ← ρ·σ² + (1 - ρ)·σ²_batch",
        _(
            "It holds if the running averages have the lower loss in batches of 1 and 8: "
            "mean log ratio above 0."
        ),
    )


def measure(lab: Lab) -> Finding:
    """The loss of held-out rows in batches of each size, by both kinds of statistics."""
    tables, repeats = lab.fitting(60), lab.pick(6, 12)
    ratios = np.zeros((repeats, len(tables), len(SIZES)))
    for repeat, seed in enumerate(lab.seeds(repeats)):
        for place, table in enumerate(tables):
            data = table.split(seed)
            (run,) = train_all(data, [notes_space().default()], [seed], epochs=EPOCHS)
            if run.network is None:
                continue
            x = np.concatenate([data.x_validation, data.x_test])
            y = np.concatenate([data.y_validation, data.y_test])
            order = lab.rng(repeat, place).permutation(len(y))
            x, y = x[order], y[order]
            kept = loss_of(answers(run.network, x, own=False), y)
            for which, size in enumerate(SIZES):
                parts = [x[begin : begin + size] for begin in range(0, len(x), size)]
                own = np.concatenate([answers(run.network, part, own=True) for part in parts])
                ratios[repeat, place, which] = np.log(loss_of(own, y) / kept)
    by_size = ratios.mean(axis=1)
    verdict, mean, low, high = judge(by_size[:, :2].mean(axis=1).tolist())
    numbers = {
        "ratios": np.exp(ratios.mean(axis=0)).tolist(),
        "by_size": np.exp(by_size.mean(axis=0)).tolist(),
        "repeats": repeats,
    }
    return Finding(verdict, mean, low, high, tuple(table.name for table in tables), numbers)


def say(found: Finding, _: Translate) -> str:
    """What was found, in a sentence."""
    return _(
        "By the batch's own statistics the loss is {times:.2f} times that of the running averages "
        "[{low:.2f}, {high:.2f}] for batches of 1 and 8, and {large:.2f} times for 512."
    ).format(
        times=np.exp(found.estimate),
        low=np.exp(found.low),
        high=np.exp(found.high),
        large=found.numbers["by_size"][-1],
    )


def draw(found: Finding, _: Translate) -> list[go.Figure]:
    """The pictures of what was found."""
    lines = {name: (SIZES, found.numbers["ratios"][place]) for place, name in enumerate(found.tables)}
    return [
        draw_lines(
            _("Loss by the batch's own statistics over that by the running averages"),
            _("rows in a batch"),
            _("ratio"),
            lines,
            log_x=True,
            log_y=True,
        )
    ]


CLAIM = Claim("N11", tell, measure, say, draw, "sturgeon predict DIR DATA -o predictions.csv")
