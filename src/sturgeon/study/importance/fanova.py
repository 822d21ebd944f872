"""fANOVA: how much of the variance over the whole space each hyperparameter explains by itself.

The variance of a function over a product space is the sum of the variances of its main effects and of its
interactions. A main effect is the mean over all other hyperparameters, as a function of one.

Source: Hutter, Hoos, Leyton-Brown, An efficient approach for assessing hyperparameter importance, ICML 2014.
"""

from __future__ import annotations

import numpy as np

from sturgeon.space.scales import Floats
from sturgeon.study.importance.ped_anova import Column


def main_effect(column: Column, predicted: Floats) -> float:
    """The variance of a hyperparameter's main effect.

    Args:
        column: The hyperparameter at points spread evenly over the space, active at all of them.
        predicted: The values there.

    Returns:
        ``Σ p_cell (mean of the cell - mean)²``, less what as many points in random cells would give.
    """
    counts = np.bincount(column.cells, minlength=column.count)
    filled = counts > 0
    means = np.bincount(column.cells, predicted, column.count)[filled] / counts[filled]
    found = float(counts[filled] @ (means - predicted.mean()) ** 2) / len(predicted)
    by_chance = float(predicted.var()) * (int(filled.sum()) - 1) / len(predicted)
    return max(0.0, found - by_chance)
