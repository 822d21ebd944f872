"""How good a search is, how fast, and against whom.

    python benchmarks/search/search_quality.py [full|batch|speed|other] --lcbench DIR --seeds N --methods …

``full``   LCBench at epoch 52: mean normalised regret after 16, 32 and 64 trials over 17 tasks, of
           validation cross-entropy and balanced accuracy, and each method's median rank over the tasks;
           which bars the default search reaches, and how far it is from each peer.
``batch``  the same, eight trials asked for at once.
``speed``  what a suggestion takes at 64 and at 1,000 trials: medians on one core.
``other``  tasks that are not in LCBench: test functions, a conditional space, scikit-learn models.

Set OMP_NUM_THREADS=1 and OPENBLAS_NUM_THREADS=1: every method then has one thread. Peers too slow to be run
each time are read from ``results/lcbench-METHOD.json``, which ``search_peers.py`` makes; how many seeds
they have is printed. Ranks compare means over the seeds that each method has.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import median

import numpy as np
from scipy.stats import rankdata

from lcbench import DEFAULT_DIR, LAST_EPOCH, METRICS, LCBench, space
from search_methods import OPTUNA, minimise
from search_peers import CHECKPOINTS, measure
from search_tasks import TASKS
from sturgeon.search import Observation, Record, search_by_name

RESULTS = Path(__file__).resolve().parents[1] / "results"
SHOWN = (16, 32, 64)
DEFAULT = "coarse-to-fine"
BARS = {16: 0.20, 32: 0.075, 64: 0.02}
BATCH_BARS = {64: 0.04}
FAST = ("coarse-to-fine", "staged", "shrinking-boxes", "random", "sobol", "optuna-tpe", "optuna-cmaes")
OTHER = ("coarse-to-fine", "random", "optuna-tpe", "optuna-gp")

Measured = dict[str, dict[tuple[str, int], dict]]


def full(bench: LCBench, methods: Iterable[str], seeds: int, batch: int = 1) -> None:
    """Print LCBench's tables."""
    for metric in METRICS:
        found: Measured = {}
        for method in methods:
            found[method] = {
                (task, seed): measure(bench, method, metric, task, seed=seed, batch=batch)
                for task in bench.tasks()
                for seed in range(seeds)
            }
        if batch == 1:
            found.update(_kept(metric, set(found)))
        _print_table(
            f"{metric}, {f'batches of {batch}' if batch > 1 else 'one by one'}", bench.tasks(), found
        )
        if DEFAULT in found:
            _print_bars(bench.tasks(), found, BATCH_BARS if batch > 1 else BARS)


def _kept(metric: str, fresh: set[str]) -> Measured:
    """Read the committed figures of peers that are not run now."""
    found: Measured = {}
    for method in (*OPTUNA, "smac"):
        path = RESULTS / f"lcbench-{method}.json"
        if not path.exists():
            continue
        runs = {tuple(key.split()): run for key, run in json.loads(path.read_text()).items()}
        mine = {(task, int(seed)): run for (of, task, seed), run in runs.items() if of == metric}
        if mine and method not in fresh:
            found[method] = mine
    return found


def _print_table(title: str, tasks: tuple[str, ...], found: Measured) -> None:
    columns = [CHECKPOINTS.index(trials) for trials in SHOWN]
    means = {method: _by_task(tasks, runs)[:, columns] for method, runs in found.items()}
    complete = [method for method, table in means.items() if not np.isnan(table).any()]
    ranks = rankdata(np.stack([means[method] for method in complete]), axis=0) if complete else np.empty(0)
    print(f"\n{title}: mean normalised regret after {SHOWN} trials; median rank over tasks; ms a suggestion")
    for method, table in means.items():
        runs = found[method].values()
        every = np.array([run["regret"] for run in runs])[:, columns]
        error = every.std(axis=0) / np.sqrt(len(every))
        regret = "  ".join(
            f"{mean:6.4f} ±{one:.3f}" for mean, one in zip(np.nanmean(table, axis=0), error, strict=True)
        )
        rank = "-"
        if method in complete:
            rank = "  ".join(f"{place:3.1f}" for place in np.median(ranks[complete.index(method)], axis=0))
        seeds = len({seed for _, seed in found[method]})
        speed = median(run["ms"] for run in runs)
        covered = int((~np.isnan(table[:, 0])).sum())
        print(f"{method:16s} {regret}   rank {rank:>13s}   {speed:7.2f} ms   {covered} tasks × {seeds} seeds")


