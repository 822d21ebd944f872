"""Columns of many categories, such as users or postcodes: the ways of telling them, measured.

For each table and way, the default configuration is trained on five folds (``--trials 1`` of ``sturgeon
tune``); printed is its mean log loss or RMSE on the folds held out: lower is better.

* averages: what is built in. Rare categories are one; each is told by the target's average over other rows
* one-hot: a 0/1 input for each category
* frequent: a 0/1 input for each of the 16 most frequent, and one for the rest
* hashed: a 0/1 input for each of 32 buckets of a hash
* left out: nothing

The made tables have three numbers that matter, and categories with an effect of their own: as many as the
name says, in so many rows. ``flights`` is of ``development_tables.py``: time in the air by route, 2,000 rows.
"""

from __future__ import annotations

import argparse
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd

from sturgeon.caviar.opening import TuneOptions
from sturgeon.caviar.table.job import TableJob, tune_table

FLIGHTS = Path(__file__).parents[1] / ".tables" / "flights.csv"
_MOST, _BUCKETS = 16, 32

WAYS: dict[str, Callable[[pd.Series], pd.Series | None]] = {
    "averages": lambda cells: cells,
    "one-hot": lambda cells: cells,
    "frequent": lambda cells: cells.where(cells.isin(cells.value_counts().index[:_MOST]), "another"),
    "hashed": lambda cells: cells.map(lambda cell: f"h{zlib.crc32(str(cell).encode()) % _BUCKETS}"),
    "left out": lambda cells: None,
}


def make_table(
    categories: int, rows: int, *, spread: float = 1.0, even: bool = True, classes: bool = False
) -> pd.DataFrame:
    """Make a table whose target depends on three numbers and on a category.

    Args:
        categories: How many there are.
        rows: How many rows.
        spread: The standard deviation of the categories' effects; that of the noise is 0.5.
        even: Whether all are equally frequent; else the k-th is 1/k as frequent as the first.
        classes: Whether the target is whether it is above its median.
    """
    rng = np.random.default_rng(1)
    share = np.ones(categories) if even else 1 / np.arange(1, categories + 1)
    place = rng.choice(categories, rows, p=share / share.sum())
    numbers, effects = rng.normal(size=(rows, 3)), rng.normal(0, spread, categories)
    target = numbers[:, 0] + numbers[:, 1] ** 2 / 2 + effects[place] + rng.normal(0, 0.5, rows)
    frame = pd.DataFrame(numbers, columns=pd.Index(["a", "b", "c"])).assign(
        many=[f"v{each}" for each in place]
    )
    return frame.assign(y=np.where(target > np.median(target), "above", "below") if classes else target)


def find_tables() -> Iterator[tuple[str, pd.DataFrame]]:
    """The tables, by name."""
    yield "200 in 210, classes", make_table(200, 210, classes=True)
    yield "450 in 1,000", make_table(450, 1000)
    yield "200 in 1,000", make_table(200, 1000)
    yield "300 in 1,000, noise", make_table(300, 1000, spread=0.0)
    yield "400 in 3,000, uneven", make_table(400, 3000, even=False)
    yield "30 in 300, classes", make_table(30, 300, classes=True)
    yield "60 in 1,000, classes", make_table(60, 1000, classes=True)
    yield "100 in 2,000", make_table(100, 2000, spread=0.5)
    yield "40 in 4,000", make_table(40, 4000)
    if FLIGHTS.exists():
        frame = pd.read_csv(FLIGHTS).dropna(subset=["air_time"]).sample(2000, random_state=0)
        numbers = frame[["month", "day", "sched_dep_time"]]
        yield (
            "flights",
            numbers.assign(many=frame["carrier"] + frame["origin"] + frame["dest"], y=frame["air_time"]),
        )


def measure(frame: pd.DataFrame, way: str, seed: int) -> float:
    """The error of the default configuration on the folds held out."""
    cells = WAYS[way](cast(pd.Series, frame["many"]))
    frame = frame.drop(columns="many") if cells is None else frame.assign(many=cells)
    options = {"folds": 5, "recognise": way == "averages"}
    if way != "averages" and cells is not None:
        options["categorical"] = ["many"]
    with tempfile.TemporaryDirectory() as folder:
        job = TableJob(
            frame, "y", Path(folder, "out"), TuneOptions(seed=seed), trials=1, data_options=options
        )
        result = tune_table(job)
    assert result.best is not None
    return result.best["value"]


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--tables", type=int, nargs="*", help="which, from 0; all by default")
    asked = parser.parse_args()
    print(f"{'':22}" + "".join(f"{way:>10}" for way in WAYS))
    for number, (name, frame) in enumerate(find_tables()):
        if asked.tables is None or number in asked.tables:
            errors = [np.mean([measure(frame, way, seed) for seed in range(asked.seeds)]) for way in WAYS]
            print(f"{name:22}" + "".join(f"{error:10.3f}" for error in errors), flush=True)


if __name__ == "__main__":
    main()
