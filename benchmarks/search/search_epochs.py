"""Early stopping with epochs as the cost, on the LCBench surrogate.

    python benchmarks/search/search_epochs.py --seeds 3 --workers 1 4
    python benchmarks/search/search_epochs.py --methods tpe+hyperband gp+hyperband --save epochs.json

Every method gets 20 × 52 epochs on each of the 17 tasks; an epoch costs the same for every configuration. A
paused training continues where it was at no cost, as in the lane engine; Optuna and SMAC get the same where
they train a configuration further. Only trials that were trained to epoch 52 count, by their
cross-entropy there: normalised regret, 0 the best known, 1 the median of random configurations (which also
stands before the first such trial). ``--workers 4`` trains four at a time, an epoch each in turn.

It prints the mean regret after so many epochs, and after how many epochs a search with stopping is as
good as the same search that trained 20 trials to their end. ``--save`` adds the regrets to a JSON file, and
``--load`` shows what is there without running it again. Everything runs on one thread. The peers need
``pip install optuna smac``; ``results/lcbench-epochs-peers.json`` holds what they reached (Optuna 5.0, SMAC3
2.4), made with ``--methods tpe+hyperband smac+hyperband --workers 1 --seeds 3`` and, as it takes long,
``--methods gp+hyperband --workers 1 --seeds 1``.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from epochs_peers import PEERS
from lcbench import DEFAULT_DIR, LAST_EPOCH, LCBench, space
from sturgeon.search import SEARCHES, Observation, Record, search_by_name, search_from_json, search_to_json
from sturgeon.stopping import (
    CONTINUE,
    STOPPINGS,
    Pause,
    Stopping,
    StoppingContext,
    SuccessiveHalving,
    stopping_by_name,
)

METRIC = "val_cross_entropy"
TOTAL = 20 * LAST_EPOCH
CONTEXT = StoppingContext(METRIC, max_steps=LAST_EPOCH, can_wait=True)
MARKS = (TOTAL // 5, TOTAL // 3, TOTAL // 2, TOTAL)
GRID = list(range(13, TOTAL + 1, 13))

Whole = list[tuple[int, float]]
"""Epochs used so far, and the value of a trial that was trained to its end just then."""

EXTRA_RULES: dict[str, Stopping] = {
    "halving-hyperband": SuccessiveHalving(first=1, brackets=3),
    "halving-1": SuccessiveHalving(first=1),
}


@dataclass(frozen=True)
class Run:
    """One method on one task with one seed."""

    method: str
    task: str
    seed: int
    workers: int
    folder: Path
    total: int = TOTAL


def train(run: Run, curve: Callable[[dict[str, Any]], Sequence[float]]) -> Whole:
    """Search with a stopping rule; ``curve`` gives a configuration's values at each epoch."""
    search_name, _, rule_name = run.method.partition("+")
    search = search_by_name(search_name)
    if hasattr(search, "seed"):
        search = search_from_json({**search_to_json(search), "seed": run.seed})
    rule = EXTRA_RULES.get(rule_name) or stopping_by_name(rule_name or "never")
    record, curves, live, used, whole = Record(), dict[int, Sequence[float]](), list[int](), 0, Whole()
    the_space = space()
    while used < run.total:
        while len(live) < run.workers:
            number = rule.promote(record, CONTEXT)
            if number is None:
                number = len(record)
                rng = np.random.default_rng(np.random.SeedSequence((run.seed, number)))
                config = search.suggest(the_space, record, 1, rng)[0]
                curves[number] = curve(config)
                record.put(Observation(number, config, "running"))
            live.append(number)
            record.put(replace(record[number], state="running"))
        trained = live[: run.total - used]
        for number in trained:
            step = len(record[number].curve) + 1
            point = (step, float(curves[number][step - 1]))
            record.put(replace(record[number], curve=(*record[number].curve, point)))
            used += 1
        for number in trained:
            observation = record[number]
            step, value = observation.curve[-1]
            decision = rule.decide(observation, record, CONTEXT)
            if step == LAST_EPOCH:
                record.put(replace(observation, state="complete", value=value))
                whole.append((used, value))
                live.remove(number)
            elif isinstance(decision, Pause):
                record.put(replace(observation, state="paused"))
                live.remove(number)
            elif decision is not CONTINUE:
                record.put(replace(observation, state="stopped", value=value))
                live.remove(number)
    return whole


