"""What looking near the best is worth on the development tables.

    python benchmarks/development_tables.py      # once: makes the tables
    python benchmarks/table/near_the_best.py     # some 15 minutes on two cores
    python benchmarks/table/near_the_best.py --tables spam,vowel --seeds 2 --trials 16,24

The default job on the same rows with ``CoarseToFine(near=True)``, which is the default, and with
``CoarseToFine()``, which looks anywhere. Printed are the value of the best trial, the loss or RMSE of the
ensemble on the test rows, and the processor's time; at the end the geometric means over those of the
first row.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

import sturgeon as st

sys.path.insert(0, str(Path(__file__).parents[1]))
from development_tables import DEVELOPMENT_TABLES, DevelopmentTable

_TABLES = "vehicle,wine,spam,computers,vowel,satellite,juice,pima,magic,wage"


def measure(
    table: DevelopmentTable, search: st.CoarseToFine, *, trials: int, rows: int, seed: int
) -> tuple[float, float, float]:
    """The best trial's value, the ensemble's error on the test rows, and the processor's seconds."""
    frame = pd.read_csv(table.path)
    frame = frame.sample(min(rows, len(frame)), random_state=seed).reset_index(drop=True)
    frame = frame.drop(columns=[name for name in table.drop if name in frame.columns])
    options = st.TuneOptions(search=search, seed=seed, stopping=st.SuccessiveHalving(first=10))  # the default
    before = resource.getrusage(resource.RUSAGE_SELF)
    with tempfile.TemporaryDirectory() as folder:
        job = st.TableJob(
            frame, table.target, Path(folder) / "o", options, trials, data_options={"task": table.task}
        )
        result = st.tune_table(job)
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert result.best is not None
    assert result.test is not None
    error = result.test["loss" if table.task == "classification" else "rmse"]
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return float(result.best["value"]), float(error or 0), seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", default=_TABLES, help="with commas between")
    parser.add_argument("--rows", type=int, default=2_000, help="of each table, at random")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--trials", default="16,24", help="numbers of trials, with commas between")
    asked = parser.parse_args()
    tables = {table.name: table for table in DEVELOPMENT_TABLES}
    rows: dict[tuple[str, int], list[tuple[float, float, float]]] = {}
    for name in asked.tables.split(","):
        for seed in range(1, asked.seeds + 1):
            for trials in map(int, asked.trials.split(",")):
                for where, search in (("anywhere", st.CoarseToFine()), ("near", st.CoarseToFine(near=True))):
                    found = measure(tables[name], search, trials=trials, rows=asked.rows, seed=seed)
                    rows.setdefault((where, trials), []).append(found)
                    value, error, seconds = found
                    print(
                        f"{name:10} seed {seed} {where:8} {trials:3} trials: best {value:8.4f}, "
                        f"ensemble {error:8.4f} on test rows, {seconds:5.1f} s of processor",
                        flush=True,
                    )
    first = np.log(next(iter(rows.values())))
    print(
        "over the first row, geometric mean: value of the best trial, error of the ensemble, processor's time"
    )
    for (where, trials), found in rows.items():
        means = np.exp((np.log(found) - first).mean(axis=0))
        print(f"  {where:8} {trials:3} trials: " + "  ".join(f"{mean:.3f}" for mean in means))


if __name__ == "__main__":
    main()
