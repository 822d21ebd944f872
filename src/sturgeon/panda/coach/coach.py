"""The coach: what a good engineer would say of a training's curves, in one sentence, with its evidence.

Each symptom is a pure function of the epochs so far. What it proposes, a person accepts or the autopilot
does.

Only epochs since the last change of hyperparameters count, as those before it tell of another training.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from sturgeon.panda.coach.vitals import Vitals

# What share of itself a step should change a weight by; and from when on nothing is sped up any more.
_HEALTHY = 1e-2
_LATE = 0.6


@dataclass(frozen=True, slots=True)
class Epoch:
    """One epoch of a training.

    Attributes:
        number: Which, from 1.
        metrics: What was reported.
        values: The hyperparameters at its end.
        vitals: What the network told beside, where it is known.
    """

    number: int
    metrics: Mapping[str, float]
    values: Mapping[str, Any]
    vitals: Vitals | None = None


@dataclass(frozen=True, slots=True)
class Advice:
    """What the coach says.

    Attributes:
        symptom: Its name.
        sentence: What is seen, with the evidence, and what to do.
        action: ``"set"``, ``"rewind"``, ``"stop"``, or ``""`` for nothing to be done.
        factors: By which the hyperparameters are to be multiplied.
        values: New values of hyperparameters.
        back_to: For a rewind: the last good epoch.
    """

    symptom: str
    sentence: str
    action: str = ""
    factors: Mapping[str, float] = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)
    back_to: int = 0


@dataclass(frozen=True, slots=True)
class Curves:
    """The curves that the coach looks at; lower is better in both.

    Attributes:
        epochs: All epochs on the way from the root.
        recent: Those since the last change of hyperparameters.
        metric: The objective's name.
        sign: 1 where the objective is minimised, -1 where it is maximised.
        planned: How many epochs the training is to have; None where nobody knows.
    """

    epochs: Sequence[Epoch]
    recent: Sequence[Epoch]
    metric: str
    sign: int
    planned: int | None = None

    @classmethod
    def of(
        cls, epochs: Sequence[Epoch], metric: str, *, maximize: bool, planned: int | None = None
    ) -> Curves:
        """Find the epochs since the last change."""
        first = len(epochs)
        while first and epochs[first - 1].values == epochs[-1].values:
            first -= 1
        return cls(epochs, epochs[first:], metric, -1 if maximize else 1, planned)

    def training(self, of: Sequence[Epoch]) -> list[float]:
        """The training loss; the objective where no training loss is reported."""
        for name in ("train_loss", "loss"):
            if all(name in epoch.metrics for epoch in of):
                return [epoch.metrics[name] for epoch in of]
        return self.objective(of)

    def objective(self, of: Sequence[Epoch]) -> list[float]:
        """The objective, lower being better."""
        return [self.sign * epoch.metrics[self.metric] for epoch in of if self.metric in epoch.metrics]


def look(curves: Curves) -> list[Advice]:
    """Say all that is to be said, the most urgent first; mostly nothing."""
    if not curves.epochs:
        return []
    found = [symptom(curves) for symptom in SYMPTOMS]
    return [advice for advice in found if advice is not None]


def not_finite(curves: Curves) -> Advice | None:
    """The cost is NaN or infinite."""
    last = curves.epochs[-1]
    broken = [name for name, value in last.metrics.items() if not math.isfinite(value)]
    if not broken:
        return None
    good = [one for one in curves.epochs if all(map(math.isfinite, one.metrics.values()))]
    back = good[-1].number if good else 0
    return Advice(
        "not finite",
        f"{broken[0]} is {last.metrics[broken[0]]} since epoch {last.number}: the learning rate is too high; "
        f"go back to epoch {back} with a tenth of it.",
        "rewind",
        {"learning_rate": 0.1},
        back_to=back,
    )


def rising(curves: Curves) -> Advice | None:
    """The cost is rising."""
    losses = curves.training(curves.epochs)
    recent = curves.training(curves.recent)
    if len(losses) < 3 or len(recent) < 2 or not all(map(math.isfinite, losses)):
        return None
    best = min(range(len(losses)), key=losses.__getitem__)
    rise, level, scale = losses[-1] - losses[best], abs(losses[best]), abs(losses[0])
    grows = recent[-1] > recent[-2] and best < len(losses) - 2
    jumped = min(recent) - losses[best] > level + 0.3 * scale  # where the last change took it
    ups = [after - before for before, after in pairwise(losses[:-2]) if after > before]
    usual = sum(ups) / len(ups) if ups else 0.0  # a loss that is noisy rises now and then
    much = min(max(0.2 * level, 0.1 * scale), max(2 * level, 0.03 * scale))
    if not jumped and (not grows or rise < max(much, 4 * usual)):
        return None
    epoch = curves.epochs[best].number
    return Advice(
        "rising",
        f"the training loss rose from {losses[best]:.4g} in epoch {epoch} to {losses[-1]:.4g}: "
        "the learning rate "
        f"is too high; go back to epoch {epoch} with a third of it.",
        "rewind",
        {"learning_rate": 0.3},
        back_to=epoch,
    )


def oscillating(curves: Curves) -> Advice | None:
    """The cost goes up and down without getting anywhere."""
    losses = curves.training(curves.recent)[-8:]
    if len(losses) < 5 or not all(map(math.isfinite, losses)):
        return None
    moves = [after - before for before, after in pairwise(losses)]
    turns = sum(one * two < 0 for one, two in pairwise(moves))
    swing, level = sum(map(abs, moves)) / len(moves), max(abs(sum(losses) / len(losses)), 1e-12)
    net = abs(losses[-1] - losses[0])
    least = max(0.15 * level, 0.05 * abs(curves.training(curves.epochs)[0]))
    if turns < 0.6 * (len(moves) - 1) or swing < least or net > 1.5 * swing:
        return None
    return Advice(
        "oscillating",
        f"the training loss swings by {swing / level:.0%} of itself from epoch to epoch, {turns} turns in "
        f"{len(moves)} epochs, and does not fall: the learning rate is too high; take a third of it.",
        "set",
        {"learning_rate": 0.3},
    )


def crawling(curves: Curves) -> Advice | None:
    """The cost falls steadily, and far too slowly."""
    losses = curves.training(curves.recent)
    first, updates = curves.training(curves.epochs)[0], _updates(curves.epochs[-1])
    late = curves.planned is not None and curves.epochs[-1].number >= _LATE * curves.planned
    if late or not losses or not all(map(math.isfinite, losses)) or losses[-1] < 0.5 * first:
        return None
    fall = (losses[0] - losses[-1]) / max(len(losses) - 1, 1)  # of one epoch
    halving = losses[-1] / 2 / fall if fall > 0 else math.inf
    steady = len(losses) >= 3 and all(after < before for before, after in pairwise(losses))
    slow, factor = steady and halving > 6, 10.0 if halving > 50 else 3.0
    size = f"at this rate it needs {halving:.0f} epochs to halve"
    if (
        updates is not None
        and updates < (_HEALTHY / 10 if len(losses) == 1 else _HEALTHY / 3)
        and halving > 5
    ):
        slow, factor = True, min(max(_HEALTHY / max(updates, 1e-9), 3.0), 100.0)
        size = f"a step changes a weight by {updates:.1g} of itself only, where {_HEALTHY:g} is healthy"
    if not slow:
        return None
    return Advice(
        "crawling",
        f"the training loss is still {losses[-1] / first:.0%} of what it was, and {size}: the "
        "learning rate is too "
        f"low; take {factor:.2g} times as much.",
        "set",
        {"learning_rate": factor},
    )


def parting(curves: Curves) -> Advice | None:
    """Validation parts from training."""
    values, losses = curves.objective(curves.epochs), curves.training(curves.epochs)
    own = not curves.metric.startswith(("val", "valid"))
    if (
        own
        or len(values) < 6
        or len(values) != len(losses)
        or not all(map(math.isfinite, [*values, *losses]))
    ):
        return None
    best = min(range(len(values)), key=values.__getitem__)
    since = values[best + 1 :]
    if len(since) < 4:
        return None
    rise = min(since[-3:]) - values[best]
    spread = max(abs(values[0] - values[best]), 1e-12)
    moves = [abs(after - before) for before, after in pairwise(values[-8:])]
    noise = sum(moves) / len(moves)
    if rise < max(0.05 * abs(values[best]), 0.02 * spread, noise) or losses[-1] > 0.98 * losses[best]:
        return None
    epoch = curves.epochs[best].number
    return Advice(
        "parting",
        f"{curves.metric} is worse since epoch {epoch} ({curves.sign * values[best]:.4g}, now "
        f"{curves.sign * values[-1]:.4g}) while the training loss fell from {losses[best]:.4g} to "
        f"{losses[-1]:.4g}: it "
        f"learns its rows by heart; go back to epoch {epoch} and regularise (dropout, weight "
        "decay), or stop.",
        "rewind",
        {"learning_rate": 0.3},
        back_to=epoch,
    )


def flat(curves: Curves) -> Advice | None:
    """The cost does not fall any more."""
    losses, window = curves.training(curves.recent), 5
    if len(losses) < window + 1 or not all(map(math.isfinite, losses)):
        return None
    before, after = losses[: len(losses) - window], losses[-window:]
    gain, level = min(before) - min(after), max(abs(min(before)), 1e-12)
    first = abs(curves.training(curves.epochs)[0])
    falls = all(later < earlier for earlier, later in pairwise(losses))  # slowly: it crawls
    if gain > 0.01 * level or level < 1e-3 * first or falls:
        return None
    return Advice(
        "flat",
        f"the training loss has not fallen by 1 % in {window} epochs ({min(before):.4g}, then "
        f"{min(after):.4g}): "
        "time to decay the learning rate; take a third of it.",
        "set",
        {"learning_rate": 0.3},
    )


def dead_units(curves: Curves) -> Advice | None:
    """Units that answer 0 to every row."""
    vitals = curves.epochs[-1].vitals
    if vitals is not None and len(vitals.gradients) > 1 and not any(vitals.gradients[:-1]):
        return Advice(
            "dead units",
            "the gradients of all layers but the last are 0: their units answer 0 to every row and learn "
            "nothing any more; begin again with a tenth of the learning rate, or with tanh.",
            "rewind",
            {"learning_rate": 0.1},
            back_to=0,
        )
    if vitals is None or not vitals.dead:
        return None
    worst = max(range(len(vitals.dead)), key=vitals.dead.__getitem__)
    if vitals.dead[worst] < 0.4:
        return None
    return Advice(
        "dead units",
        f"{vitals.dead[worst]:.0%} of the units of hidden layer {worst + 1} answer 0 to every row "
        "looked at: they "
        "learn nothing any more; begin again with a tenth of the learning rate, or with tanh.",
        "rewind",
        {"learning_rate": 0.1},
        back_to=0,
    )


def gradients(curves: Curves) -> Advice | None:
    """Gradients that vanish or explode on their way down."""
    vitals = curves.epochs[-1].vitals
    if vitals is None or len(vitals.gradients) < 3:
        return None
    hidden = vitals.gradients[:-1]
    if not all(map(math.isfinite, hidden)) or min(hidden) <= 0:
        return None
    ratio = hidden[0] / hidden[-1]
    if 1e-3 < ratio < 1e3:
        return None
    what = "vanish" if ratio < 1 else "explode"
    return Advice(
        "gradients",
        f"the gradients {what} on their way down: {ratio:.1g} times as large in the first layer "
        "as in the last "
        f"hidden one; take fewer layers.",
    )


def unsettled(curves: Curves) -> Advice | None:
    """Batch norm's running averages still hold much of what they started at."""
    vitals, last = curves.epochs[-1].vitals, curves.epochs[-1]
    if vitals is None or vitals.settled > 0.9 or last.number < 1:
        return None
    return Advice(
        "unsettled averages",
        f"batch norm's running averages are made of mini-batches for {vitals.settled:.0%} only, "
        "the rest is what they "
        f"started at: validation looks worse than it is; lower norm_momentum, or wait.",
        "set" if "norm_momentum" in last.values else "",
        values={"norm_momentum": 0.9} if "norm_momentum" in last.values else {},
    )


