"""Whether the cores beside a GPU train a study's networks sooner than the GPU.

A GPU trains a thousand networks of one shape at once, but a program has to be compiled for each shape, and
its steps take their time however small the networks are. The cores need nothing compiled. So small networks
of many shapes belong on the cores, many of one shape and large ones on the GPU.

The estimate takes networks drawn from the space, and depends on nothing but the space, the table and the
machine: so a study that is resumed trains where it trained before.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from sturgeon.caviar.backends.jax_lanes import JaxBackend
from sturgeon.caviar.backends.native import NativeBackend
from sturgeon.space import Space

# A few hundred: compiling for nothing costs a second, a GPU left alone by a large study costs hours.
_NETWORKS = 256
# Of the compiled library on one core, in units of `epoch_cost`: 7 to 10 with AVX2, 12 to 13 with AVX-512.
_CORE_COST_A_SECOND = 1e10
# Of one H200 with JAX 0.11: compiling a program; a step however small; then the same units as above.
_COMPILE_SECONDS = 2.0
_STEP_SECONDS = 8e-5
_GPU_COST_A_SECOND = 4e12


def cores_are_sooner(
    on_cores: NativeBackend, on_gpu: JaxBackend, space: Space, *, epochs: int, rows: int, whole_rows: int
) -> bool:
    """Compare roughly what both need for a study of a few hundred networks.

    Args:
        on_cores: What trains on cores.
        on_gpu: What trains on GPUs.
        space: Where configurations come from.
        epochs: Of each training.
        rows: Training rows that both count costs for.
        whole_rows: Training rows there really are.
    """
    configs = space.sample(_NETWORKS, np.random.default_rng(0))
    passes = epochs * whole_rows / rows
    on_cores_seconds = passes * sum(map(on_cores.needed, configs)) / _CORE_COST_A_SECOND
    jobs = Counter(map(on_gpu.block_of, configs))
    on_gpu_seconds = len(jobs) * _COMPILE_SECONDS + passes * sum(
        rows / block.shape.batch * _STEP_SECONDS + count * on_gpu.cost(block) / _GPU_COST_A_SECOND
        for block, count in jobs.items()
    )
    return on_cores_seconds / len(on_cores.devices) < on_gpu_seconds / len(on_gpu.devices)
