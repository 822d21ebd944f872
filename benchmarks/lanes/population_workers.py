"""A pair of peers' processes, one a core, ordered about by ``population.py``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from population_cases import Case

_HERE = Path(__file__).parent
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "JAX_PLATFORMS": "cpu",
}
_BACKENDS = {"Keras on TensorFlow": "tensorflow", "Keras on JAX": "jax"}


def cores() -> list[int]:
    """The cores to use."""
    return sorted(os.sched_getaffinity(0))


@dataclass(frozen=True)
class Rate:
    """Epochs a second.

    Attributes:
        clock: By the clock.
        cpu: By the processor time used, all cores taken to be busy with it. It is what the clock would show
            on a machine that does nothing else, as long as no thread waits; others' work hardly disturbs it.
    """

    clock: float
    cpu: float


class Unfit(Exception):
    """A peer cannot do what it was asked."""


class Workers:
    """A process for each core, bound to it, with one thread; none computes unless ordered to.

    Args:
        kind: Which peer.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._processes = [self._start(core) for core in cores()]

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.close()
            process.wait()

    def prepare(self, case: Case, settings: Iterable[dict[str, Any]]) -> tuple[dict[str, Any], float]:
        """Make a network ready, by the fastest of some settings.

        Returns:
            The setting, and about how many seconds an epoch takes.

        Raises:
            Unfit: None of them works.
        """
        tried: list[tuple[float, dict[str, Any]]] = []
        why = ""
        for setting in settings:
            try:
                self._prepare(case, setting)
                tried.append((self._seconds(2), setting))
            except Unfit as error:
                why = str(error)
        if not tried:
            raise Unfit(why)
        seconds, best = min(tried, key=lambda one: one[0])
        if best != tried[-1][1] or why:
            self._prepare(case, best)
        return best, seconds

    def rate(self, epochs: int) -> Rate:
        """How fast all processes are together, each training so many epochs."""
        answers = self._all({"do": "train", "epochs": epochs})
        return Rate(
            sum(epochs / answer["seconds"] for answer in answers),
            sum(epochs / answer["cpu"] for answer in answers),
        )

    def trials(self, table: Path, epochs: int, configs: list[dict[str, Any]]) -> list[float]:
        """Seconds of each trial, one after the other on whichever process is free.

        They are handed out as the processes ask for them; read :func:`makespan` for the time of all.
        """
        waiting = list(enumerate(configs))[::-1]
        seconds = [0.0] * len(configs)

        def serve(process: subprocess.Popen[str]) -> None:
            while waiting:
                index, config = waiting.pop()
                _send(process, {"do": "trial", "table": str(table), "epochs": epochs, "config": config})
                seconds[index] = _receive(process)["seconds"]

        threads = [threading.Thread(target=serve, args=(process,)) for process in self._processes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return seconds

    def _seconds(self, epochs: int) -> float:
        """Processor seconds of an epoch in the slower process."""
        return max(answer["cpu"] for answer in self._all({"do": "train", "epochs": epochs})) / epochs

    def _prepare(self, case: Case, setting: dict[str, Any]) -> None:
        self._all({"do": "prepare", "units": case.units, "layers": case.layers, "setting": setting})

    def _all(self, order: dict[str, Any]) -> list[dict[str, float]]:
        for process in self._processes:
            _send(process, order)
        answers = []
        errors = []
        for process in self._processes:
            try:
                answers.append(_receive(process))
            except Unfit as error:
                errors.append(error)
        if errors:
            raise errors[0]
        return answers

    def _start(self, core: int) -> subprocess.Popen[str]:
        environment = os.environ | ONE_THREAD | {"KERAS_BACKEND": _BACKENDS.get(self.kind, "jax")}
        return subprocess.Popen(
            [sys.executable, str(_HERE / "population_peers.py"), self.kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, [core]),
        )


def _send(process: subprocess.Popen[str], order: dict[str, Any]) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(order) + "\n")
    process.stdin.flush()


def _receive(process: subprocess.Popen[str]) -> dict[str, float]:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise Unfit("the process ended")
    answer = json.loads(line)
    if "error" in answer:
        raise Unfit(answer["error"])
    return answer


def makespan(seconds: Iterable[float], processes: int) -> float:
    """How long trials take on some processes, each taking the next, the longest first."""
    loads = [0.0] * processes
    for one in sorted(seconds, reverse=True):
        loads[loads.index(min(loads))] += one
    return max(loads)
