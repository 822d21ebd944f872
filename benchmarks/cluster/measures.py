"""What a study on PostgreSQL costs: one client alone, and sixteen processes at once."""

from __future__ import annotations

import multiprocessing
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))  # for its PostgreSQL server

import sturgeon as st
from cluster.simulation import Costs

SPACE = st.Space(x=st.Real(0.0, 1.0), y=st.Real(1e-4, 1.0, scale="log"))


@contextmanager
def server() -> Iterator[Any]:
    """A PostgreSQL server of its own."""
    import postgres_server

    made = postgres_server.shared_server()
    if made is None:
        sys.exit("PostgreSQL's server programs (initdb, postgres) are needed; see CONTRIBUTING.md.")
    yield made


def measure_record(url: str, rounds: int) -> dict[str, float]:
    """Seconds for each thing that one client does, medians."""
    took: dict[str, list[float]] = {"ask": [], "report": [], "tell": []}
    with st.Study.create(url, SPACE, minimize="loss", search=st.Random(), seed=0) as study:
        for number in range(rounds):
            marks = [time.perf_counter()]
            (trial,) = study.ask()
            marks.append(time.perf_counter())
            study.report(trial, step=1, loss=1.0)
            marks.append(time.perf_counter())
            study.tell(trial, loss=float(number))
            marks.append(time.perf_counter())
            for name, begin, end in zip(took, marks, marks[1:], strict=False):
                took[name].append(end - begin)
    return {name: statistics.median(values) for name, values in took.items()}


def measure_clients(url: str, clients: int, seconds: float) -> tuple[float, float, float, float]:
    """Processes that ask and tell as fast as they can, each after a first trial, which loads what is needed.

    Returns:
        Trials a second in all; of an ask and a tell together the median, the 99th percentile and the client's
        processor time, seconds.
    """
    st.Study.create(url, SPACE, minimize="loss", search=st.Random(), seed=0).close()
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(clients)
    answers = context.Queue()
    crowd = [context.Process(target=_client, args=(url, seconds, barrier, answers)) for _ in range(clients)]
    for one in crowd:
        one.start()
    given = [answers.get(timeout=600) for _ in crowd]
    took = [value for one, _ in given for value in one]
    for one in crowd:
        one.join()
    with st.Study.open(url) as study:
        counts = study.counts()
    if counts["complete"] != len(took) + clients:
        sys.exit(f"{len(took)} results were acknowledged; the study has {counts}.")
    processor = sum(each for _, each in given) / len(took)
    return len(took) / seconds, float(np.median(took)), float(np.percentile(took, 99)), processor


def _client(url: str, seconds: float, barrier: Any, answers: Any) -> None:
    took = []
    with st.Study.open(url) as study:
        study.tell(study.ask()[0], loss=0.0)
        barrier.wait(600)
        until, processor = time.perf_counter() + seconds, time.process_time()
        while (begin := time.perf_counter()) < until:
            (trial,) = study.ask()
            study.tell(trial, loss=float(trial.number))
            took.append(time.perf_counter() - begin)
        processor = time.process_time() - processor
    answers.put((took, processor))


def measure_driver(trials: int) -> float:
    """Seconds that the loop over worker processes needs for an empty trial, in all."""
    began = []

    def note(study: Any, trial: Any) -> None:
        began.append(time.perf_counter())

    def train(trial: Any) -> float:
        return trial.config["x"]

    st.tune(
        train, SPACE, minimize="loss", search=st.Random(), trials=trials, workers=2, deterministic=False,
        callbacks=[note], progress=False,
    )  # fmt: skip
    return (began[-1] - began[0]) / (len(began) - 1)


def measure_costs(make_url: Any, *, rounds: int, seconds: float) -> tuple[Costs, tuple[float, ...]]:
    """All that the simulation takes, and what sixteen clients reached."""
    alone = measure_record(make_url("alone"), rounds)
    rate, *others = measure_clients(make_url("crowd"), 16, seconds)
    here = measure_record(":memory:", rounds)
    message = max(0.0, measure_driver(rounds) - here["ask"] - here["tell"]) / 2  # a begin, and an end
    at_once = max(1, round(rate * (alone["ask"] + alone["tell"])))
    costs = Costs(**alone, message=message, heartbeat=alone["report"], at_once=at_once)
    return costs, (rate, *others)
