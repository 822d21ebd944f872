"""What is killed in the midst of a study on a Ray cluster and PostgreSQL, and what is counted afterwards.

Run as a program it is the driver of a study: ``python chaos.py URL ADDRESS LOG``. It notes each trial that it
was told of, so that what was acknowledged can be looked for.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))  # as it is a program, too

import sturgeon as st
from cluster.nodes import add_node, ray_nodes

TRIALS, EPOCHS, SECONDS = 16, 10, 0.2
SILENCE = 20.0
ATTEMPTS = 50
PLACES = 2
"""Of each node."""


def drive(url: str, address: str, log: str) -> None:
    """Be the process that calls ``tune``."""

    def train(trial: Any) -> None:
        for epoch in trial.epochs(EPOCHS):
            time.sleep(SECONDS)
            trial.report(loss=trial.config["x"] / epoch)

    def note(study: Any, trial: Any) -> None:
        with Path(log).open("a") as file:
            file.write(f"{trial.number} {trial.state}\n")

    st.tune(
        train, st.Space(x=st.Real(0.0, 1.0)), minimize="loss", search=st.Random(), trials=TRIALS, study=url,
        resume=True, workers=st.Ray(address=address, workers=4), attempts=ATTEMPTS, callbacks=[note],
    )  # fmt: skip


class Ordeal:
    """A study on a cluster of two nodes, whose driver is started again whenever it ends too early.

    Args:
        database: The PostgreSQL server.
        nodes: The cluster.
        url: Of the study.
        folder: Takes the log.
    """

    def __init__(self, database: Any, nodes: Any, url: str, log: Path) -> None:
        self.database, self.nodes = database, nodes
        self.drivers = 0
        self._url, self._log = url, log
        self._process = self._begin()

    def wait_for(self, ended: int) -> None:
        """Wait until so many trials are known to have ended."""
        while len(self.logged) < ended:
            self.look()
            time.sleep(0.05)

    def look(self) -> bool:
        """Start the driver again if it ended too early; tell whether it is done."""
        code = self._process.poll()
        if code is None:
            return False
        if code == 0:
            return True
        if self.drivers > 10:
            sys.exit(f"The driver ended with {code} again and again.")
        self._process = self._begin()
        return False

    def kill_driver(self) -> None:
        """Kill it as a power cut would."""
        self._process.kill()
        self._process.wait()

    @property
    def logged(self) -> list[str]:
        """A line for each trial that the driver was told of."""
        return self._log.read_text().splitlines() if self._log.exists() else []

    def end(self) -> str:
        """Wait until the study is done; say what it took, and end the program where a promise was broken."""
        while not self.look():
            time.sleep(0.1)
        with st.Study.open(self._url) as study:
            states = {one.number: one.state for one in study.trials}
            completed = [
                sum(attempt.outcome == "complete" for attempt in study.attempts(number)) for number in states
            ]
            attempts = sum(len(study.attempts(number)) for number in states)
        lost = [line for line in self.logged if states[int(line.split()[0])] != line.split()[1]]
        twice = [number for number, times in Counter(self.logged).items() if times > 1]
        if lost or twice or max(completed) > 1 or list(states.values()) != ["complete"] * TRIALS:
            sys.exit(f"BROKEN: lost {lost}, told twice {twice}, completed {completed}, states {states}")
        return f"held ({TRIALS} trials, {attempts} attempts, {self.drivers} drivers)"

    def _begin(self) -> subprocess.Popen[bytes]:
        self.drivers += 1
        words = [sys.executable, "-W", "ignore", __file__, self._url, self.nodes.address, str(self._log)]
        return subprocess.Popen(words, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def kill_a_node(ordeal: Ordeal) -> None:
    """Kill all processes of a node, and have another one come."""
    ordeal.nodes.remove_node(ordeal.nodes.worker_nodes.copy().pop(), allow_graceful=False)
    add_node(ordeal.nodes, PLACES)


def kill_the_driver(ordeal: Ordeal) -> None:
    """Kill the process that calls ``tune``; it is started again."""
    ordeal.kill_driver()


def restart_the_server(ordeal: Ordeal) -> None:
    """Kill the database as a power cut would, and start it again after a second."""
    ordeal.database.kill()
    time.sleep(1.0)
    ordeal.database.start()


def cut_a_node_off(ordeal: Ordeal) -> None:
    """Have a node, with all that runs there, say nothing for a while, as where its network is cut."""
    node = ordeal.nodes.worker_nodes.copy().pop()
    raylet = psutil.Process(node.all_processes["raylet"][0].process.pid)
    family = [raylet, *raylet.children(recursive=True)]
    for one in family:
        _tell(one, signal.SIGSTOP)
    time.sleep(SILENCE)
    for one in family:
        _tell(one, signal.SIGCONT)


def undergo(hurt: Callable[[Ordeal], None], database: Any, seed: int, folder: Path) -> str:
    """Hurt a study in its midst, wait until it is done, and say what it took."""
    url = database.url(f"chaos-{hurt.__name__}-{seed}-{os.getpid()}")
    st.Study.create(
        url, st.Space(x=st.Real(0.0, 1.0)), minimize="loss", search=st.Random(), seed=seed,
        leases=st.Leases(seconds=10.0, attempts=ATTEMPTS),
    ).close()  # fmt: skip
    draws = random.Random(seed)
    with ray_nodes(PLACES, PLACES) as nodes:
        ordeal = Ordeal(database, nodes, url, folder / f"{hurt.__name__}-{seed}")
        ordeal.wait_for(draws.randint(2, TRIALS // 2))
        time.sleep(draws.uniform(0, EPOCHS * SECONDS))
        hurt(ordeal)
        return ordeal.end()


def _tell(process: psutil.Process, number: int) -> None:
    with suppress(psutil.NoSuchProcess):
        process.send_signal(number)


HURTS = {"node": kill_a_node, "driver": kill_the_driver, "server": restart_the_server, "cut": cut_a_node_off}


if __name__ == "__main__":
    drive(*sys.argv[1:])
