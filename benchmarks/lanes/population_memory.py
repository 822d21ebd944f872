"""What lanes take of memory, beside what their networks need.

*Need* is counted for the live lanes (those that train at once): weights, Adam's two moments and the running
averages; and of activations, what a backward pass has to keep of one mini-batch: for each hidden layer
z_norm and the outputs, and the logits. Gradients and copies are not in it.

*Taken* is the peak of the resident memory above a baseline, read from Linux (``VmHWM``, reset before). It is
measured in a fresh process, with large networks so that it shows. The baseline is taken when the data are
placed and a small network has been trained by the same code; the large one's program is in the compilation
cache, put there by a process before it, so that compiling is not counted.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from population_cases import CLASSES, FEATURES

_BAR = 1.3
# Units, layers, rows of a mini-batch: the activations weigh most in the first, the weights in the last.
_NETWORKS = ((512, 3, 8192), (1024, 3, 4096), (2048, 3, 1024), (2048, 3, 128))


def measure_memory(*, quick: bool) -> None:
    """Measure each network.

    Args:
        quick: The first and the last only.
    """
    print("\nmemory: peak above the baseline, and what live lanes need")
    with tempfile.TemporaryDirectory() as cache:
        for network in _NETWORKS[::3] if quick else _NETWORKS:
            order = [sys.executable, __file__, json.dumps(network)]
            environment = os.environ | {"XDG_CACHE_HOME": cache}
            subprocess.run(order, env=environment, check=True, stdout=subprocess.DEVNULL)
            printed = subprocess.run(order, env=environment, check=True, stdout=subprocess.PIPE).stdout
            taken, lanes = json.loads(printed)
            state, activations = need(*network)
            needed = lanes * (state + activations)
            met = "reached" if taken <= _BAR * needed else "MISSED"
            print(
                f"  {network[0]} units, {network[1]} layers, batch {network[2]}; {lanes} lanes: "
                f"{taken / 2**20:.0f} MiB taken, {needed / 2**20:.0f} needed "
                f"(state {lanes * state / 2**20:.0f}, activations {lanes * activations / 2**20:.0f}): "
                f"{taken / needed:.2f}× (bar {_BAR}×: {met})",
                flush=True,
            )


def need(units: int, layers: int, batch: int) -> tuple[int, int]:
    """Bytes of one lane: its state, and its activations."""
    weights = FEATURES * units + (layers - 1) * units**2 + 2 * layers * units + (units + 1) * CLASSES
    return 4 * (3 * weights + 2 * layers * units), 4 * batch * (2 * layers * units + CLASSES)


def _taken(units: int, layers: int, batch: int) -> tuple[int, int]:
    from population_cases import Case
    from population_ours import case_config, fixed_space, lanes_of, synthetic_dataset, train
    from sturgeon.caviar.backends.device_choice import table_backend

    dataset = synthetic_dataset()

    def run(units: int, batch: int) -> int:
        config = case_config(Case(units, layers)) | {"batch_size": batch}
        backend = table_backend(dataset, fixed_space(config), 2)
        lanes = lanes_of(backend, config)
        train(backend, [config] * lanes, 2)
        return lanes

    run(16, 512)
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")  # the peak is from now on
    baseline = _status("VmRSS")
    lanes = run(units, batch)
    return _status("VmHWM") - baseline, lanes


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


if __name__ == "__main__":
    print(json.dumps(_taken(*json.loads(sys.argv[1]))))
