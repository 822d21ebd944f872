"""The trained network rebuilt from its weights in a framework; run as a file.

It takes the framework's package and a folder that holds ``network.npz`` and ``x.npy``, and writes ``y.npy``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, cast

import numpy as np

from sturgeon.network.trained import TrainedNetwork


def layers_of(network: TrainedNetwork) -> list[tuple[np.ndarray, ...]]:
    """W, γ, β, μ and σ² of each hidden layer."""
    w, s = network.weights, network.statistics
    weights = [np.asarray(w.first), *np.asarray(w.hidden)]
    rest = (np.asarray(w.gamma), np.asarray(w.beta), np.asarray(s.mean), np.asarray(s.variance))
    return list(zip(weights, *rest, strict=True))


def by_jax(network: TrainedNetwork, x: np.ndarray) -> np.ndarray:
    """The network of Sturgeon itself."""
    return network.outputs(x)


def by_torch(network: TrainedNetwork, x: np.ndarray) -> np.ndarray:
    """``torch.nn``'s layers."""
    import torch

    parts: list[Any] = []
    for w, *norm in layers_of(network):
        linear = torch.nn.Linear(*w.shape, bias=False)
        batch_norm = torch.nn.BatchNorm1d(w.shape[1], eps=network.norm_epsilon)
        linear.weight.data = torch.tensor(w.T.copy())
        owners = (batch_norm.weight, batch_norm.bias, batch_norm.running_mean, batch_norm.running_var)
        for owner, value in zip(owners, norm, strict=True):
            assert owner is not None
            owner.data = torch.tensor(value.copy())
        parts += [linear, batch_norm, torch.nn.ReLU()]
    last = torch.nn.Linear(*np.shape(network.weights.last))
    last.weight.data = torch.tensor(np.asarray(network.weights.last).T.copy())
    last.bias.data = torch.tensor(np.array(network.weights.bias))
    model = torch.nn.Sequential(*parts, last).eval()
    with torch.no_grad():
        return model(torch.tensor(x)).numpy()


def by_keras(network: TrainedNetwork, x: np.ndarray) -> np.ndarray:
    """Keras's layers, on TensorFlow."""
    import os

    os.environ["KERAS_BACKEND"] = "tensorflow"
    for name in ("sklearn", "pandas", "matplotlib", "IPython", "jax", "torch"):
        sys.modules.setdefault(name, cast(Any, None))  # Keras loads what it finds of these: half of its time
    import keras

    model: Any = keras.Sequential([keras.Input((x.shape[1],))])
    for w, *norm in layers_of(network):
        linear = keras.layers.Dense(w.shape[1], use_bias=False)
        batch_norm = keras.layers.BatchNormalization(epsilon=network.norm_epsilon)
        for layer in (linear, batch_norm, keras.layers.ReLU()):
            model.add(layer)
        linear.set_weights([w])
        batch_norm.set_weights(norm)
    last = keras.layers.Dense(np.shape(network.weights.last)[1])
    model.add(last)
    last.set_weights([np.asarray(network.weights.last), np.asarray(network.weights.bias)])
    return np.asarray(model(x, training=False))


def by_paddle(network: TrainedNetwork, x: np.ndarray) -> np.ndarray:
    """``paddle.nn``'s layers."""
    import paddle

    parts: list[Any] = []
    for w, gamma, beta, mean, variance in layers_of(network):
        linear = paddle.nn.Linear(*w.shape, bias_attr=False)
        batch_norm = paddle.nn.BatchNorm1D(w.shape[1], epsilon=network.norm_epsilon)
        linear.set_state_dict({"weight": w})  # pyright: ignore[reportArgumentType]
        averages: Any = {"weight": gamma, "bias": beta, "_mean": mean, "_variance": variance}
        batch_norm.set_state_dict(averages)
        parts += [linear, batch_norm, paddle.nn.ReLU()]
    last = paddle.nn.Linear(*np.shape(network.weights.last))
    ends: Any = {"weight": np.asarray(network.weights.last), "bias": np.asarray(network.weights.bias)}
    last.set_state_dict(ends)
    model = paddle.nn.Sequential(*parts, last)
    model.eval()
    with paddle.no_grad():
        return model(paddle.to_tensor(x)).numpy()


FORWARD_PASSES = {"jax": by_jax, "torch": by_torch, "keras": by_keras, "paddle": by_paddle}


def main(package: str, folder: Path) -> None:
    """Answer the rows of a folder."""
    network = TrainedNetwork.load(folder / "network.npz")
    x = np.load(folder / "x.npy", allow_pickle=False)[:, : network.architecture.features]
    np.save(folder / "y.npy", FORWARD_PASSES[package](network, x), allow_pickle=False)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
