"""One peer's process for ``population.py``: reads orders as JSON, one a line, and answers each with one.

    {"do": "prepare", "units": 64, "layers": 3, "setting": {…}}   build, compile, warm up
    {"do": "train", "epochs": 5}                                  so many epochs: their seconds
    {"do": "trial", "table": FILE, "epochs": 2, "config": {…}}    PyTorch only: one trial of the mixed space

A process has one core and one thread. Data are in memory; nothing is read back during an epoch.
"""

from __future__ import annotations

import functools
import json
import os
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np

from population_cases import CLASSES, FEATURES, ROWS, Case, synthetic_table

Setting = dict[str, Any]


class Peer(ABC):
    """Trains one network by one library."""

    @abstractmethod
    def prepare(self, case: Case, setting: Setting) -> None:
        """Build the network, and have all compiled."""

    @abstractmethod
    def train(self, epochs: int) -> float:
        """Train it; the seconds from the first epoch's beginning to the last one's end."""


class Torch(Peer):
    """PyTorch: eager, or by ``torch.compile``.

    Settings: ``adam`` is how the optimiser does its step (a loop, ``foreach``, ``fused``), ``compile`` what
    is compiled: nothing, the model and its loss, or the whole step.
    """

    def __init__(self) -> None:
        import torch

        torch.set_num_threads(1)
        self._torch = torch
        x, y = synthetic_table()
        self._x, self._y = torch.from_numpy(x), torch.from_numpy(y.astype(np.int64))

    def prepare(self, case: Case, setting: Setting) -> None:
        """See :class:`Peer`."""
        torch = self._torch
        torch.compiler.reset()
        torch.manual_seed(0)
        model = torch_network(FEATURES, case.units, case.layers, CLASSES)
        how = setting["adam"]
        flags: dict[str, Any] = {how: True} if how != "loop" else {"foreach": False, "fused": False}
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, **flags)
        self._step = torch_step(model, optimizer, setting.get("compile", "nothing"))
        self._batch = case.batch
        self._model = model.train()
        self.train(1)

    def train(self, epochs: int) -> float:
        """See :class:`Peer`."""
        started = time.perf_counter()
        for _ in range(epochs):
            torch_epoch(self._step, self._x, self._y, self._batch)
        return time.perf_counter() - started


def torch_network(features: int, units: int, layers: int, outputs: int) -> Any:
    """The network of the notes: a bias at the last layer only."""
    from torch import nn

    modules: list[Any] = []
    for layer in range(layers):
        modules.append(nn.Linear(features if layer == 0 else units, units, bias=False))
        modules += [nn.BatchNorm1d(units), nn.ReLU()]
    return nn.Sequential(*modules, nn.Linear(units, outputs))


def torch_step(model: Any, optimizer: Any, compiled: str = "nothing") -> Callable[[Any, Any], None]:
    """One step on a mini-batch."""
    import torch
    from torch.nn.functional import cross_entropy

    def loss_of(x: Any, y: Any) -> Any:
        return cross_entropy(model(x), y)

    loss = torch.compile(loss_of, dynamic=False) if compiled == "loss" else loss_of

    def step(x: Any, y: Any) -> None:
        loss(x, y).backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return torch.compile(step, dynamic=False) if compiled == "step" else step


def torch_epoch(step: Callable[[Any, Any], None], x: Any, y: Any, batch: int) -> None:
    """Every row once, in a new order; rows are gathered once an epoch, which is faster than once a step."""
    import torch

    order = torch.randperm(len(x))
    parts = zip(x[order].split(batch), y[order].split(batch), strict=True)
    for rows, classes in parts:
        if len(rows) > 1:
            step(rows, classes)


class Keras(Peer):
    """Keras's ``fit``. Settings: ``jit_compile``, ``steps_per_execution``."""

    def __init__(self) -> None:
        import keras

        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            tf.config.threading.set_intra_op_parallelism_threads(1)
            tf.config.threading.set_inter_op_parallelism_threads(1)
        self._keras = keras
        self._x, self._y = synthetic_table()

    def prepare(self, case: Case, setting: Setting) -> None:
        """See :class:`Peer`."""
        keras = self._keras
        keras.utils.set_random_seed(0)
        keras.backend.clear_session()
        model = keras.Sequential([keras.Input((FEATURES,))])
        for _ in range(case.layers):
            model.add(keras.layers.Dense(case.units, use_bias=False))
            model.add(keras.layers.BatchNormalization())
            model.add(keras.layers.ReLU())
        model.add(keras.layers.Dense(CLASSES))
        model.compile(
            optimizer=keras.optimizers.Adam(1e-3),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            **setting,
        )
        self._model, self._batch = model, case.batch
        self.train(1)

    def train(self, epochs: int) -> float:
        """See :class:`Peer`."""
        clock: list[float] = []

        class Clock(self._keras.callbacks.Callback):
            def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
                clock.append(time.perf_counter())

            def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
                clock.append(time.perf_counter())

        self._model.fit(
            self._x,
            self._y,
            batch_size=self._batch,
            epochs=epochs,
            shuffle=True,
            verbose=0,  # pyright: ignore[reportArgumentType]
            callbacks=[Clock()],
        )
        return clock[-1] - clock[0]