def ending(curves: Curves) -> Advice | None:
    """The training is about to end with the learning rate still at its height."""
    planned, last = curves.planned, curves.epochs[-1]
    if planned is None or planned < 8 or "learning_rate" not in last.values:
        return None
    decays = [math.ceil(share * planned) for share in (0.7, 0.8, 0.9)]
    losses = curves.training(curves.recent)[-4:]
    falls = len(losses) == 4 and all(after < before for before, after in pairwise(losses))
    if last.number not in decays or len(curves.recent) < 2 or (falls and losses[-1] < 0.9 * losses[0]):
        return None  # while it falls steadily, there is no noise to average out
    return Advice(
        "ending",
        f"{planned - last.number} of {planned} epochs are left: decay the learning rate, so that "
        "the last steps "
        "average out the noise of the mini-batches; take a third of it.",
        "set",
        {"learning_rate": 0.3},
    )


SYMPTOMS: tuple[Callable[[Curves], Advice | None], ...] = (
    not_finite, rising, dead_units, oscillating, parting, crawling, flat, unsettled, gradients, ending,
)  # fmt: skip
"""The most urgent first."""


def _updates(epoch: Epoch) -> float | None:
    """How large a step is beside the weights, in the middle of the layers."""
    updates = [] if epoch.vitals is None else sorted(epoch.vitals.updates)
    return updates[len(updates) // 2] if updates else None
