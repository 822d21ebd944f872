"""Rechecks: false alarms on data that does not change, power, what they cost, and a stream in time.

* ``alarms``: networks tuned on samples of wine and Adult, and rechecked on fresh samples of the same
  rows, each time as a first recheck; the share that is called stale, with its exact 95 % interval. Bar:
  at most 5 %.
* ``power``: the same studies with another incumbent: one that is truly worse than another of the record
  by one standard deviation or more of one network's value over seeds and splits, by trainings on rows
  that no recheck sees. The share that is found. Bar: 90 %.
* ``cost``: wine and Adult shifted on purpose; how many epochs a warm-started tuning needs until its best
  trial is within 1 % of that of tuning anew: on fresh rows, by the mean of several trainings of each, since
  the best validation loss is the luckiest of many; and by that too. Beside it a second tuning anew, with
  another seed, which says what luck alone does. Bars: 40 % (median), never over 110 %, which is as long as
  a warm start may take here. What rechecks cost is printed by ``alarms``; bar: 20 %.
* ``electricity``: windows of the stream in order of time: the log loss on each next window, and the
  epochs, of rechecking each window, tuning once, tuning always, and training only. Bar: as good as
  tuning always at 35 % of its cost.

The tables lie in ``../shared/data`` beside the repository, or in ``--data DIR``. ``--quick`` is a smoke test.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
from scipy.stats import beta

import sturgeon as st
from sturgeon.caviar.interrupt import stop_on_signal
from sturgeon.caviar.opening import StudySettings
from sturgeon.caviar.table.saved import SavedModel
from sturgeon.data import prepare
from sturgeon.recheck.blocks import Blocks, BlockTrainer
from sturgeon.recheck.candidates import Candidate
from sturgeon.recheck.retune import SHARE
from sturgeon.recheck.rows.new_data import read_new_data
from sturgeon.recheck.rows.table_study import TableStudy
from sturgeon.recheck.table import RecheckOptions, original_epochs, recheck_table
from sturgeon.space import config_key
from sturgeon.stopping import Never

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
TARGETS = {"wine": "good", "adult": "income"}
SIZES = {
    "runs": (200, 4, "rechecks"),
    "studies": (10, 2, "studies that are tuned"),
    "rows": (1000, 300, "rows of a sample or a window"),
    "trials": (64, 8, "trials of a study"),
    "epochs": (20, 4, "epochs of a trial"),
    "repeats": (10, 3, "trainings for each true value"),
    "windows": (20, 3, "windows of the stream"),
}
"""By option its usual size, the one with ``--quick``, and what it is."""


def read_table(name: str, folder: Path) -> pd.DataFrame:
    """A table with a class to predict."""
    if name == "wine":
        frame = pd.read_csv(folder / "wine_quality_white.csv", sep=None, engine="python")
        return frame.assign(good=np.where(frame["quality"] > 5, "yes", "no")).drop(columns="quality")
    frame = pd.read_csv(folder / "adult_train.csv.gz", skipinitialspace=True)
    return frame.rename(columns={frame.columns[-1]: "income"})


def samples(frame: pd.DataFrame, rows: int, seed: int, *, apart: int = 2) -> Iterator[pd.DataFrame]:
    """Samples without end: the rows of the first `apart` of them never come again.

    The others are disjoint until the table is used up, which is then shuffled anew: wine has few rows.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(frame))
    if len(order) < (apart + 1) * rows:
        sys.exit(f"{apart + 1} samples of {rows} rows are needed; the table has {len(order)}: fewer --rows")
    for start in range(0, apart * rows, rows):
        yield frame.iloc[order[start : start + rows]].reset_index(drop=True)
    rest = order[apart * rows :]
    while True:
        for start in range(0, len(rest) - rows + 1, rows):
            yield frame.iloc[rest[start : start + rows]].reset_index(drop=True)
        rest = rng.permutation(rest)


def tune(
    frame: pd.DataFrame, target: str, out: Path, size: argparse.Namespace, **more: Any
) -> dict[str, Any]:
    """Tune on a sample, without a word; gives ``result.json``."""
    options = st.TuneOptions(epochs=size.epochs, seed=more.pop("seed", 0), prior=more.pop("prior", None))
    with contextlib.redirect_stderr(io.StringIO()):
        result = st.tune_table(
            st.TableJob(frame, target, out, options, trials=more.pop("trials", size.trials), **more)
        )
    _go_on_unless(result.interrupted)
    return json.loads((out / "result.json").read_text())


