"""Trials in W&B's own files, written without a network."""

import pytest

from sturgeon.space import Choice, Space
from sturgeon.study import Study


def test_each_trial_is_a_run_in_wandbs_files(tmp_path, monkeypatch):
    pytest.importorskip("wandb", reason="needs the extra wandb")
    from sturgeon.frameworks.wandb import logger

    monkeypatch.setenv("WANDB_SILENT", "true")
    log = logger("fish", mode="offline", folder=tmp_path)
    with Study.create(":memory:", Space(kind=Choice(("carp", "eel"))), minimize="val_loss", seed=0) as study:
        for trial in study.ask(2):
            study.report(trial, step=1, val_loss=0.25)
        study.tell(0, val_loss=0.125)
        study.fail(1, "no water")
        for trial in study.trials:
            log(study, trial)
    files = sorted(tmp_path.glob("wandb/offline-run-*/*.wandb"))
    contents = [file.read_bytes() for file in files]
    assert len(contents) == 2
    assert all(b"val_loss" in each and b"fish" in each for each in contents)
    assert sum(b"no water" in each for each in contents) == 1
    assert {name for name in (b"trial 0", b"trial 1") if any(name in each for each in contents)} == {
        b"trial 0",
        b"trial 1",
    }
