"""The network that ``keras_on_tensorflow.py`` left in this folder, where Keras runs on JAX."""

import keras
import numpy as np

assert keras.backend.backend() == "jax"
there = keras.models.load_model("in_lanes.keras").predict(np.load("x.npy"), verbose=0)
assert np.abs(there - np.load("predicted.npy")).max() < 1e-5
