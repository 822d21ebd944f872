"""scikit-learn's callbacks, told of a search and its batches."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any


@contextlib.contextmanager
def told_of(root: Any, estimator: Any) -> Iterator[Callable[[int], AbstractContextManager[Any]]]:
    """Tell scikit-learn's callbacks of the search, and give what tells them of a batch.

    Args:
        root: The context of ``fit``; None where scikit-learn knows no callbacks.
        estimator: The search.

    Yields:
        A function of a batch's number of fits that makes a context manager of the batch's context.
    """
    if root is None:
        yield lambda fits: contextlib.nullcontext()
        return
    search = root.subcontext(task_name="search", max_subtasks=None).call_on_fit_task_begin(
        estimator=estimator
    )

    @contextlib.contextmanager
    def batch_of(fits: int) -> Iterator[Any]:
        context = search.subcontext(task_name="batch", max_subtasks=fits, sequential_subtasks=False)
        context.call_on_fit_task_begin(estimator=estimator)
        yield context
        context.call_on_fit_task_end(estimator=estimator)

    yield batch_of
    search.call_on_fit_task_end(estimator=estimator)
