"""The lane engine against training the same networks one by one: all in one run, in alternating rounds.

    python benchmarks/lanes/population.py [--only equal|mixed|memory] [--adult TRAIN] [--quick] [--rounds N]

*equal*: network-epochs a second of networks of one shape: batch norm, ReLU, Adam, 8,192 × 64 float32 rows, 10
classes, every row once an epoch in a new order. Ours goes through the public engine, lanes on every core; it
also judges 64 validation rows every epoch, which its peers do not. A peer is one process a core, bound to it,
with one thread (OpenMP, MKL, TensorFlow's pools and XLA alike), all at once; each by the fastest of the
settings in ``SETTINGS``, chosen for each shape in this run. Data are in memory; PyTorch gathers an epoch's
rows by a permutation. Compiling is apart. Only one peer computes at a time, in rounds; figures are medians.
Beside each figure by the clock stands the same by processor time (the number of cores over the processor time
of a network-epoch), which other programs on the machine disturb less. The matrix peak is the best of XLA,
NumPy and PyTorch in large float32 products, one thread a core, all cores at once, in the same rounds. A
network's arithmetic is :attr:`population_cases.Case.arithmetic`.

*mixed*: 64 random configurations of the standard space; see ``population_mixed.py``. *memory*: see
``population_memory.py``. Leave the machine alone meanwhile.
"""

from __future__ import annotations

import argparse
import os
from contextlib import ExitStack
from statistics import median
from typing import Any

from population_bars import BARS, against
from population_cases import CASES, Case
from population_workers import Rate, Unfit, Workers, cores

SETTINGS: dict[str, list[dict[str, Any]]] = {
    "PyTorch eager": [{"adam": how} for how in ("loop", "foreach", "fused")],
    "PyTorch compiled": [{"adam": "fused", "compile": "loss"}, {"adam": "foreach", "compile": "step"}],
    "Keras on TensorFlow": [
        {"jit_compile": jit, "steps_per_execution": steps} for jit in (False, True) for steps in (1, 16)
    ],
    "Keras on JAX": [{"jit_compile": True, "steps_per_execution": steps} for steps in (1, 8)],
}
PEAK: list[dict[str, Any]] = [{"library": name} for name in ("numpy", "torch", "xla")]
PEAK_CASE = Case(1024, 1)
TORCH, KERAS = "PyTorch eager", "Keras on TensorFlow"


def measure_equal(rounds: int, seconds: float, cases: tuple[Case, ...]) -> None:
    """Networks of one shape, shape by shape.

    Args:
        rounds: How many.
        seconds: About how long each measures.
        cases: The shapes.
    """
    from population_ours import case_config, fixed_space, lanes_of, synthetic_dataset, train
    from sturgeon.caviar.backends.device_choice import table_backend

    dataset = synthetic_dataset()
    with ExitStack() as stack:
        pairs = {kind: stack.enter_context(Workers(kind)) for kind in (*SETTINGS, "products")}
        for case in cases:
            print(f"\nhidden = batch = {case.units}, {case.layers} hidden layers", flush=True)
            epochs = _prepare(pairs, case, seconds)
            config = case_config(case)
            backend = table_backend(dataset, fixed_space(config), 1)
            jobs = [config] * lanes_of(backend, config)
            train(backend, jobs, 1)
            once = train(backend, jobs, 2)
            ours_epochs = max(2, round(seconds / (once.seconds / 2)))
            found: dict[str, list[Rate]] = {"Sturgeon": [], **{kind: [] for kind in epochs}}
            for _ in range(rounds):
                ours = train(backend, jobs, ours_epochs)
                by_cpu = len(cores()) * ours.epochs / ours.cpu
                found["Sturgeon"].append(Rate(ours.epochs / ours.seconds, by_cpu))
                for kind, count in epochs.items():
                    found[kind].append(pairs[kind].rate(count))
            _print_case(case, found, len(jobs))


def _prepare(pairs: dict[str, Workers], case: Case, seconds: float) -> dict[str, int]:
    """Make every peer ready; how many epochs of each to measure at a time."""
    epochs: dict[str, int] = {}
    for kind, workers in pairs.items():
        try:
            if kind == "products":
                setting, took = workers.prepare(PEAK_CASE, PEAK)
            else:
                setting, took = workers.prepare(case, SETTINGS[kind])
        except Unfit as error:
            print(f"  {kind}: left out here ({error})", flush=True)
            continue
        shown = ", ".join(f"{name} {value}" for name, value in setting.items())
        print(f"  {kind}: {shown}", flush=True)
        epochs[kind] = max(2, round(seconds / took))
    return epochs


def _print_case(case: Case, found: dict[str, list[Rate]], jobs: int) -> None:
    rates = {
        kind: Rate(median(rate.clock for rate in all_of), median(rate.cpu for rate in all_of))
        for kind, all_of in found.items()
    }
    ours, bar, peak = rates["Sturgeon"], BARS[case.units], rates.pop("products")
    for kind, rate in rates.items():
        low, high = (pick(one.clock for one in found[kind]) for pick in (min, max))
        print(
            f"  {kind:20s} {rate.clock:7.1f} network-epochs a second ({low:.1f} to {high:.1f}); ours is "
            f"{ours.clock / rate.clock:.2f}×; by processor time {rate.cpu:.1f}, {ours.cpu / rate.cpu:.2f}×"
        )
    product = 2.0 * PEAK_CASE.units**3
    reached = (
        f"{ours.clock * case.arithmetic / 1e9:.0f} of {peak.clock * product / 1e9:.0f} GFLOP/s, the peak"
    )
    by_cpu = f"{ours.cpu * case.arithmetic / 1e9:.0f} of {peak.cpu * product / 1e9:.0f}"
    print(f"  {jobs} lanes; {reached}; by processor time {by_cpu}")
    shares = [one * case.arithmetic / product for one in (ours.clock / peak.clock, ours.cpu / peak.cpu)]
    cells = [
        against(ours.clock / rates[kind].clock, least, cpu=ours.cpu / rates[kind].cpu)
        if kind in rates
        else "not measured"
        for kind, least in ((TORCH, bar.torch), (KERAS, bar.keras))
    ]
    cells.append(against(shares[0], bar.peak, cpu=shares[1], form="{:.0%}"))
    print(f"| {case.units} | " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    """Parse and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=["equal", "mixed", "memory"])
    parser.add_argument("--adult", help="the file of Adult's training table")
    parser.add_argument("--quick", action="store_true", help="short rounds, few trials; figures are rough")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--units", type=int, nargs="+", help="of the equal shapes, these only")
    arguments = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    rounds = arguments.rounds or (2 if arguments.quick else 5)
    if arguments.only in (None, "equal"):
        cases = tuple(case for case in CASES if case.units in (arguments.units or BARS))
        measure_equal(rounds, 0.3 if arguments.quick else 1.2, cases)
    if arguments.only in (None, "mixed"):
        from population_mixed import measure_mixed

        for table in ["digits", *([arguments.adult] if arguments.adult else [])]:
            measure_mixed(table, rounds=min(rounds, 3), quick=arguments.quick)
    if arguments.only in (None, "memory"):
        from population_memory import measure_memory

        measure_memory(quick=arguments.quick)


if __name__ == "__main__":
    main()
