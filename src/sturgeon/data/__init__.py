"""Tables to arrays: reading, column types, missing values, normalisation, splits, metrics."""

from sturgeon.data.dataset import Dataset
from sturgeon.data.features.preprocessing import Preprocessing, fit_preprocessing
from sturgeon.data.metrics import METRICS, measure, measure_classification, measure_regression, naive_baseline
from sturgeon.data.preparing.prepare import prepare
from sturgeon.data.reading.tables import read_table
from sturgeon.data.targets import ClassTarget, NumericTarget
from sturgeon.data.task import Task, TaskChoice, decide_task

__all__ = [
    "METRICS",
    "ClassTarget",
    "Dataset",
    "NumericTarget",
    "Preprocessing",
    "Task",
    "TaskChoice",
    "decide_task",
    "fit_preprocessing",
    "measure",
    "measure_classification",
    "measure_regression",
    "naive_baseline",
    "prepare",
    "read_table",
]
