"""Whether `sturgeon notes` says the same of each claim, whatever the seed, and what each claim costs.

Prints of each claim its verdict for each seed, whether seeds contradict each other (one says that it holds,
in whole or in part, another that it does not show; "not sure" contradicts nothing), and the mean processor
time, frameworks' processes included; then the largest memory of a process. Two quiet cores need half of it.

    python benchmarks/notes.py                       # five seeds of the quick form, some ten minutes
    python benchmarks/notes.py --whole --seeds 1 --claims N3,N4
"""

from __future__ import annotations

import argparse
import resource

import numpy as np

from sturgeon.notes.claims.registry import CLAIMS, choose_claims
from sturgeon.notes.lab import Lab
from sturgeon.notes.one_claim import measure_claim
from sturgeon.notes.tables import shipped_tables

SAYS_YES, SAYS_NO = {"holds", "only_under"}, {"does_not_show"}


def processor_seconds() -> float:
    """Of this process and of those that it waited for."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in both)


def contradict(verdicts: list[str]) -> bool:
    """Whether one seed says yes and another no."""
    return bool(SAYS_YES & set(verdicts)) and bool(SAYS_NO & set(verdicts))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--whole", action="store_true", help="the whole form, not the quick one")
    parser.add_argument("--claims", default=",".join(CLAIMS), help="numbers, with commas between")
    asked = parser.parse_args()
    claims = [choose_claims(number)[0] for number in asked.claims.split(",")]
    tables, total, against = shipped_tables(), 0.0, 0
    print(f"{'claim':6}" + "".join(f"{f'seed {seed}':>15}" for seed in range(asked.seeds)) + f"{'CPU, s':>9}")
    for claim in claims:
        verdicts, spent = [], []
        for seed in range(asked.seeds):
            began = processor_seconds()
            verdicts.append(str(measure_claim(claim, Lab(tables, seed, not asked.whole)).verdict))
            spent.append(processor_seconds() - began)
        total, against = total + float(np.mean(spent)), against + contradict(verdicts)
        row = "".join(f"{verdict:>15}" for verdict in verdicts)
        note = "  contradicts itself" if contradict(verdicts) else ""
        print(f"{claim.number:6}{row}{np.mean(spent):9.1f}{note}", flush=True)
    largest = max(
        resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    print(f"processor time of all: {total:.0f} s; memory: {largest / 1024:.0f} MB; contradictions: {against}")


if __name__ == "__main__":
    main()
