"""A copy of another trial has that one's weights, and the settings of its own configuration."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "scripts" / "copied_trials.py"


@pytest.mark.parametrize(
    ("framework", "decay"), [("torch", 0.5), ("lightning", 0.5), ("keras", 1.0), ("paddle", 0.5)]
)
def test_a_copy_trains_at_its_own_rate_and_goes_on_with_the_schedule(framework, decay):
    if importlib.util.find_spec(framework) is None:
        pytest.skip(f"needs the extra {framework}")
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    done = subprocess.run(
        [sys.executable, SCRIPT, framework], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    trials = json.loads(done.stdout.splitlines()[-1])
    copies = [one for one in trials if one["step"]]
    assert copies
    for one in trials:
        assert one["error"] is None
        trained = [(step, rate) for step, rate in one["rates"] if step > one["step"]]
        assert trained
        for step, rate in trained:
            assert rate == pytest.approx(one["config"] * decay ** (step - 1), rel=1e-5)
