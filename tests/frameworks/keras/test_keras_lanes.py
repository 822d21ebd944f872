"""Keras models in lanes, where Keras runs on JAX and where it runs on TensorFlow."""

import pytest

from keras_scripts import needs_keras, run_keras_scripts

pytestmark = needs_keras


@pytest.fixture(scope="module")
def on_tensorflow(tmp_path_factory):
    """A folder with the network that came back from the lanes, and what became of the script."""
    folder = tmp_path_factory.mktemp("lanes")
    return folder, run_keras_scripts(["keras_on_tensorflow.py"], folder)["keras_on_tensorflow.py"]


@pytest.fixture(scope="module")
def on_jax(on_tensorflow):
    """What became of each script where Keras runs on JAX; one of them reads that network."""
    scripts = ["keras_on_jax.py", "keras_live.py", "keras_loaded.py"]
    return run_keras_scripts(scripts, on_tensorflow[0], "jax")


def test_keras_models_of_tensorflow_train_in_lanes_and_come_back(on_tensorflow):
    ran = on_tensorflow[1]
    assert ran.error is None, ran.error
    assert "has a train_step of its own" in ran.err


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("keras_on_jax.py", id="models train in lanes and come back"),
        pytest.param("keras_live.py", id="learning rate and momentum change live"),
        pytest.param("keras_loaded.py", id="a network from lanes predicts what it predicts on TensorFlow"),
    ],
)
def test_a_script_runs_to_its_end_on_jax(script, on_jax):
    assert on_jax[script].error is None, on_jax[script].error