def recheck(out: Path, data: pd.DataFrame, *, budget: int | None = None, copy: bool = True) -> Any:
    """Recheck a copy of a study, so that each recheck is a first one; or the study itself."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "copy" if copy else out
        if copy:
            shutil.copytree(out, place)
        with st.Study.open(place / "tune.study") as study, stop_on_signal() as stop:
            options = RecheckOptions(budget, progress=False)
            found = recheck_table(study, data, options, stop, folder=place)
    _go_on_unless(found.interrupted)
    return found


def _go_on_unless(interrupted: bool) -> None:
    """Ctrl-C and TERM end a training early, and then the whole measurement."""
    if interrupted:
        raise KeyboardInterrupt


def shares(found: int, of: int) -> str:
    """A share and its exact 95 % interval (Clopper and Pearson)."""
    low = beta.ppf(0.025, found, of - found + 1) if found else 0.0
    high = beta.ppf(0.975, found + 1, of - found) if found < of else 1.0
    return f"{found}/{of} = {found / max(of, 1):.1%} ({low:.1%} to {high:.1%})"


def studies(size: argparse.Namespace, folder: Path) -> Iterator[tuple[str, Path, Iterator[pd.DataFrame]]]:
    """Tuned studies, each with fresh samples of the same table."""
    for number in range(size.studies):
        name = ("wine", "adult")[number % 2]
        fresh = samples(read_table(name, size.data), size.rows, number)
        out = folder / f"study-{number}"
        tune(next(fresh), TARGETS[name], out, size, seed=number)
        yield name, out, fresh


def alarms(size: argparse.Namespace, folder: Path) -> None:
    """False alarms on data that does not change."""
    stale, spent = 0, []
    for name, out, fresh in studies(size, folder):
        for _ in range(size.runs // size.studies):
            found = recheck(out, next(fresh))
            stale += found.stale
            spent.append(found.epochs["share"])
        print(f"{name}: {shares(stale, len(spent))} so far", flush=True)
    print(f"false alarms {shares(stale, len(spent))}; bar 5 %")
    print(f"epochs {np.mean(spent):.1%} of the tuning's on average, {np.max(spent):.1%} at most; bar 20 %")


def true_values(out: Path, data: pd.DataFrame, repeats: int) -> dict[int, np.ndarray]:
    """What each trial of a record comes to on other rows, by several trainings each."""
    with st.Study.open(out / "tune.study") as study, stop_on_signal() as stop:
        new = read_new_data(TableStudy.of(study, out), data)
        trials = [one for one in study.trials if one.value is not None]
        candidates = [Candidate(place, one.config, "record", one.number) for place, one in enumerate(trials)]
        settings = StudySettings(study.space, study.objectives, Never(), int(study.about["epochs"]))
        trainer = BlockTrainer(Blocks(new.dataset, 10, 1), settings, 1, stop)
        values = trainer(candidates, range(min(repeats, 10)))
        _go_on_unless(stop.is_set())
    return {
        one.trial or 0: np.array([values[one.number, pair] for pair in range(min(repeats, 10))])
        for one in candidates
    }


def gap_of(truth: dict[int, np.ndarray], number: int) -> float:
    """By how much a trial is worse than the best, which other trainings choose than those that judge it.

    The lowest of many noisy means is too low; so half of the trainings choose the best, the other half judge.
    """
    gaps = []
    for half in (0, 1):
        best = min(truth, key=lambda one: truth[one][half::2].mean())
        gaps.append(float((truth[number] - truth[best])[1 - half :: 2].mean()))
    return float(np.mean(gaps))


def power(size: argparse.Namespace, folder: Path) -> None:
    """How often a configuration that is truly better is found."""
    found, surely = list[bool](), list[bool]()
    for name, out, fresh in studies(size, folder):
        truth = {n: v for n, v in true_values(out, next(fresh), size.repeats).items() if np.isfinite(v).all()}
        means = {number: float(values.mean()) for number, values in truth.items()}
        best = min(means, key=lambda number: means[number])
        noise = float(np.median([values.std(ddof=1) for values in truth.values()]))
        worse = [number for number in means if means[number] - means[best] >= noise]
        result = json.loads((out / "result.json").read_text())
        for incumbent in sorted(worse, key=lambda number: means[number])[: size.runs // size.studies]:
            (out / "result.json").write_text(json.dumps(result | {"best": {"trial": incumbent}}))
            found.append(recheck(out, next(fresh)).stale)
            if gap_of(truth, incumbent) >= noise:
                surely.append(found[-1])
        print(f"{name}: noise {noise:.4f}; {shares(sum(found), len(found))} so far", flush=True)
    print(f"power {shares(sum(found), len(found))}; bar 90 %")
    print(f"of those where other trainings choose the best: {shares(sum(surely), len(surely))}")


def shifted(
    frame: pd.DataFrame, target: str, kind: str, seed: int, *, to_judge: bool = False
) -> pd.DataFrame:
    """A sample changed on purpose; one to judge by has many rows also where few are to be learnt from."""
    rng, frame = np.random.default_rng(seed), frame.copy()
    labels = sorted(frame[target].unique())
    if kind == "labels":  # a fifth of the labels are wrong
        wrong = rng.random(len(frame)) < 0.2
        frame.loc[wrong, target] = rng.choice(labels, int(wrong.sum()))
    elif kind == "noise":  # each number is blurred by its own spread
        for name in frame.select_dtypes("number"):
            frame[name] = frame[name] + rng.normal(0, frame[name].std(), len(frame))
    elif kind == "few":
        most = int(frame[target].value_counts().min()) if to_judge else max(60, len(frame) // 8)
        frame = frame.groupby(target, group_keys=False).head(most)
    return frame.reset_index(drop=True)


@dataclass(frozen=True)
class Best:
    """The best trial of a study at some time.

    Attributes:
        epochs: The epochs of the study until it had ended.
        value: Its validation loss.
        config: Its configuration.
    """

    epochs: int
    value: float
    config: dict[str, Any]


def bests(out: Path) -> list[Best]:
    """The trials of a folder's study that were its best when they ended."""
    found, epochs = list[Best](), 0
    with st.Study.open(out / "tune.study") as study:
        for trial in study.trials:
            epochs += len(trial.curves.get(study.metric, ()))
            if trial.value is not None and (not found or trial.value < found[-1].value):
                found.append(Best(epochs, trial.value, dict(trial.config)))
    return found


