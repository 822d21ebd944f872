"""The built-in network is tended exactly: saved, loaded, branched and repeated to the bit."""

import numpy as np
import pytest

import sturgeon as st
from sturgeon.caviar.backends.native import NativeBackend
from sturgeon.caviar.lanes.backend import TrainingJob
from sturgeon.errors import InputError
from sturgeon.network.native.library import load_library
from sturgeon.panda.table.table import PandaJob, tend_table


def test_step_by_step_it_is_what_a_lane_trains(table, network, curve):
    training = network(dropout=0.2)
    backend = NativeBackend(load_library(), table, 6, "val_loss")
    program = backend.program(backend.block_of(training.values), backend.devices[0], 1)
    job = TrainingJob(0, 3, training.values)
    state, lane = program.start(job), []
    for epoch in range(3):
        state, metrics = program.run(state, (job, epoch))
        lane.append(metrics)
    assert curve(training, 3) == lane


@pytest.mark.parametrize("steps", [0, 3, 7, 10])
def test_saved_and_loaded_anywhere_it_goes_on_to_the_bit(network, curve, tmp_path, steps):
    training = network(dropout=0.2, optimizer="momentum")
    for _ in range(steps):
        training.step()
    training.save(tmp_path / "a.npz")
    at = training.at
    again = network(seed=3)
    assert again.load(tmp_path / "a.npz", training.values) == ""
    assert again.at == at
    assert curve(again, 3) == curve(training, 3)


def test_a_change_in_the_middle_of_an_epoch_holds_from_the_next_step_on(network, curve):
    plain, changed = network(), network()
    for _ in range(3):
        plain.step()
        changed.step()
    changed.apply({"learning_rate": 0.2, "batch_size": 64})
    assert curve(changed, 1) != curve(plain, 1)
    assert changed.at.step < plain.at.step  # larger mini-batches are fewer


def test_values_tried_at_once_are_what_each_would_have_become_alone(network, curve, tmp_path):
    training = network()
    curve(training, 1)
    training.step()
    training.save(tmp_path / "a.npz")
    candidates = [{**training.values, "learning_rate": rate} for rate in (0.1, 0.03, 0.01)]
    seen = []
    lanes = training.try_values(
        tmp_path / "a.npz",
        candidates,
        epochs=2,
        folder=tmp_path,
        on_epoch=lambda *told: seen.append(told[:2]),
    )
    for lane, values in zip(lanes, candidates, strict=True):
        alone = network()
        alone.load(tmp_path / "a.npz", values)
        assert curve(alone, 2) == lane.curve
    assert sorted(seen) == [(lane, epoch) for lane in range(3) for epoch in (2, 3)]
    assert training.at.epoch == 1  # it was not touched


def test_a_branch_of_other_sizes_starts_from_the_weights_that_overlap(network, curve, tmp_path):
    training = network()
    curve(training, 2)
    training.save(tmp_path / "a.npz")
    deeper = network()
    remark = deeper.load(tmp_path / "a.npz", {**training.values, "layers": 3})
    assert "copied" in remark
    assert (deeper.network().weights.first == training.network().weights.first).all()
    assert len(curve(deeper, 1)) == 1


def test_a_checkpoint_of_another_table_or_model_changes_nothing(network, curve, tmp_path):
    training = network()
    (tmp_path / "b.npz").write_bytes(b"something else")
    with pytest.raises(InputError, match="one of the built-in network"):
        training.load(tmp_path / "b.npz", training.values)
    assert curve(training, 1) == curve(network(), 1)


def test_without_the_compiled_library_it_says_what_to_do(network, monkeypatch):
    monkeypatch.setattr("sturgeon.panda.table.network.load_library", lambda: None)
    with pytest.raises(st.RunError, match=r"Install a C compiler .* or tend a training of your own"):
        network()


def test_what_would_change_nothing_is_refused(network):
    with pytest.raises(InputError, match="no effect with optimizer=adam"):
        network().apply({"momentum": 0.5})
    with pytest.raises(InputError, match="no effect with schedule=constant"):
        network().apply({"decay": 0.5})


def test_a_run_that_fails_keeps_what_was_begun(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    job = PandaJob((x, np.where(x[:, 0] > 0, "a", "b")), "target", tmp_path / "out", epochs=3)

    def fail(run, metrics):
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        tend_table(job, on_epoch=fail)
    with st.Panda.attach(tmp_path / "out" / "panda.study") as tended:
        assert tended.state().epoch == 1
