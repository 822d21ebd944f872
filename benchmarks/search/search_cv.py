"""SearchCV against RandomizedSearchCV and Optuna's OptunaSearchCV: the same pipeline, space, folds and fits.

    python benchmarks/search/search_cv.py [svc|mlp] --seeds 10 --candidates 40 --jobs 1 [--out FILE]

Handwritten digits, ``StandardScaler`` → ``PCA`` → a classifier. For each seed 600 rows are searched on, with
three folds that all methods share; the other 1,197 rows are the test rows, which influence nothing. The
methods take turns, in another order for each seed. What is printed: the best cross-validated accuracy after
10, 20 and all candidates and the test accuracy of the refitted best, means over the seeds; the median
seconds; then each peer's paired difference with the p-value of a two-sided Wilcoxon signed-rank test.

Set OMP_NUM_THREADS=1 and OPENBLAS_NUM_THREADS=1: a fit then has one thread, and there are ``--jobs`` at once.
It needs ``pip install optuna optuna-integration[sklearn]``.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import RandomizedSearchCV, StratifiedKFold, train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import sturgeon as st
from sturgeon.frameworks.sklearn import SearchCV

ROWS, FOLDS = 600, 3
SHOWN = (10, 20)
OURS = "SearchCV"

Run = dict[str, Any]

SPACES: Mapping[str, st.Space] = {
    "svc": st.Space(
        pca__n_components=st.Integer(4, 60),
        pca__whiten=st.Choice((False, True)),
        model__C=st.Real(1e-3, 1e3, scale="log"),
        model__gamma=st.Real(1e-6, 10.0, scale="log"),
        model__kernel=st.Choice(("rbf", "poly", "sigmoid")),
    ),
    "mlp": st.Space(
        pca__n_components=st.Integer(4, 60),
        model__learning_rate_init=st.Real(1e-5, 1.0, scale="log"),
        model__alpha=st.Real(1e-6, 10.0, scale="log"),
        model__batch_size=st.Integer(8, 256, scale="log"),
        model__hidden_layer_sizes=st.Integer(4, 128, scale="log"),
    ),
}


def pipeline(kind: str) -> Pipeline:
    model = (
        SVC(
            max_iter=20_000,
        )
        if kind == "svc"
        else MLPClassifier(max_iter=15, random_state=0)
    )
    return Pipeline([("scale", StandardScaler()), ("pca", PCA(random_state=0)), ("model", model)])


def for_scikit_learn(space: st.Space) -> dict[str, Any]:
    """The same space in SciPy's distributions."""
    return {name: _scipy(item) for name, item in space.items()}


def _scipy(item: Any) -> Any:
    if isinstance(item, st.Choice):
        return list(item.options)
    if isinstance(item, st.Real):
        return stats.loguniform(item.low, item.high)
    if item.scale == "linear":
        return stats.randint(item.low, item.high + 1)
    return LogIntegers(item.low, item.high)


class LogIntegers:
    """Whole numbers on a log scale, for RandomizedSearchCV."""

    def __init__(self, low: int, high: int) -> None:
        self._drawn = stats.loguniform(low - 0.5, high + 0.5)

    def rvs(self, random_state: Any = None) -> int:
        """Draw one, as scikit-learn asks for it."""
        return round(float(self._drawn.rvs(random_state=random_state)))


