"""How good what ``sturgeon tune`` hands over is, beside LightGBM, RealMLP, TabM, random search and a default.

Every competitor learns from the same rows and is judged on the same test rows, by log loss for classes and
RMSE for numbers. What counts is the geometric mean of its error over that of the notes' default network, one
network trained on all rows but the test rows (``notes``): below 1 is better; the interval is a bootstrap over
the tables. Results are kept in ``benchmarks/.tables/results.json``: what is there is not measured again.

    python benchmarks/development_tables.py          # once: makes the tables
    python benchmarks/result_quality.py --tables all --splits 5
    python benchmarks/result_quality.py --competitors tuned,realmlp --splits 1

* guess: class frequencies, or the mean
* notes: the notes' network with its default hyperparameters
* default: the standard default configuration, one network
* default folds: its fold networks, averaged
* tuned: ``sturgeon tune`` at its defaults, two cores
* lightgbm: at its defaults, two threads, categories as categories
* lightgbm+optuna: tuned by Optuna's TPE on a fifth of the rows, for as long as ours took
* mlp search: ``RandomizedSearchCV`` over scikit-learn's MLPs, 3 folds, two processes, in three times our time
* realmlp, tabm: RealMLP-TD and TabM-D of pytabkit at their defaults, on the processor, two threads

``pip install pytabkit`` is needed for the last two; for them, missing numbers are filled in with the median.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

import sturgeon as st
from development_tables import DEVELOPMENT_TABLES, FOLDER, DevelopmentTable
from sturgeon.caviar.table.saved import SavedModel, load
from sturgeon.data import prepare
from sturgeon.data.scores import calibration_error

_TABLES = "hitters,diabetes,boston,pima,vehicle,vowel,juice,wage,spam,wine,computers,satellite"
_USUAL = "guess,notes,default,default folds,tuned,lightgbm"
_KEPT = FOLDER / "results.json"
_OURS = ("guess", "default", "default folds", "tuned")


@dataclass(frozen=True, slots=True)
class Rows:
    """A table cut into rows to learn from and test rows, as the competitors outside Sturgeon take it.

    Attributes:
        x: The columns of the rows to learn from.
        y: Their targets: integer codes of classes, or numbers.
        x_test: The columns of the test rows.
        y_test: Their targets.
        classes: How many classes; 0 for numbers.
        seconds: How long our own tuning took.
        seed: The split's.
    """

    x: pd.DataFrame
    y: np.ndarray
    x_test: pd.DataFrame
    y_test: np.ndarray
    classes: int
    seconds: float
    seed: int


def main() -> None:
    """Measure what is not known yet, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tables", default=_TABLES, help="names by commas, or all")
    parser.add_argument("--splits", type=int, default=2)
    parser.add_argument("--trials", type=int, help="of our own tuning  [default: its default]")
    parser.add_argument("--competitors", default=_USUAL, help="names by commas, or all")
    parser.add_argument("--kept", type=Path, default=_KEPT, help="where results are kept")
    asked = parser.parse_args()
    warnings.filterwarnings("ignore")
    competitors = (*_OURS, "notes", *_PEERS) if asked.competitors == "all" else asked.competitors.split(",")
    chosen = [t for t in DEVELOPMENT_TABLES if asked.tables == "all" or t.name in asked.tables.split(",")]
    known: dict[str, Any] = json.loads(asked.kept.read_text()) if asked.kept.exists() else {}
    for table in chosen:
        frame = pd.read_csv(table.path)
        for split in range(asked.splits):
            errors = known.setdefault(f"{table.name} {split}", {})
            for competitor in ["tuned", *competitors]:
                if competitor not in errors:
                    errors.update(measure_one(competitor, table, frame, split, asked.trials, errors))
                    asked.kept.write_text(json.dumps(known, indent=1))
            row = "".join(
                f"{name} {errors[name]['error']:.4g} ({errors[name]['seconds']:.0f} s)  "
                for name in competitors
            )
            print(f"{table.name:14} {split}  {row}", flush=True)
    report([table.name for table in chosen], asked.splits, competitors, known)


