"""The symptoms of a training, each a pure function of its epochs so far.

Only epochs since the last change of hyperparameters count, as those before it tell of another training.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

from sturgeon.panda.coach import sentences
from sturgeon.panda.coach.advice import Advice
from sturgeon.panda.coach.curves import Curves, Epoch

# What share of itself a step should change a weight by; and from when on nothing is sped up any more.
_HEALTHY = 3e-2
_LATE = 0.6
_A_TENTH, _A_THIRD = {"learning_rate": 0.1}, {"learning_rate": 0.3}


def not_finite(curves: Curves) -> Advice | None:
    """The cost is NaN or infinite."""
    last = curves.epochs[-1]
    broken = [name for name, value in last.metrics.items() if not math.isfinite(value)]
    if not broken:
        return None
    good = [one for one in curves.epochs if _all_finite(one.metrics.values())]
    back = good[-1].number if good else 0
    evidence = {
        "metric": broken[0], "value": str(last.metrics[broken[0]]), "epoch": str(last.number),
        "back": str(back),
    }  # fmt: skip
    return Advice("not finite", sentences.NOT_FINITE, evidence, "rewind", _A_TENTH, back_to=back)


def rising(curves: Curves) -> Advice | None:
    """The cost is rising."""
    losses = curves.training(curves.epochs)
    recent = curves.training(curves.recent)
    if len(losses) < 3 or len(recent) < 2 or not _all_finite(losses):
        return None
    best = min(range(len(losses)), key=losses.__getitem__)
    rise, level, scale = losses[-1] - losses[best], abs(losses[best]), abs(losses[0])
    grows = recent[-1] > recent[-2] and best < len(losses) - 2
    jumped = min(recent) - losses[best] > level + 0.3 * scale  # where the last change took it
    ups = [after - before for before, after in pairwise(losses[:-2]) if after > before]
    usual = sum(ups) / len(ups) if ups else 0.0  # a loss that is noisy rises now and then
    much = min(max(0.2 * level, 0.1 * scale), max(2 * level, 0.03 * scale))
    if not jumped and (not grows or rise < max(much, 6 * usual)):
        return None
    epoch = curves.epochs[best].number
    evidence = {"best": f"{losses[best]:.4g}", "epoch": str(epoch), "last": f"{losses[-1]:.4g}"}
    return Advice("rising", sentences.RISING, evidence, "rewind", _A_THIRD, back_to=epoch)


def oscillating(curves: Curves) -> Advice | None:
    """The cost goes up and down without getting anywhere: on the training rows, or on those of validation."""
    losses, values = curves.training(curves.recent)[-8:], curves.objective(curves.recent)[-8:]
    if len(losses) < 5 or not _all_finite([*losses, *values]):
        return None
    least, half = 0.05 * abs(curves.training(curves.epochs)[0]), len(losses) // 2
    falls = _mean(losses[-half:]) < 0.9 * _mean(losses[:half])
    seen = [(curves.training_metric, losses, 0.15)]
    if len(values) == len(losses) == 8 and not falls:
        seen.append((curves.metric, values, 0.25))
    for name, curve, share in seen:
        moves = [after - before for before, after in pairwise(curve)]
        turns = sum(one * two < 0 for one, two in pairwise(moves))
        swing, level = _mean([abs(move) for move in moves]), max(abs(_mean(curve)), 1e-12)
        if turns < 0.6 * (len(moves) - 1) or swing < max(share * level, least):
            continue
        if abs(curve[-1] - curve[0]) > 1.5 * swing:
            continue
        evidence = {
            "metric": name, "swing": f"{swing / level:.0%}", "turns": str(turns), "epochs": str(len(moves))
        }  # fmt: skip
        return Advice("oscillating", sentences.OSCILLATING, evidence, "set", _A_THIRD)
    return None


def crawling(curves: Curves) -> Advice | None:
    """The cost falls steadily, and far too slowly."""
    losses = curves.training(curves.recent)
    first, updates = curves.training(curves.epochs)[0], _updates(curves.epochs[-1])
    late = curves.planned is not None and curves.epochs[-1].number >= _LATE * curves.planned
    if late or not losses or not _all_finite(losses) or losses[-1] < 0.5 * first:
        return None
    if _was_lowered(curves) or _is_past_its_best(curves):
        return None
    fall = (losses[0] - losses[-1]) / max(len(losses) - 1, 1)  # of one epoch
    halving = losses[-1] / 2 / fall if fall > 0 else math.inf
    left = f"{losses[-1] / first:.0%}"
    small = _HEALTHY / 30 if len(losses) == 1 else _HEALTHY / 9
    if updates is not None and updates < small and halving > 5:
        factor = min(max(_HEALTHY / max(updates, 1e-9), 3.0), 100.0)
        text = sentences.SMALL_STEPS
        evidence = {"left": left, "update": f"{updates:.1g}", "healthy": f"{_HEALTHY:g}"}
    elif updates is not None and updates >= _HEALTHY / 2:
        return None
    elif len(losses) >= 3 and all(after < before for before, after in pairwise(losses)) and halving > 6:
        factor = 10.0 if halving > 50 else 3.0
        text, evidence = sentences.CRAWLING, {"left": left, "epochs": f"{halving:.0f}"}
    else:
        return None
    evidence["factor"] = f"{factor:.2g}"
    return Advice("crawling", text, evidence, "set", {"learning_rate": factor})


def parting(curves: Curves) -> Advice | None:
    """Validation parts from training."""
    values, losses = curves.objective(curves.epochs), curves.training(curves.epochs)
    own = not curves.metric.startswith(("val", "valid"))
    if own or len(values) < 6 or len(values) != len(losses) or not _all_finite([*values, *losses]):
        return None
    best = min(range(len(values)), key=values.__getitem__)
    since = values[best + 1 :]
    if len(since) < 4:
        return None
    rise = min(since[-3:]) - values[best]
    spread = max(abs(values[0] - values[best]), 1e-12)
    noise = _mean([abs(after - before) for before, after in pairwise(values[-8:])])
    if rise < max(0.08 * abs(values[best]), 0.005 * spread, noise) or losses[-1] > 0.98 * losses[best]:
        return None
    epoch = back = curves.epochs[best].number
    if curves.epochs[max(best - 2, 0)].values != curves.epochs[-1].values:  # it was gone back to already
        back //= 2
    evidence = {
        "metric": curves.metric, "epoch": str(epoch), "back": str(back),
        "best": f"{curves.sign * values[best]:.4g}",
        "now": f"{curves.sign * values[-1]:.4g}", "before": f"{losses[best]:.4g}",
        "after": f"{losses[-1]:.4g}",
    }  # fmt: skip
    return Advice("parting", sentences.PARTING, evidence, "rewind", _A_THIRD, back_to=back)


def flat(curves: Curves) -> Advice | None:
    """The cost does not fall any more."""
    losses, window = curves.training(curves.recent), 5
    if len(losses) < window + 1 or not _all_finite(losses):
        return None
    before, after = losses[: len(losses) - window], losses[-window:]
    gain, level = min(before) - min(after), max(abs(min(before)), 1e-12)
    first = abs(curves.training(curves.epochs)[0])
    falls = all(later < earlier for earlier, later in pairwise(losses))  # slowly: it crawls
    if gain > 0.01 * level or level < 1e-3 * first or falls:
        return None
    evidence = {"epochs": str(window), "before": f"{min(before):.4g}", "after": f"{min(after):.4g}"}
    return Advice("flat", sentences.FLAT, evidence, "set", _A_THIRD)


def dead_units(curves: Curves) -> Advice | None:
    """Units that answer 0 to every row."""
    vitals = curves.epochs[-1].vitals
    if vitals is not None and len(vitals.gradients) > 1 and not any(vitals.gradients[:-1]):
        return Advice("dead units", sentences.NO_GRADIENT, {}, "rewind", _A_TENTH, back_to=0)
    if vitals is None or not vitals.dead:
        return None
    worst = max(range(len(vitals.dead)), key=vitals.dead.__getitem__)
    if vitals.dead[worst] < 0.4:
        return None
    evidence = {"share": f"{vitals.dead[worst]:.0%}", "layer": str(worst + 1)}
    return Advice("dead units", sentences.DEAD_UNITS, evidence, "rewind", _A_TENTH, back_to=0)


def gradients(curves: Curves) -> Advice | None:
    """Gradients that vanish or explode on their way down."""
    vitals = curves.epochs[-1].vitals
    if vitals is None or len(vitals.gradients) < 3:
        return None
    hidden = vitals.gradients[:-1]
    if not _all_finite(hidden) or min(hidden) <= 0:
        return None
    ratio = hidden[0] / hidden[-1]
    if 1e-3 < ratio < 1e3:
        return None
    text = sentences.VANISHING if ratio < 1 else sentences.EXPLODING
    return Advice("gradients", text, {"ratio": f"{ratio:.1g}"})


def unsettled(curves: Curves) -> Advice | None:
    """Batch norm's running averages still hold much of what they started at."""
    vitals, last = curves.epochs[-1].vitals, curves.epochs[-1]
    if vitals is None or vitals.settled > 0.9 or last.number < 1:
        return None
    evidence = {"settled": f"{vitals.settled:.0%}"}
    if "norm_momentum" not in last.values:
        return Advice("unsettled averages", sentences.UNSETTLED, evidence)
    return Advice("unsettled averages", sentences.UNSETTLED, evidence, "set", values={"norm_momentum": 0.9})


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
    evidence = {"left": str(planned - last.number), "planned": str(planned)}
    return Advice("ending", sentences.ENDING, evidence, "set", _A_THIRD)


def _was_lowered(curves: Curves) -> bool:
    """Whether the learning rate was higher before: it is not to be raised again."""
    rates = [one.values["learning_rate"] for one in curves.epochs if "learning_rate" in one.values]
    return bool(rates) and max(rates) > rates[-1]


def _is_past_its_best(curves: Curves) -> bool:
    """Whether the objective was best three epochs ago or earlier: what falls slowly is near its floor."""
    values = curves.objective(curves.epochs)
    return len(values) > 3 and min(values[:-3]) <= min(values[-3:])


def _updates(epoch: Epoch) -> float | None:
    """How large a step is beside the weights, in the middle of the layers."""
    updates = [] if epoch.vitals is None else sorted(epoch.vitals.updates)
    return updates[len(updates) // 2] if updates else None


def _all_finite(values: Iterable[float]) -> bool:
    return all(map(math.isfinite, values))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