def regrets(run: Run) -> list[float]:
    """Give the regret of the best whole trial at each of ``GRID``."""
    bench = LCBench(run.folder)
    every_epoch = range(1, LAST_EPOCH + 1)

    def curve(config: dict[str, Any]) -> Sequence[float]:
        return bench.evaluate(run.task, METRIC, [config], every_epoch)[0]

    if run.method in PEERS:
        whole = PEERS[run.method](curve, run.seed, run.workers, run.total)
    else:
        whole = train(run, curve)
    found = [(used, bench.regret(run.task, METRIC, value)) for used, value in whole]
    return [min((regret for used, regret in found if used <= mark), default=1.0) for mark in GRID]


def measure(args: argparse.Namespace, kept: dict[str, list[list[float]]]) -> None:
    """Run what is not there yet; a line for each method as it is done."""
    tasks = LCBench(args.lcbench).tasks()
    with ProcessPoolExecutor(args.processes) as pool:
        for workers in args.workers:
            for method in args.methods:
                key = f"{method} @{workers}"
                if key in kept:
                    continue
                started = time.perf_counter()
                runs = [
                    Run(method, task, seed, workers, args.lcbench)
                    for seed in range(args.seeds)
                    for task in tasks
                ]
                kept[key] = [[round(one, 5) for one in found] for found in pool.map(regrets, runs)]
                print(row(key, kept[key]), f"{time.perf_counter() - started:8.0f} s", flush=True)
                if args.save:
                    args.save.write_text(json.dumps(kept) + "\n")


def row(key: str, found: list[list[float]]) -> str:
    """Put a method's mean regrets in a line."""
    mean = np.mean(found, axis=0)
    at = [mean[max(i for i, mark in enumerate(GRID) if mark <= wanted)] for wanted in MARKS]
    return f"{key:34s}" + "".join(f"{value:8.3f}" for value in at) + f"{len(found):7d}"


def show(kept: dict[str, list[list[float]]]) -> None:
    """Print the table, and what share of the epochs each rule needs."""
    print(f"\n{'mean regret after epochs':34s}" + "".join(f"{mark:8d}" for mark in MARKS) + "   runs")
    for key, found in sorted(kept.items(), key=lambda item: np.mean(item[1], axis=0)[-1]):
        print(row(key, found))
    print("\nepochs after which it is as good as the same search with 20 whole trials one at a time")
    for key, found in kept.items():
        search = key.split(" ")[0].partition("+")[0]
        full = kept.get(f"{search}+never @1")
        if full is None or "+never" in key or len(full) != len(found):
            continue
        bar, mean = np.mean(full, axis=0)[-1], np.mean(found, axis=0)
        reached = next((mark for mark, value in zip(GRID, mean, strict=True) if value <= bar), None)
        share = f"{reached:5d}  ({reached / TOTAL:.0%})" if reached else "not reached"
        print(f"{key:34s} {share}   (its regret {bar:.3f})")


def main() -> None:
    """Run the methods asked for and print."""
    rules = [*STOPPINGS, *EXTRA_RULES]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lcbench", type=Path, default=DEFAULT_DIR, metavar="DIR")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--processes", type=int, default=1, help="runs side by side, a thread each")
    parser.add_argument("--save", type=Path, help="add the regrets to this file")
    parser.add_argument("--load", type=Path, nargs="*", default=[], help="show these files' regrets too")
    parser.add_argument(
        "--methods",
        nargs="+",
        default=[
            "random+never",
            "random+halving",
            "random+halving-1",
            "coarse-to-fine+never",
            "coarse-to-fine+halving",
        ],
        help=f"SEARCH+RULE of {', '.join(SEARCHES)} and {', '.join(rules)}; or {', '.join(PEERS)}",
    )
    args = parser.parse_args()
    kept: dict[str, list[list[float]]] = {}
    for path in [*args.load, *([args.save] if args.save and args.save.exists() else [])]:
        kept |= json.loads(path.read_text())
    measure(args, kept)
    show(kept)


if __name__ == "__main__":
    main()
