"""A Gaussian process: Matérn 5/2 with a length scale for each coordinate, and noise.

The symbols are those of ``sturgeon.search.model``; [RW] is Rasmussen and Williams (2006).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import get_lapack_funcs

from sturgeon.search.model.encoding import Encoding
from sturgeon.space.scales import Floats

Indices = npt.NDArray[np.intp]

# Called directly, since the checks of their wrappers take longer than small matrices do.
dpotrf, dpotri, dpotrs, dtrtrs = get_lapack_funcs(("potrf", "potri", "potrs", "trtrs"), dtype=np.float64)

# The prior of θ.
LENGTH = 1.0
LENGTH_STD = 0.6
PRIORITY_SHIFT = 0.1
NOISE = 1e-5
NOISE_STD = 2.0

# Its mode: steps of L-BFGS, within so many standard deviations.
STEPS = 15
BOUND = 5.0

SMALLEST_BRACKET = 1e-6
NOISE_FLOOR = 1e-6
VARIANCE_FLOOR = 1e-12
HOPELESS = 1e10


class TrainingSet:
    """What the process learns from: features X, targets y, and how unsure each target is.

    Args:
        features: X, shape ``n × p``.
        targets: y, shape ``n``, of mean 0 and about unit variance.
        variance: s², shape ``n``.
        coordinate_of: For each feature its coordinate.
    """

    def __init__(self, features: Floats, targets: Floats, variance: Floats, coordinate_of: Indices) -> None:
        self.features = features
        self.targets = targets
        self.variance = variance
        self.coordinate_of = coordinate_of
        # Squared distances by coordinate. Only pairs below the diagonal: it halves the time.
        self.rows, self.cols = np.tril_indices(len(targets), -1)
        self.flat = self.cols * len(targets) + self.rows
        squared = (features[self.rows] - features[self.cols]) ** 2
        starts = np.flatnonzero(np.diff(coordinate_of, prepend=-1))
        if len(starts) < len(coordinate_of):
            squared = np.add.reduceat(squared, starts, axis=1)
        self.distances = np.ascontiguousarray(squared.T)

    def __len__(self) -> int:
        return len(self.targets)


@dataclass(frozen=True)
class Prior:
    """What is believed of θ before any trial: independent normals.

    Length scales grow with the root of the number of coordinates, as distances in the cube do. An important
    hyperparameter is expected to have a shorter one: over the same stretch the objective changes more.

    Source: Hvarfner et al., Vanilla Bayesian optimization performs great in high dimensions (2024).

    Attributes:
        mean: Shape ``d + 2``.
        std: The standard deviations, of the same shape.
    """

    mean: Floats
    std: Floats

    @staticmethod
    def of(encoding: Encoding) -> Prior:
        """Make the prior of a space."""
        count = len(encoding.priority)
        level = encoding.priority - encoding.priority.mean() if count else encoding.priority
        lengths = math.log(LENGTH * math.sqrt(max(count, 1))) + PRIORITY_SHIFT * level
        mean = np.concatenate([lengths, [0.0, math.log(NOISE)]])
        return Prior(mean, np.concatenate([np.full(count, LENGTH_STD), [1.0, NOISE_STD]]))


def log_marginal_likelihood(data: TrainingSet, theta: Floats) -> float:
    """Compute log p(y | X, θ) without its constant, [RW] eq. 2.30."""
    factor, failed = dpotrf(_covariance(data, theta), lower=1, clean=0, overwrite_a=1)
    if failed:
        return -HOPELESS
    half, _ = dtrtrs(factor, data.targets, lower=1)
    return float(-0.5 * half @ half - np.log(np.diagonal(factor)).sum())


def negative_log_posterior(data: TrainingSet, prior: Prior, theta: Floats) -> tuple[float, Floats]:
    """Compute -log p(θ | X, y) without its constant, and its gradient by θ, [RW] eq. 5.9."""
    count = len(data)
    shrunk = np.exp(-2.0 * theta[:-2])
    signal, noise = math.exp(theta[-2]), math.exp(theta[-1])
    root = np.sqrt(5.0 * shrunk @ data.distances)
    decay = np.exp(-root)
    correlation = decay * (1.0 + root + root * root / 3.0)
    covariance = _lower(data, signal * correlation, signal, noise)
    factor, failed = dpotrf(covariance, lower=1, clean=0, overwrite_a=1)
    if failed:
        return HOPELESS, np.zeros_like(theta)
    weights, _ = dpotrs(factor, data.targets, lower=1)
    away = (theta - prior.mean) / prior.std
    loss = 0.5 * data.targets @ weights + np.log(np.diagonal(factor)).sum() + 0.5 * away @ away
    inverse, _ = dpotri(factor, lower=1, overwrite_c=1)
    entries = inverse.reshape(-1, order="F")
    # ααᵀ - K⁻¹. What is below the diagonal stands for what is above it too: a half of each pair is a whole.
    pull = weights[data.rows] * weights[data.cols] - entries[data.flat]
    trace = weights @ weights - entries[:: count + 1].sum()
    slope = pull * decay * (1.0 + root) * (5.0 / 3.0 * signal)
    gradient = np.empty_like(theta)
    gradient[:-2] = -(data.distances @ slope) * shrunk
    gradient[-2] = -signal * (pull @ correlation) - 0.5 * signal * trace
    gradient[-1] = -0.5 * noise * trace
    return float(loss), gradient + away / prior.std


def posterior_mode(data: TrainingSet, prior: Prior) -> Floats:
    """Find the θ of highest posterior density, by a few steps of L-BFGS from the prior's mean."""
    from scipy.optimize import minimize  # only here: loading it takes most of a second

    bounds = np.stack([prior.mean - BOUND * prior.std, prior.mean + BOUND * prior.std], axis=1)
    found = minimize(
        lambda theta: negative_log_posterior(data, prior, theta),
        prior.mean,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": STEPS},
    )
    return found.x


