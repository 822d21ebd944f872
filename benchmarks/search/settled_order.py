"""What it costs that trials do not depend on which worker is faster.

    python benchmarks/search/settled_order.py --lcbench DIR --workers 2 4 8 --seeds N

Simulates workers on LCBench at epoch 52: how long a trial takes is what the surrogate says of its
configuration, times a factor that is drawn (lognormal). ``free`` asks for the next trial as soon as a worker
is free, with all results that there are by then. ``N places`` begins trial k when all but N - 1 of those
before it have ended, and shows the search the results of those only: so the trials follow from the results
alone.
Printed are the mean normalised regret after as many trials, the same at equal time (a half and all of what
``free`` took for its trials), and how long all trials took, ``free`` being 1.

Set OMP_NUM_THREADS=1 and OPENBLAS_NUM_THREADS=1.
"""

from __future__ import annotations

import argparse
import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lcbench import DEFAULT_DIR, LAST_EPOCH, METRICS, LCBench, space
from sturgeon.search import CoarseToFine, Observation, Record
from sturgeon.space import Config

SHOWN = (16, 32, 64)


@dataclass(frozen=True)
class Simulated:
    """What one run found.

    Attributes:
        values: The value of each trial, by number.
        ends: When each ended.
    """

    values: list[float]
    ends: list[float]

    def best_at(self, moment: float) -> float:
        """The best value of the trials that ended by a moment; infinity where none had."""
        return min(
            (v for v, end in zip(self.values, self.ends, strict=True) if end <= moment), default=np.inf
        )


class Bench:
    """One task: what configurations are worth, and how long they take."""

    def __init__(self, lcbench: LCBench, task: str, metric: str, *, seed: int, spread: float) -> None:
        """Take the surrogate; ``spread`` is the standard deviation of the drawn factor's logarithm."""
        self._lcbench = lcbench
        self.task = task
        self.metric = metric
        self._factors = np.exp(spread * np.random.default_rng((seed, 99)).standard_normal(4096))

    def train(self, number: int, config: Config) -> tuple[float, float]:
        """The value and the time of one trial."""
        value = float(self._lcbench.evaluate(self.task, self.metric, [config], LAST_EPOCH)[0])
        seconds = float(self._lcbench.evaluate(self.task, "time", [config], LAST_EPOCH)[0])
        return value, max(seconds, 1.0) * float(self._factors[number])

    def regret(self, value: float) -> float:
        """The normalised regret; 1 where nothing is known."""
        return self._lcbench.regret(self.task, self.metric, value) if np.isfinite(value) else 1.0


def simulate(bench: Bench, *, trials: int, workers: int, places: int | None, seed: int) -> Simulated:
    """Run a search with simulated workers.

    Args:
        bench: What is trained.
        trials: How many trials.
        workers: How many train at once.
        places: How many trials may be begun and not settled; None to settle each when it ends.
        seed: Of the search.
    """
    search, room = CoarseToFine(), space()
    values: list[float] = []
    ends: list[float] = []
    configs: list[Config] = []
    busy = [0.0] * workers  # when each worker is free
    while len(values) < trials:
        number = len(values)
        now = heapq.heappop(busy)
        if places is not None and number >= places:
            now = max(now, max(ends[: number - places + 1]))
        known = range(number) if places is None else range(max(0, number - places + 1))
        seen = {one for one in known if ends[one] <= now}
        record = Record(
            Observation(one, configs[one], "complete", values[one])
            if one in seen
            else Observation(one, configs[one], "running")
            for one in range(number)
        )
        rng = np.random.default_rng(np.random.SeedSequence((seed, number)))
        [config] = search.suggest(room, record, 1, rng)
        value, seconds = bench.train(number, config)
        configs.append(config)
        values.append(value)
        ends.append(now + seconds)
        heapq.heappush(busy, now + seconds)
    return Simulated(values, ends)


def main() -> None:
    """Print a table for each number of workers."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lcbench", type=Path, default=DEFAULT_DIR, metavar="DIR")
    parser.add_argument("--workers", type=int, nargs="+", default=[2, 4, 8])
    parser.add_argument("--places", type=float, nargs="+", default=[1, 1.5, 2, 3], help="times the workers")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--tasks", type=int, default=None, help="only so many, evenly spread")
    parser.add_argument("--trials", type=int, default=64)
    parser.add_argument("--spread", type=float, default=0.5)
    options = parser.parse_args()
    lcbench = LCBench(options.lcbench)
    tasks = (
        lcbench.tasks()
        if options.tasks is None
        else lcbench.tasks()[:: len(lcbench.tasks()) // options.tasks]
    )
    shown = [count for count in SHOWN if count <= options.trials]
    for workers in options.workers:
        policies: Mapping[str, int | None] = {
            "free": None,
            **{f"{round(times * workers)} places": round(times * workers) for times in options.places},
        }
        found: dict[str, list[list[float]]] = {name: [] for name in policies}
        for task in tasks:
            for seed in range(options.seeds):
                bench = Bench(lcbench, task, METRICS[0], seed=seed, spread=options.spread)
                horizon = None
                for name, places in policies.items():
                    run = simulate(bench, trials=options.trials, workers=workers, places=places, seed=seed)
                    horizon = horizon or max(run.ends)
                    after = [bench.regret(min(run.values[:count])) for count in shown]
                    timed = [bench.regret(run.best_at(horizon * share)) for share in (0.5, 1.0)]
                    found[name].append([*after, *timed, max(run.ends) / horizon])
        print(
            f"\n{workers} workers, {len(tasks)} tasks × {options.seeds} seeds: mean "
            f"normalised regret after {shown} trials, at half the time, at all of it; time",
            flush=True,
        )
        base = np.array(found["free"])
        for name, rows in found.items():
            table = np.array(rows)
            apart = (table - base)[:, :-1]
            error = apart.std(axis=0) / np.sqrt(len(table))
            cells = "  ".join(
                f"{mean:.4f} ({by:+.4f} ±{e:.4f})"
                for mean, by, e in zip(table.mean(axis=0), apart.mean(axis=0), error, strict=False)
            )
            print(f"{name:10s} {cells}  ×{table[:, -1].mean():.3f}", flush=True)


if __name__ == "__main__":
    main()
