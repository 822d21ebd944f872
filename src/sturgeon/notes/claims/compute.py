"""N7 and N8: Panda with little compute, Caviar with plenty; where they cross."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np

from sturgeon.data import Dataset
from sturgeon.notes.finding import Claim, Finding, Told, Translate, judge
from sturgeon.notes.lab import COMPARED, Lab, train_all
from sturgeon.notes.pictures import draw_lines
from sturgeon.space import notes_space

if TYPE_CHECKING:
    import plotly.graph_objects as go

EPOCHS, CHUNK = 8, 4
"""Of one of Caviar's trainings, and after how many Panda's tender looks."""
BUDGETS = (8, 16, 32, 64, 128)


def tell_panda(_: Translate) -> Told:
    """What N7 says."""
    return Told(
        _("Panda: one model, tended"),
        _(
            "With little compute, train one model and watch it. The tender here looks every {chunk} epochs: "
            "if the validation loss got worse, it goes back and divides the learning rate by 3. Caviar "
            "spends the same epochs on trainings of {epochs} epochs, drawn at random."
        ).format(chunk=CHUNK, epochs=EPOCHS),
        "α ← α / 3",
        _("It holds if Panda has the lower loss at the smallest budget: mean log ratio above 0."),
    )


def tell_caviar(_: Translate) -> Told:
    """What N8 says."""
    return Told(
        _("Caviar: many models at once"),
        _(
            "With plenty of compute, train many models and keep the best. Both ways get the same number of "
            "epochs; Caviar's run side by side, so it also waits less."
        ),
        _("which of the two depends on the compute"),
        _("It holds if Caviar has the lower loss at the largest budget: mean log ratio above 0."),
    )


def _panda(data: Dataset, seed: int, most: int) -> list[float]:
    """The best loss of one tended training after each chunk."""
    config = dict(notes_space().default())
    checkpoint, best, bests, at = None, np.inf, [], 0
    for _chunk in range(most // CHUNK):
        (run,) = train_all(
            data,
            [config],
            [seed],
            epochs=at + CHUNK,
            begin=[checkpoint],
            pause=True,
            horizon=most + CHUNK,
        )
        if run.loss < best:
            best, checkpoint, at = run.loss, run.checkpoint, at + CHUNK
        else:
            config["learning_rate"] = max(float(config["learning_rate"]) / 3, 1e-6)  # pyright: ignore[reportArgumentType]
        bests.append(float(best))
    return bests


def measure(lab: Lab, *, panda: bool) -> Finding:
    """Both ways at each budget of epochs, with the same split."""
    ratios, losses, names = _both_ways(lab.of_claim(7))
    chosen = ratios[:, 0] if panda else -ratios[:, -1]
    verdict, mean, low, high = judge(chosen.tolist())
    means = ratios.mean(axis=0)
    crossing = next((budget for budget, ratio in zip(BUDGETS, means, strict=True) if ratio < 0), None)
    numbers = {"panda": np.exp(losses[0]).tolist(), "caviar": np.exp(losses[1]).tolist()}
    return Finding(verdict, mean, low, high, names, {**numbers, "crossing": crossing, "repeats": len(ratios)})


@lru_cache(maxsize=1)
def _both_ways(lab: Lab) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """The trainings of both claims: log ratios by repeat and budget, log losses, the tables' names."""
    tables, repeats, most = lab.fitting(60, compared=COMPARED), lab.pick(5, 16), BUDGETS[-1]
    ratios = np.zeros((repeats, len(BUDGETS)))
    losses = np.zeros((2, len(BUDGETS)))
    for repeat, seed in enumerate(lab.seeds(repeats)):
        for table in tables:
            data = table.split(seed)
            configs = notes_space().sample(most // EPOCHS, lab.rng(1, repeat))
            many = [run.loss for run in train_all(data, configs, [seed] * len(configs), epochs=EPOCHS)]
            one = _panda(data, seed, most)
            for place, budget in enumerate(BUDGETS):
                caviar, tended = min(many[: budget // EPOCHS]), one[budget // CHUNK - 1]
                ratios[repeat, place] += np.log(caviar / tended) / len(tables)
                losses[:, place] += np.log([tended, caviar]) / len(tables) / repeats
    return ratios, losses, tuple(table.name for table in tables)


def say(found: Finding, _: Translate, *, panda: bool) -> str:
    """What was found, in a sentence."""
    form = (
        _(
            "With {budget} epochs Caviar's loss differs from Panda's by {ratio:+.1%} "
            "[{low:+.1%}, {high:+.1%}]."
        )
        if panda
        else _(
            "With {budget} epochs Panda's loss differs from Caviar's by {ratio:+.1%} "
            "[{low:+.1%}, {high:+.1%}]."
        )
    )
    crossing = found.numbers["crossing"]
    where = (
        _("Caviar was not ahead at any budget.")
        if crossing is None
        else _("Caviar is ahead from {budget} epochs on.").format(budget=crossing)
    )
    said = form.format(
        budget=BUDGETS[0] if panda else BUDGETS[-1],
        ratio=np.expm1(found.estimate),
        low=np.expm1(found.low),
        high=np.expm1(found.high),
    )
    return f"{said} {where}"


def draw(found: Finding, _: Translate) -> list[go.Figure]:
    """The pictures of what was found."""
    lines = {
        _("Panda: one training, tended"): (BUDGETS, found.numbers["panda"]),
        _("Caviar: many trainings, the best kept"): (BUDGETS, found.numbers["caviar"]),
    }
    title = _("Panda and Caviar as compute grows")
    return [draw_lines(title, _("epochs in all"), _("validation loss"), lines, log_x=True, log_y=True)]


PANDA = Claim(
    "N7",
    tell_panda,
    partial(measure, panda=True),
    partial(say, panda=True),
    draw,
    "sturgeon plan DATA --target COLUMN --budget 10m\nsturgeon panda DATA --target COLUMN",
)
CAVIAR = Claim(
    "N8",
    tell_caviar,
    partial(measure, panda=False),
    partial(say, panda=False),
    draw,
    "sturgeon tune DATA --target COLUMN --budget 10m",
)
