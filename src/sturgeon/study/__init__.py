"""The durable record: trials, attempts, curves, leases; in an SQLite file or on PostgreSQL."""

from sturgeon.errors import LeaseLost, StoreFailed
from sturgeon.study.journal import Journal, JournalEntry
from sturgeon.study.leases import Leases
from sturgeon.study.objectives import Objective
from sturgeon.study.storage import MEMORY
from sturgeon.study.study import Study
from sturgeon.study.trial import STATES, Attempt, Trial, TrialError, TrialRecord, TrialState, trial_seed

__all__ = [
    "MEMORY",
    "STATES",
    "Attempt",
    "Journal",
    "JournalEntry",
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
