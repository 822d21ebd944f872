"""What dropout costs: processor seconds of an epoch of the compiled network, with it and without, in turn.

Two trainings of five folds side by side on white wine, 128 units in 3 layers; the least of the rounds counts,
as whatever else runs on the machine only adds to it.

    python benchmarks/table/dropout_cost.py
"""

from __future__ import annotations

import argparse
import threading
import time
from pathlib import Path

from sturgeon.caviar.backends.device_choice import table_trainer
from sturgeon.caviar.lanes.backend import TrainingJob
from sturgeon.caviar.opening import TuneOptions
from sturgeon.caviar.table.opening import table_settings
from sturgeon.data import prepare

WINE = Path(__file__).parents[2] / "examples/data/wine_quality_white.csv"
EPOCHS = 3
RATES = (0.0, 0.2)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    dataset = prepare(WINE, "quality", folds=5)
    settings = table_settings(TuneOptions(), dataset.task)

    def seconds(rate: float) -> float:
        config = {**settings.space.default(), "dropout": rate}
        jobs = [TrainingJob(number, number, config, EPOCHS) for number in range(2)]
        trainer = table_trainer(dataset, settings.space, settings.objective, EPOCHS)
        began = time.process_time()
        for _event in trainer.train(jobs, threading.Event()):
            pass
        return (time.process_time() - began) / (len(jobs) * EPOCHS)

    rounds = [[seconds(rate) for rate in RATES] for _ in range(asked.rounds)]
    without, dropped = (min(times) for times in zip(*rounds, strict=True))
    print(f"an epoch of five folds: {without:.3f} s without dropout, {dropped:.3f} s with it")


if __name__ == "__main__":
    main()
