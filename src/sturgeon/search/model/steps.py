"""Curves as evidence: what trials had at the steps where others were halted says where to look as well."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sturgeon.search.model.evidence import Seen
from sturgeon.search.record import Observation
from sturgeon.space.scales import Floats

MOST_STEPS = 4
FINISHED = ("complete", "failed")


def unroll(trials: Sequence[Observation], seen: Seen) -> tuple[Seen, Floats]:
    """Turn each trial's curve into evidence of its own at a few steps.

    Steps are those at which most unfinished trials stand, and the end. From step to step values are moved by
    the median change of the trials that have both, so that a training's usual descent is out of them. What
    remains, how well a value at a step foretells the end, is for the model to learn: the distance to the end
    becomes one more column of it, in logarithms of steps.

    Source: Kandasamy et al., Multi-fidelity Bayesian optimisation with continuous approximations (2017):
    one process over configurations and fidelities.

    Args:
        trials: All trials of a record.
        seen: What they say, a row each.

    Returns:
        The same with a row for each trial and step, and for each row log(step / end): 0 at the end. Unchanged
        where every trial that says something was trained to its end.
    """
    steps = _steps(trials)
    if not steps:
        return seen, np.zeros(len(seen.values))
    curves = [{step: value for step, value in trial.curve if math.isfinite(value)} for trial in trials]
    moves = _moves(curves, steps)
    end = steps[-1]
    rows: list[int] = []
    values: list[float] = []
    before: list[float] = []
    for row, known in zip(seen.rows, seen.values, strict=True):
        trial, curve = trials[row], curves[row]
        is_whole = trial.state in FINISHED or not trial.curve or not math.isfinite(known)
        there = [step for step in steps if step in curve and not (is_whole and step == end)]
        rows += [row] * (len(there) + is_whole)
        values += [curve[step] + moves[step] for step in there] + [known] * is_whole
        before += [math.log(step / end) for step in there] + [0.0] * is_whole
    place = {int(row): position for position, row in enumerate(seen.rows)}
    silent = [place[row] for row in sorted(set(place) - set(rows))]
    unrolled = replace(
        seen,
        unit=seen.unit[[place[int(row)] for row in rows]],
        values=np.array(values),
        errors=np.zeros(len(rows)),
        pending=np.vstack([seen.pending, seen.unit[silent]]),
        rows=np.array(rows, dtype=np.intp),
    )
    return unrolled, np.array(before)


def _steps(trials: Sequence[Observation]) -> list[int]:
    """Give the steps that count, upwards, the end last; none where nothing is unfinished."""
    halted = Counter(trial.curve[-1][0] for trial in trials if trial.curve and trial.state not in FINISHED)
    whole = [trial.curve[-1][0] for trial in trials if trial.curve and trial.state == "complete"]
    # Without a whole training the farthest step stands for the end.
    end = max(whole or halted, default=0)
    often = sorted(halted.items(), key=lambda item: (-item[1], -item[0]))[:MOST_STEPS]
    return sorted({step for step, _ in often if 0 < step < end} | {end}) if halted and end > 0 else []


def _moves(curves: Sequence[dict[int, float]], steps: Sequence[int]) -> dict[int, float]:
    """Give for each step by how much a value there usually changes until the end."""
    moves = {steps[-1]: 0.0}
    for step, later in zip(steps[-2::-1], steps[:0:-1], strict=True):
        changes = [curve[later] - curve[step] for curve in curves if step in curve and later in curve]
        moves[step] = moves[later] + (float(np.median(changes)) if changes else 0.0)
    return moves
