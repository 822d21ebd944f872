"""Trials in Comet's own archives, written without a network."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from sturgeon.errors import InputError

SCRIPT = """
import sys
import sturgeon as st
from sturgeon.frameworks.comet import logger

log = logger("fish", mode="offline", folder=sys.argv[1])
with st.Study.create(":memory:", st.Space(kind=st.Choice(("carp", "eel"))), minimize="val_loss") as study:
    for trial in study.ask(2):
        study.report(trial, step=1, val_loss=0.25)
    study.tell(0, val_loss=0.125)
    study.fail(1, "no water")
    for trial in study.trials:
        log(study, trial)
"""


def test_each_trial_is_an_experiment_in_comets_archives(tmp_path):
    pytest.importorskip("comet_ml", reason="needs the extra comet")
    # It watches the process that it is imported in, so that is one of its own.
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, tmp_path],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "COMET_LOGGING_CONSOLE": "error"},
    )
    assert done.returncode == 0, done.stderr
    found = [read(archive) for archive in tmp_path.glob("*.zip")]
    assert len(found) == 2
    assert {words for text in found for words in ("trial 0", "trial 1") if words in text} == {
        "trial 0",
        "trial 1",
    }
    assert all("val_loss" in text and "fish" in text for text in found)
    assert sum("no water" in text for text in found) == 1


def read(archive: Path) -> str:
    with zipfile.ZipFile(archive) as files:
        texts = [files.read(name).decode() for name in ("experiment.json", "messages.json")]
    assert all(json.loads(line) for text in texts for line in text.splitlines())
    return "\n".join(texts)


def test_a_mode_that_is_none_is_refused():
    from sturgeon.frameworks.comet import logger

    with pytest.raises(InputError, match="got 'later'"):
        logger(mode="later")  # pyright: ignore[reportArgumentType]
