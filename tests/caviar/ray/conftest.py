"""A Ray cluster of two nodes, each with its own processes, on the loopback interface."""

import os
import warnings

import pytest

from sturgeon.space import Real, Space

SMALL = 80_000_000  # bytes of each node's object store


@pytest.fixture(scope="package")
def cluster():
    """Two nodes of two places each, which a head without any holds together."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_raylet_start_wait_time_s", "120")  # on a busy machine
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("ray")
        from ray.cluster_utils import Cluster

        made = Cluster(
            initialize_head=True,
            head_node_args={"num_cpus": 0, "object_store_memory": SMALL, "include_dashboard": False},
        )
        for _ in range(2):
            made.add_node(num_cpus=2, object_store_memory=SMALL)
        made.wait_for_nodes()
    yield made
    made.shutdown()


@pytest.fixture
def space():
    return Space(x=Real(0.0, 1.0))
