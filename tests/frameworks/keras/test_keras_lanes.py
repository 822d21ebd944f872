"""Keras models in lanes, where Keras runs on JAX and where it runs on TensorFlow."""

import pytest

from keras_scripts import needs_keras, run_script


@needs_keras
@pytest.mark.parametrize("backend", ["jax", "tensorflow"])
def test_keras_models_train_in_lanes_and_come_back(backend, tmp_path):
    ran = run_script(f"keras_on_{backend}.py", tmp_path, backend)
    if backend == "tensorflow":
        assert "has a train_step of its own" in ran.stderr
