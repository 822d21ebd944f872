"""A Gaussian process: Matérn-5/2 with a length scale for each hyperparameter, and noise.

Equation numbers are those of Rasmussen and Williams, Gaussian processes for machine learning (2006).
"""

from __future__ import annotations

import math
from copy import copy
from dataclasses import dataclass
from typing import NamedTuple

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
NOISE = 1e-5
NOISE_SPREAD = 2.0
NOISE_FLOOR = 1e-6
STEPS = 15
BOUND = 5.0
HOPELESS = 1e10
VARIANCE_FLOOR = 1e-12


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
        # Only pairs below the diagonal: it halves the time.
        self.rows, self.cols = np.tril_indices(len(targets), -1)
        self.flat = self.cols * len(targets) + self.rows
        squared = (columns[self.rows] - columns[self.cols]) ** 2
        starts = np.flatnonzero(np.diff(owner, prepend=-1))
        if len(starts) < len(owner):
            squared = np.add.reduceat(squared, starts, axis=1)
        self.distances = np.ascontiguousarray(squared.T)

    def __len__(self) -> int:
        return len(self.targets)


def log_likelihood(evidence: Evidence, parameters: Floats) -> float:
    """Compute log p(y | X, θ) without its constant, eq. 2.30."""
    covariance = _covariance(evidence, parameters)
    factor, failed = dpotrf(covariance, lower=1, clean=0, overwrite_a=1)
    if failed:
        return -HOPELESS
    half, _ = dtrtrs(factor, evidence.targets, lower=1)
    return float(-0.5 * half @ half - np.log(np.diagonal(factor)).sum())


def most_probable(evidence: Evidence, prior: Prior) -> Floats:
    """Find the parameters of highest posterior density, by a few steps of L-BFGS from the prior's mean."""
    bounds = np.stack([prior.mean - BOUND * prior.spread, prior.mean + BOUND * prior.spread], axis=1)
    found = minimize(
        lambda parameters: negative_log_posterior(evidence, prior, parameters),
        prior.mean,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": STEPS},
    )
    return found.x


class Parts(NamedTuple):
    """What a process's predictions are made of: k(x, X) K⁻¹ y, and k(x, X) K⁻¹ k(X, x).

    Attributes:
        signal: Its variance far from all points.
        inverse_lengths: One over the length scale of each column.
        scaled: The ``n`` points, in length scales.
        weights: K⁻¹ y, shape ``n``.
        inverse: K⁻¹, shape ``n × n``.
    """

    signal: float
    inverse_lengths: Floats
    scaled: Floats
    weights: Floats
    inverse: Floats


class Conditioned:
    """The process given evidence and parameters: it predicts.

    Args:
        evidence: What was seen.
        parameters: Logarithms of the length scales, the signal's variance and the noise's variance.

    Attributes:
        believed: The lowest value expected of a point whose value is not known; inf where there is none.
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
        self.believed = math.inf

    def predict(self, columns: Floats) -> tuple[Floats, Floats]:
        """Give the mean and the standard deviation of the objective at ``m`` points, eq. 2.25 and 2.26."""
        cross = self._cross(columns)
        half, _ = dtrtrs(self._factor, cross.T, lower=1)
        variance = self._signal - (half * half).sum(axis=0)
        return cross @ self._weights, np.sqrt(np.maximum(variance, VARIANCE_FLOOR))

    def parts(self) -> Parts:
        """Give what its predictions are made of."""
        inverse, _ = dpotrs(self._factor, np.eye(len(self._targets)), lower=1)
        return Parts(self._signal, self._inverse_lengths, self._scaled, self._weights, inverse)

    def comparing(self, columns: Floats) -> Conditioned:
        """Count the values expected at some points among those that are to be improved on."""
        new = copy(self)
        new.believed = min(self.believed, float(self.predict(columns)[0].min()))
        return new

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
        new = copy(self)
        new._factor = factor
        expected = cross @ self._weights
        new.believed = min(self.believed, float(expected.min()))
        new._targets = np.concatenate([self._targets, expected])
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
    return np.exp(-root) * (1.0 + root * (1.0 + root / 3.0))


def _covariance(evidence: Evidence, parameters: Floats) -> Floats:
    root = np.sqrt(5.0 * np.exp(-2.0 * parameters[:-2]) @ evidence.distances)
    signal = math.exp(parameters[-2])
    return _lower(evidence, signal * _matern(root), signal, math.exp(parameters[-1]))


def _lower(evidence: Evidence, below: Floats, signal: float, noise: float) -> Floats:
    """Make the lower half of the covariance from what is below its diagonal."""
    count = len(evidence)
    covariance = np.zeros(count * count)
    covariance[evidence.flat] = below
    covariance[:: count + 1] = signal + noise + NOISE_FLOOR + evidence.variance
    return covariance.reshape((count, count), order="F")


def negative_log_posterior(evidence: Evidence, prior: Prior, parameters: Floats) -> tuple[float, Floats]:
    """Compute the negative log posterior and its gradient, eq. 5.9."""
    count = len(evidence)
    shrunk = np.exp(-2.0 * parameters[:-2])
    signal, noise = math.exp(parameters[-2]), math.exp(parameters[-1])
    root = np.sqrt(5.0 * shrunk @ evidence.distances)
    decay = np.exp(-root)
    correlation = decay * (1.0 + root + root * root / 3.0)
    covariance = _lower(evidence, signal * correlation, signal, noise)
    factor, failed = dpotrf(covariance, lower=1, clean=0, overwrite_a=1)
    if failed:
        return HOPELESS, np.zeros_like(parameters)
    weights, _ = dpotrs(factor, evidence.targets, lower=1)
    away = (parameters - prior.mean) / prior.spread
    loss = 0.5 * evidence.targets @ weights + np.log(np.diagonal(factor)).sum() + 0.5 * away @ away
    inverse, _ = dpotri(factor, lower=1, overwrite_c=1)
    entries = inverse.reshape(-1, order="F")
    # What is below the diagonal stands for what is above it too, so a half of each pair is a whole.
    pull = weights[evidence.rows] * weights[evidence.cols] - entries[evidence.flat]
    trace = weights @ weights - entries[:: count + 1].sum()
    slope = pull * decay * (1.0 + root) * (5.0 / 3.0 * signal)
    gradient = np.empty_like(parameters)
    gradient[:-2] = -(evidence.distances @ slope) * shrunk
    gradient[-2] = -signal * (pull @ correlation) - 0.5 * signal * trace
    gradient[-1] = -0.5 * noise * trace
    return float(loss), gradient + away / prior.spread