class Products(Peer):
    """Large float32 matrix products; "epochs" are products. Settings: ``library``."""

    def prepare(self, case: Case, setting: Setting) -> None:
        """See :class:`Peer`."""
        square = np.random.default_rng(0).standard_normal((case.units, case.units)).astype(np.float32)
        self._product: Callable[[], Any] = functools.partial(np.matmul, square, square)
        if setting["library"] == "torch":
            import torch

            torch.set_num_threads(1)
            tensor = torch.from_numpy(square)
            self._product = functools.partial(torch.matmul, tensor, tensor)
        elif setting["library"] == "xla":
            import jax

            array = jax.device_put(square)
            multiply = jax.jit(lambda a, b: a @ b)
            self._product = lambda: multiply(array, array).block_until_ready()
        self.train(2)

    def train(self, epochs: int) -> float:
        """See :class:`Peer`."""
        started = time.perf_counter()
        for _ in range(epochs):
            self._product()
        return time.perf_counter() - started


@functools.cache
def _table(path: str) -> tuple[Any, ...]:
    import torch

    arrays = np.load(path)
    parts = [torch.from_numpy(arrays[name]) for name in ("x", "y", "x_validation", "y_validation")]
    return tuple(part.long() if part.dtype == torch.int32 else part for part in parts)


def torch_trial(table: str, epochs: int, config: dict[str, Any]) -> float:
    """One trial of the standard space by PyTorch eager, judged on the validation rows after every epoch.

    Returns:
        Seconds, building the network included.
    """
    import torch
    from torch.nn.functional import cross_entropy

    torch.set_num_threads(1)
    x, y, x_validation, y_validation = _table(table)
    started = time.perf_counter()
    model = torch_network(x.shape[1], config["hidden_units"], config["layers"], int(y.max()) + 1)
    rate = config["learning_rate"]
    if config["optimizer"] == "adam":
        optimizer: Any = torch.optim.Adam(model.parameters(), lr=rate, fused=True)
    else:
        beta = config["momentum"]
        optimizer = torch.optim.SGD(model.parameters(), lr=rate, momentum=beta, dampening=beta, fused=False)
    step = torch_step(model, optimizer)
    for epoch in range(epochs):
        for group in optimizer.param_groups:
            group["lr"] = rate / (1 + 0.1 * epoch)  # which schedule it is costs nothing either way
        model.train()
        torch_epoch(step, x, y, config["batch_size"])
        model.eval()
        with torch.no_grad():
            outputs = model(x_validation)
            judged = cross_entropy(outputs, y_validation), (outputs.argmax(1) == y_validation).sum()
            assert all(float(value) == float(value) for value in judged)
    return time.perf_counter() - started


PEERS: dict[str, Callable[[], Peer]] = {
    "PyTorch eager": Torch,
    "PyTorch compiled": Torch,
    "Keras on TensorFlow": Keras,
    "Keras on JAX": Keras,
    "products": Products,
}


def obey(peer: Peer, order: dict[str, Any]) -> float:
    """Do what one line asks for; the seconds it took."""
    match order["do"]:
        case "prepare":
            peer.prepare(Case(order["units"], order["layers"]), order["setting"])
            return 0.0
        case "train":
            return peer.train(order["epochs"])
        case "trial":
            return torch_trial(order["table"], order["epochs"], order["config"])
        case unknown:
            raise ValueError(unknown)


def main() -> None:
    """Serve orders until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print goes elsewhere
    peer = PEERS[sys.argv[1]]()
    assert len(synthetic_table()[0]) == ROWS
    for line in sys.stdin:
        try:
            before = time.process_time()
            answer = {"seconds": obey(peer, json.loads(line)), "cpu": time.process_time() - before}
        except Exception as error:  # told, so that the case is named and left out
            answer = {"error": f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
