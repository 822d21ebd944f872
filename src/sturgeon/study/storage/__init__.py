"""The record in a database: SQLite in a file or in memory, or PostgreSQL.

This is the only door: nothing outside this folder imports what lies in it or knows a statement.
"""

from sturgeon.study.storage.description import Description, describe_study
from sturgeon.study.storage.opening import (
    MEMORY,
    create_store,
    open_or_create_store,
    open_store,
    place_of,
    store_exists,
    study_names,
)
from sturgeon.study.storage.reader import DELETED, Look
from sturgeon.study.storage.rows import Curves, dump_metrics, load_metrics
from sturgeon.study.storage.store import Ending, Store

__all__ = [
    "DELETED",
    "MEMORY",
    "Curves",
    "Description",
    "Ending",
    "Look",
    "Store",
    "create_store",
    "describe_study",
    "dump_metrics",
    "load_metrics",
    "open_or_create_store",
    "open_store",
    "place_of",
    "store_exists",
    "study_names",
]
