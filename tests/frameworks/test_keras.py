"""Keras on JAX and on TensorFlow; a process has one backend for good, so each has its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parent / "scripts"


@pytest.mark.parametrize("backend", ["jax", "tensorflow"])
def test_keras_models_train_in_lanes_and_come_back(backend, tmp_path):
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    ran = subprocess.run(
        [sys.executable, SCRIPTS / f"keras_on_{backend}.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip().endswith("all is well")
    if backend == "tensorflow":
        assert "has a train_step of its own" in ran.stderr
