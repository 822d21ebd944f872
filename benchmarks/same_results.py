"""Whether a change of the code left every result as it was, bit for bit.

    python benchmarks/same_results.py --save before.json     # with the old code
    python benchmarks/same_results.py --check before.json    # with the new code

Some small studies of every kind are run with a fixed seed: tables by the command line, training functions,
populations of pure functions, ``SearchCV``, and every search asked by hand. Each has a digest: SHA-256 over
all trials (configuration, seed, state, value, whole curves, why it ended, its attempts), over the weights of
networks and over what they predict, every number to the last bit. Times, paths and versions are left out.

Only public names are used, so this very file runs on the code before a refactoring and after it:
``PYTHONPATH=/path/to/other/src`` chooses the code. ``--check`` exits with 1 and names what differs, down to
the trial. All is chosen so that nothing depends on timing.

Digests hold on one machine, with one number of cores and the same libraries: elsewhere the last bits differ.
So make both where you are, and keep neither. It takes one to two minutes, and needs ``pip install .[dev]``.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import redirect_stderr
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import sturgeon as st

WINE = Path(__file__).parent.parent / "examples" / "data" / "wine_quality_white.csv"
SHOWN = 8
"""How many differing parts of a case are named."""

LEFT_OUT = ("seconds", "study", "out", "folds", "ensemble", "no_better_than_default")
"""What of the JSON of ``sturgeon tune`` is a time or a path, or came later and says nothing without folds."""

SPACE = st.Space(
    learning_rate=st.Real(1e-3, 4.0, scale="log", priority=1),
    batch_size=st.Integer(8, 256, scale="power_of_two", priority=2),
    optimizer=st.Choice(("plain", "momentum")),
    momentum=st.Real(0.5, 0.99, scale="reverse_log", when={"optimizer": "momentum"}, priority=2),
    units=st.Integer(4, 32, priority=3),
    goal=st.Constant(3.0),
    constraint="batch_size <= 32 * units",
)


@dataclass
class Found:
    """What a case came to.

    Attributes:
        trials: How many trials.
        best: The best value.
        parts: A digest of each thing that must be the same, by its name.
    """

    trials: int
    best: float
    parts: dict[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """One digest of all."""
        return digest([self.trials, self.best, self.parts])


# -- digests -------------------------------------------------------------------------------------------


def digest(value: Any) -> str:
    """SHA-256 of plain values, mappings, sequences, bytes and arrays, all numbers to the last bit.

    The order of a mapping counts.
    """
    return hashlib.sha256(json.dumps(_plain(value)).encode()).hexdigest()


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return f"float {float(value).hex()}"
    if isinstance(value, bytes):
        return f"bytes {hashlib.sha256(value).hexdigest()}"
    if isinstance(value, Mapping):
        return [[str(key), _plain(item)] for key, item in value.items()]
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    array = np.asarray(value)
    if array.dtype.hasobject:
        raise TypeError(f"this has no digest: {value!r}")
    return [str(array.dtype), list(array.shape), _plain(np.ascontiguousarray(array).tobytes())]


def of_study(study: st.Study) -> Found:
    """The digest of every trial, and of what the study says about all of them."""
    found = Found(len(study.trials), study.best.value or math.nan)
    found.parts["counts"] = digest(sorted(study.counts().items()))
    found.parts["best"] = digest(study.best.number)
    found.parts["importance"] = digest(str(study.importance()))
    for trial in study.trials:
        found.parts[f"trial {trial.number}"] = digest(_of_trial(study, trial))
    return found


def _of_trial(study: st.Study, trial: st.TrialRecord) -> list[Any]:
    error = trial.error
    return [
        trial.number,
        trial.state,
        trial.config,
        trial.seed,
        trial.value,
        sorted(trial.metrics.items()),
        sorted(trial.curves.items()),
        None if error is None else [error.type, error.message],
        trial.reason,
        sorted(trial.notes),  # repeats are noted as they end, side by side
        trial.tags,
        trial.attempts,
        trial.checkpoint_step,
        [[one.number, one.outcome, one.reason] for one in study.attempts(trial.number)],
    ]


# -- tables, by the command line ---------------------------------------------------------------------------


def sturgeon(*arguments: str | Path) -> str:
    """Run a command, and give what it prints."""
    command = [sys.executable, "-m", "sturgeon", *map(str, arguments)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with {ran.returncode}:\n{ran.stderr}")
    return ran.stdout


def tune_table(table: Path, target: str, folder: Path, *options: str) -> Found:
    """Tune on a table, and predict it with what was found."""
    out = folder / "out"
    printed = json.loads(
        sturgeon(
            "tune", table, "--target", target, "--seed", "0", "--folds", "1", "--json", "--out", out, *options
        )
    )
    with st.Study.open(printed["study"]) as study:
        found = of_study(study)
    for key, value in printed.items():
        if key not in LEFT_OUT:
            found.parts[f"result {key}"] = digest(value)
    with np.load(out / "best" / "weights.npz") as weights:
        for name in sorted(weights.files):
            found.parts[f"weights {name}"] = digest(weights[name])
    for name in ("preprocessing.json", "config.json"):
        found.parts[name] = digest((out / "best" / name).read_bytes())
    found.parts["predictions"] = digest(sturgeon("predict", out, table))
    return found


def write_table(path: Path, inputs: Any, labels: Iterable[Any]) -> Path:
    """Write a table with a column of categories, and some cells left empty."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*(f"x{number}" for number in range(inputs.shape[1])), "sort", "target"])
        for number, (row, label) in enumerate(zip(inputs.tolist(), labels, strict=True)):
            cells = ["" if (number + 3 * place) % 97 == 0 else cell for place, cell in enumerate(row)]
            writer.writerow([*cells, "abc"[number % 3], label])
    return path


