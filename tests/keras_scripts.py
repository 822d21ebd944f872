"""Programs that use Keras, in processes of their own: a process has one backend for good."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from script_runs import LEAN_KERAS, run_scripts

QUIET = {"PYTHONPATH": LEAN_KERAS, "TF_CPP_MIN_LOG_LEVEL": "3"}
SCRIPTS = Path(__file__).parent / "frameworks" / "scripts"
needs_keras = pytest.mark.skipif(importlib.util.find_spec("keras") is None, reason="Keras is not installed")


def run(arguments, folder):
    """Run Python in a folder, with Keras on TensorFlow."""
    environment = {**os.environ, **QUIET, "KERAS_BACKEND": "tensorflow"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def run_keras_scripts(names, folder, backend="tensorflow"):
    """Run scripts of ours, or others by their paths, in one process with a backend."""
    paths = [SCRIPTS / name for name in names]
    return run_scripts(paths, folder, KERAS_BACKEND=backend, **QUIET)
