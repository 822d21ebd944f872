"""Small data sets and members to train."""

import numpy as np
import pytest

from sturgeon.data import prepare


@pytest.fixture(scope="session")
def regression():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(260, 5))
    return prepare((x, x[:, 0] * 2 + np.sin(3 * x[:, 1]) + 0.1 * rng.normal(size=260)), seed=1)


@pytest.fixture(scope="session")
def classification():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4))
    labels = np.array(["low", "middle", "high"])[np.digitize(x[:, 0] + x[:, 1] ** 2, [0.3, 1.5])]
    return prepare((x, labels), seed=1)
