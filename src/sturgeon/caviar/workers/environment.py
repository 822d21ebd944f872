"""The environment of a worker process: its share of the cores, and its GPU.

The variables are read when NumPy, PyTorch, TensorFlow or JAX is imported, so they have to be there before the
worker starts. One that the user has set stays as it is. Libraries that ask the system instead, as LightGBM
and PyTorch's data loaders do, see the cores that the worker may run on.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sturgeon.errors import InputError

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "NPROC",  # what XLA sizes its thread pool by; it has no flag for that
    "LOKY_MAX_CPU_COUNT",  # joblib's, and so LightGBM's and scikit-learn's with n_jobs=-1
    "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "RAYON_NUM_THREADS",
    "PYTHON_CPU_COUNT",  # os.cpu_count(), from Python 3.13 on
)
_OWN_PLACEMENT = ("OMP_NUM_THREADS", "OMP_PROC_BIND", "OMP_PLACES", "GOMP_CPU_AFFINITY", "KMP_AFFINITY")
_QUIET = {"TF_CPP_MIN_LOG_LEVEL": "2"}  # TensorFlow's errors, without what it says of the processor
_XLA_ONE_THREAD = "--xla_cpu_multi_thread_eigen=false"


@dataclass(frozen=True, slots=True)
class Resources:
    """What each trial has to itself on this machine.

    Attributes:
        cores: Cores, at least 1; also its thread count. None for an equal share of all.
        gpus: GPUs: a whole number, or a fraction of one, which trials then share. It sees these only. None
            for one each in turn, where there are several.

    Raises:
        InputError: A number is out of its range.

    Example:
        >>> Resources(gpus=0.5).gpus_of(3, ["0", "1"]), Resources(gpus=2).gpus_of(1, ["0", "1", "2", "3"])
        (['1'], ['2', '3'])
    """

    cores: int | None = None
    gpus: float | None = None

    def __post_init__(self) -> None:
        whole = isinstance(self.cores, int) and not isinstance(self.cores, bool)
        if self.cores is not None and (not whole or self.cores < 1):
            raise InputError(
                f"`cores` of `resources` must be a whole number from 1; got {self.cores!r}. Write "
                'resources={"cores": 1}.'
            )
        number = isinstance(self.gpus, int | float) and not isinstance(self.gpus, bool)
        if self.gpus is not None and (
            not number or self.gpus < 0 or not (self.gpus < 1 or float(self.gpus).is_integer())
        ):
            raise InputError(
                "`gpus` of `resources` must be a whole number from 0 or a fraction below 1; got "
                f'{self.gpus!r}. Write resources={{"gpus": 1}}, or {{"gpus": 0.5}} for a half.'
            )

    @staticmethod
    def of(given: Mapping[str, Any] | Resources | None) -> Resources:
        """Read what a caller gave, such as ``{"cores": 2, "gpus": 1}``.

        Raises:
            InputError: It is nothing of the kind.
        """
        if isinstance(given, Resources):
            return given
        if given is not None and (not isinstance(given, Mapping) or not set(given) <= {"cores", "gpus"}):
            raise InputError(
                f'`resources` must name what each trial has: "cores", "gpus" or both; got {given!r}. Write '
                'resources={"cores": 2, "gpus": 1}.'
            )
        return Resources(**(given or {}))

    def check(self, workers: int, *, cores: int, gpus: Sequence[str]) -> None:
        """Check that a machine has them.

        Args:
            workers: How many trials run at once.
            cores: The cores of the machine.
            gpus: Its GPUs.

        Raises:
            InputError: It has not.
        """
        if self.cores is not None and workers * self.cores > cores:
            raise InputError(_too_much(workers, self.cores, "cores", cores))
        if self.gpus and self._workers_for(len(gpus)) < workers:
            raise InputError(_too_much(workers, self.gpus, "GPUs", len(gpus)))

    def gpus_of(self, slot: int, gpus: Sequence[str]) -> list[str] | None:
        """The GPUs of one worker; None where that is left open."""
        if self.gpus is None:
            return [gpus[slot % len(gpus)]] if len(gpus) > 1 else None
        if 0 < self.gpus < 1:
            return [gpus[slot // int(1 / self.gpus)]]
        count = int(self.gpus)
        return list(gpus[slot * count : (slot + 1) * count])

    def _workers_for(self, gpus: int) -> int:
        assert self.gpus
        return gpus * int(1 / self.gpus) if self.gpus < 1 else gpus // int(self.gpus)


def _too_much(workers: int, each: float, what: str, there: int) -> str:
    return (
        f"This machine must have the {what} that all workers ask for; got workers={workers} with {each:g} "
        f"each, and it has {there}. Use fewer workers, or ask for less."
    )


def worker_environment(
    slot: int,
    workers: int,
    *,
    cores: int,
    gpus: list[str],
    base: Mapping[str, str],
    resources: Resources = Resources(),
) -> dict[str, str]:
    """Make the environment of one worker.

    Args:
        slot: Which of the workers, from 0.
        workers: How many there are.
        cores: Cores they share.
        gpus: The GPUs they share, as ``visible_gpus`` names them.
        base: The environment of this process.
        resources: What each worker is to have.

    Returns:
        ``base`` with a thread count of ``cores // workers``, at least 1, wherever none is set, and, where
        there are several GPUs, one of them. TensorFlow says only what went wrong.

    Example:
        >>> made = worker_environment(1, 2, cores=8, gpus=["0", "1"], base={"OMP_NUM_THREADS": "3"})
        >>> made["OMP_NUM_THREADS"], made["MKL_NUM_THREADS"], made["CUDA_VISIBLE_DEVICES"]
        ('3', '4', '1')
    """
    threads = resources.cores or max(1, cores // workers)
    environment = {**_QUIET, **{name: str(threads) for name in _THREAD_VARIABLES}, **base}
    flags = base.get("XLA_FLAGS", "")
    if threads == 1 and "xla_cpu_multi_thread_eigen" not in flags:
        environment["XLA_FLAGS"] = f"{flags} {_XLA_ONE_THREAD}".strip()
    own = resources.gpus_of(slot, gpus)
    if own is not None:
        environment["CUDA_VISIBLE_DEVICES"] = ",".join(own)
    return environment


def worker_cores(
    slot: int,
    workers: int,
    *,
    cores: int,
    allowed: Sequence[int],
    base: Mapping[str, str],
    each: int | None = None,
) -> list[int] | None:
    """Say which cores one worker may run on.

    Args:
        slot: Which of the workers, from 0.
        workers: How many there are.
        cores: How many cores they may keep busy, which a container's share makes fewer than ``allowed``.
        allowed: The cores that this process may run on, by the system's numbers.
        base: The environment of this process.
        each: How many each worker is to have; None for an equal share.

    Returns:
        Cores of its own; None for all that are allowed: where it is the only worker, where there are more
        workers than cores, and where the environment arranges the threads of OpenMP itself.

    Example:
        >>> [worker_cores(slot, 2, cores=4, allowed=[0, 1, 4, 5], base={}) for slot in range(2)]
        [[0, 1], [4, 5]]
        >>> worker_cores(0, 2, cores=4, allowed=[0, 1, 4, 5], base={"OMP_NUM_THREADS": "4"}) is None
        True
    """
    if each is not None and not any(name in base for name in _OWN_PLACEMENT):
        return list(allowed[slot * each : (slot + 1) * each])
    if workers < 2 or workers > cores or any(name in base for name in _OWN_PLACEMENT):
        return None
    begin, end = (len(allowed) * one // workers for one in (slot, slot + 1))
    if cores < len(allowed):
        end = begin + cores // workers
    return list(allowed[begin:end])


def allowed_cores() -> list[int]:
    """The cores that this process may run on, by the system's numbers; none where it does not tell."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def visible_gpus(base: Mapping[str, str]) -> list[str]:
    """Name the GPUs this process may use, without loading a framework.

    Args:
        base: The environment; ``CUDA_VISIBLE_DEVICES`` counts where it is set.

    Returns:
        What ``CUDA_VISIBLE_DEVICES`` may be set to for each of them.

    Example:
        >>> visible_gpus({"CUDA_VISIBLE_DEVICES": "2,3"}), visible_gpus({"CUDA_VISIBLE_DEVICES": ""})
        (['2', '3'], [])
    """
    chosen = base.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return [name.strip() for name in chosen.split(",") if name.strip() not in ("", "-1")]
    program = shutil.which("nvidia-smi", path=base.get("PATH"))
    if program is None:
        return []
    try:
        listed = subprocess.run(
            [program, "-L"], capture_output=True, text=True, timeout=20, check=True, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError):
        return []
    lines = [line for line in listed.stdout.splitlines() if line.startswith("GPU ")]
    return [str(index) for index, _ in enumerate(lines)]
