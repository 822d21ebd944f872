"""Several sets of a model's parameters that all explain the record, instead of the most probable one."""

from __future__ import annotations

import math

import numpy as np

from sturgeon.search.model.gaussian_process import Evidence, Prior, log_likelihood
from sturgeon.space.scales import Floats

SMALLEST_BRACKET = 1e-6


def draw_parameters(
    evidence: Evidence, prior: Prior, start: Floats, *, count: int, thin: int, rng: np.random.Generator
) -> list[Floats]:
    """Draw from the posterior of the parameters by elliptical slice sampling.

    With a dozen trials the most probable length scales are one guess among many, and a search that trusts
    them ignores what they happen to call unimportant. Averaging over several sets repairs that.

    Args:
        evidence: What was seen.
        prior: The normal prior, which makes the ellipse.
        start: Where the chain begins: the most probable parameters.
        count: How many sets.
        thin: How many steps lie between them.
        rng: The source of randomness.

    Returns:
        ``count`` sets.

    Source: Murray, Adams and MacKay, Elliptical slice sampling (2010), figure 2.
    """
    current, density = start, log_likelihood(evidence, start)
    kept: list[Floats] = []
    for step in range(1, count * thin + 1):
        current, density = _step(evidence, prior, current, density, rng)
        if step % thin == 0:
            kept.append(current)
    return kept


def _step(
    evidence: Evidence, prior: Prior, current: Floats, density: float, rng: np.random.Generator
) -> tuple[Floats, float]:
    partner = rng.standard_normal(len(current)) * prior.spread
    threshold = density - rng.standard_exponential()
    angle = rng.random() * 2.0 * math.pi
    low, high = angle - 2.0 * math.pi, angle
    while high - low > SMALLEST_BRACKET:
        proposal = prior.mean + (current - prior.mean) * math.cos(angle) + partner * math.sin(angle)
        reached = log_likelihood(evidence, proposal)
        if reached > threshold:
            return proposal, reached
        low, high = (angle, high) if angle < 0 else (low, angle)
        angle = low + (high - low) * rng.random()
    return current, density
