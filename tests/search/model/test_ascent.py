"""Candidates that go uphill: the gradient, and what must not move."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from sturgeon.search.model.ascent import STARTS, ascend
from sturgeon.search.model.candidates import Pool
from sturgeon.search.model.encoding import Encoding
from sturgeon.search.model.gaussian_process import Conditioned, Evidence, Prior
from sturgeon.search.model.promise import Promise
from sturgeon.space import Choice, Integer, Real, Space

SPACE = Space(
    a=Real(0.0, 1.0),
    kind=Choice(("a", "b", "c")),
    b=Integer(1, 9, priority=1),
    c=Real(0.0, 1.0, when={"kind": "a"}),
)
ENCODING = Encoding(SPACE)


@pytest.fixture
def promise() -> Promise:
    columns = ENCODING.columns(SPACE.to_unit(SPACE.sample(20, 0)))
    targets = np.sin(5 * columns).sum(axis=1)
    evidence = Evidence(columns, targets - targets.mean(), np.full(20, 0.01), ENCODING.owner)
    mean = Prior.of(ENCODING).mean
    return Promise([Conditioned(evidence, mean), Conditioned(evidence, mean - 0.3)], -1.0)


def test_uphill_is_the_gradient_of_the_promise(promise):
    points = np.random.default_rng(1).random((6, ENCODING.columns(np.zeros((1, 4))).shape[1]))
    values, gradient = promise.uphill(points)
    np.testing.assert_allclose(values, promise(points), atol=1e-6)
    for point, slope in zip(points, gradient, strict=True):
        numeric = approx_fprime(point, lambda x: promise(x[None])[0], 1e-6)
        np.testing.assert_allclose(slope, numeric, rtol=1e-3, atol=1e-4)


def test_it_ends_higher_and_leaves_choices_and_what_is_inactive(promise):
    points = SPACE.to_unit(SPACE.sample(60, 3))
    ranked = points[np.argsort(-promise(ENCODING.columns(points)))]
    risen = ascend(promise.uphill, ENCODING, ranked)
    assert 1 <= len(risen) <= STARTS
    assert promise(ENCODING.columns(risen)).max() > promise(ENCODING.columns(ranked))[0] + 0.01
    numeric = risen[:, ~ENCODING.is_choice]
    assert ((numeric >= 0.0) & (numeric <= 1.0) | np.isnan(numeric)).all()
    starts = {(kind, np.isnan(c)) for _, kind, _, c in ranked}
    assert {(kind, np.isnan(c)) for _, kind, _, c in risen} <= starts


def test_only_choices_leave_nothing_to_climb(promise):
    encoding = Encoding(Space(first=Choice(tuple("abcd")), second=Choice(tuple("efgh"))))
    ranked = np.array([[0.1, 0.9], [0.6, 0.4]])
    np.testing.assert_array_equal(ascend(promise.uphill, encoding, ranked), ranked)


def test_what_has_risen_is_on_the_grid_and_allowed(promise):
    space = Space(
        a=Real(0.0, 1.0),
        kind=Choice(("a", "b", "c")),
        b=Integer(1, 9),
        c=Real(0.0, 1.0, when={"kind": "a"}),
        constraint=lambda config: config["a"] + config["b"] / 9 < 1.2,
    )
    pool = Pool(space, ENCODING, space.to_unit(space.sample(5, 0)))
    ranked = pool.ranked(promise, np.random.default_rng(0))
    configs = space.from_unit(ranked)
    assert all(map(space.satisfies, configs))
    np.testing.assert_allclose(space.to_unit(configs), ranked, atol=1e-12)
