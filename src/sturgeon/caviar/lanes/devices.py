"""Which devices lanes run on, and how JAX is set up for them.

All cores share one JAX device, and a thread for each core runs programs on it: so the data lie there once,
and a program is compiled once for all cores. XLA's threads inside one program are turned off, since cores
that each train their own lanes beat cores that share every small matrix product.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any, TypeAlias

import jax

from sturgeon.caviar.lanes.compilation_cache import keep_programs_on_disk
from sturgeon.caviar.lanes.cores import available_cores

# jax.Device, which a type checker takes for a variable.
Device: TypeAlias = Any

# The first is told of above. On a GPU, products by cuBLAS alone are as fast as those that XLA chooses among
# many programs of its own, which it has to compile first: 2 seconds for a program instead of 19.
_FLAGS = ("--xla_cpu_multi_thread_eigen=false", "--xla_gpu_enable_triton_gemm=false")


@cache
def lane_devices() -> tuple[Device, ...]:
    """Set JAX up for lanes and return the devices to train on, one entry for each thread that drives one.

    A GPU has one entry; the CPU has one for each core. A JAX backend that the program has started already is
    taken as it is.
    """
    _set_up()
    devices = jax.local_devices()
    return core_devices() if devices[0].platform == "cpu" else tuple(devices)


@cache
def core_devices() -> tuple[Device, ...]:
    """The CPU, one entry for each core; none where JAX was told to use GPUs only."""
    _set_up()
    try:
        return (jax.local_devices(backend="cpu")[0],) * available_cores()
    except RuntimeError:
        return ()


def _set_up() -> None:
    keep_programs_on_disk()
    given = os.environ.get("XLA_FLAGS", "")
    ours = [flag for flag in _FLAGS if flag.partition("=")[0] not in given]
    os.environ["XLA_FLAGS"] = " ".join([given, *ours]).strip()
