"""The durable record: trials, attempts, curves, leases; in an SQLite file or on PostgreSQL."""

from sturgeon.errors import LeaseLost, StoreFailed
from sturgeon.study.leases import Leases
from sturgeon.study.objectives import Objective
from sturgeon.study.study import Study
from sturgeon.study.trial import STATES, Attempt, Trial, TrialError, TrialRecord, TrialState, trial_seed

__all__ = [
    "STATES",
    "Attempt",
    "LeaseLost",
    "Leases",
    "Objective",
    "StoreFailed",
    "Study",
    "Trial",
    "TrialError",
    "TrialRecord",
    "TrialState",
    "trial_seed",
]
