"""A lane's result depends on its own job only: bitwise, whoever trains beside it, and after a pause."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lane_runs import EPOCHS, SMALL, WIDE, advance, job, population, run, same_bits, same_network
from sturgeon.caviar.checkpoints import load_checkpoint, save_checkpoint
from sturgeon.caviar.events import Diverged

pytestmark = pytest.mark.usefixtures("as_users_compile")
PROBE = job(0, learning_rate=0.02)
WIDE_PROBE = job(0, learning_rate=0.02, hidden_units=61, batch_size=64)

few = settings(deadline=None, suppress_health_check=list(HealthCheck))

rates = st.sampled_from([1e-4, 0.01, 1.0, 1e3, float("nan")])
companion = st.fixed_dictionaries(
    {
        "hidden_units": st.integers(7, 12),
        "learning_rate": rates,
        "optimizer": st.sampled_from(["adam", "momentum", "gradient_descent"]),
        "schedule": st.sampled_from(["inverse_time", "cosine", "constant"]),
        "weight_decay": st.sampled_from([0.0, 0.1]),
    }
)


@st.composite
def neighbours(draw):
    """The probe's lane, who trains in others, and which of them leave after which epoch."""
    lane = draw(st.integers(0, 7))
    others = {place: c for place, c in enumerate(draw(st.lists(companion, max_size=8))) if place != lane}
    leaving = {epoch: [] for epoch in range(1, EPOCHS)}
    for place in others:
        leaving.setdefault(draw(st.integers(1, EPOCHS)), []).append(place)
    return lane, others, leaving


def start(lanes, lane, probe, others):
    before = {place: c for place, c in others.items() if place % 2}
    after = {place: c for place, c in others.items() if not place % 2}
    for place, config in before.items():
        lanes.start(place, job(place + 1, **config))
    lanes.start(lane, probe)
    for place, config in after.items():
        lanes.start(place, job(place + 1, **config))


@pytest.fixture(scope="module")
def alone(regression):
    lanes = population(regression, SMALL, PROBE.config)
    lanes.start(0, PROBE)
    curve = advance(lanes, 0, EPOCHS)
    return curve, lanes.network(0), lanes.checkpoint(0)


@settings(few, max_examples=25)
@given(around=neighbours())
def test_a_lane_is_the_same_in_any_place_beside_any_neighbours(regression, alone, around):
    lane, others, leaving = around
    lanes = population(regression, SMALL, PROBE.config)
    assert len(lanes.free_lanes) == 8
    start(lanes, lane, PROBE, others)
    assert advance(lanes, lane, EPOCHS, leaving=leaving) == alone[0]
    assert same_network(lanes.network(lane), alone[1])
    assert same_bits(lanes.checkpoint(lane).leaves, alone[2].leaves)


@settings(few, max_examples=15)
@given(first=neighbours(), then=neighbours(), epochs=st.integers(1, EPOCHS - 1))
def test_a_pause_changes_nothing(regression, alone, tmp_path_factory, first, then, epochs):
    lane, others, leaving = first
    lanes = population(regression, SMALL, PROBE.config)
    start(lanes, lane, PROBE, others)
    curve = advance(lanes, lane, epochs, leaving=leaving)
    path = tmp_path_factory.mktemp("paused") / "file"
    save_checkpoint(path, lanes.checkpoint(lane))

    lane, others, leaving = then
    lanes = population(regression, SMALL, PROBE.config)
    start(lanes, lane, replace(PROBE, checkpoint=load_checkpoint(path)), others)
    curve += advance(lanes, lane, EPOCHS - epochs, leaving=leaving)
    assert curve == alone[0]
    assert same_network(lanes.network(lane), alone[1])
    assert same_bits(lanes.checkpoint(lane).leaves, alone[2].leaves)


def test_a_checkpoint_holds_the_network_without_padding(alone):
    network, checkpoint = alone[1], alone[2]
    weights = sum(leaf.size for leaf in network.weights)
    statistics = sum(leaf.size for leaf in network.statistics)
    assert sum(leaf.size for leaf in checkpoint.leaves) == 3 * weights + statistics + 1  # Adam's count


