"""A Gaussian process: Matérn-5/2 with a length scale for each hyperparameter, and noise.

Equation numbers are those of Rasmussen and Williams, Gaussian processes for machine learning (2006).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import get_lapack_funcs
from scipy.optimize import minimize

from sturgeon.search.model.encoding import Encoding
from sturgeon.space.scales import Floats

# Called directly, since the checks of their wrappers take longer than small matrices do.
dpotrf, dpotri, dpotrs, dtrtrs = get_lapack_funcs(("potrf", "potri", "potrs", "trtrs"), dtype=np.float64)

LENGTH = 1.0
LENGTH_SPREAD = 0.6
PRIORITY_SHIFT = 0.1
NOISE = 1e-4
NOISE_SPREAD = 1.5
NOISE_FLOOR = 1e-6
STEPS = 15
BOUND = 5.0
HOPELESS = 1e10


@dataclass(frozen=True)
class Prior:
    """What is believed of the logarithms of the model's own parameters before any trial: independent normals.

    The parameters are the length scale of each coordinate, the signal's variance and the noise's variance.
    Length scales grow with the root of the number of coordinates, as distances in the cube do. An important
    hyperparameter is expected to have a shorter one: over the same stretch the objective changes more.

    Source: Hvarfner et al., Vanilla Bayesian optimization performs great in high dimensions (2024).

    Attributes:
        mean: Shape ``coordinates + 2``.
        spread: The standard deviations, of the same shape.
    """

    mean: Floats
    spread: Floats

    @staticmethod
    def of(encoding: Encoding) -> Prior:
        """Make the prior of a space."""
        count = len(encoding.priority)
        level = encoding.priority - encoding.priority.mean() if count else encoding.priority
        lengths = math.log(LENGTH * math.sqrt(max(count, 1))) + PRIORITY_SHIFT * level
        mean = np.concatenate([lengths, [0.0, math.log(NOISE)]])
        return Prior(mean, np.concatenate([np.full(count, LENGTH_SPREAD), [1.0, NOISE_SPREAD]]))


class Evidence:
    """What was seen: points, targets of mean 0 and about unit variance, and how unsure each target is.

    Args:
        columns: Shape ``n × columns``.
        targets: Shape ``n``.
        variance: Shape ``n``: noise of each target beyond what all have.
        owner: For each column its coordinate.
    """

    def __init__(self, columns: Floats, targets: Floats, variance: Floats, owner: np.ndarray) -> None:
        self.columns = columns
        self.targets = targets
        self.variance = variance
        self.owner = owner
        squared = (columns[:, None, :] - columns[None, :, :]) ** 2
        coordinates = int(owner.max()) + 1 if len(owner) else 0
        if coordinates == columns.shape[1]:
            self.distances = np.ascontiguousarray(squared.reshape(-1, coordinates).T)
        else:
            starts = np.searchsorted(owner, np.arange(coordinates))
            self.distances = np.ascontiguousarray(
                np.add.reduceat(squared, starts, axis=2).reshape(-1, coordinates).T
            )

    def __len__(self) -> int:
        return len(self.targets)


def log_likelihood(evidence: Evidence, parameters: Floats) -> float:
    """Compute log p(y | X, θ) without its constant, eq. 2.30."""
    covariance = _covariance(evidence, parameters)
    factor, failed = dpotrf(covariance, lower=1, clean=0)
    if failed:
        return -HOPELESS
    half, _ = dtrtrs(factor, evidence.targets, lower=1)
    return float(-0.5 * half @ half - np.log(np.diagonal(factor)).sum())


def most_probable(evidence: Evidence, prior: Prior) -> Floats:
    """Find the parameters of highest posterior density, by a few steps of L-BFGS from the prior's mean."""
    bounds = np.stack([prior.mean - BOUND * prior.spread, prior.mean + BOUND * prior.spread], axis=1)
    found = minimize(
        lambda parameters: _loss(evidence, prior, parameters),
        prior.mean,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": STEPS},
    )
    return found.x


