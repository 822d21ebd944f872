"""Expected improvement against its definition, also where its plain formula underflows."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from sturgeon.search.model.acquisition import log_expected_improvement


@given(st.floats(-5, 5), st.floats(0.1, 3.0), st.floats(-5, 5))
def test_it_is_the_expectation(mean, deviation, best):
    z = (best - mean) / deviation
    plain = deviation * (norm.pdf(z) + z * norm.cdf(z))
    if plain > 1e-10:
        got = log_expected_improvement(np.array([mean]), np.array([deviation]), best)[0]
        np.testing.assert_allclose(np.exp(got), plain, rtol=1e-4)


def test_far_from_the_best_it_still_tells_better_from_worse():
    means = np.linspace(-2.0, 3000.0, 4000)
    got = log_expected_improvement(means, np.ones_like(means), 0.0)
    assert np.isfinite(got).all()
    assert (np.diff(got) < 0).all()
