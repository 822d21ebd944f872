"""What a report costs: the same training with and without it, in PyTorch, Lightning and PaddlePaddle.

    python benchmarks/framework_overhead_torch.py [plain] [torch] [lightning] [paddle]

Bar: under 1 % around a training of 1 ms steps. Each training runs in a worker process of ``tune`` with a
study on disk, 250 steps an epoch, a report after each. Epochs with and without a report alternate in the same
process, and the median of the ratios of neighbours counts; Lightning's and PaddlePaddle's ``fit`` alternate
whole. ``torch``, ``lightning`` and ``paddle`` write a checkpoint after each epoch too; ``plain`` has reports
alone.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import sturgeon as st

STEPS = 250
PAIRS = 15
ROUNDS = 4
FIT_EPOCHS = 5
UNITS = 448  # a step takes about a millisecond on one core


def time_pairs(bare: Callable[[], Any], reported: Callable[[], Any]) -> list[tuple[float, float]]:
    """Time two things in turn; which is first alternates too."""
    pairs = []
    for number in range(PAIRS + 1):
        seconds = {}
        for which in (bare, reported) if number % 2 else (reported, bare):
            started = time.perf_counter()
            which()
            seconds[which] = time.perf_counter() - started
        pairs.append((seconds[bare], seconds[reported]))
    return pairs[1:]  # the first warms up


def torch_loop(trial: st.LiveTrial, checkpoints: bool) -> list[tuple[float, float]]:
    """A loop of one's own."""
    import torch

    from sturgeon.frameworks.torch import Report

    torch.set_num_threads(1)
    model = torch.nn.Sequential(
        torch.nn.Linear(64, UNITS), torch.nn.ReLU(), torch.nn.Linear(UNITS, UNITS), torch.nn.ReLU(),
        torch.nn.Linear(UNITS, 1),
    )  # fmt: skip
    optimizer = torch.optim.SGD(model.parameters(), 1e-3, 0.9)
    x = torch.randn(64, 64)
    report = Report(trial, checkpoints="kept" if checkpoints else False, model=model, optimizer=optimizer)
    epochs = iter(trial.epochs(2 * PAIRS + 2))

    def epoch() -> Any:
        loss = torch.zeros(())
        for _ in range(STEPS):
            loss = model(x).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return loss

    def reported() -> None:
        next(epochs)
        report(loss=epoch())

    return time_pairs(epoch, reported)


def between_epochs(times: list[float]) -> list[float]:
    """Seconds from each beginning of an epoch to the next; the first epoch warms up."""
    return [after - before for before, after in pairwise(times[1:])]


def lightning_fits(trial: st.LiveTrial) -> list[tuple[float, float]]:
    """``Trainer.fit`` with the callback and without, in turn."""
    import logging
    import warnings

    import lightning
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    from sturgeon.frameworks.lightning import Report

    warnings.simplefilter("ignore")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    torch.set_num_threads(1)

    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.network = torch.nn.Sequential(
                torch.nn.Linear(64, UNITS), torch.nn.ReLU(), torch.nn.Linear(UNITS, 1)
            )

        def training_step(self, batch: Any, _: int) -> Any:
            loss = self.network(batch[0]).square().mean()
            self.log("loss", loss, on_epoch=True, on_step=False)
            return loss

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), 1e-3, 0.9)

    class Clock(lightning.Callback):
        def __init__(self) -> None:
            self.times: list[float] = []

        def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
            self.times.append(time.perf_counter())

    rows = DataLoader(TensorDataset(torch.randn(64 * STEPS, 64)), 64)

    def fit(*callbacks: Any) -> list[float]:
        clock = Clock()
        trainer = lightning.Trainer(
            max_epochs=FIT_EPOCHS, callbacks=[clock, *callbacks], accelerator="cpu", logger=False,
            enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
        )  # fmt: skip
        trainer.fit(Module(), rows)
        return between_epochs(clock.times)

    pairs = [
        pair
        for _ in range(ROUNDS)
        for pair in zip(fit(), fit(Report(trial, checkpoints="kept")), strict=True)
    ]
    trial.report(loss=0.0)
    return pairs


def paddle_fits(trial: st.LiveTrial) -> list[tuple[float, float]]:
    """``Model.fit`` with the callback and without, in turn."""
    import paddle

    from sturgeon.frameworks.paddle import Report

    class Clock(paddle.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.times: list[float] = []

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.times.append(time.perf_counter())

    rows = paddle.io.TensorDataset([paddle.randn([64 * STEPS, 64]), paddle.zeros([64 * STEPS, 1])])
    loader = paddle.io.DataLoader(rows, batch_size=64)

    def fit(*callbacks: Any) -> list[float]:
        clock = Clock()
        network = paddle.nn.Sequential(
            paddle.nn.Linear(64, UNITS), paddle.nn.ReLU(), paddle.nn.Linear(UNITS, 1)
        )
        model = paddle.Model(network)
        model.prepare(paddle.optimizer.SGD(1e-3, parameters=network.parameters()), paddle.nn.MSELoss())
        model.fit(loader, epochs=FIT_EPOCHS, verbose=0, callbacks=[clock, *callbacks])
        return between_epochs(clock.times)

    pairs = [
        pair
        for _ in range(ROUNDS)
        for pair in zip(fit(), fit(Report(trial, checkpoints="kept")), strict=True)
    ]
    trial.report(loss=0.0)
    return pairs


CASES: dict[str, Callable[[st.LiveTrial], list[tuple[float, float]]]] = {
    "plain": lambda trial: torch_loop(trial, checkpoints=False),
    "torch": lambda trial: torch_loop(trial, checkpoints=True),
    "lightning": lightning_fits,
    "paddle": paddle_fits,
}


def measure(case: str, folder: Path) -> list[tuple[float, float]]:
    """Run a case in a worker process."""

    def train(trial: st.LiveTrial) -> float:
        import os

        os.chdir(folder)
        (folder / "pairs.json").write_text(json.dumps(CASES[case](trial)))
        return 0.0

    space = st.Space(nothing=st.Choice((0, 1)))
    st.tune(train, space, minimize="loss", trials=1, study=folder / "overhead.study", progress=False)
    return json.loads((folder / "pairs.json").read_text())


def main() -> None:
    """Measure and print."""
    print(f"{'case':10s} {'a step':>9s} {'an epoch more':>14s} {'overhead':>9s}")
    for case in sys.argv[1:] or CASES:
        with tempfile.TemporaryDirectory() as folder:
            pairs = measure(case, Path(folder))
        step = median(bare for bare, _ in pairs) / STEPS
        more = median(reported - bare for bare, reported in pairs)
        ratio = median(reported / bare for bare, reported in pairs)
        print(f"{case:10s} {step * 1e3:6.2f} ms {more * 1e3:11.2f} ms {ratio - 1:9.2%}", flush=True)


if __name__ == "__main__":
    main()