def report(
    tables: list[str], splits: int, competitors: list[str] | tuple[str, ...], known: Mapping[str, Any]
) -> None:
    """Print each competitor's error over the notes' default, and ours over each."""
    by_table = []
    for table in tables:
        errors = [known[f"{table} {split}"] for split in range(splits)]
        by_table.append([np.mean([np.log(one[name]["error"]) for one in errors]) for name in competitors])
    logs = np.array(by_table)
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, len(tables), (2_000, len(tables)))
    print(
        f"\n{len(tables)} tables x {splits} splits     over notes [95 %]        tuned over it [95 %]     "
        "tuned better on"
    )
    every = [known[f"{table} {split}"] for table in tables for split in range(splits)]
    for place, name in enumerate(competitors):
        cells = []
        for over in ("notes", "tuned"):
            if over not in competitors:
                cells.append("")
                continue
            other = logs[:, list(competitors).index(over)]
            difference = logs[:, place] - other if over == "notes" else other - logs[:, place]
            low, high = np.exp(np.quantile(difference[drawn].mean(axis=1), (0.025, 0.975)))
            cells.append(f"{np.exp(difference.mean()):.3f} [{low:.3f}, {high:.3f}]")
        better = ""
        if "tuned" in competitors:
            better = f"{(logs[:, list(competitors).index('tuned')] < logs[:, place]).sum()} of {len(tables)}"
        print(f"{name:18} {cells[0]:>24} {cells[1]:>24} {better:>16}")
    calibrated = [
        (name, [one[name]["ece"] for one in every if one[name].get("ece") is not None])
        for name in competitors
    ]
    print(
        "calibration error of classes (15 bins, test rows), mean: "
        + ", ".join(f"{name} {np.mean(found):.3f}" for name, found in calibrated if found)
    )
    for name in ("default", "tuned"):
        found = [one[name] for one in every if one.get(name, {}).get("ece_if_right") is not None]
        if found:
            right = np.mean([one["ece_if_right"] for one in found])
            print(f"what {name}'s probabilities would have if they were right, on as many rows: {right:.3f}")
    tuned = [one["tuned"] for one in every]
    outside = [one["outside"] for one in tuned if one.get("outside") is not None]
    if outside:
        print(
            f"predictions outside the range of the training targets: at most {max(outside):.3f} of its width"
        )
    for name in competitors:
        if name != "tuned":
            worse = sum(one["tuned"]["error"] > one[name]["error"] for one in every)
            times = [one[name]["seconds"] / one["tuned"]["seconds"] for one in every]
            took = "" if name in _OURS else f"; it took {np.exp(np.mean(np.log(times))):.2f} of our time"
            print(f"tuned worse than {name} on {worse} of {len(every)} splits{took}")


def measure_one(
    competitor: str,
    table: DevelopmentTable,
    frame: pd.DataFrame,
    split: int,
    trials: int | None,
    known: Mapping[str, Any],
) -> dict[str, dict[str, float | None]]:
    """The error and the seconds of a competitor, of several where one run gives them."""
    drop = [name for name in table.drop if name in frame.columns]
    options: dict[str, Any] = {"task": table.task, "drop": drop}
    name = "loss" if table.task == "classification" else "rmse"
    if competitor in (*_OURS, "notes"):
        notes = competitor == "notes"
        own = {**options, "folds": 1} if notes else options
        with tempfile.TemporaryDirectory() as folder:
            began = time.monotonic()
            asked = st.TuneOptions(st.notes_space() if notes else None, seed=split)
            job = st.TableJob(
                frame, table.target, Path(folder) / "o", asked, 1 if notes else trials, data_options=own
            )
            result = st.tune_table(job)
            seconds = time.monotonic() - began
            model = None if notes else load(Path(folder) / "o")
        assert result.test is not None
        if notes:
            metrics = result.test
            return {
                "notes": {"error": float(metrics[name] or 0), "seconds": seconds, "ece": metrics.get("ece")}
            }
        assert model is not None
        rows = cut(table, frame, split, options, seconds)
        one, one_more = _one_default(frame, table, split, options, rows)
        more = {"tuned": _of_answers(model, rows), "default": one_more}
        found = {
            "guess": result.naive_test,
            "default folds": result.default_test,
            "tuned": result.test,
            "default": one,
        }
        return {
            who: {
                "error": float((metrics or result.test)[name] or 0),
                "seconds": seconds,
                "accuracy": float((metrics or {}).get("accuracy") or 0),
                "ece": (metrics or {}).get("ece"),
                **more.get(who, {}),
            }
            for who, metrics in found.items()
        }
    rows = cut(table, frame, split, options, known["tuned"]["seconds"])
    began = time.monotonic()
    answers = _PEERS[competitor](rows)
    seconds = time.monotonic() - began
    if rows.classes:
        chosen = np.clip(answers[np.arange(len(rows.y_test)), rows.y_test.astype(int)], 1e-15, 1)
        error = float(-np.log(chosen).mean())
    else:
        error = float(np.sqrt(np.mean((answers - rows.y_test) ** 2)))
    return {competitor: {"error": error, "seconds": seconds}}


