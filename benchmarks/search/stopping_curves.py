"""Stopping rules replayed on real curves: our own network on digits and white wine.

    python benchmarks/search/stopping_curves.py --trials 128

trains so many random configurations of the standard space for 30 epochs each, without stopping (a few
minutes), then replays their curves under each rule: of 64 (or 20) of them in 12 random orders, one or eight
at a time. It prints the share of the epochs that were trained; how much worse the best whole trial is than
the best of all, as a share of the distance between the median and the best; and how many trials were
better than it. ``--keep DIR`` keeps the studies, and takes those that are there.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import sturgeon as st
from sturgeon.stopping import MedianRule, Patience, Stopping, SuccessiveHalving

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from curve_replay import best_of_complete, replay

EPOCHS = 30
WINE = Path(__file__).resolve().parents[2] / "examples" / "data" / "wine_quality_white.csv"
RULES: dict[str, Stopping] = {
    "halving (default)": SuccessiveHalving(),
    "halving, first=1": SuccessiveHalving(first=1),
    "halving, reduction=2": SuccessiveHalving(reduction=2),
    "halving, brackets=2": SuccessiveHalving(brackets=2),
    "median": MedianRule(),
    "patience": Patience(),
}

Curves = npt.NDArray[np.float64]


def curves_of(name: str, folder: Path, trials: int) -> Curves:
    """Train, unless it was done; give the curves, to be minimised, shape ``trials × epochs``."""
    place = folder / name
    if not (place / "tune.study").exists():
        options = st.TuneOptions(epochs=EPOCHS, seed=0, search=st.Random(), stopping=st.Never())
        st.tune_table(st.TableJob(*_data(name), place, options, trials=trials))
    with st.Study.open(place / "tune.study") as study:
        sign = -1 if study.direction == "maximize" else 1
        whole = [trial.curves.get(study.metric, []) for trial in study.trials]
        return np.array([[sign * value for _, value in one] for one in whole if len(one) == EPOCHS])


def _data(name: str) -> tuple[Any, str]:
    if name == "wine":
        return WINE, "quality"
    from sklearn.datasets import load_digits

    return load_digits(return_X_y=True), "target"


def main() -> None:
    """Train, replay, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=128)
    parser.add_argument("--keep", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        for name in ("digits", "wine"):
            curves = curves_of(name, args.keep or Path(scratch), args.trials)
            ends = np.sort(curves[:, -1])
            print(f"\n{name}: {len(curves)} trials, best {ends[0]:.4f}, median {np.median(ends):.4f}")
            print(f"{'':59s}{'epochs':>8s}{'loss':>9s}{'worst':>9s}{'better':>9s}")
            for count, workers, pausing in ((64, 1, True), (64, 8, True), (20, 1, True), (64, 1, False)):
                how = f"{count} trials, {workers} at a time, {'pausing' if pausing else 'stopping'}"
                for rule_name, rule in RULES.items():
                    show(f"{rule_name:22s}", how, [
                        measure(rule, curves[np.random.default_rng(seed).permutation(len(curves))[:count]],
                                workers, pausing=pausing, width=np.median(ends) - ends[0])
                        for seed in range(12)
                    ])  # fmt: skip


def measure(
    rule: Stopping, curves: Curves, workers: int, *, pausing: bool, width: float
) -> tuple[float, float, int]:
    """Give the share of epochs, the loss, and how many trials were better than the best whole one."""
    record, used = replay(rule, curves, workers, pausing=pausing, waiting=pausing)
    best, ends = best_of_complete(record), curves[:, -1]
    return used / curves.size, (best - ends.min()) / width, int((ends < best).sum())


def show(rule: str, how: str, found: list[tuple[float, float, int]]) -> None:
    """Print a line."""
    share, loss, better = np.mean(found, axis=0)
    worst = max(one[1] for one in found)
    print(f"{rule:22s} {how:36s}{share:8.3f}{loss:9.3f}{worst:9.3f}{better:9.2f}", flush=True)


if __name__ == "__main__":
    main()
