"""Small data sets and jobs to train."""

import os

import jax
import numpy as np
import pytest
from jax._src import compiler

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


get_compile_options = compiler.get_compile_options


def with_fusion_emitters(*arguments, env_options_overrides=None, **more):
    """XLA's usual code generator, which the tests turn off by a flag that is read once."""
    overrides = {**(env_options_overrides or {}), "xla_cpu_use_fusion_emitters": True}
    return get_compile_options(*arguments, env_options_overrides=overrides, **more)


@pytest.fixture(scope="module")
def as_users_compile():
    """From here to the end of the file, programs are compiled as they are outside of tests, with all care."""
    with pytest.MonkeyPatch.context() as patch:
        if "fusion_emitters" in os.environ.get("XLA_FLAGS", ""):
            patch.setattr(compiler, "get_compile_options", with_fusion_emitters)
        for name in ("JAX_DISABLE_MOST_OPTIMIZATIONS", "XLA_FLAGS"):  # for processes that are started
            patch.delenv(name, raising=False)
        quickly = jax.config.values["jax_disable_most_optimizations"]
        jax.config.update("jax_disable_most_optimizations", False)
        yield
        jax.config.update("jax_disable_most_optimizations", quickly)