def epochs_to(goal: float, path: list[Best], losses: list[float] | None = None) -> float:
    """After how many epochs the best trial has a loss, by validation or as given; infinite where never."""
    by = losses or [one.value for one in path]
    return next((one.epochs for one, loss in zip(path, by, strict=True) if loss <= goal), float("inf"))


class _Judged:
    """Rows to train on and rows to judge by, the same for every seed: see :class:`BlockTrainer`."""

    share = 1.0

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset

    def part(self, number: int) -> Any:
        return self._dataset


def losses_on(
    new: pd.DataFrame, later: pd.DataFrame, target: str, paths: list[list[Best]], out: Path, repeats: int
) -> list[list[float]]:
    """What the best trials of some paths, trained on new rows, come to on later ones: the mean over seeds."""
    dataset = prepare(new, target, test=later, folds=2, pieces=True)
    dataset = replace(dataset, fold_of=None, x_validation=dataset.x_test, y_validation=dataset.y_test)
    configs = {config_key(one.config): one.config for path in paths for one in path}
    candidates = [Candidate(number, config, "record") for number, config in enumerate(configs.values())]
    with st.Study.open(out / "tune.study") as study, stop_on_signal() as stop:
        settings = StudySettings(study.space, study.objectives, Never(), int(study.about["epochs"]))
        values = BlockTrainer(cast(Any, _Judged(dataset)), settings, 1, stop)(candidates, range(repeats))
        _go_on_unless(stop.is_set())
    means = {
        key: float(np.mean([values[one.number, pair] for pair in range(repeats)]))
        for key, one in zip(configs, candidates, strict=True)
    }
    return [[means[config_key(one.config)] for one in path] for path in paths]


