"""Ctrl-C keeps everything: exit code 130, and the resumed study ends as one that ran through.

That it ends alike holds where neither search nor stopping looks at results: what an interrupted run has seen
when it suggests the next trial differs.
"""

import contextlib
import io
import json
import signal
import subprocess
import sys
import time

import pytest

from sturgeon.cli.main import main
from sturgeon.errors import StudyError
from sturgeon.study import Study

TRIALS, EPOCHS = 6, 100


def arguments_of_tune(table, out, *more):
    return [
        "tune", str(table), "--target", "kind", "--out", str(out),
        "--trials", str(TRIALS), "--epochs", str(EPOCHS), "--fix", "batch_size=16", "--fix", "layers=2",
        "--folds", "2", "--search", "random", "--stopping", "never", "--json", *more,
    ]  # fmt: skip


# However slow the one is that ends it, it does not end by itself: after some runs, training waits for a halt.
PROGRAM = """
import itertools
import sys
import threading
from sturgeon.__main__ import run
from sturgeon.caviar.backends.native import NativeProgram
from sturgeon.caviar.lanes.lanes import Lanes

halted, begun, train, halt = threading.Event(), itertools.count(), NativeProgram.run, Lanes.halt
most = int(sys.argv.pop(1))

def train_until_halted(self, *given):
    if next(begun) >= most:
        halted.wait()
    return train(self, *given)

def halt_and_tell(self, *given):
    dropped = halt(self, *given)
    halted.set()
    return dropped

NativeProgram.run, Lanes.halt = train_until_halted, halt_and_tell
run()
"""


def start(*arguments, already):
    """Start a run that trains so many epochs, which may be there already, and at most half a trial more."""
    most = 2 * (already + EPOCHS // 2)  # an epoch of each of two folds
    command = [sys.executable, "-c", PROGRAM, str(most), *arguments_of_tune(*arguments)]
    return subprocess.Popen(command, stdout=-1, stderr=-1, text=True)


PATIENCE = 300.0  # only ever waited for where something is broken


def wait_until(condition, process):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if condition():
            return
        if process.poll() is not None:
            pytest.fail(f"ended too soon: {process.communicate()}")
        time.sleep(0.02)
    process.kill()
    pytest.fail("it never came about")


def epochs_recorded(path):
    try:
        with Study.open(path) as study:
            return sum(len(trial.curves.get("val_loss", ())) for trial in study.trials)
    except StudyError:  # not made yet
        return 0


def finish(*arguments):
    """Run to the end, in this process."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert main(arguments_of_tune(*arguments)) == 0
    return json.loads(printed.getvalue())


@pytest.fixture(scope="module")
def whole(fish, tmp_path_factory):
    """What a run that nothing disturbs comes to."""
    folder = tmp_path_factory.mktemp("whole")
    fish.to_csv(folder / "fish.csv", index=False)
    return finish(folder / "fish.csv", folder / "out")


def test_a_signal_leaves_a_study_that_resumes_to_the_same_end(table, whole, tmp_path):
    out = tmp_path / "stopped"
    for number, resume in ((signal.SIGINT, []), (signal.SIGTERM, ["--resume"])):
        already = epochs_recorded(out / "tune.study")
        with start(table, out, *resume, already=already) as process:
            wait_until(lambda b=already: epochs_recorded(out / "tune.study") > b + EPOCHS // 3, process)
            process.send_signal(number)
            printed, said = process.communicate(timeout=PATIENCE)
        assert process.returncode == 130
        assert "--resume" in said
        assert "Traceback" not in said
        stopped = json.loads(printed)
        assert stopped["interrupted"] is True
        assert stopped["trials"]["running"] == 0
        assert stopped["trials"]["paused"] > 0
        assert json.loads((out / "result.json").read_text()) == stopped

    resumed = finish(table, out, "--resume")
    assert resumed["trials"]["complete"] == TRIALS
    for key in ("best", "test", "default_test", "epochs"):
        assert resumed[key] == whole[key]


def test_a_study_killed_again_and_again_resumes_to_the_same_end(table, whole, tmp_path):
    out = tmp_path / "killed"
    for kill in range(3):  # more often than a trial may be lost by default
        already = epochs_recorded(out / "tune.study")
        resume = ["--resume"] if kill else []
        with start(table, out, *resume, already=already) as process:
            wait_until(lambda b=already: epochs_recorded(out / "tune.study") > b + EPOCHS // 3, process)
            process.kill()
            process.communicate()
    resumed = finish(table, out, "--resume")
    assert resumed["trials"]["complete"] == TRIALS
    for key in ("best", "test", "default_test"):
        assert resumed[key] == whole[key]


def test_an_interrupt_while_the_commands_are_loaded_leaves_with_its_code():
    code = """
import os, signal, sys
class Interrupting:
    def find_spec(self, name, *_):
        if name == "click":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
from sturgeon.__main__ import run
run()
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (130, "sturgeon: interrupted.\n")
