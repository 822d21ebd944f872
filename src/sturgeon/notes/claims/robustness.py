"""N12: batch norm widens the range of learning rates that train."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sturgeon.data import Dataset
from sturgeon.notes.finding import Claim, Finding, Told, Translate, judge
from sturgeon.notes.lab import Lab
from sturgeon.notes.pictures import draw_lines
from sturgeon.notes.plain_network import Norm, Plain, begin, train_steps

if TYPE_CHECKING:
    import plotly.graph_objects as go

ALPHAS = tuple(float(one) for one in 10.0 ** np.arange(-3, 1.6, 0.5))
DEPTHS = (2, 4, 8)
STEPS, GOAL = 60, 0.5
"""The steps that each may take, and the share of the first loss that it must come to."""


def tell(_: Translate) -> Told:
    """What the claim says."""
    return Told(
        _("Batch norm makes the network robust"),
        _(
            "With batch norm more learning rates train. For 2 to 8 layers, {count} learning rates from 0.001 "
            "to 32 are tried with batch norm and without; one trains if the loss falls to half of "
            "that of a guess (a number's: to 70 %) within {steps} steps."
        ).format(count=len(ALPHAS), steps=STEPS),
        _("width = ½ power of ten × the number of learning rates that train"),
        _("It holds if the range is wider with batch norm, in powers of ten (95 % interval above 0)."),
    )


def steps_needed(data: Dataset, kind: Plain, seed: int) -> int | None:
    """Steps until the mean of five losses is at half of a guess's loss; None where it does not come there."""
    rng = np.random.default_rng(seed)
    state = begin(kind, data.features, data.outputs, rng)
    y = data.y_train
    shares = np.bincount(y) / len(y) if y.dtype == np.int32 else np.ones(1)
    guess = -float((shares * np.log(shares.clip(1e-12))).sum()) if y.dtype == np.int32 else float(np.var(y))
    goal = GOAL * guess if y.dtype == np.int32 else 0.7 * guess
    last: list[float] = []
    training = train_steps(kind, state, data.x_train.astype(float), y, steps=STEPS, rng=rng)
    for number, loss in enumerate(training, 1):
        last = [*last[-4:], loss]
        if len(last) == 5 and np.mean(last) < goal:
            return number
    return None


def measure(lab: Lab) -> Finding:
    """The widths of the ranges, and the fewest steps, by depth."""
    tables, repeats = lab.fitting(60, most=1), lab.pick(3, 6)
    norms: tuple[Norm, Norm] = ("z", "none")
    widths = np.zeros((repeats, 2, len(DEPTHS)))
    trained = np.zeros((2, len(DEPTHS), len(ALPHAS)))
    fewest = np.full((repeats, 2, len(DEPTHS)), float(STEPS))
    for repeat, seed in enumerate(lab.seeds(repeats)):
        data = tables[0].split(seed)
        for which, norm in enumerate(norms):
            for place, depth in enumerate(DEPTHS):
                kinds = [Plain(layers=depth, norm=norm, alpha=alpha) for alpha in ALPHAS]
                steps = [steps_needed(data, kind, seed) for kind in kinds]
                found = [number for number in steps if number is not None]
                widths[repeat, which, place] = 0.5 * len(found)
                trained[which, place] += [number is not None for number in steps]
                if found:
                    fewest[repeat, which, place] = min(found)
    verdict, mean, low, high = judge((widths[:, 0] - widths[:, 1]).mean(axis=1).tolist())
    by_depth = (widths[:, 0] - widths[:, 1]).mean(axis=0)
    if verdict == "holds" and by_depth.min() <= 0:
        verdict = "only_under"
    numbers = {
        "widths": widths.mean(axis=0).tolist(),
        "trained": (trained / repeats).tolist(),
        "steps": fewest.mean(axis=0).tolist(),
    }
    return Finding(verdict, mean, low, high, (tables[0].name,), numbers)


def say(found: Finding, _: Translate) -> str:
    """What was found, in a sentence."""
    with_it, without = (np.mean(one) for one in found.numbers["widths"])
    return _(
        "The range of α that trains is {more:+.2f} powers of ten wider [{low:+.2f}, {high:+.2f}] with batch "
        "norm: {with_it:.2f} against {without:.2f}, the mean over 2 to 8 layers."
    ).format(more=found.estimate, low=found.low, high=found.high, with_it=with_it, without=without)


def draw(found: Finding, _: Translate) -> list[go.Figure]:
    """The pictures of what was found."""
    names = (_("with batch norm"), _("without"))
    widths, steps = found.numbers["widths"], found.numbers["steps"]
    trained = np.array(found.numbers["trained"])
    ranges = {
        f"{names[which]}, {DEPTHS[place]}": (ALPHAS, trained[which, place].tolist())
        for place in (0, len(DEPTHS) - 1)
        for which in (0, 1)
    }
    return [
        draw_lines(
            _("The range of α that trains"),
            _("hidden layers"),
            _("powers of ten"),
            {name: (DEPTHS, widths[which]) for which, name in enumerate(names)},
        ),
        draw_lines(
            _("Which learning rates train, with 2 and with 8 layers"), "α", _("share"), ranges, log_x=True
        ),
        draw_lines(
            _("Steps needed at the best learning rate"),
            _("hidden layers"),
            _("steps"),
            {name: (DEPTHS, steps[which]) for which, name in enumerate(names)},
        ),
    ]


CLAIM = Claim("N12", tell, measure, say, draw, "sturgeon notes --claim N12 --data DATA --target COLUMN")
