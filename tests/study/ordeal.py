"""Studies whose workers are killed, and what must hold afterwards.

Run as a program: ``python ordeal.py kill|crowd|resume …``; the tests run it with small counts and
the benchmark ``chaos.py`` with large ones. Workers are forked from this process, which has everything
imported and no thread, so that a kill costs milliseconds.

Each worker writes a line to its log after each acknowledgement; a log survives the worker, and what it says
must be found in the study.
"""

import argparse
import contextlib
import importlib.util
import json
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from sturgeon.errors import SpaceExhausted, StudyError
from sturgeon.search import Random, Search
from sturgeon.space import Integer, Real, Space, config_key
from sturgeon.study import Leases, Study

STEPS = 5
LEASES = Leases(seconds=5.0, attempts=10_000)


@dataclass(frozen=True)
class Follower(Search):
    """Steps from the best trial so far, by an amount that depends on every value and curve."""

    name = "follower"

    def suggest(self, space, record, count, rng):
        scores = [o.value + sum(value for _, value in o.curve) for o in record if o.value is not None]
        best = min((o for o in record if o.value is not None), key=lambda o: o.value, default=None)
        start = 0.5 if best is None else best.config["x"]
        shift = (sum(scores) % 1.0) * 0.1
        return [{"x": float((start + shift + 0.2 * rng.standard_normal()) % 1.0)} for _ in range(count)]


def loss_of(config, step):
    """Stand in for a training: a value that depends on configuration and step only."""
    return round(sum(float(value) for value in config.values()) / (1 + step), 9)


class Log:
    """Lines that survive the process that wrote them."""

    def __init__(self, path):
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def write(self, *words):
        os.write(self._file, (json.dumps(words) + "\n").encode())


def open_study(where, search=None):
    """Open a study; a server that is just down is waited for, since opening does not wait."""
    deadline = time.monotonic() + 300
    while True:
        try:
            return Study.open(where, leases=LEASES, search=search)
        except StudyError as error:
            if "could not be reached" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def work(where, log, *, until=None, least=0, pace=0.0, search=None):
    """Ask, report and tell until nothing is left, or the time is over and so many trials were told."""
    dice, told = random.Random(os.getpid()), 0
    with open_study(where, search) as study:
        while until is None or told < least or time.monotonic() < until:
            try:
                (trial,) = study.ask()
            except SpaceExhausted:
                counts = study.counts()
                if counts["running"] + counts["paused"] + counts["waiting"] == 0:
                    return
                time.sleep(0.01)
                continue
            log.write("ask", trial.number, trial.attempt)
            first = 1 if trial.resume_from is None else int(trial.resume_from) + 1
            for step in range(first, STEPS + 1):
                if pace:
                    time.sleep(dice.random() * pace)
                study.report(trial, step=step, loss=loss_of(trial.config, step))
                log.write("report", trial.number, step, loss_of(trial.config, step))
                if step == 3:
                    study.checkpoint(trial, str(step), step=step)
                    log.write("checkpoint", trial.number, step)
            value = loss_of(trial.config, STEPS)
            study.tell(trial, loss=value)
            told += 1
            log.write("tell", trial.number, value)


