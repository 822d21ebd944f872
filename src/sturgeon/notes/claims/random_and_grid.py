"""N3: with 25 trials, random search tries 25 learning rates where a grid tries 5."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sturgeon.notes.finding import Claim, Finding, Told, Translate, judge
from sturgeon.notes.lab import COMPARED, Lab, train_all
from sturgeon.notes.pictures import draw_points
from sturgeon.search import Grid, Random
from sturgeon.search.record import Record
from sturgeon.space import Real, Space

if TYPE_CHECKING:
    import plotly.graph_objects as go

EPOCHS, TRIALS = 6, 25
SPACE = Space(
    learning_rate=Real(1e-4, 1.0, scale="log"),
    epsilon=Real(1e-10, 1e-6, scale="log"),
)


def tell(_: Translate) -> Told:
    """What the claim says."""
    return Told(
        _("At random, not on a grid"),
        _(
            "When one hyperparameter matters (the learning rate α) and the other does not (Adam's ε), a grid "
            "of 25 trials tries only 5 values of the one that matters. Both get 25 trials here."
        ),
        "25 = 5 × 5",
        _("It holds if the best of random has the lower loss: mean of log(grid / random) above 0."),
    )


def measure(lab: Lab) -> Finding:
    """Best of grid against best of random, with the same training seeds."""
    tables, repeats = lab.fitting(60, compared=COMPARED), lab.pick(4, 20)
    gains: list[float] = []
    shown: dict[str, list[list[float]]] = {}
    for repeat, seed in enumerate(lab.seeds(repeats)):
        grid = Grid(points=5).suggest(SPACE, Record(), TRIALS, lab.rng(1, repeat))
        random = Random().suggest(SPACE, Record(), TRIALS, lab.rng(2, repeat))
        gain = []
        for table in tables:
            seeds = [seed + n for n in range(TRIALS)] * 2
            runs = train_all(table.split(seed), [*grid, *random], seeds, epochs=EPOCHS)
            losses = [run.loss for run in runs]
            gain.append(np.log(min(losses[:TRIALS]) / min(losses[TRIALS:])))
            if not shown:
                for name, configs, found in (
                    ("grid", grid, losses[:TRIALS]),
                    ("random", random, losses[TRIALS:]),
                ):
                    alphas = [float(config["learning_rate"]) for config in configs]  # pyright: ignore[reportArgumentType]
                    shown[name] = [alphas, found]
        gains.append(float(np.mean(gain)))
    verdict, mean, low, high = judge(gains)
    distinct = {name: len({round(np.log10(a), 9) for a in found[0]}) for name, found in shown.items()}
    numbers = {"shown": shown, "distinct": distinct, "repeats": repeats}
    return Finding(verdict, mean, low, high, tuple(table.name for table in tables), numbers)


def say(found: Finding, _: Translate) -> str:
    """What was found, in a sentence."""
    return _(
        "Random tried {random} learning rates, the grid {grid}. The grid's best loss "
        "differs from random's by "
        "{gain:+.1%} [{low:+.1%}, {high:+.1%}] over {repeats} repeats."
    ).format(
        random=found.numbers["distinct"]["random"],
        grid=found.numbers["distinct"]["grid"],
        gain=np.expm1(found.estimate),
        low=np.expm1(found.low),
        high=np.expm1(found.high),
        repeats=found.numbers["repeats"],
    )


def draw(found: Finding, _: Translate) -> list[go.Figure]:
    """The pictures of what was found."""
    shown = found.numbers["shown"]
    groups = {_("grid"): shown["grid"], _("random"): shown["random"]}
    return [
        draw_points(
            _("25 trials each on the table {name}").format(name=found.tables[0]),
            _("learning rate α"),
            _("validation loss"),
            groups,
            log_x=True,
            log_y=True,
        )
    ]


CLAIM = Claim(
    "N3", tell, measure, say, draw, "sturgeon tune DATA --target COLUMN --search random --trials 25"
)