def sample_posterior(
    data: TrainingSet, prior: Prior, start: Floats, *, count: int, thin: int, rng: np.random.Generator
) -> list[Floats]:
    """Draw from p(θ | X, y) by elliptical slice sampling.

    With a dozen trials the most probable length scales are one guess among many, and a search that trusts
    them ignores what they happen to call unimportant. Averaging over several samples repairs that.

    Args:
        data: What was seen.
        prior: The normal prior, which makes the ellipse.
        start: Where the chain begins: the most probable θ.
        count: How many samples.
        thin: How many steps lie between them.
        rng: The source of randomness.

    Returns:
        ``count`` samples.

    Source: Murray, Adams and MacKay, Elliptical slice sampling (2010), figure 2.
    """
    current, density = start, log_marginal_likelihood(data, start)
    kept: list[Floats] = []
    for step in range(1, count * thin + 1):
        current, density = _slice_step(data, prior, current, density, rng)
        if step % thin == 0:
            kept.append(current)
    return kept


def _slice_step(
    data: TrainingSet, prior: Prior, current: Floats, density: float, rng: np.random.Generator
) -> tuple[Floats, float]:
    partner = rng.standard_normal(len(current)) * prior.std
    threshold = density - rng.standard_exponential()
    angle = rng.random() * 2.0 * math.pi
    low, high = angle - 2.0 * math.pi, angle
    while high - low > SMALLEST_BRACKET:
        proposal = prior.mean + (current - prior.mean) * math.cos(angle) + partner * math.sin(angle)
        reached = log_marginal_likelihood(data, proposal)
        if reached > threshold:
            return proposal, reached
        low, high = (angle, high) if angle < 0 else (low, angle)
        angle = low + (high - low) * rng.random()
    return current, density


class Posterior:
    """p(f | X, y, θ): what the process predicts.

    Args:
        data: What was seen.
        theta: The kernel's parameters.

    Attributes:
        expected_best: The lowest mean at a point whose value is not known but is to be improved on; inf where
            there is none.
    """

    def __init__(self, data: TrainingSet, theta: Floats) -> None:
        self.inverse_lengths = np.exp(-theta[:-2])[data.coordinate_of]
        self.signal = math.exp(theta[-2])
        self._noise = math.exp(theta[-1]) + NOISE_FLOOR
        self.factor, failed = dpotrf(_covariance(data, theta), lower=1, clean=1)
        assert not failed, "a covariance whose likelihood was finite has a Cholesky factor"
        self._targets = data.targets
        self.weights, _ = dpotrs(self.factor, data.targets, lower=1)
        self.scaled = data.features * self.inverse_lengths
        self._norms = (self.scaled**2).sum(axis=1)
        self.expected_best = math.inf

    def predict(self, features: Floats) -> tuple[Floats, Floats]:
        """Give the mean and the standard deviation at ``m`` points, [RW] eq. 2.25 and 2.26."""
        cross = self._cross(features)
        half, _ = dtrtrs(self.factor, cross.T, lower=1)
        variance = self.signal - (half * half).sum(axis=0)
        return cross @ self.weights, np.sqrt(np.maximum(variance, VARIANCE_FLOOR))

    def to_improve_on(self, features: Floats) -> Posterior:
        """Count the means at some points among what is to be improved on."""
        new = copy(self)
        new.expected_best = min(self.expected_best, float(self.predict(features)[0].min()))
        return new

    def with_fantasies(self, features: Floats) -> Posterior:
        """Add points that are being tried, as if their values were the means there.

        Source: Ginsbourger, Le Riche and Carraro, Kriging is well-suited to parallelize optimization (2010),
        the kriging believer.
        """
        cross = self._cross(features)
        half, _ = dtrtrs(self.factor, cross.T, lower=1)
        scaled = features * self.inverse_lengths
        norms = (scaled**2).sum(axis=1)
        squared = np.maximum(norms[:, None] + norms[None, :] - 2.0 * scaled @ scaled.T, 0.0)
        corner = self.signal * _matern(np.sqrt(5.0 * squared)) - half.T @ half
        corner[np.diag_indices_from(corner)] += self._noise + 1e-9
        lower, failed = dpotrf(corner, lower=1, clean=1)
        if failed:
            return self
        size, more = len(self._targets), len(features)
        factor = np.zeros((size + more, size + more), order="F")
        factor[:size, :size], factor[size:, :size], factor[size:, size:] = self.factor, half.T, lower
        new = copy(self)
        new.factor = factor
        expected = cross @ self.weights
        new.expected_best = min(self.expected_best, float(expected.min()))
        new._targets = np.concatenate([self._targets, expected])
        new.weights, _ = dpotrs(factor, new._targets, lower=1)
        new.scaled = np.vstack([self.scaled, scaled])
        new._norms = np.concatenate([self._norms, norms])
        return new

    def _cross(self, features: Floats) -> Floats:
        """Compute k(x, X), shape ``m × n``."""
        scaled = features * self.inverse_lengths
        squared = (scaled**2).sum(axis=1)[:, None] + self._norms[None, :] - 2.0 * scaled @ self.scaled.T
        return self.signal * _matern(np.sqrt(5.0 * np.maximum(squared, 0.0)))


