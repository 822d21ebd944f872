"""Candidates that go uphill: the gradient, and what must not move."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from sturgeon.search.model.acquisition import ExpectedImprovement
from sturgeon.search.model.encoding import Encoding
from sturgeon.search.model.gaussian_process import Posterior, Prior, TrainingSet
from sturgeon.search.model.optimize import STARTS, Candidates, gradient_ascent
from sturgeon.space import Choice, Integer, Real, Space

SPACE = Space(
    a=Real(0.0, 1.0),
    kind=Choice(("a", "b", "c")),
    b=Integer(1, 9, priority=1),
    c=Real(0.0, 1.0, when={"kind": "a"}),
)
ENCODING = Encoding(SPACE)


@pytest.fixture
def acquisition() -> ExpectedImprovement:
    features = ENCODING.features(SPACE.to_unit(SPACE.sample(20, 0)))
    targets = np.sin(5 * features).sum(axis=1)
    data = TrainingSet(features, targets - targets.mean(), np.full(20, 0.01), ENCODING.coordinate_of)
    mean = Prior.of(ENCODING).mean
    return ExpectedImprovement([Posterior(data, mean), Posterior(data, mean - 0.3)], -1.0)


def test_the_gradient_is_that_of_the_acquisition(acquisition):
    points = np.random.default_rng(1).random((6, ENCODING.features(np.zeros((1, 4))).shape[1]))
    values, gradient = acquisition.with_gradient(points)
    np.testing.assert_allclose(values, acquisition(points), atol=1e-6)
    for point, slope in zip(points, gradient, strict=True):
        numeric = approx_fprime(point, lambda x: acquisition(x[None])[0], 1e-6)
        np.testing.assert_allclose(slope, numeric, rtol=1e-3, atol=1e-4)


def test_it_ends_higher_and_leaves_choices_and_what_is_inactive(acquisition):
    points = SPACE.to_unit(SPACE.sample(60, 3))
    ranked = points[np.argsort(-acquisition(ENCODING.features(points)))]
    risen = gradient_ascent(acquisition.with_gradient, ENCODING, ranked)
    assert 1 <= len(risen) <= STARTS
    assert acquisition(ENCODING.features(risen)).max() > acquisition(ENCODING.features(ranked))[0] + 0.01
    numeric = risen[:, ~ENCODING.is_choice]
    assert ((numeric >= 0.0) & (numeric <= 1.0) | np.isnan(numeric)).all()
    starts = {(kind, np.isnan(c)) for _, kind, _, c in ranked}
    assert {(kind, np.isnan(c)) for _, kind, _, c in risen} <= starts


def test_only_choices_leave_nothing_to_climb(acquisition):
    encoding = Encoding(Space(first=Choice(tuple("abcd")), second=Choice(tuple("efgh"))))
    ranked = np.array([[0.1, 0.9], [0.6, 0.4]])
    np.testing.assert_array_equal(gradient_ascent(acquisition.with_gradient, encoding, ranked), ranked)


def test_what_has_risen_is_on_the_grid_and_allowed(acquisition):
    space = Space(
        a=Real(0.0, 1.0),
        kind=Choice(("a", "b", "c")),
        b=Integer(1, 9),
        c=Real(0.0, 1.0, when={"kind": "a"}),
        constraint=lambda config: config["a"] + config["b"] / 9 < 1.2,
    )
    candidates = Candidates(space, ENCODING, space.to_unit(space.sample(5, 0)))
    ranked = candidates.ranked(acquisition, np.random.default_rng(0))
    configs = space.from_unit(ranked)
    assert all(map(space.satisfies, configs))
    np.testing.assert_allclose(space.to_unit(configs), ranked, atol=1e-12)
