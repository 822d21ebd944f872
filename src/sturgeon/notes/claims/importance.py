"""N2: the order of importance, measured beside the notes' order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sturgeon.notes.finding import Claim, Finding, Told, Translate, judge
from sturgeon.notes.lab import METRIC, Lab, train_all
from sturgeon.notes.pictures import draw_bars
from sturgeon.search import Random
from sturgeon.space import notes_space
from sturgeon.study import Study

if TYPE_CHECKING:
    import plotly.graph_objects as go

EPOCHS = 8


def tell(_: Translate) -> Told:
    """What the claim says."""
    return Told(
        _("The order of importance"),
        _(
            "Tune the learning rate first, then momentum, mini-batch and hidden units, then layers and "
            "decay. Here each hyperparameter's share of what decides a result is measured (PED-ANOVA)."
        ),
        _("α  >  β, mini-batch, units  >  layers, decay"),
        _(
            "It holds if the learning rate's share exceeds the greatest other share (95 % "
            "interval); only for "
            "the first place, if the order of the rest is not that of the notes."
        ),
    )


def measure(lab: Lab) -> Finding:
    """Importance over tables, and the lead of the learning rate."""
    space, tables = notes_space(), lab.fitting(100, most=2 if lab.quick else 3)
    count, repeats = lab.pick(32, 64), lab.pick(3, 4)
    shares: list[dict[str, float]] = []
    for repeat, seed in enumerate(lab.seeds(repeats)):
        for table in tables:
            configs = space.sample(count, lab.rng(1, repeat))
            runs = train_all(table.split(seed), configs, [seed + n for n in range(count)], epochs=EPOCHS)
            with Study.create(":memory:", space, minimize=METRIC, search=Random(), seed=0) as study:
                for config, run in zip(configs, runs, strict=True):
                    study.enqueue(config)
                    study.tell(study.ask(1)[0], **{METRIC: float(np.log(run.loss))})
                shares.append({one.name: one.share for one in study.importance().shares})
    names = list(space.coordinates)
    rows = np.array([[one.get(name, 0.0) for name in names] for one in shares])
    first = names.index("learning_rate")
    lead = rows[:, first] - np.delete(rows, first, axis=1).max(axis=1)
    verdict, mean, low, high = judge(lead.tolist())
    priorities = [space[name].priority for name in names]
    groups = [float(rows[:, [p == wanted for p in priorities]].mean()) for wanted in (1, 2, 3)]
    if verdict == "holds" and groups[1] <= groups[2]:
        verdict = "only_under"
    numbers = {
        "names": names,
        "shares": rows.mean(axis=0).tolist(),
        "priorities": priorities,
        "groups": groups,
        "trials": count,
    }
    return Finding(verdict, mean, low, high, tuple(table.name for table in tables), numbers)


def say(found: Finding, _: Translate) -> str:
    """What was found, in a sentence."""
    first, second, third = found.numbers["groups"]
    return _(
        "The learning rate leads the next by {lead:.0%} [{low:.0%}, {high:.0%}]; mean shares of the notes' "
        "three groups: {first:.0%}, {second:.0%}, {third:.0%}."
    ).format(lead=found.estimate, low=found.low, high=found.high, first=first, second=second, third=third)


def draw(found: Finding, _: Translate) -> list[go.Figure]:
    """The pictures of what was found."""
    rows = zip(found.numbers["names"], found.numbers["shares"], found.numbers["priorities"], strict=True)
    ordered = sorted(rows, key=lambda row: (row[2], -row[1]))
    bars = {
        _("group {number} of the notes").format(number=wanted): (
            [row[0] for row in ordered if row[2] == wanted],
            [row[1] for row in ordered if row[2] == wanted],
        )
        for wanted in (1, 2, 3)
    }
    figure = draw_bars(_("Measured importance, in the notes' order"), "", _("share"), bars)
    figure.update_layout(barmode="overlay")
    return [figure]


CLAIM = Claim("N2", tell, measure, say, draw, "sturgeon tune DATA --target COLUMN\nsturgeon show tuned", 100)
