"""The Gaussian process against what it must be by definition."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from sturgeon.search.model.encoding import Encoding
from sturgeon.search.model.gaussian_process import (
    Posterior,
    Prior,
    TrainingSet,
    log_marginal_likelihood,
    negative_log_posterior,
    posterior_mode,
)
from sturgeon.space import Choice, Real, Space

SPACE = Space(
    a=Real(0.0, 1.0),
    kind=Choice(("a", "b", "c")),
    b=Real(0.0, 1.0, priority=1),
    c=Real(0.0, 1.0, when={"kind": "a"}),
)


@pytest.fixture
def encoding() -> Encoding:
    return Encoding(SPACE)


@pytest.fixture
def data(encoding) -> TrainingSet:
    features = encoding.features(SPACE.to_unit(SPACE.sample(15, 0)))
    targets = np.sin(5 * features).sum(axis=1)
    return TrainingSet(features, targets - targets.mean(), np.full(15, 0.01), encoding.coordinate_of)


def test_the_gradient_is_that_of_the_loss(encoding, data):
    prior = Prior.of(encoding)
    rng = np.random.default_rng(0)
    for _ in range(5):
        at = prior.mean + 0.5 * prior.std * rng.standard_normal(len(prior.mean))
        _, gradient = negative_log_posterior(data, prior, at)
        numeric = approx_fprime(at, lambda x: negative_log_posterior(data, prior, x)[0], 1e-7)
        np.testing.assert_allclose(gradient, numeric, rtol=1e-3, atol=1e-3)


def test_the_fit_is_better_than_the_prior(encoding, data):
    prior = Prior.of(encoding)
    likely = posterior_mode(data, prior)
    before = negative_log_posterior(data, prior, prior.mean)[0]
    assert negative_log_posterior(data, prior, likely)[0] < before
    assert log_marginal_likelihood(data, likely) > -1e9


def test_predictions_are_those_of_the_textbook(encoding, data):
    parameters = Prior.of(encoding).mean
    posterior = Posterior(data, parameters)
    features = encoding.features(SPACE.to_unit(SPACE.sample(6, 1)))
    mean, deviation = posterior.predict(features)
    everything = np.vstack([data.features, features])
    lengths = np.exp(parameters[:-2])[data.coordinate_of]
    scaled = everything / lengths
    r = np.sqrt(5 * ((scaled[:, None] - scaled[None]) ** 2).sum(axis=2))
    kernel = (1 + r + r**2 / 3) * np.exp(-r)
    inverse = np.linalg.inv(kernel[:15, :15] + (np.exp(parameters[-1]) + 1e-6 + 0.01) * np.eye(15))
    np.testing.assert_allclose(mean, kernel[15:, :15] @ inverse @ data.targets, atol=1e-6)
    expected = 1 - np.einsum("ij,jk,ik->i", kernel[15:, :15], inverse, kernel[15:, :15])
    np.testing.assert_allclose(deviation**2, expected, atol=1e-6)


def test_fantasies_leave_the_mean_and_take_the_doubt(encoding, data):
    posterior = Posterior(data, posterior_mode(data, Prior.of(encoding)))
    features = encoding.features(SPACE.to_unit(SPACE.sample(6, 1)))
    mean, deviation = posterior.predict(features)
    fantasised = posterior.with_fantasies(features[:2])
    after, less = fantasised.predict(features)
    np.testing.assert_allclose(after, mean, atol=1e-6)
    assert (less[:2] < 0.2 * deviation[:2] + 0.05).all()
    assert (less <= deviation + 1e-9).all()
