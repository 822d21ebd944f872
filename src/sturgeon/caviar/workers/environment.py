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


def worker_environment(
    slot: int, workers: int, *, cores: int, gpus: list[str], base: Mapping[str, str]
) -> dict[str, str]:
    """Make the environment of one worker.

    Args:
        slot: Which of the workers, from 0.
        workers: How many there are.
        cores: Cores they share.
        gpus: The GPUs they share, as ``visible_gpus`` names them.
        base: The environment of this process.

    Returns:
        ``base`` with a thread count of ``cores // workers``, at least 1, wherever none is set, and, where
        there are several GPUs, one of them. TensorFlow says only what went wrong.

    Example:
        >>> made = worker_environment(1, 2, cores=8, gpus=["0", "1"], base={"OMP_NUM_THREADS": "3"})
        >>> made["OMP_NUM_THREADS"], made["MKL_NUM_THREADS"], made["CUDA_VISIBLE_DEVICES"]
        ('3', '4', '1')
    """
    threads = max(1, cores // workers)
    environment = {**_QUIET, **{name: str(threads) for name in _THREAD_VARIABLES}, **base}
    flags = base.get("XLA_FLAGS", "")
    if threads == 1 and "xla_cpu_multi_thread_eigen" not in flags:
        environment["XLA_FLAGS"] = f"{flags} {_XLA_ONE_THREAD}".strip()
    if len(gpus) > 1:
        environment["CUDA_VISIBLE_DEVICES"] = gpus[slot % len(gpus)]
    return environment


def worker_cores(
    slot: int, workers: int, *, cores: int, allowed: Sequence[int], base: Mapping[str, str]
) -> list[int] | None:
    """Say which cores one worker may run on.

    Args:
        slot: Which of the workers, from 0.
        workers: How many there are.
        cores: How many cores they may keep busy, which a container's share makes fewer than ``allowed``.
        allowed: The cores that this process may run on, by the system's numbers.
        base: The environment of this process.

    Returns:
        Cores of its own; None for all that are allowed: where it is the only worker, where there are more
        workers than cores, and where the environment arranges the threads of OpenMP itself.

    Example:
        >>> [worker_cores(slot, 2, cores=4, allowed=[0, 1, 4, 5], base={}) for slot in range(2)]
        [[0, 1], [4, 5]]
        >>> worker_cores(0, 2, cores=4, allowed=[0, 1, 4, 5], base={"OMP_NUM_THREADS": "4"}) is None
        True
    """
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
