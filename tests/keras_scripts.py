"""Programs that use Keras, each in a process of its own: a process has one backend for good."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parent / "frameworks" / "scripts"
needs_keras = pytest.mark.skipif(importlib.util.find_spec("keras") is None, reason="Keras is not installed")


def run(arguments, folder, backend="tensorflow"):
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def run_script(name, folder, backend="tensorflow"):
    ran = run([SCRIPTS / name], folder, backend)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip().endswith("all is well")
    return ran
