"""Many workers of one study: what was measured, what a simulation makes of it, and what breaks.

    python benchmarks/scaling.py costs      ask, report, tell on PostgreSQL: one client, and sixteen processes
    python benchmarks/scaling.py sleepers   trials that sleep, on 2, 4, 8 and 16 workers, and simulated
    python benchmarks/scaling.py simulate   10 to 10,000 workers: where the driver or the record is too slow
    python benchmarks/scaling.py peers      the same trials on a Ray cluster, and by Ray Tune
    python benchmarks/scaling.py chaos      kills nodes, drivers and the server in the midst of studies

It needs ``pip install simpy`` and, but for ``simulate --costs``, PostgreSQL's server programs; ``peers`` and
``chaos`` need ``pip install ray[tune]``. What is measured depends on the machine; ``simulate`` takes what
``costs`` printed on its last line.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from cluster.simulation import Costs, Simulation, Work

CLIENTS = 16
SLEEPERS = (2, 4, 8, 16)
SIMULATED = (10, 100, 1_000, 10_000)


def costs(given: argparse.Namespace) -> None:
    """Measure what the simulation takes."""
    from cluster.measures import measure_costs, server

    with server() as database:
        measured, (rate, median, worst, processor) = measure_costs(
            database.url, rounds=given.rounds, seconds=given.seconds
        )
    for name, value in asdict(measured).items():
        print(f"{name:10} {value if name == 'at_once' else f'{value * 1e3:.2f} ms'}")
    print(
        f"{CLIENTS} processes that ask and tell: {rate:.0f} trials a second; an ask and a tell take "
        f"{median * 1e3:.1f} ms, 99 of 100 at most {worst * 1e3:.1f} ms, "
        f"and {processor * 1e3:.1f} ms of the client's processor time"
    )
    print(json.dumps(asdict(measured)))


def sleepers(given: argparse.Namespace) -> None:
    """Measure trials that sleep, and simulate the same."""
    from cluster.sleepers import Sleep, run_ours

    cost = _costs(given)
    print(f"{'workers':>8} {'trials':>7} {'ideal':>7} {'measured':>9} {'simulated':>10}   seconds")
    for workers in given.workers or SLEEPERS:
        trials = workers * given.each
        took = run_ours(Sleep(given.trial_seconds, given.reports), trials, workers).all
        work = Work(trials, given.trial_seconds, given.reports)
        simulated = Simulation(workers, work, cost, driver=True).run()
        ideal = given.each * given.trial_seconds
        print(f"{workers:8} {trials:7} {ideal:7.2f} {took:9.2f} {simulated.seconds:10.2f}", flush=True)


def simulate(given: argparse.Namespace) -> None:
    """Simulate many workers, with one driver, and with workers that a scheduler starts."""
    cost = _costs(given)
    print(f"trials of {given.trial_seconds:g} s with {given.reports} reports, {given.each} for each worker")
    print(f"{'':24} {'workers':>8} {'of ideal':>9} {'busy':>6} {'waits for a trial, 99 %':>24}")
    for title, driver in (("one driver (st.Ray)", True), ("sturgeon worker", False)):
        for workers in given.workers or SIMULATED:
            work = Work(workers * given.each, given.trial_seconds, given.reports)
            made = Simulation(workers, work, cost, driver=driver).run()
            print(
                f"{title:24} {workers:8,} {made.share:8.1%} {made.busy:6.1%} {made.waited:22.2f} s",
                flush=True,
            )


def peers(given: argparse.Namespace) -> None:
    """Run the same trials on a Ray cluster, here and by Ray Tune, one after the other."""
    import sturgeon as st
    from cluster.sleepers import Sleep, run_ours, run_ray_tune

    cases = (
        (f"{given.trials} trials of 1 s, 2 at once", Sleep(1.0), given.trials, 2),
        (f"{given.empty} empty trials, 2 at once", Sleep(0.0), given.empty, 2),
        (f"{given.many} trials of 1 s, 16 at once", Sleep(1.0), given.many, 16),
        (
            f"{given.crowd} trials with 10 reports a second",
            Sleep(given.seconds, int(10 * given.seconds)),
            given.crowd,
            given.crowd,
        ),
    )
    print(
        "seconds from the first trial's begin to the last one's end, from the call to the first one's begin,"
    )
    print("and of one trial, the median and the longest:")
    for title, work, trials, workers in cases:
        if not trials:
            continue
        print(f"{title}, ideal {-(-trials // workers) * work.seconds:.1f}:", flush=True)
        for name in ("st.Ray", "Ray Tune"):
            if given.only in (None, name):
                with _connected(workers), tempfile.TemporaryDirectory() as folder:
                    here = replace(work, together=given.crowd if work.reports else 1, folder=folder)
                    took = (
                        run_ours(here, trials, st.Ray(workers=workers))
                        if name == "st.Ray"
                        else run_ray_tune(here, trials, workers)
                    )
                print(
                    f"  {name:9} {took.all:8.1f} {took.first:8.1f} {took.trial:10.3f} {took.longest:9.3f}",
                    flush=True,
                )


def chaos(given: argparse.Namespace) -> None:
    """Kill things in the midst of studies, and count what was lost."""
    from cluster.chaos import HURTS, undergo
    from cluster.measures import server

    with server() as database, tempfile.TemporaryDirectory() as folder:
        for name, hurt in HURTS.items():
            for seed in range(given.times if given.only in (None, name) else 0):
                print(f"{name} {seed + 1}: {undergo(hurt, database, seed, Path(folder))}", flush=True)


@contextmanager
def _connected(places: int) -> Iterator[None]:
    """A Ray cluster of two nodes with so many places in all, that we are connected to."""
    from cluster.nodes import ray_nodes

    with ray_nodes(-(-places // 2), max(1, places // 2)) as nodes:
        import ray

        ray.init(nodes.address, logging_level=logging.ERROR, log_to_driver=False)
        try:
            yield
        finally:
            ray.shutdown()


def _costs(given: argparse.Namespace) -> Costs:
    if given.costs is not None:
        return Costs(**json.loads(given.costs))
    from cluster.measures import measure_costs, server

    with server() as database:
        return measure_costs(database.url, rounds=100, seconds=2.0)[0]


def main() -> None:
    """Run one of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    what = parser.add_subparsers(required=True)

    def add(function: Callable[[argparse.Namespace], None], **defaults: Any) -> None:
        one = what.add_parser(function.__name__)
        one.set_defaults(run=function)
        for name, value in defaults.items():
            kind = str if value is None else type(value)
            one.add_argument(f"--{name.replace('_', '-')}", type=kind, default=value)
        if "each" in defaults:
            one.add_argument("--workers", type=int, nargs="+")

    add(costs, rounds=300, seconds=10.0)
    add(sleepers, each=5, trial_seconds=1.0, reports=0, costs=None)
    add(simulate, each=3, trial_seconds=60.0, reports=30, costs=None)
    add(peers, trials=200, empty=2_000, many=2_000, crowd=96, seconds=60.0, only=None)
    add(chaos, times=10, only=None)
    given = parser.parse_args()
    given.run(given)


if __name__ == "__main__":
    main()
