"""N4: coarse to fine finds better configurations than random alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from sturgeon.data import Dataset
from sturgeon.notes.finding import Claim, Finding, Told, Translate, judge
from sturgeon.notes.lab import COMPARED, METRIC, Lab, train_all
from sturgeon.notes.pictures import draw_lines, draw_points
from sturgeon.search import CoarseToFine, Random, ShrinkingBoxes
from sturgeon.space import notes_space
from sturgeon.study import Study

if TYPE_CHECKING:
    import plotly.graph_objects as go

EPOCHS = 8
SEARCHES = {
    "random": Random(),
    "boxes": ShrinkingBoxes(start=8, round=6, best=3),
    "model": CoarseToFine(),
}


def tell(_: Translate) -> Told:
    """What the claim says."""
    return Told(
        _("Coarse to fine"),
        _(
            "Look everywhere first, then more densely where it was good. By the letter this is a box that "
            "shrinks around the best trials; Sturgeon's own search has a model say where to look closer."
        ),
        _("random → the best region → random inside it → …"),
        _(
            "It holds if coarse to fine ends with the lower loss: mean of log(random / "
            "coarse to fine) above 0."
        ),
    )


def _searched(data: Dataset, seed: int, trials: int) -> dict[str, list[list[float]]]:
    """Alphas and losses of each search; the searches of a table train side by side, a trial each."""
    space = notes_space()
    studies = {
        name: Study.create(":memory:", space, minimize=METRIC, search=search, seed=seed)
        for name, search in SEARCHES.items()
    }
    found: dict[str, list[list[float]]] = {name: [[], []] for name in studies}
    for number in range(trials):
        asked = {name: study.ask(1)[0] for name, study in studies.items()}
        runs = train_all(data, [one.config for one in asked.values()], [seed + number] * 3, epochs=EPOCHS)
        for (name, trial), run in zip(asked.items(), runs, strict=True):
            studies[name].tell(trial, **{METRIC: run.loss})
            found[name][0].append(float(trial.config["learning_rate"]))  # pyright: ignore[reportArgumentType]
            found[name][1].append(run.loss)
    for study in studies.values():
        study.close()
    return found


def measure(lab: Lab) -> Finding:
    """The best of each search after every trial."""
    tables, repeats, trials = (
        lab.fitting(60, most=lab.pick(1, 2), compared=COMPARED),
        lab.pick(4, 8),
        lab.pick(16, 32),
    )
    gains: dict[str, list[float]] = {"model": [], "boxes": []}
    curves: dict[str, list[np.ndarray]] = {name: [] for name in SEARCHES}
    first: dict[str, list[list[float]]] = {}
    for seed in lab.seeds(repeats):
        gain: dict[str, list[float]] = {name: [] for name in gains}
        with ThreadPoolExecutor(len(tables)) as pool:  # while one searches, another trains
            every = list(
                pool.map(lambda table, seed=seed: _searched(table.split(seed), seed, trials), tables)
            )
        first = first or every[0]
        for found in every:
            best = {name: np.minimum.accumulate(losses) for name, (_alphas, losses) in found.items()}
            for name, curve in best.items():
                curves[name].append(np.log(curve))
            for name in gain:
                gain[name].append(float(np.log(best["random"][-1] / best[name][-1])))
        for name, values in gain.items():
            gains[name].append(float(np.mean(values)))
    verdict, mean, low, high = judge(gains["model"])
    boxes = judge(gains["boxes"])
    numbers = {
        "curves": {name: np.exp(np.mean(seen, axis=0)).tolist() for name, seen in curves.items()},
        "boxes": boxes[1:],
        "first": {name: seen[0] for name, seen in first.items()},
        "trials": trials,
        "repeats": repeats,
    }
    return Finding(verdict, mean, low, high, tuple(table.name for table in tables), numbers)


def say(found: Finding, _: Translate) -> str:
    """What was found, in a sentence."""
    mean, low, high = found.numbers["boxes"]
    return _(
        "After {trials} trials random's best loss differs by {gain:+.1%} [{low:+.1%}, "
        "{high:+.1%}] from coarse "
        "to fine's, and by {boxes:+.1%} [{boxes_low:+.1%}, {boxes_high:+.1%}] from that of shrinking boxes."
    ).format(
        trials=found.numbers["trials"],
        gain=np.expm1(found.estimate),
        low=np.expm1(found.low),
        high=np.expm1(found.high),
        boxes=np.expm1(mean),
        boxes_low=np.expm1(low),
        boxes_high=np.expm1(high),
    )


def draw(found: Finding, _: Translate) -> list[go.Figure]:
    """The pictures of what was found."""
    names = {"random": _("random"), "boxes": _("shrinking boxes"), "model": _("coarse to fine")}
    count = range(1, found.numbers["trials"] + 1)
    curves = {names[name]: (count, curve) for name, curve in found.numbers["curves"].items()}
    tried = {names[name]: (count, found.numbers["first"][name]) for name in names}
    return [
        draw_lines(
            _("The best loss so far"), _("trial"), _("validation loss"), curves, marks=False, log_y=True
        ),
        draw_points(
            _("Zooming in: the learning rates tried in one search"),
            _("trial"),
            _("learning rate α"),
            tried,
            log_y=True,
        ),
    ]


CLAIM = Claim("N4", tell, measure, say, draw, "sturgeon tune DATA --target COLUMN --search coarse-to-fine")
