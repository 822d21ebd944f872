"""N1: the hyperparameters have defaults, and these are a good place to begin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sturgeon.notes.finding import Claim, Finding, Told, Translate, judge
from sturgeon.notes.lab import Lab, train_all
from sturgeon.notes.pictures import draw_bars
from sturgeon.space import notes_space

if TYPE_CHECKING:
    import plotly.graph_objects as go

EPOCHS = 10


def tell(_: Translate) -> Told:
    """What the claim says."""
    return Told(
        _("The list and its defaults"),
        _(
            "A network has many hyperparameters, and each has a default to begin with. Here the defaults are "
            "trained beside configurations drawn at random from the same space."
        ),
        _("α = 0.01, β = 0.9, mini-batch 64, 75 units, 3 layers; Adam: β₁ = 0.9, β₂ = 0.999, ε = 1e-8"),
        _("It holds if the defaults beat more than half of the random configurations (95 % interval)."),
    )


def measure(lab: Lab) -> Finding:
    """The share of random configurations that the defaults beat, by table."""
    space, tables = notes_space(), lab.fitting(60)
    count, repeats = lab.pick(10, 24), lab.pick(5, 10)
    beaten = np.zeros((repeats, len(tables)))
    for repeat, seed in enumerate(lab.seeds(repeats)):
        configs = [space.default(), *space.sample(count, lab.rng(1, repeat))]
        for place, table in enumerate(tables):
            runs = train_all(table.split(seed), configs, [seed + n for n in range(count + 1)], epochs=EPOCHS)
            beaten[repeat, place] = np.mean([runs[0].loss < run.loss for run in runs[1:]])
    verdict, mean, low, high = judge(list(beaten.mean(axis=1)), above=0.5)
    names = tuple(table.name for table in tables)
    numbers = {"by_table": beaten.mean(axis=0).tolist(), "configurations": count, "repeats": repeats}
    return Finding(verdict, mean, low, high, names, numbers)


def say(found: Finding, _: Translate) -> str:
    """What was found, in a sentence."""
    return _(
        "The defaults beat {share:.0%} of the random configurations [{low:.0%}, {high:.0%}]; "
        "{repeats} repeats of {count} configurations a table."
    ).format(
        share=found.estimate,
        low=found.low,
        high=found.high,
        repeats=found.numbers["repeats"],
        count=found.numbers["configurations"],
    )


def draw(found: Finding, _: Translate) -> list[go.Figure]:
    """The pictures of what was found."""
    bars = {_("beaten by the defaults"): (found.tables, found.numbers["by_table"])}
    return [draw_bars(_("Random configurations that the defaults beat"), _("table"), _("share"), bars)]


CLAIM = Claim("N1", tell, measure, say, draw, "sturgeon tune DATA --target COLUMN --network notes --trials 1")
