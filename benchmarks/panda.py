"""A tended training: how soon a change holds, what listening costs, how long a rewind and a branch take.

::

    python benchmarks/panda.py
    python benchmarks/panda.py --short     # a network of one million parameters, fewer rounds
    python benchmarks/panda.py kills       # kill -9 in the midst of commands, 30 times each

Printed, each with its bar:

* steps of the built-in network from where a change was accepted to the first with the new learning rate (1);
* seconds from a command until its outcome is there for whoever asked; 2 s for a rewind and for a branch of a
  network of ten million parameters;
* seconds from where a change was accepted until the page was told of it and has read it (1 s);
* the share of processor time that listening takes at steps of 1 ms, in a step and in the thread that reads
  commands (1 %);
* whether a replay gives the same curves to the bit.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import httpx
import numpy as np

import sturgeon as st
from sturgeon.data import Dataset, prepare
from sturgeon.network.settings import TrainingSettings
from sturgeon.panda.beginning import tend
from sturgeon.panda.commands import give
from sturgeon.panda.kept.schedule import schedule_of
from sturgeon.panda.kept.tree import Change
from sturgeon.panda.opening import RunOptions
from sturgeon.panda.page.app import panda_app
from sturgeon.panda.run import Run
from sturgeon.panda.table.network import NetworkTraining
from sturgeon.panda.table.table import PandaJob, tend_table
from sturgeon.panda.table.table_space import tended_space
from sturgeon.server.running import listen, running

ORDEAL = Path(__file__).parents[1] / "tests" / "panda" / "ordeal.py"


def made_table(rows: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 20))
    return x, np.where(x[:, 0] + x[:, 1] ** 2 > 1, "yes", "no")


class WatchedNetwork(NetworkTraining):
    """The built-in network, with a look at what its compiled steps are given."""

    @property
    def rate(self) -> float:
        """The learning rate of the next step."""
        return TrainingSettings.of(self._job.config).learning_rate


def network(dataset: Dataset, units: int) -> WatchedNetwork:
    config = {**tended_space().default(), "hidden_units": units}
    return WatchedNetwork(dataset, config, seed=1, epochs=30, metric="val_loss")


def listening(folder: Path, rounds: int) -> float:
    """The share of processor time that listening takes at steps of 1 ms: a step, and the thread that reads.

    They are measured apart from a training, whose own steps differ by more than 1 %; the median over rounds.
    """
    shares, steps = [], 10_000
    with st.panda(folder / "listen.study", minimize="loss", learning_rate=0.1) as run:
        for _ in range(rounds):
            began = time.thread_time()
            for _ in range(steps):
                run.step()
            each = (time.thread_time() - began) / steps
            began, looked = time.process_time(), time.perf_counter()
            time.sleep(1)  # the thread that listens
            shares.append(each / 1e-3 + (time.process_time() - began) / (time.perf_counter() - looked))
        run.report(loss=1.0)
    return median(shares)


def shown(folder: Path, rounds: int) -> list[float]:
    """Seconds from where a change was accepted until the page has been told, and has read it."""
    stop, found = threading.Event(), []

    def train() -> None:
        with st.panda(folder / "shown.study", minimize="loss", learning_rate=0.1) as run:
            begun.set()
            while not stop.wait(1e-3):
                run.step()
            run.report(loss=1.0)

    begun = threading.Event()
    thread = threading.Thread(target=train)
    thread.start()
    begun.wait()
    bound, access = listen("127.0.0.1", 0, usual=0)
    with (
        st.Panda.attach(folder / "shown.study") as tended,
        running(panda_app(st.Panda.attach(folder / "shown.study"), access), bound),
        httpx.Client(base_url=f"http://127.0.0.1:{access.port}", trust_env=False, timeout=60) as client,
        client.stream("GET", "/api/events") as stream,
    ):
        lines = stream.iter_lines()
        for number in range(rounds):
            tended.set(learning_rate=0.01 * (number + 1))
            accepted = time.perf_counter()
            outcome = tended.tree().entries[-1].id
            while (
                json.loads(next(line for line in lines if line.startswith("data: "))[6:])["entry"] < outcome
            ):
                pass
            assert len(client.get("/api/tree").json()["changes"]) == number + 1
            found.append(time.perf_counter() - accepted)
    stop.set()
    thread.join()
    return found


def steering(folder: Path, dataset: Dataset, units: int, rounds: int) -> dict[str, list[float]]:
    """Seconds of each kind of command, and the steps until a change holds."""
    training, found = network(dataset, units), {"change": [], "rewind": [], "branch": [], "steps": []}
    run = tend(folder / "steer.study", training, tended_space(), RunOptions())
    taken: list[tuple[int, int, float]] = []  # by step: the branch, the steps before it, its learning rate

    def steer() -> None:
        with st.Panda.attach(folder / "steer.study") as tended:
            for number in range(rounds):
                for name, command in (
                    ("change", lambda number=number: tended.set(learning_rate=0.011 + 0.001 * number)),
                    ("branch", lambda: tended.branch(1, learning_rate=0.02)),
                    ("rewind", lambda: tended.rewind(1)),
                ):
                    began = time.perf_counter()
                    command()
                    found[name].append(time.perf_counter() - began)
            tended.stop()

    thread = threading.Thread(target=steer)
    thread.start()
    with run:
        while not run.stopped:
            run.poll()
            run.between_epochs = False
            taken.append((run.record.trial.number, training.at.step, training.rate))
            metrics = training.step()
            if metrics is None:
                run.at = training.at
            else:
                run.end_epoch(metrics, training.at)
        found["steps"] = [steps_until(change, taken) for change in run.tree().changes]
    thread.join()
    return found


def steps_until(change: Change, taken: Sequence[tuple[int, int, float]]) -> float:
    """Which step of its branch, counted from where a change was accepted, is the first that has it."""
    rates = [rate for trial, before, rate in taken if trial == change.trial and before >= change.at.step]
    new = change.new["learning_rate"]
    return rates.index(new) + 1 if new in rates else float("inf")


def replayed(folder: Path) -> str:
    """Whether a changed run is the same to the bit when it is replayed, and how many changes it had."""
    job = PandaJob(made_table(2000), "target", folder / "first", epochs=4)

    def change(run: Run, metrics: object) -> None:
        del metrics
        if run.at.epoch in (1, 2):
            give(run.record.study, "set", values={"learning_rate": 0.01 / run.at.epoch})
            run.poll_now()

    tend_table(job, on_epoch=change)
    with st.Panda.attach(folder / "first" / "panda.study") as tended:
        schedule = schedule_of(tended.study, tended.tree())
    again = PandaJob(made_table(2000), "target", folder / "again", replay=schedule)
    result = tend_table(again)
    return f"{bool(result.replay and result.replay['same'])}, with {len(schedule.changes)} changes"


def killed(action: str, kills: int) -> str:
    """What came of runs that were killed in the midst of a command."""
    command = [sys.executable, str(ORDEAL), action, "--kills", str(kills)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{action}: BROKEN\n{done.stderr}")
    counted = ", ".join(f"{name} {value}" for name, value in json.loads(done.stdout).items())
    return f"killed in the midst of a {action:<11} held   ({counted})"


def tell_listening(folder: Path, *, short: bool) -> None:
    """Print what listening costs, and how soon the page shows a change."""
    times = shown(folder, 3 if short else 9)
    print(f"  change shown on the page after {median(times):.2f} s, {max(times):.2f} s at most   (bar 1 s)")
    share = listening(folder, 3 if short else 9)
    print(f"listening at 1 ms a step           {share:.2%}   (bar 1 %)", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", nargs="?", choices=["kills", "listening"], help="this part alone")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--kills", type=int, default=30, help="of each kind")
    given = parser.parse_args()
    if given.part == "kills":
        for action in ("change", "checkpoint", "rewind"):
            print(killed(action, given.kills), flush=True)
        return
    if given.part == "listening":
        with tempfile.TemporaryDirectory() as name:
            tell_listening(Path(name), short=given.short)
        return
    units, rounds = (700, 2) if given.short else (2230, 5)
    dataset = prepare(made_table(2000), "target", seed=0, folds=1)
    weights = 20 * units + 2 * units * units
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = steering(folder, dataset, units, rounds)
        print(f"a network of {weights / 1e6:.1f} million weights, its moments beside it")
        print(f"  steps until a change holds       {max(found['steps']):g}        (bar 1)")
        for kind, bar in (("change", "none"), ("branch", "2 s"), ("rewind", "2 s")):
            times = found[kind]
            print(
                f"  {kind:<8} told after             {median(times):.2f} s, {max(times):.2f} s at most   "
                f"(bar {bar})"
            )
        tell_listening(folder, short=given.short)
        print(f"replay the same to the bit         {replayed(folder)}   (bar True)")


if __name__ == "__main__":
    main()
