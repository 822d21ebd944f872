"""Tasks that are not in LCBench: test functions, a conditional space, scikit-learn models on packaged data.

Each has a space and an objective to be minimised. The functions are noise-free; the models are judged by the
mean log loss of a 3-fold cross-validation, with one thread and one seed.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from sturgeon.space import Choice, Config, Integer, Real, Space


@dataclass(frozen=True)
class Task:
    """Something to minimise.

    Attributes:
        space: What may vary.
        objective: The value of a configuration.
        is_real: Whether a model is trained.
    """

    space: Space
    objective: Callable[[Config], float]
    is_real: bool = False


def _box(count: int, low: float, high: float) -> Space:
    return Space(**{f"x{number}": Real(low, high) for number in range(count)})  # pyright: ignore[reportArgumentType]


def _point(config: Mapping[str, Any]) -> np.ndarray:
    return np.array(list(config.values()), dtype=np.float64)


def branin(config: Config) -> float:
    """Three equal minima of 0.398; Dixon and Szegö (1978)."""
    x, y = _point(config) * 15.0 - np.array([5.0, 0.0])
    inner = y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6
    return float(inner**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10)


_A = np.array(
    [
        [10, 3, 17, 3.5, 1.7, 8],
        [0.05, 10, 17, 0.1, 8, 14],
        [3, 3.5, 1.7, 10, 17, 8],
        [17, 8, 0.05, 10, 0.1, 14],
    ]
)
_P = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)


def hartmann6(config: Config) -> float:
    """A minimum of -3.322 in six dimensions; Hartman (1973)."""
    inner = (_A * (_point(config) - _P) ** 2).sum(axis=1)
    return float(-np.array([1.0, 1.2, 3.0, 3.2]) @ np.exp(-inner))


def ackley(config: Config) -> float:
    """Many local minima, and one of 0 off the centre; Ackley (1987), moved."""
    x = _point(config) - 3.0
    rough = -20 * math.exp(-0.2 * math.sqrt(float((x**2).mean())))
    return rough - math.exp(float(np.cos(2 * math.pi * x).mean())) + 20 + math.e


def rosenbrock(config: Config) -> float:
    """A bent valley that ends at 0, on a log scale; Rosenbrock (1960)."""
    x = _point(config)
    return math.log10(1e-3 + float((100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()))


def mixed(config: Mapping[str, Any]) -> float:
    """Three branches with hyperparameters of their own, in the manner of an optimiser's."""
    rate = math.log10(config["rate"])
    shared = 0.05 * abs(config["layers"] - 3) + 0.1 * abs(math.log2(config["batch"]) - 6)
    if config["kind"] == "adam":
        return 0.4 + shared + (rate + 2.8) ** 2
    if config["kind"] == "momentum":
        best = -1.5 - 0.8 * (-math.log10(1 - config["momentum"]) - 1)
        return 0.3 + shared + (rate - best) ** 2 + 0.2 * (math.log10(1 - config["momentum"]) + 1.7) ** 2
    return 0.6 + shared + (rate + 0.5) ** 2


MIXED = Space(
    rate=Real(1e-5, 1.0, scale="log", priority=1),
    kind=Choice(("adam", "momentum", "plain")),
    momentum=Real(0.5, 0.999, scale="reverse_log", when={"kind": "momentum"}),
    batch=Integer(8, 512, scale="power_of_two"),
    layers=Integer(1, 8, priority=3),
)


@cache
def _data(name: str) -> tuple[np.ndarray, np.ndarray]:
    from sklearn import datasets
    from sklearn.preprocessing import StandardScaler

    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(x))[:600]
    return StandardScaler().fit_transform(x[rows]), y[rows]


def _loss(model: Any, name: str) -> float:
    from sklearn.model_selection import cross_val_score

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scores = cross_val_score(model, *_data(name), cv=3, scoring="neg_log_loss")
    return -float(np.mean(scores))


def _svc(name: str) -> Callable[[Config], float]:
    def objective(config: Mapping[str, Any]) -> float:
        from sklearn.calibration import CalibratedClassifierCV
        from sklearn.svm import SVC

        return _loss(CalibratedClassifierCV(SVC(**config), cv=3), name)

    return objective


def _boosting(name: str) -> Callable[[Config], float]:
    def objective(config: Mapping[str, Any]) -> float:
        from sklearn.ensemble import GradientBoostingClassifier

        return _loss(GradientBoostingClassifier(random_state=0, **config), name)

    return objective


def _mlp(name: str) -> Callable[[Config], float]:
    def objective(config: Mapping[str, Any]) -> float:
        from sklearn.neural_network import MLPClassifier

        settings = {"max_iter": 20, "random_state": 0, "hidden_layer_sizes": (config["units"],)}
        chosen = {setting: value for setting, value in config.items() if setting != "units"}
        return _loss(MLPClassifier(**settings, **chosen), name)

    return objective


SVC_SPACE = Space(
    C=Real(1e-3, 1e3, scale="log", priority=1),
    kernel=Choice(("rbf", "poly", "sigmoid")),
    gamma=Real(1e-5, 10.0, scale="log", priority=1),
    degree=Integer(2, 5, when={"kernel": "poly"}),
    coef0=Real(-1.0, 1.0, when={"kernel": ("poly", "sigmoid")}),
)
BOOSTING_SPACE = Space(
    learning_rate=Real(1e-3, 1.0, scale="log", priority=1),
    n_estimators=Integer(5, 60, scale="log"),
    max_depth=Integer(1, 8),
    subsample=Real(0.3, 1.0),
    max_features=Real(0.1, 1.0, priority=3),
    min_samples_leaf=Integer(1, 40, scale="log", priority=3),
)
MLP_SPACE = Space(
    learning_rate_init=Real(1e-5, 1.0, scale="log", priority=1),
    beta_1=Real(0.5, 0.999, scale="reverse_log"),
    batch_size=Integer(8, 256, scale="power_of_two"),
    units=Integer(4, 128, scale="log"),
    alpha=Real(1e-6, 10.0, scale="log", priority=3),
    activation=Choice(("relu", "tanh"), priority=3),
)

TASKS: Mapping[str, Task] = {
    "branin": Task(_box(2, 0.0, 1.0), branin),
    "hartmann6": Task(_box(6, 0.0, 1.0), hartmann6),
    "ackley 3": Task(_box(3, -20.0, 20.0), ackley),
    "ackley 10": Task(_box(10, -20.0, 20.0), ackley),
    "rosenbrock 4": Task(_box(4, -2.0, 2.0), rosenbrock),
    "rosenbrock 8": Task(_box(8, -2.0, 2.0), rosenbrock),
    "conditional": Task(MIXED, mixed),
    "svc breast_cancer": Task(SVC_SPACE, _svc("breast_cancer"), is_real=True),
    "boosting wine": Task(BOOSTING_SPACE, _boosting("wine"), is_real=True),
    "mlp digits": Task(MLP_SPACE, _mlp("digits"), is_real=True),
}
