"""N6: hyperparameters go stale when the data changes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sturgeon.data import Dataset
from sturgeon.notes.finding import Claim, Finding, Told, Translate, judge
from sturgeon.notes.lab import Lab, answers, bounded, loss_of, train_all
from sturgeon.notes.pictures import draw_lines
from sturgeon.space import Config, notes_space

if TYPE_CHECKING:
    import plotly.graph_objects as go

EPOCHS, PERIODS = 8, 4


def tell(_: Translate) -> Told:
    """What the claim says."""
    return Told(
        _("Hyperparameters go stale"),
        _(
            "What was best once need not be best later. The inputs of one stream gather noise and its rows "
            "get fewer from period to period; the other stays as it is. In each period the first "
            "period's choice is compared with one made anew, on rows that chose neither."
        ),
        _("regret = log(loss of the old choice / loss of the new choice)"),
        _("It holds if the regret is greater where data drifts than where it does not (95 % interval)."),
    )


def _period(data: Dataset, period: int, drifts: bool, rng: np.random.Generator) -> Dataset:
    """The rows of a period, drawn anew; those that are to be learnt from, chosen by and compared on."""
    x_train, y_train = data.x_train, data.y_train
    keep = rng.permutation(len(y_train))
    keep = keep[: max(40, int(len(keep) * (0.6**period if drifts else 1)))] if drifts else keep
    noise = 0.7 * period if drifts else 0.0

    def noisy(x: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray((x + noise * rng.normal(size=x.shape)).astype(np.float32))

    return replace(
        data,
        x_train=noisy(x_train[keep]),
        y_train=np.ascontiguousarray(y_train[keep]),
        x_validation=noisy(data.x_validation),
        x_test=noisy(data.x_test),
    )


def measure(lab: Lab) -> Finding:
    """The regret of keeping the first period's choice, on both streams."""
    (table,) = lab.fitting(200, most=1)
    space, repeats, count = notes_space(), lab.pick(4, 16), lab.pick(10, 16)
    regrets = np.zeros((repeats, 2, PERIODS))
    for repeat, seed in enumerate(lab.seeds(repeats)):
        data = table.split(seed)
        configs = [space.default(), *space.sample(count - 1, lab.rng(1, repeat))]
        old: Config | None = None
        for period in range(PERIODS):
            for stream in (0, 1) if period else (0,):  # both begin with the same rows
                now = _period(data, period, bool(stream), lab.rng(2, repeat, stream, period))
                runs = train_all(now, configs, [seed + period] * count, epochs=EPOCHS)
                losses = [
                    bounded(loss_of(answers(run.network, now.x_test, own=False), now.y_test))
                    if run.network is not None
                    else bounded(float("inf"))
                    for run in runs
                ]
                new = int(np.argmin([run.loss for run in runs]))
                old = old or configs[new]
                regrets[repeat, stream, period] = np.log(losses[configs.index(old)] / losses[new])
    later = regrets[:, :, 1:].mean(axis=2)
    verdict, mean, low, high = judge((later[:, 1] - later[:, 0]).tolist())
    numbers = {
        "stable": regrets[:, 0].mean(axis=0).tolist(),
        "drifting": regrets[:, 1].mean(axis=0).tolist(),
        "repeats": repeats,
    }
    return Finding(verdict, mean, low, high, (table.name,), numbers)


def say(found: Finding, _: Translate) -> str:
    """What was found, in a sentence."""
    return _(
        "Keeping the old choice costs {more:+.1%} [{low:+.1%}, {high:+.1%}] more loss where data drifts than "
        "where it does not, over {repeats} repeats."
    ).format(
        more=np.expm1(found.estimate),
        low=np.expm1(found.low),
        high=np.expm1(found.high),
        repeats=found.numbers["repeats"],
    )


def draw(found: Finding, _: Translate) -> list[go.Figure]:
    """The pictures of what was found."""
    periods = list(range(1, PERIODS + 1))
    lines = {
        _("the stream that drifts"): (periods, found.numbers["drifting"]),
        _("the stream that does not"): (periods, found.numbers["stable"]),
    }
    return [draw_lines(_("What the old choice costs"), _("period"), _("regret"), lines)]


CLAIM = Claim("N6", tell, measure, say, draw, "sturgeon recheck STUDY NEWDATA", 200)
