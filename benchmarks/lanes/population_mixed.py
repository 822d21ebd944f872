"""The standard space as it is: random configurations that differ in mini-batch, width and depth.

Ours runs in fresh processes, first with an empty compilation cache, then with a warm one; the clock runs
from handing in the first configuration to the end of the last, compiling or loading of programs included.

*Blocks of equal shapes*: what the same networks would take if each had a machine full of its like: every
configuration by its own exact shape, nothing padded, as many equal jobs as there are lanes, its program
compiled beforehand; the measured seconds of a network-epoch, summed over the configurations.

*PyTorch eager*: the same configurations, one process a core with one thread, the trials handed out as
processes get free; fused Adam, SGD without a loop for momentum; judged on the validation rows every epoch, as
ours is. A few epochs are measured and scaled to all.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from population_bars import against
from population_workers import Workers, cores, makespan

_HERE = Path(__file__).parent
_EPOCHS = 30
_EQUAL_BAR, _TORCH_BAR, _COLD_BAR = 0.65, 4.5, 25.0


def measure_mixed(table: str, *, rounds: int, quick: bool) -> None:
    """Measure one table.

    Args:
        table: ``"digits"``, or the file of Adult's training table.
        rounds: How many, alternating.
        quick: Few trials.
    """
    trials = 12 if quick else 64
    large = table != "digits"
    few = 1 if large else 3  # epochs of what is scaled
    with tempfile.TemporaryDirectory() as folder, Workers("PyTorch eager") as torch:
        arrays = Path(folder) / "table.npz"
        configs = _save(table, trials, arrays)
        cache = Path(folder) / "cache"
        order = {"do": "mixed", "table": table, "trials": trials, "epochs": _EPOCHS}
        cold = _ours(order, cache)
        torch.trials(arrays, 1, configs[:4])
        found: dict[str, list[float]] = {"warm": [], "equal": [], "torch": []}
        runs: list[dict[str, Any]] = []
        for number in range(1 if large else rounds):
            runs.append(_ours(order, cache))
            found["warm"].append(runs[-1]["seconds"])
            if number < 2:
                blocks = {"do": "blocks", "table": table, "trials": trials, "epochs": 2 if large else 10}
                seconds = _ours(blocks, cache)["seconds"]
                found["equal"].append(sum(seconds) * _EPOCHS)
            some = torch.trials(arrays, few, configs)
            found["torch"].append(makespan(some, len(cores())) * _EPOCHS / few)
    _print(table, trials, cold, runs[-1], {name: median(values) for name, values in found.items()}, few)


def _print(
    table: str, trials: int, cold: dict[str, Any], run: dict[str, Any], took: dict[str, float], few: int
) -> None:
    ours = took["warm"]
    print(f"\nstandard space, {trials} trials, {_EPOCHS} epochs, {table}: {run['rows']} training rows")
    print(f"  Sturgeon, warm cache: {ours:.1f} s, {run['epochs'] / ours:.0f} network-epochs a second")
    compiling = cold["seconds"] - ours
    met = "reached" if compiling <= _COLD_BAR else "MISSED"
    print(f"  cold: {cold['seconds']:.1f} s; compiling {compiling:.1f} s (bar {_COLD_BAR:.0f} s: {met})")
    print(f"  arithmetic on padding {run['padding']:.0%}, in idle lanes {run['idle']:.0%}")
    share = took["equal"] / ours
    print(
        f"  blocks of equal shapes: {took['equal']:.1f} s; "
        f"ours has {against(share, _EQUAL_BAR, form='{:.0%}')}"
    )
    print(
        f"  PyTorch eager: {took['torch']:.1f} s (scaled from {few} epochs); "
        f"ours {against(took['torch'] / ours, _TORCH_BAR)}"
    )


def _ours(order: dict[str, Any], cache: Path) -> dict[str, Any]:
    """Run an order in a fresh process with a compilation cache of its own."""
    done = subprocess.run(
        [sys.executable, str(_HERE / "population_ours.py"), json.dumps(order)],
        env=os.environ | {"XDG_CACHE_HOME": str(cache)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def _save(table: str, trials: int, arrays: Path) -> list[dict[str, Any]]:
    """Write a table's arrays down for PyTorch; return the configurations."""
    from population_ours import mixed_configs, real_dataset

    dataset = real_dataset(table)
    np.savez(
        arrays,
        x=dataset.x_train,
        y=dataset.y_train,
        x_validation=dataset.x_validation,
        y_validation=dataset.y_validation,
    )
    return mixed_configs(trials)
