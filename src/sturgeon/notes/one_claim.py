"""One claim, measured and timed."""

from __future__ import annotations

import time
from dataclasses import replace

from sturgeon.notes.finding import Claim, Finding
from sturgeon.notes.lab import Lab, TooSmall


def measure_claim(claim: Claim, lab: Lab) -> Finding:
    """Measure one claim; ``"not_run"`` where no table has what it needs.

    NumPy's products take one thread each: on matrices of this size, threads that wait for each other cost
    many times the work.
    """
    from threadpoolctl import threadpool_limits

    began = time.monotonic()
    with threadpool_limits(limits=1, user_api="blas"):
        try:
            finding = claim.measure(lab.of_claim(int(claim.number[1:])))
        except TooSmall as error:
            finding = _not_measured(error, lab)
    return replace(finding, seconds=round(time.monotonic() - began, 2))


def _not_measured(error: TooSmall, lab: Lab) -> Finding:
    numbers = {} if "columns" in str(error) else {"fewest": error.fewest}
    names = tuple(table.name for table in lab.tables)
    return Finding("not_run", tables=names, numbers=numbers, reason=str(error))
