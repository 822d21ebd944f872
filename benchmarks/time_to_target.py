"""How soon each tuner has a good network: the same rows, network and space, two processes, all in one run.

    python benchmarks/time_to_target.py [--minutes 10] [--seeds 5] [--data digits …] [--peers NAME …]

A seed is a split, on which every competitor trains. The target of a split is the validation loss that the
best peer, by the mean over the seeds, has there at the end; what is printed is the median over the seeds.
The clock starts with the process: imports, compilation and bookkeeping count. Peers get arrays that are
prepared; Sturgeon prepares the table itself, with the same split, in its time. ``optuna-tpe``,
``optuna-gp``, ``optuna-tpe+hyperband`` and ``ray-asha`` train the batch-norm network by PyTorch,
``keras-hyperband`` (KerasTuner) by Keras on TensorFlow, ``sklearn-random`` and ``sklearn-halving``
scikit-learn's ``MLPClassifier``, which has neither batch norm nor dropout. Ranges of numbers as inputs
(``embedding``) are Sturgeon's alone. A peer's network counts after each epoch, ours when progress names
it. Sturgeon hands over an ensemble, so its loss is that of the ensemble which it would hand over at that
moment, chosen by the validation rows as a peer's best network is; ``one network`` is its best trial alone.
Memory is the peak of all processes of a competitor together. ``--folder`` is where
tables, logs and ``time_to_target.png`` go; Adult and electricity are read from ``--shared``, a folder with
the UCI's files.
"""

from __future__ import annotations

import argparse
import contextlib
import inspect
import json
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil

import target_peers
from sturgeon.data import prepare

HERE = Path(__file__).parent
LINES = {
    "sturgeon": ("sturgeon_search",),
    "optuna": ("torch_trial", "optuna_worker", "optuna_search"),
    "ray": ("torch_trial", "ray_search"),
    "keras": ("keras_worker", "keras_search"),
    "sklearn": ("LoggedLoss", "sklearn_search"),
}
"""Of which parts of ``target_peers.py`` a competitor's program is, logging and all."""
PEERS = (
    "optuna-tpe",
    "optuna-gp",
    "optuna-tpe+hyperband",
    "ray-asha",
    "keras-hyperband",
    "sklearn-random",
    "sklearn-halving",
)
WINE = HERE.parent / "examples" / "data" / "wine_quality_white.csv"


@dataclass(frozen=True, slots=True)
class Run:
    """What one competitor did: seconds and losses of its improvements, its test scores, its peak memory.

    ``alone`` holds the seconds and the losses of the best network by itself, where an ensemble was judged.
    """

    seconds: np.ndarray
    losses: np.ndarray
    test_loss: float
    accuracy: float
    gigabytes: float
    alone: Run | None = None

    def until(self, target: float) -> float:
        """Seconds until the loss is at most the target; infinite if it never is."""
        there = self.seconds[self.losses <= target]
        return float(there[0]) if len(there) else float("inf")

    def at(self, moments: np.ndarray) -> np.ndarray:
        """The best loss so far at each moment; NaN before the first."""
        places = np.searchsorted(self.seconds, moments, side="right") - 1
        return np.where(places >= 0, self.losses[places], np.nan) if len(self.losses) else moments * np.nan


def read_table(name: str, shared: Path) -> pd.DataFrame:
    """A table whose column ``target`` is a class."""
    if name == "digits":
        from sklearn.datasets import load_digits

        x, y = load_digits(return_X_y=True)
        return pd.DataFrame(x, columns=[f"pixel_{i}" for i in range(x.shape[1])]).assign(target=y)
    if name == "wine":
        return pd.read_csv(WINE).rename(columns={"quality": "target"})
    path, target = {"adult": ("adult_train", "income"), "electricity": ("electricity", "class")}[name]
    return pd.read_csv(shared / f"{path}.csv.gz", skipinitialspace=True).rename(columns={target: "target"})


