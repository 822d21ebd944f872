"""N5: each hyperparameter on its right scale."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from sturgeon.notes.finding import Claim, Finding, Told, Translate, judge
from sturgeon.notes.lab import COMPARED, Lab, train_all
from sturgeon.notes.pictures import draw_bars, draw_lines, draw_points
from sturgeon.space import Real, Space

if TYPE_CHECKING:
    import plotly.graph_objects as go

EPOCHS, TRIALS = 6, 8
LOG = Space(learning_rate=Real(1e-4, 1.0, scale="log"))
LINEAR = Space(learning_rate=Real(1e-4, 1.0))
BETAS = (0.5, 0.9, 0.98)
SIZES = (16, 32, 64, 128, 256, 512)


def tell(_: Translate) -> Told:
    """What the claim says."""
    return Told(
        _("The right scale"),
        _(
            "Drawn uniformly from 0.0001 to 1, nine learning rates in ten lie above 0.1. Drawn on a log "
            "scale, every power of ten gets as many. Momentum is drawn by 1 - β, since 1/(1 - β) is "
            "how many steps are averaged; the mini-batch is a power of two; layers and units are uniform."
        ),
        "α = 10^r, r ~ U(-4, 0);   1 - β = 10^r, r ~ U(-3, -1)",
        _(
            "It holds if the best of {count} on a log scale has the lower loss (mean log ratio above 0)."
        ).format(count=TRIALS),
    )


def measure(lab: Lab) -> Finding:
    """Log against uniform for α; averages, slips and the time of a mini-batch to be drawn."""
    tables, repeats = lab.fitting(60, compared=COMPARED), lab.pick(7, 20)
    gains = []
    for repeat, seed in enumerate(lab.seeds(repeats)):
        configs = [*LINEAR.sample(TRIALS, lab.rng(1, repeat)), *LOG.sample(TRIALS, lab.rng(2, repeat))]
        gain = []
        for table in tables:
            runs = train_all(table.split(seed), configs, [seed + n for n in range(TRIALS)] * 2, epochs=EPOCHS)
            losses = [run.loss for run in runs]
            gain.append(np.log(min(losses[:TRIALS]) / min(losses[TRIALS:])))
        gains.append(float(np.mean(gain)))
    verdict, mean, low, high = judge(gains)
    uniform = [float(one["learning_rate"]) for one in LINEAR.sample(2000, lab.rng(3))]  # pyright: ignore[reportArgumentType]
    noise = np.sin(np.arange(200) / 30) + lab.rng(4).normal(scale=0.4, size=200)
    numbers = {
        "above": float(np.mean(np.array(uniform) > 0.1)),
        "averages": {str(beta): _averaged(noise, beta) for beta in BETAS},
        "noise": noise.tolist(),
        "slips": _slips(lab.rng(5)),
        "times": _times(lab, tables),
        "repeats": repeats,
    }
    return Finding(verdict, mean, low, high, tuple(table.name for table in tables), numbers)


def _averaged(values: np.ndarray, beta: float) -> list[float]:
    """The exponentially weighted average, corrected for its beginning at 0."""
    average, found = 0.0, []
    for step, value in enumerate(values, 1):
        average = beta * average + (1 - beta) * value
        found.append(float(average / (1 - beta**step)))
    return found


def _slips(rng: np.random.Generator) -> dict[str, list[float]]:
    """The exponent r as the notes mean it, and as ``randn`` and ``α ** r`` would have it."""
    normal, uniform = -4 * rng.standard_normal(200), -4 * rng.random(200)
    return {
        "meant": (10**uniform).tolist(),
        "randn": (10**normal).tolist(),
        "power": (0.01**uniform).tolist(),
    }


def _times(lab: Lab, tables: list) -> list[float]:
    """Seconds of an epoch by mini-batch size on the first table; the least of three."""
    data = tables[0].split(lab.seed)
    found = []
    for size in SIZES:
        least = np.inf
        for _again in range(3):
            began = time.perf_counter()
            train_all(data, [{"batch_size": size}], [0], epochs=2)
            least = min(least, (time.perf_counter() - began) / 2)
        found.append(float(least))
    return found


def say(found: Finding, _: Translate) -> str:
    """What was found, in a sentence."""
    return _(
        "{above:.0%} of uniform draws lie above 0.1. The best loss of uniform draws differs from that "
        "on a log scale by {gain:+.1%} [{low:+.1%}, {high:+.1%}] over {repeats} repeats."
    ).format(
        above=found.numbers["above"],
        gain=np.expm1(found.estimate),
        low=np.expm1(found.low),
        high=np.expm1(found.high),
        repeats=found.numbers["repeats"],
    )


def draw(found: Finding, _: Translate) -> list[go.Figure]:
    """The pictures of what was found."""
    numbers, steps = found.numbers, list(range(1, 201))
    averages = {
        _("β = {beta}: about {steps:.0f} steps").format(beta=beta, steps=1 / (1 - float(beta))): (
            steps,
            curve,
        )
        for beta, curve in numbers["averages"].items()
    }
    names = {
        "meant": _("as meant: 10^r, r uniform"),
        "randn": _("slip: randn for rand"),
        "power": _("slip: α^r for 10^r"),
    }
    slips = {names[name]: (values, [names[name]] * len(values)) for name, values in numbers["slips"].items()}
    slipped = draw_points(
        _("The two slips of the notes: what would be drawn"), _("learning rate α"), "", slips, log_x=True
    )
    slipped.update_layout(showlegend=False)
    times = {_("time"): ([str(size) for size in SIZES], [1000 * one for one in numbers["times"]])}
    return [
        draw_lines(_("1/(1 - β) steps averaged"), _("step"), _("average"), averages, marks=False),
        slipped,
        draw_bars(
            _("Time of an epoch by mini-batch"),
            _("mini-batch"),
            _("milliseconds"),
            times,
            caption=_("Measured in this run; it decides nothing, and differs from run to run."),
        ),
    ]


CLAIM = Claim(
    "N5",
    tell,
    measure,
    say,
    draw,
    'import sturgeon as st\nspace = st.Space(learning_rate=st.Real(1e-4, 1.0, scale="log"),\n'
    '                 momentum=st.Real(0.9, 0.999, scale="reverse_log"))\nprint(space.describe())',
)
