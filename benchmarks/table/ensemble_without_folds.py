"""Without folds: the best trials' networks together, beside one network trained once more on more rows.

    python benchmarks/table/ensemble_without_folds.py [--seconds 60] [--seeds 2] [--tables adult …]

Both get the same seconds from the table to the test. The test loss is the log loss. Adult and electricity are
read from ``--shared``, a folder with the UCI's files, magic and letters from what ``development_tables.py``
made.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import pandas as pd

import sturgeon as st

DEVELOPMENT = Path(__file__).parents[1] / ".tables"
TABLES = {
    "adult": ("adult_train.csv.gz", "income"),
    "electricity": ("electricity.csv.gz", "class"),
    "magic": ("magic.csv", "class"),
    "letters": ("letters.csv", "lettr"),
}


def measure(frame: pd.DataFrame, target: str, *, ensemble: int, seconds: float, seed: int) -> str:
    """Tune, and say what the result comes to on the test rows."""
    with tempfile.TemporaryDirectory() as folder:
        options = st.TuneOptions(seed=seed)
        job = st.TableJob(
            frame,
            target,
            Path(folder) / "out",
            options,
            budget=seconds,
            ensemble=ensemble,
            data_options={"folds": 1, "task": "classification"},
        )
        result = st.tune_table(job)
    assert result.test is not None
    ended = result.trials["complete"] + result.trials["stopped"]
    return f"{result.test['loss']:.4f} {result.test['accuracy']:.4f} ({ended:3d} trials)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--tables", nargs="+", default=("adult", "electricity", "magic"), choices=TABLES)
    parser.add_argument("--shared", type=Path, default=Path("shared/data"))
    asked = parser.parse_args()
    print(f"{'test loss and accuracy':24}{'one network':32}{'ensemble of at most 8':32}")
    for name in asked.tables:
        file, target = TABLES[name]
        folder = asked.shared if name in ("adult", "electricity") else DEVELOPMENT
        frame = pd.read_csv(folder / file, skipinitialspace=True)
        for seed in range(asked.seeds):
            both = [
                measure(frame, target, ensemble=most, seconds=asked.seconds, seed=seed) for most in (1, 8)
            ]
            print(f"{name:20}{seed:2d}  {both[0]:32}{both[1]:32}", flush=True)


if __name__ == "__main__":
    main()
