"""JAX is loaded only where it trains, or where there may be a GPU."""

import os
import subprocess
import sys

import pytest

from sturgeon.network.native.library import load_library

TRAIN = """
import sys
import numpy as np
from sturgeon.caviar.backends.device_choice import table_backend
from sturgeon.caviar.lanes.backend import TrainingJob
from sturgeon.caviar.lanes.devices import may_have_gpu
from sturgeon.caviar.lanes.lane_batch import LaneBatch
from sturgeon.data import prepare
from sturgeon.space import notes_space

space, x = notes_space(), np.random.default_rng(0).normal(size=(60, 3))
backend = table_backend(prepare((x, x[:, 0])), space, 1)
lane = LaneBatch(backend.program(backend.block_of(space.default()), backend.devices[0], 1), 1)
lane.start(0, TrainingJob(0, 0, space.default()))
lane.advance()
lane.checkpoint(0)
print(may_have_gpu(), "jax" in sys.modules)
"""
ASK = "from sturgeon.caviar.lanes.devices import may_have_gpu; print(may_have_gpu())"


def printed(code, **environment):
    given = {name: value for name, value in os.environ.items() if not name.startswith(("JAX_", "PJRT_"))}
    ran = subprocess.run(
        [sys.executable, "-c", code], env=given | environment, capture_output=True, text=True, check=True
    )
    return ran.stdout.split()


def test_the_library_trains_without_jax():
    if load_library() is None:
        pytest.skip("the package was built without a C compiler")
    assert printed(TRAIN, JAX_PLATFORMS="cpu") == ["False", "False"]


def test_there_may_be_a_gpu_where_jax_was_told_of_one_or_has_a_plugin(tmp_path):
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    assert printed(ASK, JAX_PLATFORMS="cuda,cpu") == ["True"]
    (tmp_path / "jax_plugins" / "some_gpu").mkdir(parents=True)
    assert printed(ASK, PYTHONPATH=path) == ["True"]
    assert printed(ASK, PYTHONPATH=path, JAX_PLATFORMS="cpu") == ["False"]
    told = 'import jax; jax.config.update("jax_platforms", "cpu"); '
    assert printed(told + ASK, PYTHONPATH=path) == ["False"]