def wine(folder: Path) -> Found:
    """Regression with the default search."""
    return tune_table(WINE, "quality", folder, "--trials", "24", "--epochs", "10")


def cancer(folder: Path) -> Found:
    """Two classes, with successive halving: trials are paused, and go on."""
    from sklearn.datasets import load_breast_cancer

    inputs, classes = load_breast_cancer(return_X_y=True)
    labels = [("malignant", "benign")[number] for number in classes]
    table = write_table(folder / "cancer.csv", inputs, labels)
    return tune_table(table, "target", folder, "--trials", "24", "--stopping", "halving")


def digits(folder: Path) -> Found:
    """Ten classes, drawn at random, the best trained again with other seeds."""
    from sklearn.datasets import load_digits

    table = write_table(folder / "digits.csv", *load_digits(return_X_y=True))
    options = ("--search", "random", "--repeats", "2", "--trials", "16", "--epochs", "10")
    return tune_table(table, "target", folder, *options)


def bfloat16(folder: Path) -> Found:
    """The same network through JAX, which the compiled library otherwise stands in for."""
    fixed = ("--fix", "batch_size=128", "--fix", "optimizer=adam", "--maximize", "val_r2")
    options = ("--precision", "bfloat16", "--search", "sobol", "--trials", "6", "--epochs", "4")
    return tune_table(WINE, "quality", folder, *options, *fixed)


# -- training functions ------------------------------------------------------------------------------------


def train(trial: st.LiveTrial) -> None:
    """Go down a noisy bowl; some trials fail, and some diverge. What was saved, it goes on from."""
    config = dict[str, Any](trial.config)
    rng, here, speed = np.random.default_rng(trial.seed), 0.0, 0.0
    rate, goal = config["learning_rate"], config["goal"]
    if config["units"] % 9 == 4:
        raise ValueError(f"{config['units']} units are too many")
    if trial.resume_from is not None:
        here, speed = json.loads(Path(trial.resume_from).read_text())
        rng.normal(size=trial.resume_step)
    for _ in trial.epochs(18):
        noise = rng.normal() / config["batch_size"]
        speed = config.get("momentum", 0.0) * speed - rate * (here - goal + noise)
        here += speed
        loss = (here - goal) ** 2 + 0.01 * abs(config["units"] - 16)
        trial.report(val_loss=loss if loss < 1e4 else math.nan, position=here)
        if trial.folder is not None:
            state = Path(trial.folder) / "state.json"
            state.parent.mkdir(parents=True, exist_ok=True)
            state.write_text(json.dumps([here, speed]))
            trial.checkpoint(state)


def tune_function(folder: Path, **options: Any) -> Found:
    """Tune ``train``, and read the study from its file."""
    place = folder / "function.study"
    options = {"trials": 30, "seed": 0, "max_failures": 1.0, "progress": False, **options}
    with redirect_stderr(io.StringIO()):  # a line for each trial that fails, as it should
        st.tune(train, SPACE, minimize="val_loss", study=place, **options).close()
    with st.Study.open(place) as study:
        return of_study(study)


