"""The limit on the threads of BLAS."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from sturgeon.search.model.suggest import one_thread


def blas_threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_blas_has_one_thread_within_and_what_it_had_afterwards():
    with one_thread():
        pass  # it loads SciPy's library
    with threadpool_limits(2, user_api="blas"):
        with one_thread():
            assert blas_threads() == {1}
        assert blas_threads() == {2}


def test_many_threads_at_once_leave_what_there_was():
    def suggest(_: int) -> None:
        with one_thread():
            assert (np.ones((8, 8)) @ np.ones((8, 8)) == 8.0).all()

    suggest(0)
    with threadpool_limits(2, user_api="blas"):
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(suggest, range(64)))
        assert blas_threads() == {2}
