"""Many lanes in one program, as a GPU has them; here on the processor."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from counting_lanes import Counting, job, tell_apart, to_the_end
from lane_runs import EPOCHS, SMALL, regression_table
from lane_runs import job as small_member
from sturgeon.caviar.backends.jax_lanes import JaxBackend
from sturgeon.caviar.lanes.lane_batch import LaneBatch
from sturgeon.caviar.lanes.lanes import Lanes


class Growing(Counting):
    """As many lanes as jobs, to a power of two."""

    def lanes_for(self, jobs, block, device):
        return min(self.width, 1 << (jobs - 1).bit_length())


def test_lanes_come_and_go_with_their_members_and_change_no_result():
    backend = Growing(width=32)
    with Lanes(backend, "val_loss", 6) as lanes:
        for number in range(20):
            # Most end early, by a NaN; what is left moves together.
            lanes.start(job(number, **({} if number % 10 == 0 else {"nan_from": 2})))
        curves, ended = tell_apart(to_the_end(lanes))
    assert sorted(ended) == list(range(20))
    for number in (0, 10):
        assert curves[number] == [(step, step * (number + 1.0)) for step in range(1, 7)]
    assert {lanes for _, lanes in backend.programs} - {32}, "some trained in fewer lanes"


@pytest.fixture(scope="module")
def table():
    return regression_table()


@pytest.mark.parametrize("layers", [1, 3])
def test_a_program_without_loops_over_layers_computes_the_same(table, layers):
    backend, device = JaxBackend(table, SMALL, EPOCHS), jax.devices()[0]
    config = small_member(0, layers=layers, learning_rate=0.01)
    block = backend.block_of(config.config)
    shape = block.shape
    fixed = replace(
        block,
        shape=replace(shape, any_depth=False, architecture=replace(shape.architecture, layers=layers)),
    )
    results = []
    for each in (block, fixed):
        program = backend.program(each, device, 2)
        state = program.put(None, {0: program.start(config)}, 2)
        inputs = program.inputs([(config, 0)] * 2)
        state, metrics = program.run(state, inputs)
        network = program.network(config, program.lane(state, 1))
        results.append((network.weights, {name: np.asarray(value) for name, value in metrics.items()}))
    (weights, metrics), (weights_fixed, metrics_fixed) = results
    for a, b in zip(weights, weights_fixed, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
    for name, value in metrics.items():
        np.testing.assert_allclose(value, metrics_fixed[name], rtol=1e-4)


def test_reading_many_lanes_gives_what_reading_one_gives(table):
    backend, device = JaxBackend(table, SMALL, EPOCHS), jax.devices()[0]
    jobs = [small_member(number, learning_rate=0.01) for number in range(12)]
    program = backend.program(backend.block_of(jobs[0].config), device, 12)
    population = LaneBatch(program, 12)
    population.put([(lane, m, population.prepare(m)) for lane, m in enumerate(jobs)])
    population.advance()
    networks = [population.network(lane) for lane in range(12)]
    again = population.network(0)
    for a, b in zip(networks[0].weights, again.weights, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(networks[10].weights.first, networks[11].weights.first)
