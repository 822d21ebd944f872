"""The LCBench surrogate as an objective: multilayer perceptrons trained by SGD on OpenML data sets.

The folder (``--lcbench DIR``, by default ``../shared/lcbench`` beside the repository) holds the surrogate of
YAHPO Gym as ``model.onnx``, the ranges, and the best and the median value known of 17 tasks; its README says
where they come from. It needs ``pip install onnxruntime``.

    python benchmarks/search/lcbench.py --lcbench DIR

prints the tasks and a curve, and says how long an evaluation takes.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sturgeon.space import Integer, Real, Space

DEFAULT_DIR = Path(__file__).resolve().parents[3] / "shared" / "lcbench"
LAST_EPOCH = 52
OUTPUTS = (
    "time",
    "val_accuracy",
    "val_cross_entropy",
    "val_balanced_accuracy",
    "test_cross_entropy",
    "test_balanced_accuracy",
)
METRICS = ("val_cross_entropy", "val_balanced_accuracy")
_INPUTS = (
    "batch_size",
    "learning_rate",
    "momentum",
    "weight_decay",
    "num_layers",
    "max_units",
    "max_dropout",
)

Floats = npt.NDArray[np.float64]


def space() -> Space:
    """Make the space of LCBench, its priorities as in N2 of the notes."""
    return Space(
        batch_size=Integer(16, 512, scale="log"),
        learning_rate=Real(1e-4, 1e-1, scale="log", priority=1),
        momentum=Real(0.1, 0.99),
        weight_decay=Real(1e-5, 0.1, priority=3),
        num_layers=Integer(1, 5, priority=3),
        max_units=Integer(64, 1024, scale="log"),
        max_dropout=Real(0.0, 1.0, priority=3),
    )


class LCBench:
    """The surrogate of one folder.

    Args:
        folder: Where ``model.onnx``, ``encoding.json`` and ``reference.json`` lie.
    """

    def __init__(self, folder: Path = DEFAULT_DIR) -> None:
        self.folder = folder

    @cached_property
    def _session(self) -> Any:
        import onnxruntime  # type: ignore[import-not-found]

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        path = str(self.folder / "model.onnx")
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    @cached_property
    def _codes(self) -> dict[str, int]:
        return json.loads((self.folder / "encoding.json").read_text())["OpenML_task_id"]

    @cached_property
    def _reference(self) -> dict[str, dict[str, dict[str, float]]]:
        return json.loads((self.folder / "reference.json").read_text())

    def tasks(self) -> tuple[str, ...]:
        """List the tasks whose best value is known."""
        return tuple(self._reference)

    def evaluate(
        self, task: str, metric: str, configs: Sequence[Mapping[str, Any]], epochs: int | Sequence[int]
    ) -> Floats:
        """Give what is to be minimised, of ``n`` configurations at once.

        Args:
            task: One of ``tasks()``.
            metric: One of ``OUTPUTS``; accuracies come back negative, so that less is better.
            configs: ``n`` configurations of ``space()``.
            epochs: After how many epochs, 1 to 52: one number, or ``m`` of them.

        Returns:
            Shape ``(n,)`` for one number of epochs, ``(n, m)`` for several.
        """
        several = [epochs] if isinstance(epochs, int) else list(epochs)
        rows = [[epoch, *(config[name] for name in _INPUTS)] for config in configs for epoch in several]
        x_cont = np.array(rows, dtype=np.float32).reshape(-1, 1 + len(_INPUTS))
        x_cat = np.full((len(x_cont), 1), self._codes[task], dtype=np.int32)
        (output,) = self._session.run(None, {"x_cat": x_cat, "x_cont": x_cont})
        values = output[:, OUTPUTS.index(metric)].astype(np.float64)
        values = -values if "accuracy" in metric else values
        return values if isinstance(epochs, int) else values.reshape(len(configs), len(several))

    def regret(self, task: str, metric: str, value: float) -> float:
        """Normalise a value at epoch 52: 0 is the best known, 1 the median of random configurations."""
        known = self._reference[task][metric]
        sign = -1.0 if "accuracy" in metric else 1.0
        best, median = sign * known["best"], sign * known["random_median"]
        return (value - best) / (median - best)


_default = LCBench()


def tasks() -> tuple[str, ...]:
    """List the tasks of the default folder."""
    return _default.tasks()


def evaluate(
    task: str, metric: str, configs: Sequence[Mapping[str, Any]], epochs: int | Sequence[int]
) -> Floats:
    """Evaluate with the surrogate of the default folder; see ``LCBench.evaluate``."""
    return _default.evaluate(task, metric, configs, epochs)


def regret(task: str, metric: str, value: float) -> float:
    """Normalise with the reference of the default folder; see ``LCBench.regret``."""
    return _default.regret(task, metric, value)


def main() -> None:
    """Print what there is."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lcbench", type=Path, default=DEFAULT_DIR, metavar="DIR")
    bench = LCBench(parser.parse_args().lcbench)
    configs = list(space().sample(200, 0))
    for task in bench.tasks():
        for metric in METRICS:
            values = bench.evaluate(task, metric, configs, LAST_EPOCH)
            regrets = [bench.regret(task, metric, value) for value in values]
            print(
                f"{task:>8} {metric:22s} 200 random: best {min(regrets):.3f}  median {np.median(regrets):.3f}"
            )
    started = time.perf_counter()
    for config in configs:
        bench.evaluate(bench.tasks()[0], METRICS[0], [config], LAST_EPOCH)
    print(f"an evaluation takes {(time.perf_counter() - started) / len(configs) * 1000:.2f} ms")


if __name__ == "__main__":
    main()
