"""The environment of a worker process: its share of the cores, and its GPU.

The variables are read when NumPy, PyTorch, TensorFlow or JAX is imported, so they have to be there before the
worker starts. One that the user has set stays as it is.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "NPROC",  # what XLA sizes its thread pool by; it has no flag for that
)
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
        there are several GPUs, one of them.

    Example:
        >>> made = worker_environment(1, 2, cores=8, gpus=["0", "1"], base={"OMP_NUM_THREADS": "3"})
        >>> made["OMP_NUM_THREADS"], made["MKL_NUM_THREADS"], made["CUDA_VISIBLE_DEVICES"]
        ('3', '4', '1')
    """
    threads = max(1, cores // workers)
    environment = {**{name: str(threads) for name in _THREAD_VARIABLES}, **base}
    flags = base.get("XLA_FLAGS", "")
    if threads == 1 and "xla_cpu_multi_thread_eigen" not in flags:
        environment["XLA_FLAGS"] = f"{flags} {_XLA_ONE_THREAD}".strip()
    if len(gpus) > 1:
        environment["CUDA_VISIBLE_DEVICES"] = gpus[slot % len(gpus)]
    return environment


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
