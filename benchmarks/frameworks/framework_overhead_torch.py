"""How long reports hold a training up: in PyTorch, Lightning and PaddlePaddle.

    python benchmarks/frameworks/framework_overhead_torch.py [plain] [torch] [lightning] [paddle]

Bar: under 1 % around a training of 1 ms steps. Each training runs in a worker process of ``tune`` with a
study on disk, 250 steps an epoch, a report after each; ``torch``, ``lightning`` and ``paddle`` write
checkpoints too, as they do by default, ``plain`` has reports alone. All that a report's own functions take
by the clock is added up, epoch by epoch, and compared with the rest of the epoch: the median epoch, and all
epochs together, which have the checkpoints in them. What the process that writes the study does meanwhile
on another core is not in it; ``framework_overhead.py`` shows that.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import sturgeon as st

STEPS = 250
EPOCHS = 40
UNITS = 448  # a step takes about a millisecond on one core


class Watch:
    """Adds up what a report takes, and divides the training into epochs.

    Attributes:
        epochs: Of each the seconds that it took, and those of them that reports took.
    """

    def __init__(self) -> None:
        self.epochs: list[tuple[float, float]] = []
        self._taken = 0.0
        self._depth = 0
        self._began: float | None = None

    def lap(self) -> None:
        """Begin an epoch, and end the one before."""
        now = time.perf_counter()
        if self._began is not None:
            self.epochs.append((now - self._began, self._taken))
        self._began, self._taken = now, 0.0

    def timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Have a function's time counted; one called within another counts once."""

        def watched(*arguments: Any, **options: Any) -> Any:
            started = time.perf_counter()
            self._depth += 1
            try:
                return function(*arguments, **options)
            finally:
                self._depth -= 1
                if not self._depth:
                    self._taken += time.perf_counter() - started

        return watched

    def hooks(self, kind: type) -> type:
        """Make a callback's class whose own hooks are all timed."""
        own = {name: self.timed(hook) for name, hook in vars(kind).items() if name.startswith("on_")}
        return type(kind.__name__, (kind,), own)


def torch_loop(trial: st.LiveTrial, watch: Watch, *, checkpoints: bool) -> None:
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
    report = watch.timed(
        Report(trial, checkpoints="kept" if checkpoints else False, model=model, optimizer=optimizer)
    )
    for _ in trial.epochs(EPOCHS):
        watch.lap()
        loss = torch.zeros(())
        for _ in range(STEPS):
            loss = model(x).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        report(loss=loss)
    watch.lap()


def lightning_fit(trial: st.LiveTrial, watch: Watch) -> None:
    """``Trainer.fit`` with the callback."""
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
        def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
            watch.lap()

    rows = DataLoader(TensorDataset(torch.randn(64 * STEPS, 64)), 64)
    report = watch.hooks(Report)(trial, checkpoints="kept")
    trainer = lightning.Trainer(
        max_epochs=EPOCHS, callbacks=[Clock(), report], accelerator="cpu",
        logger=False, enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(Module(), rows)
    watch.lap()


def paddle_fit(trial: st.LiveTrial, watch: Watch) -> None:
    """``Model.fit`` with the callback."""
    import paddle

    from sturgeon.frameworks.paddle import Report

    class Clock(paddle.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            watch.lap()

    rows = paddle.io.TensorDataset([paddle.randn([64 * STEPS, 64]), paddle.zeros([64 * STEPS, 1])])
    network = paddle.nn.Sequential(paddle.nn.Linear(64, UNITS), paddle.nn.ReLU(), paddle.nn.Linear(UNITS, 1))
    model = paddle.Model(network)
    model.prepare(paddle.optimizer.SGD(1e-3, parameters=network.parameters()), paddle.nn.MSELoss())
    report = watch.hooks(Report)(trial, checkpoints="kept")
    model.fit(
        paddle.io.DataLoader(rows, batch_size=64), epochs=EPOCHS, verbose=0, callbacks=[Clock(), report]
    )
    watch.lap()


CASES: dict[str, Callable[[st.LiveTrial, Watch], None]] = {
    "plain": lambda trial, watch: torch_loop(trial, watch, checkpoints=False),
    "torch": lambda trial, watch: torch_loop(trial, watch, checkpoints=True),
    "lightning": lightning_fit,
    "paddle": paddle_fit,
}


def measure(case: str, folder: Path) -> list[tuple[float, float]]:
    """Run a case in a worker process."""

    def train(trial: st.LiveTrial) -> float:
        import os

        os.chdir(folder)
        watch = Watch()
        CASES[case](trial, watch)
        (folder / "epochs.json").write_text(json.dumps(watch.epochs))
        return 0.0

    space = st.Space(nothing=st.Choice((0, 1)))
    st.tune(train, space, minimize="loss", trials=1, study=folder / "overhead.study", progress=False)
    return json.loads((folder / "epochs.json").read_text())[1:]


def main() -> None:
    """Measure and print."""
    print(
        f"{'case':10s} {'a step':>8s} {'a report':>9s} {'of its epoch':>13s} {'all, with checkpoints':>22s}"
    )
    for case in sys.argv[1:] or CASES:
        with tempfile.TemporaryDirectory() as folder:
            epochs = measure(case, Path(folder))
        step = median(whole - taken for whole, taken in epochs) / STEPS
        report = median(taken for _, taken in epochs)
        one = median(taken / (whole - taken) for whole, taken in epochs)
        every = sum(taken for _, taken in epochs) / sum(whole - taken for whole, taken in epochs)
        print(f"{case:10s} {step * 1e3:5.2f} ms {report * 1e3:6.2f} ms {one:13.2%} {every:22.2%}", flush=True)


if __name__ == "__main__":
    main()
