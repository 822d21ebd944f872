"""What it is worth to keep networks that the ensemble wants though they are not among the best.

    python benchmarks/development_tables.py        # once: makes the tables
    python benchmarks/table/kept_networks.py       # some 15 minutes on two cores
    python benchmarks/table/kept_networks.py --tables spam vehicle --trials 80 --seeds 2

The same trials three times, as their number and the seed say: once the networks of the twelve best trials
are kept alone, once those beside them that make the ensemble better, which is the default, once all.
Printed are the ensemble's losses on held-out rows and on test rows, and at the end the geometric means of
the test losses over those of the first way.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import sturgeon as st
from sturgeon.caviar.table import candidates, keeping
from sturgeon.caviar.table.candidates import Candidates

sys.path.insert(0, str(Path(__file__).parents[1]))
from development_tables import DEVELOPMENT_TABLES, DevelopmentTable

WAYS = ("the best", "and those that help", "all")


class OnlyTheBest(Candidates):
    """Candidates of which none is kept for the ensemble's sake."""

    def add(self, trial: int, config: dict[str, Any], trained: Any) -> bool:
        """As ever; then those that are not among the best are given up."""
        is_best = super().add(trial, config, trained)
        self._kept = {one.trial: one for one in self.best}
        self._choose()
        return is_best


def measure(table: DevelopmentTable, way: str, *, trials: int, rows: int, seed: int) -> tuple[float, float]:
    """The ensemble's held-out loss and test loss."""
    keeping.Candidates = OnlyTheBest if way == "the best" else Candidates  # pyright: ignore[reportPrivateImportUsage]
    candidates.KEPT = 10**6 if way == "all" else 12
    frame = pd.read_csv(table.path)
    frame = frame.sample(min(rows, len(frame)), random_state=seed).reset_index(drop=True)
    frame = frame.drop(columns=[name for name in table.drop if name in frame.columns])
    held_out = float("nan")

    def watch(progress: st.Progress) -> None:
        nonlocal held_out
        held_out = held_out if progress.ensemble is None else progress.ensemble

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "o"
        options = st.TuneOptions(seed=seed, stopping=st.SuccessiveHalving(first=10))  # the default
        job = st.TableJob(frame, table.target, out, options, trials, data_options={"task": table.task})
        test = st.tune_table(job, on_progress=watch).test
    assert test is not None
    return held_out, float(test["loss"] or 0)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", nargs="+", default=["vehicle", "spam", "satellite", "wage", "vowel"])
    parser.add_argument("--rows", type=int, default=3_000, help="of each table, at random")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--trials", type=int, default=64)
    asked = parser.parse_args()
    tables = {table.name: table for table in DEVELOPMENT_TABLES}
    losses: dict[str, list[float]] = {way: [] for way in WAYS}
    print(f"{'':14}{'kept':>22}{'held out':>10}{'test':>9}")
    for name in asked.tables:
        for seed in range(1, asked.seeds + 1):
            for way, of in losses.items():
                held_out, test = measure(tables[name], way, trials=asked.trials, rows=asked.rows, seed=seed)
                of.append(test)
                print(f"{name:10}{seed:4}{way:>22}{held_out:10.4f}{test:9.4f}", flush=True)
    for way, of in losses.items():
        ratio = np.exp(np.mean(np.log(of) - np.log(losses["the best"])))
        print(f"{way:>36}: test loss {ratio:.3f} of the first way's")


if __name__ == "__main__":
    main()
