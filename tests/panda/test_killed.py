"""A run that is killed in the midst of a command goes on at a consistent point, and its journal is true."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ORDEAL = Path(__file__).parent / "ordeal.py"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills what it forked")
@pytest.mark.parametrize("action", ["change", "checkpoint", "rewind"])
def test_a_kill_in_the_midst_loses_and_invents_nothing(action):
    command = [sys.executable, str(ORDEAL), action, "--kills", "3", "--seed", "5"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-2000:]
    found = json.loads(ran.stdout)
    assert found["kills"] == 3
    assert found.get("done", 0) + found.get("not done", 0) == 3