def _print_bars(tasks: tuple[str, ...], found: Measured, bars: Mapping[int, float]) -> None:
    """Say which bars the default search reaches, and how it differs from each peer on the runs of both."""
    for trials, bar in bars.items():
        column = CHECKPOINTS.index(trials)
        mean = float(_by_task(tasks, found[DEFAULT])[:, column].mean())
        verdict = "reached" if mean <= bar else "missed"
        print(f"  {DEFAULT} after {trials}: {mean:.4f}, the bar is {bar}: {verdict}")
        for method in sorted(set(found) - {DEFAULT}):
            shared = sorted(set(found[method]) & set(found[DEFAULT]))
            if shared:
                pairs = [[found[one][run]["regret"][column] for one in (DEFAULT, method)] for run in shared]
                apart = np.array(pairs) @ [1.0, -1.0]
                error = apart.std() / np.sqrt(len(apart))
                print(f"    {apart.mean():+.4f} ±{error:.4f} to {method}, {len(shared)} runs of both")


def _by_task(tasks: tuple[str, ...], runs: Mapping[tuple[str, int], dict]) -> np.ndarray:
    """Average over seeds: shape ``tasks × checkpoints``, NaN where a task was not run."""
    rows = []
    for task in tasks:
        mine = [run["regret"] for (of, _), run in runs.items() if of == task]
        rows.append(np.mean(mine, axis=0) if mine else np.full(len(CHECKPOINTS), np.nan))
    return np.array(rows)


def speed(bench: LCBench, methods: Iterable[str]) -> None:
    """Print what a suggestion takes with a record of random trials."""
    task, metric = bench.tasks()[0], METRICS[0]
    print("\nms a suggestion on LCBench, medians of 21, one core: 64 trials; 1,000 trials")
    for method in methods:
        if method in OPTUNA:
            continue
        shown = []
        for trials in (64, 1000):
            configs = list(space().sample(trials, 0))
            values = bench.evaluate(task, metric, configs, LAST_EPOCH)
            record = Record(
                Observation(number, config, "complete", float(value))
                for number, (config, value) in enumerate(zip(configs, values, strict=True))
            )
            search = search_by_name(method)
            times = []
            for number in range(23):
                rng = np.random.default_rng(np.random.SeedSequence((number, trials)))
                started = time.perf_counter()
                search.suggest(space(), record, 1, rng)
                times.append(time.perf_counter() - started)
            shown.append(f"{1000 * median(times[2:]):8.2f}")
        print(f"{method:16s} {'  '.join(shown)}")


def other(methods: Iterable[str], seeds: int, names: Iterable[str]) -> None:
    """Print the mean best value after 16, 32 and 64 trials of tasks outside LCBench, and ranks."""
    places: dict[str, list[np.ndarray]] = {}
    for name in names:
        task = TASKS[name]
        found = {}
        for method in methods:
            runs = [
                np.minimum.accumulate(
                    minimise(method, task.space, task.objective, trials=64, seed=seed).values
                )
                for seed in range(seeds)
            ]
            found[method] = np.array([[run[min(trials, len(run)) - 1] for trials in SHOWN] for run in runs])
        ranks = rankdata(np.stack([table.mean(axis=0) for table in found.values()]), axis=0)
        for method, rank in zip(found, ranks, strict=True):
            places.setdefault(method, []).append(rank)
        print(f"\n{name}: mean of the best after {SHOWN} trials, {seeds} seeds")
        for method, table in found.items():
            print(f"  {method:16s} " + "  ".join(f"{value:9.4f}" for value in table.mean(axis=0)), flush=True)
    print("\nmean rank over these tasks")
    for method, rank in places.items():
        print(f"  {method:16s} " + "  ".join(f"{value:4.2f}" for value in np.mean(rank, axis=0)))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="?", default="full", choices=("full", "batch", "speed", "other"))
    parser.add_argument("--lcbench", type=Path, default=DEFAULT_DIR, metavar="DIR")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--methods", nargs="+")
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), help="of `other`")
    options = parser.parse_args()
    bench = LCBench(options.lcbench)
    if options.what == "other":
        other(options.methods or OTHER, options.seeds, options.tasks)
    elif options.what == "speed":
        speed(bench, options.methods or FAST)
    else:
        full(bench, options.methods or FAST, options.seeds, batch=8 if options.what == "batch" else 1)


if __name__ == "__main__":
    main()
