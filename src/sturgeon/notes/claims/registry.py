"""The claims by number, in the notes' order."""

from __future__ import annotations

from sturgeon.errors import InputError, option
from sturgeon.notes.claims import (
    at_test_time,
    batch_norm,
    coarse_to_fine,
    compute,
    defaults,
    frameworks,
    importance,
    inputs,
    random_and_grid,
    robustness,
    scales,
    staleness,
)
from sturgeon.notes.finding import Claim

CLAIMS: dict[str, Claim] = {
    claim.number: claim
    for claim in (
        defaults.CLAIM,
        importance.CLAIM,
        random_and_grid.CLAIM,
        coarse_to_fine.CLAIM,
        scales.CLAIM,
        staleness.CLAIM,
        compute.PANDA,
        compute.CAVIAR,
        inputs.CLAIM,
        batch_norm.CLAIM,
        at_test_time.CLAIM,
        robustness.CLAIM,
        frameworks.CLAIM,
    )
}


def choose_claims(number: str | None) -> list[Claim]:
    """Give the claim of a number, or all.

    Raises:
        InputError: There is no such claim.

    Example:
        >>> [claim.number for claim in choose_claims("n4")]
        ['N4']
    """
    if number is None:
        return list(CLAIMS.values())
    found = CLAIMS.get(str(number).strip().upper())
    if found is None:
        raise InputError(
            f"`{option('claim')}` must be one of N1 to N13; got {number!r}. Leave it out for all of them."
        )
    return [found]
