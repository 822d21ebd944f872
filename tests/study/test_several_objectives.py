"""Several objectives searched for real: a search that learns covers more of the front than chance."""

import math

import numpy as np
import pytest
import scipy.linalg  # noqa: F401  (what is to be limited has to be loaded)
from threadpoolctl import threadpool_limits

from sturgeon.search import CoarseToFine, OptunaSearch, Random, Sobol
from sturgeon.space import Real, Space
from sturgeon.study import Study

SPACE = Space(**{name: Real(0.0, 1.0) for name in ("a", "b", "c", "d")})
WORST = (1.1, 6.6)
SEEDS = (0, 2, 3)


def zdt1(config) -> dict[str, float]:
    """The first of Zitzler, Deb and Thiele (2000), whose front is ``f2 = 1 - sqrt(f1)`` at b = c = d = 0.

    The second objective is turned round, so that one is minimised and the other maximised.
    """
    g = 1 + 5 * (config["b"] + config["c"] + config["d"]) / 3
    return {"cost": config["a"], "gain": -g * (1 - math.sqrt(config["a"] / g))}


def hypervolume(points: list[tuple[float, float]]) -> float:
    """The area between the points and the worst corner, both to be minimised."""
    area, height = 0.0, WORST[1]
    for first, second in sorted(points):
        if first < WORST[0] and second < height:
            area += (WORST[0] - first) * (height - second)
            height = second
    return area


def covered(search, seed, trials=32) -> float:
    with Study.create(":memory:", SPACE, minimize="cost", maximize="gain", search=search, seed=seed) as study:
        for _ in range(trials):
            (trial,) = study.ask()
            study.tell(trial, **zdt1(trial.config))
        front = [(trial.metrics["cost"], -trial.metrics["gain"]) for trial in study.best_trials]
        everything = [(trial.metrics["cost"], -trial.metrics["gain"]) for trial in study.trials]
    assert hypervolume(front) == pytest.approx(hypervolume(everything))
    return hypervolume(front)


def test_the_whole_front_covers_what_mathematics_says():
    points = [(f1, 1 - math.sqrt(f1)) for f1 in np.linspace(0, 1, 20_001)]
    # ∫₀¹ (6.6 - 1 + √x) dx + 0.1 · 6.6
    assert hypervolume(points) == pytest.approx(5.6 + 2 / 3 + 0.66, abs=1e-3)


@pytest.mark.parametrize("search", [CoarseToFine(), OptunaSearch("tpe")])
def test_a_search_that_learns_covers_more_of_the_front_than_random_search(search):
    # Matrices this small are slower on two cores than on one where something else runs too.
    with threadpool_limits(1):
        found = {
            one.name: np.array([covered(one, seed) for seed in SEEDS]) for one in (search, Random(), Sobol())
        }
    assert (found[search.name] > found["random"]).all()
    assert found[search.name].mean() > found["random"].mean() + 0.2
    assert found[search.name].mean() > found["sobol"].mean()
