"""Which devices lanes run on, and how JAX is set up for them.

On a CPU every core becomes a JAX device of its own and runs its own compiled programs, driven by a
thread; XLA's threads inside one program are turned off, since two cores that each train their own
lanes beat two cores that share every small matrix product.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import sys
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import jax

from sturgeon.caviar.cores import available_cores

# Device, which a type checker takes for a variable.
Device: TypeAlias = Any

_CACHE_BYTES = 2**29


@cache
def lane_devices() -> tuple[Device, ...]:
    """Set JAX up for lanes and return the devices to train on, one per core or one per GPU.

    A JAX backend that the program has started already is taken as it is.
    """
    _keep_programs_on_disk()
    flags = os.environ.get("XLA_FLAGS", "")
    if "xla_cpu_multi_thread_eigen" not in flags:
        os.environ["XLA_FLAGS"] = f"{flags} --xla_cpu_multi_thread_eigen=false".strip()
    if "xla_force_host_platform_device_count" not in flags:
        with contextlib.suppress(RuntimeError):  # The backend runs already; its devices serve as well.
            jax.config.update("jax_num_cpu_devices", available_cores())
    return tuple(jax.local_devices())


def lanes_per_device(device: Device) -> int:
    """How many lanes one program trains.

    Two on a core: measured, two reach the speed a network of four or eight, one alone half of it, and
    where a shape has three trials two leave fewer lanes idle.
    """
    return 2 if device.platform == "cpu" else 64


def _keep_programs_on_disk() -> None:
    if jax.config.values["jax_compilation_cache_dir"] is not None:
        return
    folder = _cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return
    if not os.access(folder, os.W_OK):
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_compilation_cache_max_size", _CACHE_BYTES)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def _cache_folder() -> Path:
    """A folder per user, JAX version and processor type: a program compiled for another may not run."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home()))
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    processor = hashlib.sha256(_processor().encode()).hexdigest()[:12]
    return base / "sturgeon" / "compiled" / f"jax-{jax.__version__}-{processor}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine() + platform.processor()
    return "".join(sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))}))