class Conditioned:
    """The process given evidence and parameters: it predicts.

    Args:
        evidence: What was seen.
        parameters: Logarithms of the length scales, the signal's variance and the noise's variance.
    """

    def __init__(self, evidence: Evidence, parameters: Floats) -> None:
        self._inverse_lengths = np.exp(-parameters[:-2])[evidence.owner]
        self._signal = math.exp(parameters[-2])
        self._noise = math.exp(parameters[-1]) + NOISE_FLOOR
        covariance = _covariance(evidence, parameters)
        factor, failed = dpotrf(covariance, lower=1, clean=1)
        assert not failed, "a covariance whose likelihood was finite has a Cholesky factor"
        self._factor = factor
        self._targets = evidence.targets
        self._weights, _ = dpotrs(factor, evidence.targets, lower=1)
        self._scaled = evidence.columns * self._inverse_lengths
        self._norms = (self._scaled**2).sum(axis=1)

    def predict(self, columns: Floats) -> tuple[Floats, Floats]:
        """Give the mean and the standard deviation of the objective at ``m`` points, eq. 2.25 and 2.26."""
        cross = self._cross(columns)
        half, _ = dtrtrs(self._factor, cross.T, lower=1)
        variance = self._signal - (half * half).sum(axis=0)
        return cross @ self._weights, np.sqrt(np.maximum(variance, 1e-12))

    def believing(self, columns: Floats) -> Conditioned:
        """Add points that are being tried, as if their value were the one expected (kriging believer)."""
        cross = self._cross(columns)
        half, _ = dtrtrs(self._factor, cross.T, lower=1)
        scaled = columns * self._inverse_lengths
        norms = (scaled**2).sum(axis=1)
        squared = np.maximum(norms[:, None] + norms[None, :] - 2.0 * scaled @ scaled.T, 0.0)
        corner = self._signal * _matern(np.sqrt(5.0 * squared)) - half.T @ half
        corner[np.diag_indices_from(corner)] += self._noise + 1e-9
        lower, failed = dpotrf(corner, lower=1, clean=1)
        if failed:
            return self
        size, more = len(self._targets), len(columns)
        factor = np.zeros((size + more, size + more), order="F")
        factor[:size, :size], factor[size:, :size], factor[size:, size:] = self._factor, half.T, lower
        new = object.__new__(Conditioned)
        new._inverse_lengths, new._signal, new._noise = self._inverse_lengths, self._signal, self._noise
        new._factor = factor
        new._targets = np.concatenate([self._targets, cross @ self._weights])
        new._weights, _ = dpotrs(factor, new._targets, lower=1)
        new._scaled = np.vstack([self._scaled, scaled])
        new._norms = np.concatenate([self._norms, norms])
        return new

    def _cross(self, columns: Floats) -> Floats:
        scaled = columns * self._inverse_lengths
        squared = (scaled**2).sum(axis=1)[:, None] + self._norms[None, :] - 2.0 * scaled @ self._scaled.T
        return self._signal * _matern(np.sqrt(5.0 * np.maximum(squared, 0.0)))


def _matern(root: Floats) -> Floats:
    """Compute Matérn-5/2 of √5 r, eq. 4.17."""
    return np.exp(-root) * (1.0 + root + root * root / 3.0)


def _covariance(evidence: Evidence, parameters: Floats) -> Floats:
    count = len(evidence)
    root = np.sqrt(5.0 * (np.exp(-2.0 * parameters[:-2]) @ evidence.distances))
    covariance = (math.exp(parameters[-2]) * _matern(root)).reshape(count, count)
    covariance.flat[:: count + 1] += math.exp(parameters[-1]) + NOISE_FLOOR + evidence.variance
    return covariance


def _loss(evidence: Evidence, prior: Prior, parameters: Floats) -> tuple[float, Floats]:
    """Compute the negative log posterior and its gradient, eq. 5.9."""
    count = len(evidence)
    shrunk = np.exp(-2.0 * parameters[:-2])
    signal, noise = math.exp(parameters[-2]), math.exp(parameters[-1])
    root = np.sqrt(5.0 * (shrunk @ evidence.distances))
    decay = np.exp(-root)
    correlation = decay * (1.0 + root + root * root / 3.0)
    covariance = (signal * correlation).reshape(count, count)
    covariance.flat[:: count + 1] += noise + NOISE_FLOOR + evidence.variance
    factor, failed = dpotrf(covariance, lower=1, clean=1)
    if failed:
        return HOPELESS, np.zeros_like(parameters)
    weights, _ = dpotrs(factor, evidence.targets, lower=1)
    away = (parameters - prior.mean) / prior.spread
    loss = 0.5 * evidence.targets @ weights + np.log(np.diagonal(factor)).sum() + 0.5 * away @ away
    lower, _ = dpotri(factor, lower=1)
    inverse = np.tril(lower) + np.tril(lower, -1).T
    pull = (weights[:, None] * weights[None, :] - inverse).reshape(-1)
    gradient = np.empty_like(parameters)
    slope = pull * decay * (1.0 + root) * (5.0 / 3.0 * signal)
    gradient[:-2] = -0.5 * (evidence.distances @ slope) * shrunk
    gradient[-2] = -0.5 * signal * (pull @ correlation)
    gradient[-1] = -0.5 * noise * pull[:: count + 1].sum()
    return float(loss), gradient + away / prior.spread