def function_workers(folder: Path) -> Found:
    """Two worker processes. Which trial ends first is chance, so the search does not look at results."""
    return tune_function(folder, workers=2, search=st.Random())


def function_default(folder: Path) -> Found:
    """The default search, one trial at a time."""
    return tune_function(folder, workers=0)


def function_median(folder: Path) -> Found:
    """The worse half is stopped."""
    return tune_function(folder, workers=0, stopping=st.MedianRule())


def function_patience(folder: Path) -> Found:
    """What gets no better is stopped."""
    return tune_function(folder, workers=0, stopping=st.Patience(steps=3), search=st.Staged())


def function_halving(folder: Path) -> Found:
    """Most are paused, and some go on from their checkpoints."""
    return tune_function(folder, workers=0, stopping=st.SuccessiveHalving())


# -- populations -------------------------------------------------------------------------------------------


def tune_population(**options: Any) -> Found:
    """Networks of pure functions with batch sizes, shapes and optimisers of their own."""
    import jax
    import jax.numpy as jnp
    import optax

    x = np.random.default_rng(0).normal(size=(200, 5)).astype(np.float32)
    y = np.sin(x).sum(axis=1)

    def init(key: jax.Array, config: Any) -> Any:
        units = config["units"]
        first, last = jax.random.split(key)
        return {"w": jax.random.normal(first, (5, units)), "v": jax.random.normal(last, (units,)) / units}

    def apply(params: Any, inputs: Any) -> Any:
        return jnp.tanh(inputs @ params["w"]) @ params["v"]

    def loss(outputs: Any, targets: Any) -> Any:
        return jnp.mean((outputs - targets) ** 2)

    def optimizer(config: Any) -> Any:
        if config["optimizer"] == "adam":
            return optax.adam(config["learning_rate"])
        return optax.sgd(config["learning_rate"], momentum=config["momentum"])

    space = st.Space(
        learning_rate=st.Real(1e-3, 1.0, scale="log", priority=1),
        optimizer=st.Choice(("adam", "momentum")),
        momentum=st.Real(0.5, 0.99, scale="reverse_log", when={"optimizer": "momentum"}),
        units=st.Choice((4, 8)),
        batch_size=st.Choice((16, 32)),
    )
    data = ((x[:150], y[:150]), (x[150:], y[150:]))
    given = {"epochs": 9, "trials": 24, "seed": 0, "progress": False, "metrics": {"same": loss}, **options}
    result = st.population(init, apply, loss, data, space, optimizer=optimizer, **given)
    with result.study as study:
        found = of_study(study)
        best = result.best
        for name, array in sorted(best.params.items()):
            found.parts[f"parameters {name}"] = digest(np.asarray(array))
        found.parts["predictions"] = digest(np.asarray(best.predict(x)))
    return found


def population(folder: Path) -> Found:
    """The default search."""
    return tune_population()


def population_halving(folder: Path) -> Found:
    """Lanes that are paused, and go on."""
    return tune_population(stopping=st.SuccessiveHalving(), study=folder / "population.study")


# -- scikit-learn, and by hand -----------------------------------------------------------------------------


def search_cv(folder: Path) -> Found:
    """A pipeline's parameters by cross-validation."""
    from sklearn.datasets import load_digits
    from sklearn.decomposition import PCA
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    from sturgeon.frameworks.sklearn import SearchCV

    x, y = (part[:400] for part in load_digits(return_X_y=True))
    pipeline = Pipeline([("scale", StandardScaler()), ("pca", PCA(random_state=0)), ("svc", SVC())])
    space = st.Space(
        pca__n_components=st.Integer(4, 30),
        svc__C=st.Real(1e-3, 1e3, scale="log", priority=1),
        svc__kernel=st.Choice(("rbf", "linear")),
        svc__gamma=st.Real(1e-6, 10.0, scale="log", priority=1, when={"svc__kernel": "rbf"}),
    )
    scoring = ["accuracy", "f1_macro"]
    place = folder / "sklearn.study"
    search = SearchCV(
        pipeline, space, n_iter=12, cv=3, random_state=0, scoring=scoring, refit="accuracy", study=place
    ).fit(x, y)
    with st.Study.open(place) as study:  # its metrics hold times
        found = Found(len(study.trials), float(search.best_score_))
        found.parts["configurations"] = digest([[one.number, one.config, one.value] for one in study.trials])
    found.parts["best"] = digest(search.best_params_)
    found.parts["predictions"] = digest(search.predict(x))
    for name, column in sorted(search.cv_results_.items()):
        if name == "params":
            found.parts[name] = digest(column)
        elif name.startswith(("split", "mean_test", "std_test", "rank_test")):
            found.parts[name] = digest(np.asarray(column))
    return found


