"""Keras models in lanes, where Keras runs on JAX and where it runs on TensorFlow."""

import pytest

from keras_scripts import needs_keras, run_keras_scripts

pytestmark = needs_keras
ON_JAX = ("keras_on_jax.py", "keras_live.py", "keras_loaded.py")


@pytest.fixture(scope="module")
def ran(ran_in):
    """What became of each script; one on JAX loads the network that the one on TensorFlow saves."""
    folder, on_tensorflow = ran_in("keras")
    return on_tensorflow | run_keras_scripts(ON_JAX, folder, "jax")


@pytest.mark.parametrize("script", ["keras_on_tensorflow.py", *ON_JAX])
def test_a_script_runs_to_its_end(script, ran):
    assert ran[script].error is None, ran[script].error


def test_a_model_that_cannot_train_in_lanes_is_told(ran):
    assert "has a train_step of its own" in ran["keras_on_tensorflow.py"].err
