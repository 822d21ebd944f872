"""Which of the two a study's networks belong on, and how many lanes a GPU's memory holds."""

import pytest

from lane_runs import EPOCHS, regression_table
from sturgeon.caviar.backends.device_choice import cores_are_sooner
from sturgeon.caviar.backends.jax_lanes import JaxBackend
from sturgeon.caviar.backends.jax_shapes import lane_bytes
from sturgeon.caviar.backends.native import NativeBackend
from sturgeon.network.native.library import load_library
from sturgeon.space import Constant, Space, notes_space

WIDE = Space(hidden_units=Constant(1024), layers=Constant(3), batch_size=Constant(512))

NARROW = Space(hidden_units=Constant(32), layers=Constant(2), batch_size=Constant(64))


@pytest.fixture(scope="module")
def table():
    return regression_table()


@pytest.mark.parametrize(
    ("space", "rows", "sooner"),
    [(notes_space(), 1_000, True), (WIDE, 1_000_000, False), (NARROW, 200, True)],
    ids=["many small shapes", "one large shape", "one small shape of few rows"],
)
def test_small_networks_of_many_shapes_belong_on_cores(table, space, rows, sooner):
    library = load_library()
    if library is None:
        pytest.skip("the compiled library was not built: no C compiler")
    on_cores, on_gpu = NativeBackend(library, table, EPOCHS), JaxBackend(table, space, EPOCHS)
    own = len(table.y_train)
    found = cores_are_sooner(on_cores, on_gpu, space, epochs=30, rows=own, whole_rows=rows)
    assert found is sooner


class Card:
    """What the lanes ask of a GPU."""

    platform = "gpu"

    def __init__(self, memory: int) -> None:
        self.memory = memory

    def memory_stats(self):
        return {"bytes_limit": self.memory}


def test_a_gpu_has_as_many_lanes_as_its_memory_holds(table):
    backend = JaxBackend(table, WIDE, EPOCHS)
    block = backend.block_of(WIDE.default())
    each = lane_bytes(block.shape, len(table.y_train))
    for lanes in (1, 2, 64, 512):
        assert backend.lanes(block, Card(int(1.3 * lanes * each) + 10**5)) == lanes
    large = Card(10**14)
    assert backend.lanes(block, large) == 1024
    assert [backend.lanes_for(jobs, block, large) for jobs in (1, 16, 17, 5_000)] == [16, 16, 64, 1024]
    assert backend.lanes(block, Card(1)) == 1
