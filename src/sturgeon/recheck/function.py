"""Recheck a study of a function."""

from __future__ import annotations
from typing import Any
from sturgeon.errors import StudyError
from sturgeon.recheck.outcome import RecheckResult
from sturgeon.study import Study


def recheck_function(study: Study, train: Any, data: Any, **more: Any) -> RecheckResult:
    raise StudyError("later")