def _of_answers(model: SavedModel, rows: Rows) -> dict[str, float | None]:
    """What else is asked of the answers on the test rows.

    For classes the calibration error that these very probabilities would have if they were right, which is
    that of labels drawn from them: no network can be expected below it on so few rows. For numbers by how
    many widths of the training targets' range the most extreme prediction lies outside that range.
    """
    if rows.classes:
        probabilities = model.predict_proba(rows.x_test)
        draws = np.random.default_rng(0).random((50, len(probabilities), 1))
        labels = (probabilities.cumsum(axis=1)[:, :-1] < draws).sum(axis=2)
        return {"ece_if_right": float(np.mean([calibration_error(one, probabilities) for one in labels]))}
    predicted = model.answers(rows.x_test)[:, 0]
    low, high = rows.y.min(), rows.y.max()
    return {"outside": float(max(low - predicted.min(), predicted.max() - high, 0) / (high - low))}


def _one_default(
    frame: pd.DataFrame, table: DevelopmentTable, split: int, options: Mapping[str, Any], rows: Rows
) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        own = {**options, "folds": 1}
        job = st.TableJob(
            frame, table.target, Path(folder) / "o", st.TuneOptions(seed=split), 1, data_options=own
        )
        return st.tune_table(job).test, _of_answers(load(Path(folder) / "o"), rows)


def cut(
    table: DevelopmentTable, frame: pd.DataFrame, split: int, options: Mapping[str, Any], seconds: float
) -> Rows:
    """The rows as the others take them: the very test rows that ours are judged by."""
    dataset = prepare(frame, table.target, seed=split, folds=2, **options)
    is_test = np.zeros(len(frame), bool)
    is_test[dataset.test_rows] = True
    x = frame.drop(columns=[table.target, *options["drop"]])
    for column in x.columns:
        if x[column].dtype.kind not in "fiu":
            x[column] = x[column].astype(str).astype("category")
    if dataset.task == "classification":
        y, classes = dataset.preprocessing.encode_target(frame), dataset.outputs
    else:
        y, classes = frame[table.target].to_numpy(np.float64), 0
    learn, judge = cast(pd.DataFrame, x[~is_test]), cast(pd.DataFrame, x[is_test])
    return Rows(learn, y[~is_test], judge, y[is_test], classes, seconds, split)


def lightgbm_default(rows: Rows) -> np.ndarray:
    """LightGBM at its defaults."""
    import lightgbm

    kind = lightgbm.LGBMClassifier if rows.classes else lightgbm.LGBMRegressor
    return _answers(kind(verbose=-1, n_jobs=2).fit(rows.x, rows.y), rows)


def lightgbm_optuna(rows: Rows) -> np.ndarray:
    """LightGBM tuned by Optuna within our time, then trained on all rows."""
    import lightgbm
    import optuna
    from sklearn.model_selection import train_test_split

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    kind = lightgbm.LGBMClassifier if rows.classes else lightgbm.LGBMRegressor
    places = np.arange(len(rows.y))
    fit, hold = train_test_split(
        places, test_size=0.2, random_state=0, stratify=rows.y if rows.classes else None
    )

    def settings(trial: Any) -> dict[str, Any]:
        return {
            "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.3, log=True),
            "num_leaves": trial.suggest_int("num_leaves", 4, 128, log=True),
            "min_child_samples": trial.suggest_int("min_child_samples", 2, 100, log=True),
            "subsample": trial.suggest_float("subsample", 0.5, 1.0),
            "subsample_freq": 1,
            "colsample_bytree": trial.suggest_float("colsample_bytree", 0.4, 1.0),
            "reg_lambda": trial.suggest_float("reg_lambda", 1e-3, 10.0, log=True),
            "reg_alpha": trial.suggest_float("reg_alpha", 1e-3, 10.0, log=True),
        }

    def objective(trial: Any) -> float:
        model = kind(n_estimators=1_000, verbose=-1, n_jobs=2, **settings(trial))
        stop = [lightgbm.early_stopping(50, verbose=False)]
        model.fit(rows.x.iloc[fit], rows.y[fit], eval_set=[(rows.x.iloc[hold], rows.y[hold])], callbacks=stop)
        trial.set_user_attr("trees", model.best_iteration_ or 1_000)
        (scores,) = model.best_score_.values()
        return float(next(iter(scores.values())))

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=rows.seed))
    study.optimize(objective, timeout=rows.seconds)
    best = study.best_trial
    model = kind(
        n_estimators=best.user_attrs["trees"],
        verbose=-1,
        n_jobs=2,
        **settings(optuna.trial.FixedTrial(best.params)),
    )
    return _answers(model.fit(rows.x, rows.y), rows)


