"""What `sturgeon plan` promises, and what `sturgeon tune` then does: trials and seconds.

    python benchmarks/table/plan_truth.py
    python benchmarks/table/plan_truth.py --tables diabetes wine --budgets 10 20 60 --stopping never

For each table and budget the plan is made and the study run right after it, each in a process of its own, as
what a machine does in a minute depends on who else uses it. Printed are the trials promised and done (with
`--stopping never`: whole trainings), their ratio, the seconds that the command took beside its budget, and
how many cores the plan and the run had: where the run had clearly fewer, others took them from it.
The bars: a ratio of 0.75 to 1.25, and a budget kept within 5 % or one second.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn import datasets

import sturgeon as st

WINE = Path(__file__).parents[2] / "examples" / "data" / "wine_quality_white.csv"
TABLES = ("diabetes", "iris", "breast_cancer", "digits", "wine", "friedman")


def write_table(name: str, folder: Path) -> tuple[Path, str]:
    """Write a table as CSV; give its place and its target."""
    if name == "wine":
        return WINE, "quality"
    place = folder / f"{name}.csv"
    if name == "friedman":
        x, y = datasets.make_friedman1(12_000, 20, noise=1.0, random_state=0)
        frame = pd.DataFrame(x, columns=[f"x{column}" for column in range(x.shape[1])]).assign(target=y)
    else:
        frame = getattr(datasets, f"load_{name}")(as_frame=True).frame
        if name != "diabetes":
            frame["target"] = "class " + frame["target"].astype(str)
    frame.to_csv(place, index=False)
    return place, "target"


def run(*arguments: str) -> tuple[dict[str, Any], float, float]:
    """Run a command of Sturgeon; give its JSON, the seconds of the clock that it took, and its cores."""
    began, used = time.perf_counter(), _processor_seconds()
    command = [sys.executable, "-m", "sturgeon", *arguments, "--json"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    took = time.perf_counter() - began
    return json.loads(ran.stdout), took, (_processor_seconds() - used) / took


def _processor_seconds() -> float:
    """What all commands that have ended had of the processor."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def cut_off(place: str) -> int:
    """Count the trials that still ran when the budget was over: they are not done."""
    with st.Study.open(place) as study:
        return sum((trial.reason or "").startswith("The budget ran out") for trial in study.trials)


def main() -> None:
    """Print a line for each table and budget."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tables", nargs="+", default=TABLES, choices=TABLES)
    parser.add_argument("--budgets", nargs="+", type=int, default=(10, 20, 60))
    parser.add_argument("--stopping", choices=("default", "never"), default="default")
    given = parser.parse_args()
    whole = given.stopping == "never"
    extra = ("--stopping", "never") if whole else ()
    print(
        f"{'table':14} {'budget':>6} {'promised':>8} {'done':>6} {'ratio':>6} {'complete':>8} {'took':>6} "
        f"{'cores':>10}"
    )
    held = 0
    for name in given.tables:
        for budget in given.budgets:
            with tempfile.TemporaryDirectory() as folder:
                place, target = write_table(name, Path(folder))
                asked = (str(place), "--target", target, "--budget", f"{budget}s")
                plan, _, planned_on = run("plan", *asked)
                made, took, ran_on = run("tune", *asked, "--out", f"{folder}/out", *extra)
                cut = cut_off(made["study"])
            trials = made["trials"]
            done = trials["complete"] if whole else sum(trials.values()) - cut
            promised = plan["trials" if whole else "trials_with_halving"]
            ratio = promised / max(done, 1)
            held += 0.75 <= ratio <= 1.25
            print(
                f"{name:14} {budget:6} {promised:8} {done:6} {ratio:6.2f} {trials['complete']:8} {took:6.1f} "
                f"{planned_on:4.2f}, {ran_on:4.2f}",
                flush=True,
            )
    print(f"within a quarter: {held} of {len(given.tables) * len(given.budgets)}")


if __name__ == "__main__":
    main()
