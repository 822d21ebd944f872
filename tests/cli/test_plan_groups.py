"""``sturgeon plan --group-column``: the plan is for the table as ``tune`` would take it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sturgeon.cli.main import main


def _write(path):
    numbers = np.random.default_rng(0).normal(size=(120, 2))
    frame = pd.DataFrame({"a": numbers[:, 0], "y": numbers[:, 1], "river basin": np.arange(120) // 6})
    frame.to_csv(path, index=False)


def test_a_plan_keeps_groups_together_and_passes_the_column_on(tmp_path, capsys):
    _write(tmp_path / "t.csv")
    words = ["plan", str(tmp_path / "t.csv"), "--target", "y", "--budget", "4s", "--epochs", "2"]
    assert main([*words, "--group-column", "river basin"]) == 0
    assert "--group-column 'river basin'" in capsys.readouterr().out


def test_a_plan_for_groups_that_are_no_column_says_so(tmp_path, capsys):
    _write(tmp_path / "t.csv")
    words = ["plan", str(tmp_path / "t.csv"), "--target", "y", "--budget", "20s"]
    assert main([*words, "--group-column", "lake"]) == 2
    assert "lake" in capsys.readouterr().err
