"""From promising points uphill, by the gradient, to the most promising ones near them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize

from sturgeon.search.model.encoding import Encoding
from sturgeon.space.scales import Floats

STARTS = 4
STEPS = 15
APART = 0.05

Uphill = Callable[[Floats], tuple[Floats, Floats]]


def ascend(uphill: Uphill, encoding: Encoding, ranked: Floats) -> Floats:
    """Go uphill from the first few points that lie apart, by a few steps of L-BFGS within the unit cube.

    Choices stay as they are, and so does what is inactive. An Integer moves as a Real would: it is up to the
    caller to round, and to drop what a constraint forbids.

    Args:
        uphill: Promise and its gradient, of points given in the model's columns.
        encoding: The space's.
        ranked: Points of the unit cube with NaN where inactive, the most promising first; at least one.

    Returns:
        Up to ``STARTS`` points of the unit cube.
    """
    points = ranked[_first_apart(ranked)]
    moves = ~np.isnan(points) & ~encoding.is_choice
    columns = encoding.columns(points)
    rows, coordinates = np.nonzero(moves)
    if not len(rows):
        return points
    places = rows, encoding.first_column[coordinates]

    def loss(values: Floats) -> tuple[float, Floats]:
        columns[places] = values
        promise, gradient = uphill(columns)
        return -float(promise.sum()), -gradient[places]

    found = minimize(
        loss,
        columns[places],
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, 1.0)] * len(rows),
        options={"maxiter": STEPS, "maxfun": 2 * STEPS},
    )
    points[moves] = found.x
    return points


def _first_apart(ranked: Floats) -> list[int]:
    """Choose the first points of which no two are close: they would end on the same hill."""
    near = np.nan_to_num(ranked[: 16 * STARTS], nan=-1.0)
    chosen = [0]
    for row in range(1, len(near)):
        if len(chosen) == STARTS:
            break
        if (np.abs(near[chosen] - near[row]).max(axis=1) > APART).all():
            chosen.append(row)
    return chosen