def for_optuna(space: st.Space) -> dict[str, Any]:
    """The same space in Optuna's distributions."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    made: dict[str, Any] = {}
    for name, item in space.items():
        if isinstance(item, st.Choice):
            made[name] = CategoricalDistribution(list(item.options))  # pyright: ignore[reportArgumentType]
        elif isinstance(item, st.Real):
            made[name] = FloatDistribution(item.low, item.high, log=item.scale == "log")
        elif isinstance(item, st.Integer):
            made[name] = IntDistribution(item.low, item.high, log=item.scale == "log")
    return made


def ours(kind: str, seed: int, candidates: int, common: dict[str, Any]) -> Any:
    return SearchCV(pipeline(kind), SPACES[kind], n_iter=candidates, random_state=seed, **common)


def randomized(kind: str, seed: int, candidates: int, common: dict[str, Any]) -> Any:
    space = for_scikit_learn(SPACES[kind])
    return RandomizedSearchCV(pipeline(kind), space, n_iter=candidates, random_state=seed, **common)


def optunas(kind: str, seed: int, candidates: int, common: dict[str, Any]) -> Any:
    import optuna
    from optuna_integration.sklearn import OptunaSearchCV  # pyright: ignore[reportMissingImports]

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    space = for_optuna(SPACES[kind])
    return OptunaSearchCV(pipeline(kind), space, n_trials=candidates, random_state=seed, **common)


METHODS: Mapping[str, Callable[..., Any]] = {
    OURS: ours,
    "RandomizedSearchCV": randomized,
    "OptunaSearchCV": optunas,
}


def measure(method: str, kind: str, seed: int, candidates: int, jobs: int) -> Run:
    """One search: the best score as it grew, the test score of the refitted best, and the seconds."""
    x, y = load_digits(return_X_y=True)
    x, x_test, y, y_test = train_test_split(x, y, train_size=ROWS, stratify=y, random_state=seed)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Optuna's experimental class, and of networks that could train on
        search = METHODS[method](kind, seed, candidates, {"cv": folds, "n_jobs": jobs})
        started = time.perf_counter()
        search.fit(x, y)
        seconds = time.perf_counter() - started
        scores = _scores(search)
        assert len(scores) == candidates, f"{method} evaluated {len(scores)} candidates"
        test = float(search.score(x_test, y_test))
    return {"best": np.maximum.accumulate(scores).tolist(), "test": test, "seconds": seconds}


def _scores(search: Any) -> list[float]:
    if hasattr(search, "trials_"):
        return [trial.value for trial in search.trials_]
    return search.cv_results_["mean_test_score"].tolist()


def show(found: Mapping[str, list[Run]], candidates: int) -> None:
    shown = [*(count for count in SHOWN if count < candidates), candidates]
    print(f"{'':20}" + "".join(f"{f'after {count}':>10}" for count in shown) + f"{'test':>10}{'seconds':>10}")
    for method, runs in found.items():
        columns = [*(_best(runs, count) for count in shown), _test(runs)]
        seconds = np.median([run["seconds"] for run in runs])
        print(f"{method:20}" + "".join(f"{column.mean():10.4f}" for column in columns) + f"{seconds:10.1f}")
    print("\nSearchCV less the peer: mean difference (p of a paired Wilcoxon test; seeds better, worse)")
    for method in [method for method in found if method != OURS]:
        parts = []
        for count in shown:
            parts.append(f"after {count} " + _paired(_best(found[OURS], count) - _best(found[method], count)))
        parts.append("test " + _paired(_test(found[OURS]) - _test(found[method])))
        print(f"{method:20}" + "   ".join(parts))


def _best(runs: list[Run], count: int) -> np.ndarray:
    return np.array([run["best"][count - 1] for run in runs])


def _test(runs: list[Run]) -> np.ndarray:
    return np.array([run["test"] for run in runs])


def _paired(differences: np.ndarray) -> str:
    different = bool(np.any(differences != 0))
    p = float(stats.wilcoxon(differences).pvalue) if different else 1.0  # pyright: ignore[reportAttributeAccessIssue]  (SciPy's result has no types)
    return f"{differences.mean():+.4f} (p={p:.3f}; {(differences > 0).sum()}, {(differences < 0).sum()})"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("kind", nargs="?", choices=tuple(SPACES), default="svc")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--candidates", type=int, default=40)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, help="write every run as JSON")
    asked = parser.parse_args()
    found: dict[str, list[Run]] = {method: [] for method in METHODS}
    for seed in range(asked.seeds):
        order = list(METHODS)[seed % len(METHODS) :] + list(METHODS)[: seed % len(METHODS)]
        for method in order:
            found[method].append(measure(method, asked.kind, seed, asked.candidates, asked.jobs))
    print(
        f"digits, scale → PCA → {asked.kind}, {asked.candidates} candidates × {FOLDS} folds, "
        f"{asked.seeds} seeds, {asked.jobs} fits at once"
    )
    show(found, asked.candidates)
    if asked.out:
        asked.out.write_text(json.dumps(found) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