class StackedPosteriors:
    """Several posteriors over the same ``n`` points, for their gradients.

    A gradient is asked for a few points at a time. Then the calls cost more than the numbers do, so that the
    arrays of all posteriors lie in one.

    Args:
        posteriors: At least one; all know the same points.
    """

    def __init__(self, posteriors: Sequence[Posterior]) -> None:
        identity = np.eye(len(posteriors[0].weights))
        self._signal = np.array([one.signal for one in posteriors])[:, None]
        self._inverse_lengths = np.stack([one.inverse_lengths for one in posteriors])[:, None]
        self._scaled = np.stack([one.scaled for one in posteriors])
        self._norms = (self._scaled**2).sum(axis=2)[:, None]
        self._weights = np.stack([one.weights for one in posteriors])[:, None]
        self._inverse = np.stack([dpotrs(one.factor, identity, lower=1)[0] for one in posteriors])

    def predict_with_gradient(self, features: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Give mean, standard deviation and their gradients at ``m`` points.

        Returns:
            Shapes ``posteriors × m`` twice, and ``posteriors × m × p`` twice.
        """
        scaled = features * self._inverse_lengths
        products = scaled @ self._scaled.transpose(0, 2, 1)
        squared = (scaled**2).sum(axis=2)[..., None] + self._norms - 2.0 * products
        root = np.sqrt(5.0 * np.maximum(squared, 0.0))
        decay = self._signal[..., None] * np.exp(-root)
        cross = decay * (1.0 + root * (1.0 + root / 3.0))
        # The derivative of k over that of r²/2.
        pull = -5.0 / 3.0 * decay * (1.0 + root)
        solved = cross @ self._inverse
        mean = (cross * self._weights).sum(axis=2)
        variance = np.maximum(self._signal - (solved * cross).sum(axis=2), VARIANCE_FLOOR)
        deviation = np.sqrt(variance)
        mean_slope = self._along(pull * self._weights, scaled)
        deviation_slope = -self._along(pull * solved, scaled) / deviation[..., None]
        return mean, deviation, mean_slope, deviation_slope

    def _along(self, pulls: Floats, scaled: Floats) -> Floats:
        """Sum the pulls of all known points, each along the way from it."""
        ways = pulls.sum(axis=2)[..., None] * scaled - pulls @ self._scaled
        return ways * self._inverse_lengths


def _matern(root: Floats) -> Floats:
    """Compute Matérn 5/2 of √5 r, [RW] eq. 4.17."""
    return np.exp(-root) * (1.0 + root * (1.0 + root / 3.0))


def _covariance(data: TrainingSet, theta: Floats) -> Floats:
    root = np.sqrt(5.0 * np.exp(-2.0 * theta[:-2]) @ data.distances)
    signal = math.exp(theta[-2])
    return _lower(data, signal * _matern(root), signal, math.exp(theta[-1]))


def _lower(data: TrainingSet, below: Floats, signal: float, noise: float) -> Floats:
    """Make the lower half of K from what is below its diagonal."""
    count = len(data)
    covariance = np.zeros(count * count)
    covariance[data.flat] = below
    covariance[:: count + 1] = signal + noise + NOISE_FLOOR + data.variance
    return covariance.reshape((count, count), order="F")
