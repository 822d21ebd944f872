"""Importance is that in the whole space, whether the trials were drawn evenly or by a search that learns."""

import numpy as np
import pytest

from sturgeon.search import CoarseToFine, Random
from sturgeon.space import Choice, Integer, Real, Space
from sturgeon.study import Study
from sturgeon.study.importance.ped_anova import columns_of, importance_of

ADDITIVE = Space(
    a=Real(1e-4, 1.0, scale="log"),
    b=Real(0.0, 1.0),
    c=Integer(1, 9),
    d=Choice(("x", "y", "z")),
    e=Real(0.0, 1.0),
)
WEIGHTS = np.array([3.0, 1.5, 0.0, 0.0, 0.0])


def additive(unit):
    return (unit - 0.35) ** 2 @ WEIGHTS


def searched(search, trials=120, seed=0) -> Study:
    study = Study.create(":memory:", ADDITIVE, minimize="loss", search=search, seed=seed)
    rng = np.random.default_rng(seed)
    while len(study.trials) < trials:
        for trial in study.ask(4):
            noise = 0.02 * rng.standard_normal()
            study.tell(trial, loss=float(additive(ADDITIVE.to_unit([trial.config]))[0] + noise))
    return study


def true_shares(method) -> dict[str, float]:
    """By the function itself, on many points drawn evenly."""
    unit = ADDITIVE.to_unit(ADDITIVE.sample(40_000, 1))
    values = additive(unit)
    if method == "fanova":  # the variances of the terms of a sum
        found = ((unit - 0.35) ** 2 * WEIGHTS).var(axis=0)
    else:
        top = values <= np.quantile(values, 0.1)
        found = np.array([importance_of(column, top) for column in columns_of(ADDITIVE, unit).values()])
    return dict(zip(ADDITIVE.coordinates, found / found.sum(), strict=True))


@pytest.fixture(scope="module", params=[Random(), CoarseToFine()], ids=lambda search: search.name)
def study(request):
    return searched(request.param)


@pytest.mark.parametrize("method", ["ped-anova", "fanova"])
def test_it_is_that_of_the_function_whatever_search_made_the_trials(study, method):
    truth = true_shares(method)
    importance = study.importance(method=method)
    assert importance.method == method
    assert [one.name for one in importance.shares][:2] == ["a", "b"]
    for one in importance.shares:
        assert one.low <= one.share <= one.high
        assert one.low - 0.08 <= truth[one.name] <= one.high + 0.08  # trees even small effects out