def write_table(name: str, seed: int, shared: Path, folder: Path) -> Path:
    """Write the table, and beside it the arrays that Sturgeon's own split and preparation make of it."""
    frame, path = read_table(name, shared), folder / f"{name}-{seed}.npz"
    frame.to_csv(path.with_suffix(".csv"), index=False)
    frame = pd.read_csv(path.with_suffix(".csv"))
    made = prepare(frame, "target", seed=seed, folds=1, task="classification")
    parts = ("train", "validation", "test")
    x = {f"x_{part}": np.asarray(getattr(made, f"x_{part}"), np.float32) for part in parts}
    y = {f"y_{part}": np.asarray(getattr(made, f"y_{part}"), np.int64) for part in parts}
    np.savez(path, **x, **y, classes=np.array(max(made.outputs, 2)))  # pyright: ignore
    return path


def count_lines(peer: str) -> int:
    """Lines of a competitor's program that are not empty."""
    parts = (inspect.getsource(getattr(target_peers, part)) for part in LINES[peer.partition("-")[0]])
    return sum(bool(line.strip()) for part in parts for line in part.splitlines())


def measure(name: str, table: Path, seconds: float, seed: int) -> Run:
    """Run a competitor in a process of its own, and read what it found."""
    log = table.with_name(f"{table.stem}-{name}.log")
    for left in log.parent.glob(f"{log.name}*"):  # of an earlier run: studies, journals, results
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    began, peak = time.time(), 0
    words = [
        sys.executable,
        str(HERE / "target_peers.py"),
        name,
        str(table),
        str(seconds),
        str(seed),
        str(log),
    ]
    overtime = False
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as process:
        whole = psutil.Process(process.pid)
        while process.poll() is None:
            for_each = [whole, *whole.children(recursive=True)] if whole.is_running() else []
            peak = max(peak, sum(_memory(one) for one in for_each))
            if time.time() - began > 2 * seconds + 60:
                overtime = True  # what it has found in time is in its log
                print(f"{name} did not end in time, and is ended", file=sys.stderr, flush=True)
                for one in reversed(for_each):
                    with contextlib.suppress(psutil.Error):
                        one.kill()
                process.wait()
            time.sleep(0.2)
    if process.returncode != 0 and not overtime:
        raise SystemExit(f"{name} ended with {process.returncode}")
    lines = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    lines = sorted((one for one in lines if np.isfinite(one["loss"])), key=lambda one: one["at"])
    tested = [one for one in lines if "test" in one and (one.get("final") or one["at"] - began <= seconds)]
    scores = min(tested, key=lambda one: one["loss"])["test"] if tested else [np.nan, np.nan]
    in_time = [one for one in lines if one["at"] - began <= seconds]
    alone = [one for one in in_time if one.get("one")]
    rest = [one for one in in_time if not one.get("one")]
    moments, losses = _improvements(alone, began)
    single = Run(moments, losses, np.nan, np.nan, np.nan) if alone else None
    moments, losses = _improvements(rest, began)
    return Run(moments, losses, scores[0], scores[1], peak / 1e9, single)


def _improvements(lines: list[dict[str, Any]], began: float) -> tuple[np.ndarray, np.ndarray]:
    """The seconds of lines of a log, and the least loss by then."""
    seconds = np.array([one["at"] - began for one in lines])
    return seconds, np.minimum.accumulate([one["loss"] for one in lines]) if lines else np.empty(0)


