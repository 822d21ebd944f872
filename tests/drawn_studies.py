"""Studies to draw: an ordinary one, one with two objectives, one that is hostile in every text."""

import math
from datetime import UTC, datetime, timedelta

import numpy as np

from sturgeon.space import Choice, Integer, Real, Space
from sturgeon.study import Study

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
RULE = "Median rule: 0.9 at step 2 is worse than the median of 5 trials, 0.5."

EVIL = [
    "<script>window.evil=1</script>",
    "<img src=x onerror='window.evil=2'>",
    "<a href='javascript:window.evil=3'>click</a>",
    "\x1b]0;title\x07\x1b[31m",
    "</script><svg onload='window.evil=4'>",
    "%{y}{{7*7}}${7*7}$x^2$",
    "\u202eright to left\u2028line",
    "n" * 100_000,
]
"""What a stranger may write where a note or an error belongs."""
EVIL_NAMES = [
    "<script>alert(1)</script>",
    "</script><svg/onload>",
    "<a href:javascript>",
    "%{y}{{7*7}}${7*7}$x^2$",
    "n" * 100,
]
"""What may be a hyperparameter's name: it is printable and has no equals sign."""


def make_space():
    return Space(
        learning_rate=Real(1e-4, 1.0, scale="log", priority=1),
        optimizer=Choice(["adam", "momentum"]),
        momentum=Real(0.9, 0.999, scale="reverse_log", when={"optimizer": "momentum"}),
        batch_size=Integer(16, 512, scale="power_of_two"),
        layers=Integer(2, 4, priority=3),
    )


def make_drawn(place=":memory:", trials=40, seed=0):
    """A study whose best learning rate is 0.01, with stopped and failed trials, folds and repeats."""
    space = make_space()
    study = Study.create(place, space, minimize="val_loss", seed=seed)
    rng = np.random.default_rng(seed)
    for number, config in enumerate(space.sample(trials, seed)):
        value = 0.2 + 0.2 * abs(math.log10(config["learning_rate"]) + 2) + 0.01 * rng.random()
        state = "failed" if number % 13 == 12 else "stopped" if number % 5 == 4 else "complete"
        steps = 2 if state == "stopped" else 6
        study.add(
            config,
            {} if state == "failed" else {"val_loss": value, "val_loss_se": 0.02},
            state=state,
            curves={"val_loss": [(step, value + 1 / step) for step in range(1, steps + 1)]},
            reason=RULE if state == "stopped" else None,
            error=ValueError("no room") if state == "failed" else None,
            started=BEGIN + timedelta(seconds=10 * number),
            ended=BEGIN + timedelta(seconds=10 * number + 30),
        )
    best = study.best.number
    study.note(best, "repeat 1: val_loss=0.25")
    study.note(best, "repeat 2: val_loss=0.27")
    return study


def make_two_goals(place=":memory:"):
    space = Space(x=Real(0.0, 1.0), y=Real(0.0, 1.0))
    study = Study.create(place, space, minimize="size", maximize="accuracy")
    for config in space.sample(30, 0):
        study.add(config, {"size": config["x"], "accuracy": config["x"] * config["y"]})
    return study


def make_hostile(place):
    """A study with something hostile in every text that a stranger can choose."""
    varying = {name: Real(0.0, 1.0) for name in EVIL_NAMES}
    space = Space(**{**varying, "<b>choice</b>": Choice(EVIL)})
    study = Study.create(place, space, minimize=EVIL[0], about={"table": {"data": EVIL[1]}, "job": "table"})
    for number, config in enumerate(space.sample(30, 0)):
        text = EVIL[number % len(EVIL)]
        state = ("complete", "stopped", "failed")[number % 3] if number % 7 else "complete"
        study.add(
            config,
            {} if state == "failed" else {EVIL[0]: float(number), EVIL[2]: 1.0},
            state=state,
            curves={EVIL[0]: [(1, 2.0), (2, 1.0)]},
            reason=f"{text}: stopped" if state == "stopped" else None,
            error=ValueError(text) if state == "failed" else None,
            notes=[text],
            tags=[text[:100]],
        )
    return study
