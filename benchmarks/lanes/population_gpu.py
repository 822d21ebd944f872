"""1,024 networks on one GPU: the lane engine against PyTorch, a loop and a CUDA graph of its step.

    python benchmarks/lanes/population_gpu.py [--rounds N]

Networks of 64 units and three hidden layers, mini-batches of 64, batch norm, ReLU, Adam, 8,192 × 64 rows.
PyTorch trains one at a time on the same GPU, data on it; *graphed* replays a captured step. Ours
trains for 20 epochs, and includes its host's work, from drawing the first weights to fetching the last.
Figures are medians of alternating rounds. Bars: 300 and 100 times as many network-epochs a second.
Without a GPU it runs 8 networks on the CPU, without a graph, to show that it works.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np

from population_cases import CLASSES, FEATURES, Case, synthetic_table
from population_peers import torch_network, torch_step

_CASE = Case(64, 3)
_BARS = {"eager": 300.0, "graphed": 100.0}


def torch_eager(device: str) -> Callable[[], None]:
    """An epoch by a plain loop."""
    step, _ = _torch_parts(device, capturable=False)
    x, y = _torch_table(device)

    def epoch() -> None:
        _each_batch(x, y, step)

    return epoch


def torch_graphed() -> Callable[[], None]:
    """An epoch of replays of one captured step, each after a copy of its mini-batch into place."""
    import torch

    step, _ = _torch_parts("cuda", capturable=True)
    x, y = _torch_table("cuda")
    rows, classes = x[: _CASE.batch].clone(), y[: _CASE.batch].clone()
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step(rows, classes)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step(rows, classes)

    def replay(new_rows: Any, new_classes: Any) -> None:
        rows.copy_(new_rows)
        classes.copy_(new_classes)
        graph.replay()

    def epoch() -> None:
        _each_batch(x, y, replay)

    return epoch


def _torch_parts(device: str, *, capturable: bool) -> tuple[Callable[[Any, Any], None], Any]:
    import torch

    model = torch_network(FEATURES, _CASE.units, _CASE.layers, CLASSES).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True, capturable=capturable)
    return torch_step(model, optimizer), model


def _torch_table(device: str) -> tuple[Any, Any]:
    import torch

    x, y = synthetic_table()
    return torch.from_numpy(x).to(device), torch.from_numpy(y.astype(np.int64)).to(device)


def _each_batch(x: Any, y: Any, step: Callable[[Any, Any], None]) -> None:
    import torch

    order = torch.randperm(len(x), device=x.device)
    for rows, classes in zip(x[order].split(_CASE.batch), y[order].split(_CASE.batch), strict=True):
        step(rows, classes)
    if x.device.type == "cuda":
        torch.cuda.synchronize()


def _rate(epoch: Callable[[], None], count: int) -> float:
    started = time.perf_counter()
    for _ in range(count):
        epoch()
    return count / (time.perf_counter() - started)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # PyTorch has the same GPU
    import torch

    from population_ours import case_config, fixed_space, synthetic_dataset, train
    from sturgeon.caviar.backends.jax_lanes import JaxBackend
    from sturgeon.caviar.lanes.devices import lane_devices

    ours_on = lane_devices()[0].platform
    both = ours_on == "gpu" and torch.cuda.is_available()
    jobs, epochs, rounds = (1024, 20, arguments.rounds) if both else (8, 1, 1)
    if not both:
        print(f"No GPU for both (JAX: {ours_on}; PyTorch: {'cuda' if torch.cuda.is_available() else 'cpu'}).")
        print(
            "With one, this would measure 1,024 networks of 64 units against PyTorch's loop and CUDA graph,"
        )
        print(f"one after the other on the same GPU, {arguments.rounds} rounds. Here: {jobs} on the CPU.")
    config = case_config(_CASE)
    backend = JaxBackend(synthetic_dataset(), fixed_space(config), epochs)
    peers = {"eager": torch_eager("cuda" if both else "cpu")}
    if both:
        peers["graphed"] = torch_graphed()
    train(backend, [config] * jobs, 1)
    found: dict[str, list[float]] = {"ours": [], **{name: [] for name in peers}}
    for _ in range(rounds):
        ours = train(backend, [config] * jobs, epochs)
        found["ours"].append(ours.epochs / ours.seconds)
        for name, epoch in peers.items():
            epoch()
            found[name].append(_rate(epoch, 5 if both else 1))
    rate = median(found["ours"])
    print(
        f"Sturgeon: {rate:.1f} network-epochs a second, {jobs} jobs, "
        f"{rate * _CASE.arithmetic / 1e9:.0f} GFLOP/s"
    )
    for name in peers:
        ratio = rate / median(found[name])
        bar = f" (bar {_BARS[name]:.0f}×: {'reached' if ratio >= _BARS[name] else 'MISSED'})" if both else ""
        print(f"PyTorch {name}: {median(found[name]):.1f} network-epochs a second; ours is {ratio:.1f}×{bar}")


if __name__ == "__main__":
    main()