def cost(size: argparse.Namespace, folder: Path) -> None:
    """What a warm start saves."""
    shares: dict[str, list[float]] = {"warm": [], "anew again": [], "warm, by validation": []}
    early: list[float] = []
    longer = round(1.1 * size.trials)
    for number, (name, out, fresh) in enumerate(studies(size, folder)):
        target, prior = TARGETS[name], out / "tune.study"
        for kind in ("labels", "noise", "few"):
            new = shifted(next(fresh), target, kind, number)
            later = shifted(next(fresh), target, kind, number + 1000, to_judge=True)
            anew, warm, again = (folder / f"{way}-{number}-{kind}" for way in ("anew", "warm", "again"))
            tune(new, target, anew, size, seed=number + 100)
            tune(new, target, warm, size, seed=number + 100, prior=prior, trials=longer)
            tune(new, target, again, size, seed=number + 200, trials=longer)
            paths = [bests(place) for place in (anew, warm, again)]
            losses = losses_on(new, later, target, paths, anew, size.repeats // 2)
            with st.Study.open(anew / "tune.study") as study:
                whole = sum(len(trial.curves.get(study.metric, ())) for trial in study.trials)
            goal = 1.01 * losses[0][-1]
            needed = {
                "warm": epochs_to(goal, paths[1], losses[1]),
                "anew again": epochs_to(goal, paths[2], losses[2]),
                "warm, by validation": epochs_to(1.01 * paths[0][-1].value, paths[1]),
            }
            for way, epochs in needed.items():
                shares[way].append(epochs / whole)
            then = [
                loss for one, loss in zip(paths[1], losses[1], strict=True) if one.epochs <= SHARE * whole
            ]
            early.append(then[-1] / losses[0][-1])
            told = ", ".join(f"{way} {share[-1]:.0%}" for way, share in shares.items())
            print(f"{name}, {kind}: {told}; at {SHARE:.0%} {early[-1]:.3f} times its loss", flush=True)
    for way, share in shares.items():
        print(f"{way}: median {np.median(share):.0%}, most {np.max(share):.0%}; bars 40 % and 110 %")
    print(f"loss at {SHARE:.0%}: {np.median(early):.3f} times (median), {np.max(early):.3f} at most")


def electricity(size: argparse.Namespace, folder: Path) -> None:
    """A stream in order of time, window by window."""
    frame = pd.read_csv(size.data / "electricity.csv.gz")
    target, rows = str(frame.columns[-1]), size.rows
    starts = [int(start) for start in np.linspace(0, len(frame) - 2 * rows, size.windows)]
    ways = ("recheck each window", "tune once", "tune always", "train only")
    losses = {way: [] for way in ways}
    epochs = dict.fromkeys(ways, 0.0)
    current = dict.fromkeys(ways, folder / "first")
    tuned, first, verdicts = folder / "first", 0, list[str]()  # the study whose choice is in use
    for number, start in enumerate(starts):
        window = frame.iloc[start : start + rows].reset_index(drop=True)
        after = frame.iloc[start + rows : start + 2 * rows].reset_index(drop=True)
        always = folder / ("first" if number == 0 else f"always-{number}")
        tune(window, target, always, size)
        with st.Study.open(always / "tune.study") as study:
            spent = original_epochs(study)
        if number == 0:
            epochs, first = dict.fromkeys(ways, float(spent)), spent
        else:
            current["tune always"] = always
            epochs["tune always"] += spent
            fresh = folder / f"kept-{number}"
            trained = _train_again(current["train only"], window, target, fresh, size)
            epochs["train only"] += trained
            current["train only"] = fresh
            found = recheck(tuned, window, budget=round(0.2 * first), copy=False)
            verdicts.append(found.verdict)
            epochs["recheck each window"] += found.epochs["spent"]
            again = folder / f"rechecked-{number}"
            if found.stale:
                prior = tuned / "tune.study"
                tune(window, target, again, size, prior=prior, trials=max(2, size.trials // 4))
                with st.Study.open(again / "tune.study") as study:
                    epochs["recheck each window"] += original_epochs(study)
                tuned = again
            else:
                epochs["recheck each window"] += _train_again(tuned, window, target, again, size)
            current["recheck each window"] = again
        for way in ways:
            losses[way].append(_loss(current[way], after, target))
        told = ", ".join(f"{way} {losses[way][-1]:.4f}" for way in ways)
        share = epochs["recheck each window"] / epochs["tune always"]
        print(f"window {number + 1}: {told}; {verdicts[-1:]}, {share:.0%} of the epochs so far", flush=True)
    print(", ".join(f"{verdict} {verdicts.count(verdict)} times" for verdict in sorted(set(verdicts))))
    for way in ways:
        share = epochs[way] / epochs["tune always"]
        print(f"{way:20} loss {np.mean(losses[way]):.4f}, epochs {share:.0%} of tuning always")


def _train_again(old: Path, data: pd.DataFrame, target: str, out: Path, size: argparse.Namespace) -> float:
    """Train the chosen configuration on new rows: a study of one trial, beside its default."""
    with st.Study.open(old / "tune.study") as study:
        config = json.loads((old / "result.json").read_text())["best"]["config"]
        space = study.space.narrow(**{n: v for n, v in config.items() if n in study.space.coordinates})
    with contextlib.redirect_stderr(io.StringIO()):
        options = st.TuneOptions(space=space, epochs=size.epochs)
        result = st.tune_table(st.TableJob(data, target, out, options, trials=1))
    _go_on_unless(result.interrupted)
    with st.Study.open(out / "tune.study") as study:
        return original_epochs(study)


def _loss(out: Path, data: pd.DataFrame, target: str) -> float:
    model = SavedModel.load(out)
    chances = model.answers(data)
    codes = model.preprocessing.encode_target(data)
    return float(-np.log(np.maximum(chances[np.arange(len(codes)), codes], 1e-12)).mean())


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=["alarms", "power", "cost", "electricity"])
    for name, (usual, small, what) in SIZES.items():
        parser.add_argument(f"--{name}", type=int, help=f"{what} ({usual}; {small} with --quick)")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--quick", action="store_true", help="a smoke test of a minute or two")
    size = parser.parse_args()
    for name, (usual, small, _) in SIZES.items():
        if getattr(size, name) is None:
            setattr(size, name, small if size.quick else usual)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    measure = {"alarms": alarms, "power": power, "cost": cost, "electricity": electricity}[size.what]
    with tempfile.TemporaryDirectory() as folder:
        try:
            measure(size, Path(folder))
        except KeyboardInterrupt:
            sys.exit(130)


if __name__ == "__main__":
    main()
