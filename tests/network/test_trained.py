"""A trained network on disk: the same predictions back, and no code run from the file."""

import numpy as np
import pytest

from sturgeon.errors import InputError
from sturgeon.network.trained import TrainedNetwork
from sturgeon.network.weights import Architecture, Statistics, initial_weights


@pytest.fixture
def network():
    rng = np.random.default_rng(0)
    architecture = Architecture(3, 2, 5, 2, "tanh")
    statistics = Statistics(
        rng.normal(size=(2, 5)).astype(np.float32), rng.uniform(1, 2, (2, 5)).astype(np.float32)
    )
    return TrainedNetwork(architecture, initial_weights(architecture, rng), statistics, 1e-4)


def test_a_network_read_back_predicts_the_same(network, tmp_path):
    inputs = np.random.default_rng(1).normal(size=(20_000, 3)).astype(np.float32)
    network.save(tmp_path / "weights.npz")
    back = TrainedNetwork.load(tmp_path / "weights.npz")
    np.testing.assert_array_equal(back.outputs(inputs), network.outputs(inputs))
    assert back.architecture == network.architecture
    assert network.outputs(inputs).shape == (20_000, 2)


def test_a_rows_prediction_does_not_depend_on_how_many_rows_come_with_it(network):
    inputs = np.random.default_rng(1).normal(size=(37, 3)).astype(np.float32)
    one_by_one = np.concatenate([network.outputs(inputs[i : i + 1]) for i in range(37)])
    np.testing.assert_allclose(one_by_one, network.outputs(inputs), rtol=1e-5, atol=1e-6)
    assert network.outputs(inputs[:0]).shape == (0, 2)


def test_a_file_with_pickled_objects_is_refused(tmp_path):
    np.savez(tmp_path / "weights.npz", sizes=np.array([{"a": 1}], dtype=object))
    with pytest.raises(InputError, match="saved network"):
        TrainedNetwork.load(tmp_path / "weights.npz")


@pytest.mark.parametrize("content", [b"", b"not a zip file", None])
def test_a_file_that_is_no_network_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / "weights.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match="sturgeon tune") as caught:
        TrainedNetwork.load(path)
    assert "\n" not in str(caught.value)
