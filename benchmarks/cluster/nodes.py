"""Ray clusters of several nodes on this machine, each in processes of its own."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

STORE = 80_000_000
TRIES = 6
PAUSE = 10.0


@contextmanager
def ray_nodes(first: int, second: int) -> Iterator[Any]:
    """A cluster of two nodes with so many places each; ``address`` says where it is."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    made = _patiently(lambda: _cluster(first, second))
    try:
        yield made
    finally:
        made.shutdown()


def add_node(cluster: Any, places: int) -> None:
    """Have another node come."""
    _patiently(lambda: cluster.add_node(num_cpus=places, object_store_memory=STORE))


def _cluster(first: int, second: int) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ray.cluster_utils import Cluster

        made = Cluster()
        try:
            made.add_node(num_cpus=first, object_store_memory=STORE, include_dashboard=False)
            made.add_node(num_cpus=second, object_store_memory=STORE)
            made.wait_for_nodes()
        except BaseException:
            with suppress(Exception):
                made.shutdown()
            raise
    return made


def _patiently(make: Any) -> Any:
    """Try again where a node did not start within Ray's 30 s: a busy machine is slow to start processes."""
    for left in reversed(range(TRIES)):
        try:
            return make()
        except Exception as error:  # Ray has no type of its own for it
            if not left:
                raise
            print(f"a node did not start ({error}); trying again", flush=True)
            time.sleep(PAUSE)
    raise AssertionError("not reached")