def _memory(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0


def report(name: str, runs: dict[str, list[Run]]) -> float:
    """Print a table's figures; returns how much sooner Sturgeon is than the best peer's last loss."""
    last = {
        peer: np.mean([run.losses[-1] if len(run.losses) else np.inf for run in of])
        for peer, of in runs.items()
    }
    best = min((peer for peer in runs if peer != "sturgeon"), key=lambda peer: last[peer])
    targets = [run.losses[-1] if len(run.losses) else np.inf for run in runs[best]]
    print(f"\n{name}: the target is a validation loss of {last[best]:.4f} in the mean, {best}'s at the end")
    head = f"{'':22}{'last':>9}{'to target, s':>14}{'reached':>9}{'test loss':>11}{'accuracy':>10}"
    print(f"{head}{'GB':>7}{'lines':>7}")
    for peer, of in runs.items():
        test, accuracy, memory = np.mean([(run.test_loss, run.accuracy, run.gigabytes) for run in of], axis=0)
        row = f"{peer:22}{last[peer]:9.4f}{_soon(of, targets)}{test:11.4f}{accuracy:10.4f}"
        print(f"{row}{memory:7.2f}{count_lines(peer):7d}")
        alone = [run.alone for run in of if run.alone is not None]
        if alone:
            loss = np.mean([run.losses[-1] for run in alone])
            print(f"{'  one network':22}{loss:9.4f}{_soon(alone, targets)}")
    ratios = _until(runs[best], targets) / _until(runs["sturgeon"], targets)
    each = ", ".join(f"{ratio:.1f}" for ratio in ratios) if len(ratios) > 1 else ""
    ratio = float(np.median(ratios))
    by_seed = f" (by seed {each})" if each else ""
    there = f"is there {ratio:.1f} times sooner than {best}" if ratio else "does not get there"
    print(f"Sturgeon {there}{by_seed}", flush=True)
    return ratio


def _until(of: list[Run], targets: list[float]) -> np.ndarray:
    """Seconds to each split's target; infinite where it is not reached."""
    return np.array([run.until(target) for run, target in zip(of, targets, strict=True)])


def _soon(of: list[Run], targets: list[float]) -> str:
    """The columns of the seconds to the target, and of how often it was reached."""
    until = _until(of, targets)
    return f"{np.median(until):14.1f}{f'{np.isfinite(until).sum()}/{len(of)}':>9}"


def draw(found: dict[str, dict[str, list[Run]]], seconds: float, path: Path) -> None:
    """Draw loss against time: the median over the seeds, and a band from the least to the greatest."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    moments = np.geomspace(1, seconds, 200)
    figure, every = pyplot.subplots(1, len(found), figsize=(6 * len(found), 4), squeeze=False)
    for axes, (name, runs) in zip(every[0], found.items(), strict=True):
        for peer, of in runs.items():
            losses = np.array([run.at(moments) for run in of])
            losses = losses[:, ~np.isnan(losses).any(axis=0)]
            since = moments[len(moments) - losses.shape[1] :]
            (line,) = axes.plot(since, np.median(losses, axis=0), label=peer)
            axes.fill_between(
                since, losses.min(axis=0), losses.max(axis=0), color=line.get_color(), alpha=0.2
            )
        axes.set(xscale="log", yscale="log", title=name, xlabel="seconds", ylabel="validation loss")
        axes.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    tables = ("digits", "adult", "wine", "electricity")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--data", nargs="+", default=tables, choices=tables)
    parser.add_argument("--peers", nargs="+", default=PEERS, choices=PEERS)
    parser.add_argument(
        "--shared", type=Path, default=Path("shared/data"), help="where Adult and electricity are"
    )
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "time_to_target")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    found, ratios = {}, []
    for name in asked.data:
        runs: dict[str, list[Run]] = {peer: [] for peer in ("sturgeon", *asked.peers)}
        for seed in range(asked.seeds):
            table = write_table(name, seed, asked.shared, asked.folder)
            for peer, of in runs.items():
                print(f"{name} {seed} {peer}", file=sys.stderr, flush=True)
                of.append(measure(peer, table, 60 * asked.minutes, seed))
        found[name] = runs
        ratios.append(report(name, runs))
    if all(ratios):
        mean = np.exp(np.mean(np.log(ratios)))
        print(f"\nsooner in the geometric mean over {len(ratios)} tables: {mean:.1f} times")
    draw(found, 60 * asked.minutes, asked.folder / "time_to_target.png")


if __name__ == "__main__":
    main()