def spawn(task, log_path):
    """Fork a worker; a worker that fails says so in its log."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        log = Log(log_path)
        try:
            task(log)
            code = 0
        except BaseException:  # any error of the child is told to its parent
            log.write("error", traceback.format_exc())
    finally:
        os._exit(code)


def kill(child):
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def ended(child):
    return os.waitpid(child, os.WNOHANG)[0] == child


def check(where, logs, *, finished=True):
    """Hold what the study says against what the workers were told; give how much that was."""
    lines = [json.loads(line) for log in logs for line in log.read_text().splitlines() if line.endswith("]")]
    errors = [line[1] for line in lines if line[0] == "error"]
    assert not errors, errors[0]
    with Study.open(where) as study:
        trials = study.trials
        best = study.best
    assert [trial.number for trial in trials] == list(range(len(trials))), "numbers are 0, 1, 2, …"
    assert len({config_key(trial.config) for trial in trials}) == len(trials), "no configuration twice"
    curves = [dict(trial.curves.get("loss", [])) for trial in trials]
    told = [line for line in lines if line[0] == "tell"]
    assert len({line[1] for line in told}) == len(told), "no trial told twice"
    for line in lines:
        if line[0] == "report":
            assert curves[line[1]][line[2]] == line[3], f"lost report {line}"
        if line[0] == "tell":
            assert trials[line[1]].value == line[2], f"lost value {line}"
        if line[0] == "checkpoint":
            assert trials[line[1]].checkpoint == str(line[2]), f"lost checkpoint {line}"
    if finished:
        assert all(trial.state == "complete" for trial in trials), "every trial is complete"
        assert best.value == min(trial.value for trial in trials)
    if not str(where).startswith("postgresql"):
        with contextlib.closing(sqlite3.connect(where)) as file:
            assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    return {"trials": len(trials), "acknowledged": sum(line[0] in ("report", "tell") for line in lines)}


def suffer(folder, new_place, *, kills, trials=60, server=None, seed=0):
    """Kill workers, two a study, at random moments until they have been killed that often in all."""
    dice = random.Random(seed)
    space = Space(a=Integer(1, trials))
    total = {"kills": 0, "server_kills": 0, "studies": 0, "trials": 0, "acknowledged": 0}
    while total["kills"] < kills:
        where = new_place(total["studies"])
        Study.create(where, space, minimize="loss", search=Random(), seed=total["studies"]).close()
        logs = []
        workers = {}

        def start(slot, where=where, logs=logs, workers=workers):
            log = folder / f"log-{total['studies']}-{len(logs)}"
            log.touch()
            logs.append(log)
            workers[slot] = spawn(lambda log: work(where, log, pace=0.004), log)

        for slot in range(2):
            start(slot)
        while workers:
            time.sleep(dice.random() * 0.1)
            for slot in [slot for slot, child in workers.items() if ended(child)]:
                del workers[slot]
            victims = [slot for slot in workers if dice.random() < 0.6]
            for slot in victims if total["kills"] < kills else []:
                kill(workers[slot])
                total["kills"] += 1
                start(slot)
            due = total["server_kills"] == 0 and total["kills"] >= kills // 2  # once at least
            if server is not None and (dice.random() < 0.2 or due) and total["kills"] < kills:
                server.kill()
                server.start()
                total["server_kills"] += 1
        found = check(where, logs)
        total["studies"] += 1
        total["trials"] += found["trials"]
        total["acknowledged"] += found["acknowledged"]
    return total


def crowd(folder, where, *, workers=8, seconds=60.0):
    """Have many processes ask and tell on one study at once, each at least two trials."""
    space = Space(x=Real(0.0, 1.0))
    Study.create(where, space, minimize="loss", search=Random()).close()
    until = time.monotonic() + seconds
    logs = [folder / f"crowd-{slot}" for slot in range(workers)]
    children = [spawn(lambda log: work(where, log, until=until, least=2), log) for log in logs]
    for child in children:
        os.waitpid(child, 0)
    return {"workers": workers, "seconds": seconds, **check(where, logs)}


def resume(folder, where, *, trials=40, seed=0):
    """Kill a study's one worker again and again; it must suggest what it would have suggested.

    However slow this process is, the worker is killed: halfway it waits for the first time that it is.
    """
    dice, kills = random.Random(seed), 0
    space = Space(x=Real(0.0, 1.0))

    def task(log):
        with Study.open(where, leases=LEASES, search=Follower()) as study:
            while sum(study.counts()[state] for state in ("complete", "failed")) < trials:
                (trial,) = study.ask()
                log.write("ask", trial.number)
                if kills == 0 and trial.number >= trials // 2:
                    signal.pause()
                for step in range(1, STEPS + 1):
                    time.sleep(dice.random() * 0.001)
                    study.report(trial, step=step, loss=loss_of(trial.config, step))
                study.tell(trial, loss=loss_of(trial.config, STEPS))

    Study.create(where, space, minimize="loss", search=Follower(), seed=seed).close()
    log = folder / "resume"
    log.touch()
    child = spawn(task, log)
    # Long enough for a start to get somewhere: a server takes longer to answer, and so does a busy machine.
    start = 0.1 if str(where).startswith("postgresql") else 0.005
    while True:
        written = log.stat().st_size
        time.sleep(start + dice.random() * 0.05)
        if ended(child):
            break
        if log.stat().st_size == written:
            start *= 1.5
        kill(child)
        kills += 1
        child = spawn(task, log)
    check(where, [log])
    with Study.create(":memory:", space, minimize="loss", search=Follower(), seed=seed) as through:
        for _ in range(trials):
            (trial,) = through.ask()
            for step in range(1, STEPS + 1):
                through.report(trial, step=step, loss=loss_of(trial.config, step))
            through.tell(trial, loss=loss_of(trial.config, STEPS))
        wanted = [trial.config for trial in through.trials]
    with Study.open(where) as study:
        assert [trial.config for trial in study.trials] == wanted, "the same suggestions"
    return {"kills": kills, "trials": trials}


def start_server():
    """Start a PostgreSQL server of our own."""
    path = Path(__file__).parents[1] / "postgres_server.py"
    spec = importlib.util.spec_from_file_location("postgres_server", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    programs = module.find_programs()
    assert programs is not None, "PostgreSQL's server programs are not installed"
    return module.PostgresServer(programs)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ordeal", choices=["kill", "crowd", "resume"])
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    server = start_server() if given.postgres else None
    try:
        with tempfile.TemporaryDirectory(prefix="sturgeon-ordeal-") as name:
            folder = Path(name)

            def place(number):
                if server is not None:
                    return server.url(f"s{number}")
                return folder / f"s{number}.study"

            if given.ordeal == "kill":
                found = suffer(folder, place, kills=given.kills, server=server, seed=given.seed)
            elif given.ordeal == "crowd":
                found = crowd(folder, place(0), seconds=given.seconds)
            else:
                found = resume(folder, place(0), seed=given.seed)
    finally:
        if server is not None:
            server.remove()
    print(json.dumps(found))


if __name__ == "__main__":
    sys.exit(main())