def ask_by_hand(search: st.Search) -> Found:
    """Ask and tell, some at a time: results good and bad, one queued, one paused."""
    with st.Study.create(":memory:", SPACE, maximize="score", search=search, seed=7) as study:
        study.enqueue({**SPACE.default(), "units": 5}, note="mine", tags=["queued"])
        for _ in range(8):
            trials = study.ask(3)
            for trial in trials:
                config = dict[str, Any](trial.config)
                score = -abs(math.log10(config["learning_rate"]) + 1) - config["units"] / 100
                study.report(trial, step=1, score=score - 1)
                if trial.number % 7 == 3 and trial.attempt == 1:
                    study.pause(trial)
                elif trial.number % 7 == 5:
                    study.fail(trial, "out of memory")
                else:
                    study.tell(trial, score=score)
        return of_study(study)


def by_hand(folder: Path) -> Found:
    """Every search, and what the standard space draws."""
    searches = [
        st.CoarseToFine(),
        st.Random(),
        st.Sobol(),
        st.Grid(points=2),
        st.Staged(),
        st.ShrinkingBoxes(start=6, round=6, best=3),
        st.OptunaSearch(),
    ]
    found = [(type(search).__name__, ask_by_hand(search)) for search in searches]
    whole = Found(sum(one.trials for _, one in found), max(one.best for _, one in found))
    for name, one in found:
        whole.parts |= {f"{name} {part}": value for part, value in one.parts.items()}
    space = st.standard_space()
    whole.parts["standard space"] = digest([space.to_json(), space.describe().rows])
    whole.parts["drawn"] = digest([dict(config) for config in space.sample(200, 0)])
    return whole


# -- running them ------------------------------------------------------------------------------------------

CASES: dict[str, Callable[[Path], Found]] = {
    case.__name__: case
    for case in (
        by_hand,
        wine,
        cancer,
        digits,
        bfloat16,
        function_workers,
        function_default,
        function_median,
        function_patience,
        function_halving,
        population,
        population_halving,
        search_cv,
    )
}


def run(names: Iterable[str]) -> dict[str, Found]:
    """Run cases, and print a line of each."""
    found = {}
    for name in names:
        with tempfile.TemporaryDirectory(prefix="sturgeon-same-") as folder:
            found[name] = CASES[name](Path(folder))
        one = found[name]
        print(f"{name:18} {one.trials:4} trials   best {one.best:<24.17g} {one.digest}", flush=True)
    return found


def differences(found: Mapping[str, Found], before: Mapping[str, Any]) -> list[str]:
    """A line for each case that differs, with the first parts that do."""
    lines = []
    for name, one in found.items():
        if name not in before:
            lines.append(f"{name}: it was not there before")
        elif one.digest != before[name]["digest"]:
            parts = before[name]["parts"]
            differing = [part for part in {**parts, **one.parts} if parts.get(part) != one.parts.get(part)]
            more = f" and {len(differing) - SHOWN} more" if len(differing) > SHOWN else ""
            lines.append(f"{name}: {', '.join(differing[:SHOWN]) or 'the order of its parts'}{more}")
    return lines


def main() -> int:
    """Run, then save or compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--save", type=Path, metavar="FILE", help="write the digests as JSON")
    parser.add_argument("--check", type=Path, metavar="FILE", help="compare; exit with 1 where one differs")
    parser.add_argument("--only", nargs="+", choices=list(CASES), metavar="CASE", help=", ".join(CASES))
    given = parser.parse_args()
    before = None if given.check is None else json.loads(given.check.read_text(encoding="utf-8"))
    print(f"the code in {Path(st.__file__).parent}", flush=True)
    found = run(given.only or CASES)
    if given.save is not None:
        kept = {name: {**vars(one), "digest": one.digest} for name, one in found.items()}
        given.save.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    if before is None:
        return 0
    differing = differences(found, before)
    print("\n".join(f"DIFFERS  {line}" for line in differing) or f"all {len(found)} are the same")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
