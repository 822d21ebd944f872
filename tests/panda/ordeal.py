"""Tended runs that are killed in the midst of a command, and what must hold afterwards.

Run as a program: ``python ordeal.py change|checkpoint|rewind --kills 30``; the tests run it with small
counts, ``benchmarks/panda.py kills`` with large ones. The process that trains is forked from this one, which
has everything imported, so that a kill costs milliseconds.

Half of the kills come right before one of the writes of the command, or of the steps after it: a statement of
the database, or a file that is opened, renamed or removed. The others come at any moment within milliseconds.

What is checked: the run is resumed and ends; every checkpoint that the journal calls kept is as it was
written, and nothing else lies beside them; every command has one outcome, and what that says is so; and the
curve is to the bit that of a network trained afresh by what the journal says.
"""

import argparse
import itertools
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
from sqlalchemy import event
from sqlalchemy.engine import Engine

import sturgeon as st
from sturgeon.data import prepare
from sturgeon.panda.beginning import tend
from sturgeon.panda.commands import give
from sturgeon.panda.executor import CommandExecutor
from sturgeon.panda.kept.checkpoint_files import CheckpointFiles
from sturgeon.panda.kept.schedule import schedule_of
from sturgeon.panda.opening import RunOptions
from sturgeon.panda.table.network import NetworkTraining
from sturgeon.panda.table.table_space import tended_space

EPOCHS, AT = 6, 3  # in all, and after which the command is given
# After so many writes, or seconds, at most a kill comes.
WITHIN = {"change": (14, 0.008), "checkpoint": (40, 0.03), "rewind": (80, 0.05)}
COMMANDS = {
    "change": ("set", {"values": {"learning_rate": 0.003}, "why": "it swings"}),
    "checkpoint": ("checkpoint", {}),
    "rewind": ("rewind", {"checkpoint": 1, "values": {"learning_rate": 0.004}}),
}
CONFIG = {**tended_space().default(), "hidden_units": 8, "layers": 2, "batch_size": 32, "learning_rate": 0.01}


def data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(301, 4))
    return prepare((x, np.where(x[:, 0] > 0, "a", "b")), seed=0, folds=1)


def network(dataset, values=CONFIG):
    return NetworkTraining(dataset, values, seed=3, epochs=EPOCHS, metric="val_loss")


def train(dataset, folder, *, resume, on_epoch=lambda run: None):
    """Train the built-in network to the end, as ``sturgeon panda`` does."""
    training = network(dataset)
    run = tend(folder / "run.study", training, tended_space(values=CONFIG), RunOptions(resume=resume))
    with run:
        run.at, run.between_epochs = training.at, training.between_epochs
        while True:
            run.poll()
            if run.between_epochs and run.at.epoch >= EPOCHS:
                return
            run.between_epochs = False
            metrics = training.step()
            if metrics is None:
                run.at = training.at
            else:
                run.end_epoch(metrics, training.at)
                on_epoch(run)


def victim(dataset, folder, action, at_write, armed):
    """The process that is killed: by itself before its n-th write, or by whoever reads that it is armed."""
    writes = 0
    usual = CommandExecutor.execute

    def count(*_):
        nonlocal writes
        if at_write and writes and threading.current_thread() is threading.main_thread():
            if writes == at_write:
                os.kill(os.getpid(), signal.SIGKILL)
            writes += 1

    def execute(self, command):
        nonlocal writes
        writes = 1
        os.write(armed, b"!")
        usual(self, command)

    CommandExecutor.execute = execute
    event.listen(Engine, "before_cursor_execute", count)
    event.listen(Engine, "commit", count)
    sys.addaudithook(lambda name, _: count() if name in ("open", "os.rename", "os.remove") else None)
    name, body = COMMANDS[action]

    def ask(run):
        if run.at.epoch == AT and not writes:
            give(run.record.study, name, author="Lan", **body)
            run.poll_now()

    train(dataset, folder, resume=False, on_epoch=ask)
    os.write(armed, b".")


def kill_one(dataset, folder, action, number, rng):
    """Kill a run in the midst of a command; tells whether it was killed, and not done before."""
    readable, armed = os.pipe()
    at_write = rng.randint(1, WITHIN[action][0]) if number % 2 == 0 else 0
    child = os.fork()
    if child == 0:
        try:
            victim(dataset, folder, action, at_write, armed)
        finally:
            os._exit(1)
    os.close(armed)
    os.read(readable, 1)
    if not at_write:
        time.sleep(rng.uniform(0, WITHIN[action][1]))
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    os.close(readable)
    return os.WIFSIGNALED(status)


def check(dataset, folder, action, found):
    """What must hold after a kill."""
    with st.Panda.attach(folder / "run.study") as tended:
        state, tree = tended.state(), tended.tree()
    assert state.state in ("gone", "ended"), state
    answered = any(entry.kind == "outcome" for entry in tree.entries)
    found["told before the kill" if answered else "killed in the midst"] += 1
    train(dataset, folder, resume=True)
    with st.Panda.attach(folder / "run.study") as tended:
        tree = tended.tree()
        plan = schedule_of(tended.study, tree, tree.current)
    files = CheckpointFiles(folder / "run.study.checkpoints")
    kept = [one for one in tree.checkpoints.values() if one.kept]
    assert {files.verified(one).name for one in kept} == {path.name for path in files.folder.iterdir()}
    (command,) = [entry for entry in tree.entries if entry.kind == "command"]
    (outcome,) = [entry.body for entry in tree.entries if entry.kind == "outcome"]
    done = outcome["done"]
    found["done" if done else "not done"] += 1
    assert outcome["command"] == command.id
    assert (
        done
        == {
            "change": bool(tree.changes),
            "checkpoint": any(one.why == "asked" for one in tree.checkpoints.values()),
            "rewind": any(one.parent == 0 and one.checkpoint == 1 for one in tree.path(tree.current)),
        }[action]
    )
    assert afresh(dataset, plan) == plan.curves["val_loss"]


def afresh(dataset, plan):
    """The curve of a network that is trained by a schedule and nothing else."""
    training, due, curve = network(dataset, plan.values), list(plan.changes), []
    while training.at.epoch < plan.epochs:
        while due and due[0][0] <= training.at:
            training.apply(due.pop(0)[1])
        metrics = training.step()
        if metrics is not None:
            curve.append((training.at.epoch, metrics["val_loss"]))
    return curve


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("action", choices=list(COMMANDS))
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rng, dataset, found = random.Random(given.seed), data(), Counter()
    for number in itertools.count():
        if found["kills"] == given.kills:
            break
        with tempfile.TemporaryDirectory() as name:
            if kill_one(dataset, Path(name), given.action, number, rng):  # and not done before
                found["kills"] += 1
                check(dataset, Path(name), given.action, found)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
