"""Where lanes run: the cores or JAX's devices, how many there are, and how much memory is free.

All cores share one JAX device, and a thread for each core runs programs on it: so the data lie there once,
and a program is compiled once for all cores. XLA's threads inside one program are turned off, since cores
that each train their own lanes beat cores that share every small matrix product.

JAX is loaded when it is to train, or when there may be a GPU: loading it takes as long as a small study.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

# A Core, or a jax.Device, which a type checker takes for a variable.
Device: TypeAlias = Any

# The first is explained above. On a GPU, products by cuBLAS alone are as fast as those that XLA chooses among
# many programs of its own, which it has to compile first: 2 seconds for a program instead of 19.
_FLAGS = ("--xla_cpu_multi_thread_eigen=false", "--xla_gpu_enable_triton_gemm=false")


@dataclass(frozen=True, slots=True)
class Core:
    """A core of the processor, for what trains without JAX; it answers as JAX's own device of it does."""

    platform: str = "cpu"
    device_kind: str = "cpu"


@cache
def core_devices() -> tuple[Core, ...]:
    """An entry for each core; none where JAX was told to use GPUs only."""
    _set_flags()
    platforms = _platforms()
    return (Core(),) * available_cores() if not platforms or "cpu" in platforms else ()


@cache
def lane_devices() -> tuple[Device, ...]:
    """Set JAX up for lanes and return the devices to train on, one entry for each thread that drives one.

    A GPU has one entry; the CPU has one for each core. A JAX backend that the program has started already is
    taken as it is.
    """
    import jax

    from sturgeon.caviar.lanes.compilation_cache import keep_programs_on_disk

    keep_programs_on_disk()
    _set_flags()
    devices = jax.local_devices()
    return (devices[0],) * available_cores() if devices[0].platform == "cpu" else tuple(devices)


def may_have_gpu() -> bool:
    """Whether JAX may have another device than the processor; told without loading JAX.

    JAX finds GPUs through plugins: packages in the namespace ``jax_plugins`` or with an entry point of that
    name, ``libtpu``, and what ``PJRT_NAMES_AND_LIBRARY_PATHS`` names. Without any there is the
    processor alone; likewise where ``JAX_PLATFORMS`` names nothing else. Otherwise JAX has to be asked.
    """
    platforms = _platforms()
    if platforms:
        return platforms != {"cpu"}
    return "PJRT_NAMES_AND_LIBRARY_PATHS" in os.environ or _has_plugin()


@cache
def _has_plugin() -> bool:
    """Whether a plugin of JAX is installed; asked once, since it reads what every package says of itself."""
    return any(find_spec(name) is not None for name in ("jax_plugins", "libtpu")) or bool(
        entry_points(group="jax_plugins")
    )


def _platforms() -> set[str]:
    """The platforms that JAX was told to use; none for all that there are."""
    if "jax" in sys.modules:  # where the program may have told it
        import jax

        named = jax.config.values["jax_platforms"]
    else:
        named = os.environ.get("JAX_PLATFORMS")
    return set((named or "").lower().split(",")) - {""}


def _set_flags() -> None:
    """Tell XLA, for when JAX is started; also where that is after the training, to predict."""
    given = os.environ.get("XLA_FLAGS", "")
    ours = [flag for flag in _FLAGS if flag.partition("=")[0] not in given]
    os.environ["XLA_FLAGS"] = " ".join([given, *ours]).strip()


def available_cores() -> int:
    """Count the cores this process may use: those it may run on, and no more than its container's share."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, min(cores, round(int(quota) / int(period))))
    except (OSError, ValueError):  # no such file, or "max": no limit
        return cores


def free_bytes(device: Device) -> int | None:
    """How much a device can still take.

    Args:
        device: A core, or a JAX device.

    Returns:
        Bytes: of a GPU's own memory; for a processor, of the machine's or of the container's share, whichever
        is less. None where the system does not tell.
    """
    if device.platform == "cpu":
        return free_in_machine()
    most = all_bytes(device)
    return None if most is None else max(0, most - int(device.memory_stats().get("bytes_in_use", 0)))


def all_bytes(device: Device) -> int | None:
    """How much of a GPU's memory this process may use; None where the system does not tell."""
    stats = device.memory_stats() or {}
    return int(stats["bytes_limit"]) if "bytes_limit" in stats else None


def free_in_machine() -> int | None:
    """How much memory a process can still take without others being pushed out.

    Returns:
        Bytes; what files keep cached counts as free. None where the system does not tell.
    """
    known = [free for free in (_free_in_system(), _free_in_container()) if free is not None]
    return min(known, default=None)


def _free_in_system() -> int | None:
    lines = _lines(Path("/proc/meminfo"))
    known = next((line for line in lines if line.startswith("MemAvailable:")), None)
    return None if known is None else int(known.split()[1]) * 1024


def _free_in_container(folder: Path = Path("/sys/fs/cgroup")) -> int | None:
    """What is left below the limit of a container (control groups, version 2)."""
    limit, used = _lines(folder / "memory.max"), _lines(folder / "memory.current")
    if not limit or not used or limit[0] == "max":
        return None
    cached = next(
        (line for line in _lines(folder / "memory.stat") if line.startswith("inactive_file ")), "_ 0"
    )
    return max(0, int(limit[0]) - int(used[0]) + int(cached.split()[1]))


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
