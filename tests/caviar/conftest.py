"""Small data sets and jobs to train."""

import os

import jax
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


@pytest.fixture(scope="module")
def as_users_compile():
    """From here to the end of the file, programs are compiled as they are outside of tests, with all care."""
    jax.config.update("jax_disable_most_optimizations", False)
    before = os.environ.pop("JAX_DISABLE_MOST_OPTIMIZATIONS", None)
    yield
    if before is not None:
        os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] = before
        jax.config.update("jax_disable_most_optimizations", True)
