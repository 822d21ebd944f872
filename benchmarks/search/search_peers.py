"""The figures of slow peers on LCBench, measured once and kept in ``results/``.

    python benchmarks/search/search_peers.py optuna-gp --seeds 2 --out FILE

Runs what the file does not have yet and writes after every run, so it can be stopped and resumed. The files
of record are ``benchmarks/results/lcbench-METHOD.json``; ``search_quality.py`` reads them.
One core: set OMP_NUM_THREADS=1, OPENBLAS_NUM_THREADS=1.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from statistics import median

import numpy as np

from lcbench import DEFAULT_DIR, LAST_EPOCH, METRICS, LCBench, space
from search_methods import minimise

CHECKPOINTS = (8, 16, 24, 32, 48, 64)


def measure(bench: LCBench, method: str, metric: str, task: str, *, seed: int, batch: int = 1) -> dict:
    """Run one method on one task.

    Returns:
        The normalised regret after each of ``CHECKPOINTS`` trials, and the median ms a suggestion
        takes over the last ten trials.
    """
    run = minimise(
        method,
        space(),
        lambda config: float(bench.evaluate(task, metric, [config], LAST_EPOCH)[0]),
        trials=CHECKPOINTS[-1],
        seed=seed,
        batch=batch,
    )
    best = np.minimum.accumulate(run.values)
    return {
        "regret": [round(bench.regret(task, metric, float(best[n - 1])), 5) for n in CHECKPOINTS],
        "ms": round(1000 * median(run.seconds[-10:]), 2),
    }


def main() -> None:
    """Measure what is missing."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("method")
    parser.add_argument("--lcbench", type=Path, default=DEFAULT_DIR, metavar="DIR")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--metrics", nargs="+", default=METRICS)
    parser.add_argument("--tasks", type=int, default=None, help="only so many, evenly spread")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    bench = LCBench(options.lcbench)
    tasks = bench.tasks() if options.tasks is None else bench.tasks()[:: len(bench.tasks()) // options.tasks]
    known = json.loads(options.out.read_text()) if options.out.exists() else {}
    for seed in range(options.seeds):
        for metric in options.metrics:
            for task in tasks:
                key = f"{metric} {task} {seed}"
                if key not in known:
                    known[key] = measure(bench, options.method, metric, task, seed=seed)
                    options.out.parent.mkdir(parents=True, exist_ok=True)
                    options.out.write_text(_lines(known))


def _lines(known: dict) -> str:
    return (
        "{\n"
        + ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in known.items())
        + "\n}\n"
    )


if __name__ == "__main__":
    main()