BEGIN = """
import sys
from pathlib import Path
from lane_runs import EPOCHS, SMALL, advance, job, population, regression_table
from sturgeon.caviar.checkpoints import save_checkpoint
probe = job(0, learning_rate=0.02)
lanes = population(regression_table(), SMALL, probe.config)
lanes.start(1, probe)
advance(lanes, 1, 2)
save_checkpoint(Path(sys.argv[1]), lanes.checkpoint(1))
advance(lanes, 1, EPOCHS - 2)
save_checkpoint(Path(sys.argv[2]), lanes.checkpoint(1))
"""
FINISH = """
import sys
from pathlib import Path
from dataclasses import replace
from lane_runs import EPOCHS, SMALL, advance, job, population, regression_table
from sturgeon.caviar.checkpoints import load_checkpoint, save_checkpoint
paused = load_checkpoint(Path(sys.argv[1]))
probe = job(0, learning_rate=0.02)
lanes = population(regression_table(), SMALL, probe.config)
lanes.start(2, job(8, learning_rate=1.0))
lanes.start(5, replace(probe, checkpoint=paused))
advance(lanes, 5, EPOCHS - paused.epoch)
save_checkpoint(Path(sys.argv[2]), lanes.checkpoint(5))
"""


def test_a_pause_may_outlast_the_process(tmp_path, as_users_compile):
    paused, whole, ended = (tmp_path / name for name in ("paused", "whole", "ended"))
    for script, *files in ((BEGIN, paused, whole), (FINISH, paused, ended)):
        subprocess.run([sys.executable, "-c", script, *files], check=True, cwd=Path(__file__).parents[2])
    last = load_checkpoint(ended)
    assert last.epoch == EPOCHS
    assert same_bits(last.leaves, load_checkpoint(whole).leaves)


@settings(few, max_examples=10)
@given(others=st.lists(companion, min_size=1, max_size=20), place=st.integers(0, 20), data=st.data())
def test_the_engine_gives_the_same_whatever_else_it_trains(regression, alone, others, place, data):
    lasts = data.draw(st.lists(st.integers(1, EPOCHS), min_size=len(others), max_size=len(others)))
    jobs = [
        replace(job(i + 1, **config), last_epoch=last)
        for i, (config, last) in enumerate(zip(others, lasts, strict=True))
    ]
    jobs.insert(min(place, len(jobs)), PROBE)
    curves, networks, _ = run(regression, jobs)
    assert curves[0] == alone[0]
    assert same_network(networks[0], alone[1])


def test_a_diverging_lane_is_told_and_does_not_touch_its_neighbours(regression, alone):
    nan = job(7, learning_rate=float("nan"), hidden_units=12)
    curves, networks, others = run(regression, [nan, PROBE, job(8, hidden_units=10)])
    assert isinstance(others[7], Diverged)
    assert np.isnan(others[7].value)
    assert others[7].step == 1
    assert 7 not in networks
    assert curves[0] == alone[0]
    assert same_network(networks[0], alone[1])


@settings(few, max_examples=6)
@given(
    rates=st.lists(rates, min_size=1, max_size=4), place=st.integers(0, 4), epochs=st.integers(1, EPOCHS - 1)
)
def test_a_lane_of_its_own_is_as_isolated(regression, wide_alone, tmp_path_factory, rates, place, epochs):
    """Wider networks train one in a block, before and after others and beside another thread's."""
    others = [
        job(i + 1, learning_rate=rate, hidden_units=59 + i, batch_size=64) for i, rate in enumerate(rates)
    ]
    lanes = population(regression, WIDE, WIDE_PROBE.config)
    assert lanes.free_lanes == [0]
    lanes.start(0, others[0])
    lanes.advance()
    lanes.leave(0)
    lanes.start(0, WIDE_PROBE)
    advance(lanes, 0, epochs)
    path = tmp_path_factory.mktemp("wide") / "file"
    save_checkpoint(path, lanes.checkpoint(0))

    probe = replace(WIDE_PROBE, checkpoint=load_checkpoint(path))
    others.insert(min(place, len(others)), probe)
    curves, networks, _ = run(regression, others, space=WIDE)
    assert curves[0] == wide_alone[0][0][epochs:]
    assert same_network(networks[0], wide_alone[1][0])


@pytest.fixture(scope="module")
def wide_alone(regression):
    return run(regression, [WIDE_PROBE], space=WIDE)


def test_results_depend_on_the_seed(regression, alone):
    curves, _, _ = run(regression, [replace(PROBE, number=5), replace(PROBE, seed=5)])
    assert curves[5] == alone[0]
    assert curves[0] != alone[0]


def test_dropout_depends_on_the_trials_seed_alone(regression):
    dropped = job(1, dropout=0.3)
    first = run(regression, [dropped])[0][1]
    beside = run(regression, [job(2, dropout=0.5), dropped])[0][1]
    assert first == beside
    assert run(regression, [replace(dropped, seed=5)])[0][1] != first
