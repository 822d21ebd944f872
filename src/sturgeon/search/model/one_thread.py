"""One thread for the linear algebra of a suggestion."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock

from threadpoolctl import ThreadpoolController

_changing = Lock()


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit BLAS to one thread within the block, and give back what it had.

    The matrices of a suggestion are so small that threads of BLAS cost more than they bring; where other
    processes keep the cores busy, waiting for them takes ten times longer than the work.

    Example:
        >>> from threadpoolctl import threadpool_info
        >>> with one_thread():
        ...     {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}
        {1}
    """
    # The limit belongs to the process: two threads that change it at once could leave it at one for ever.
    with _changing, _controller().limit(limits=1, user_api="blas"):
        yield


@cache
def _controller() -> ThreadpoolController:
    """Find the libraries once, since that takes longer than a suggestion."""
    import scipy.linalg  # noqa: F401  # pyright: ignore[reportUnusedImport]  # only what is loaded is found

    return ThreadpoolController()
