"""Small data sets and jobs to train."""

import numpy as np
import pytest

from lane_runs import regression_table
from sturgeon.data import prepare


@pytest.fixture(scope="session")
def regression():
    return regression_table()


@pytest.fixture(scope="session")
def classification():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4))
    labels = np.array(["low", "middle", "high"])[np.digitize(x[:, 0] + x[:, 1] ** 2, [0.3, 1.5])]
    return prepare((x, labels), seed=1)