def mlp_search(rows: Rows) -> np.ndarray:
    """Random search over scikit-learn's networks, as many candidates as fit into three times our time."""
    from scipy.stats import loguniform
    from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_selector
    from sklearn.impute import SimpleImputer
    from sklearn.model_selection import RandomizedSearchCV
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    inputs = ColumnTransformer(
        [
            (
                "number",
                make_pipeline(SimpleImputer(strategy="median"), StandardScaler()),
                make_column_selector(dtype_include="number"),
            ),
            ("word", OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_include="category")),
        ]
    )
    network = (
        MLPClassifier(max_iter=100, early_stopping=True, random_state=0)
        if rows.classes
        else MLPRegressor(max_iter=100, early_stopping=True, random_state=0)
    )
    model: Any = make_pipeline(inputs, network)
    of = "mlpclassifier__" if rows.classes else "regressor__mlpregressor__"
    if not rows.classes:
        model = TransformedTargetRegressor(regressor=model, transformer=StandardScaler())
    choices = {
        f"{of}hidden_layer_sizes": [(64,), (128,), (64, 64), (128, 128), (75, 75, 75)],
        f"{of}alpha": loguniform(1e-5, 1e-1),
        f"{of}learning_rate_init": loguniform(1e-4, 1e-1),
        f"{of}batch_size": [32, 64, 128, 256],
    }
    scoring = "neg_log_loss" if rows.classes else "neg_root_mean_squared_error"
    began, best, number = time.monotonic(), None, 0
    while best is None or (time.monotonic() - began) * (1 + 1 / number) < 3 * rows.seconds:
        search = RandomizedSearchCV(
            model, choices, n_iter=4, cv=3, n_jobs=2, scoring=scoring, random_state=number
        )
        search.fit(rows.x, rows.y)
        number += 1
        if best is None or search.best_score_ > best.best_score_:
            best = search
    return _answers(best, rows)


def realmlp(rows: Rows) -> np.ndarray:
    """RealMLP-TD."""
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor  # pyright: ignore[reportMissingImports]

    kind: Any = RealMLP_TD_Classifier if rows.classes else RealMLP_TD_Regressor
    return _of_pytabkit(kind, rows)


def tabm(rows: Rows) -> np.ndarray:
    """TabM-D."""
    from pytabkit import TabM_D_Classifier, TabM_D_Regressor  # pyright: ignore[reportMissingImports]

    kind: Any = TabM_D_Classifier if rows.classes else TabM_D_Regressor
    return _of_pytabkit(kind, rows)


def _of_pytabkit(kind: Any, rows: Rows) -> np.ndarray:
    numbers = rows.x.select_dtypes("number").columns
    medians = rows.x[numbers].median()
    x, x_test = (part.fillna(medians) for part in (rows.x, rows.x_test))
    model = kind(device="cpu", n_threads=2, random_state=rows.seed, verbosity=0)
    return _answers(
        model.fit(x, rows.y), Rows(x, rows.y, x_test, rows.y_test, rows.classes, rows.seconds, rows.seed)
    )


def _answers(model: Any, rows: Rows) -> np.ndarray:
    if rows.classes:
        return np.asarray(model.predict_proba(rows.x_test))
    return np.asarray(model.predict(rows.x_test)).ravel()


_PEERS: dict[str, Callable[[Rows], np.ndarray]] = {
    "lightgbm": lightgbm_default,
    "lightgbm+optuna": lightgbm_optuna,
    "mlp search": mlp_search,
    "realmlp": realmlp,
    "tabm": tabm,
}


if __name__ == "__main__":
    main()
