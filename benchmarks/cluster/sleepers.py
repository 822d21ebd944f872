"""Trials that only sleep and report: on worker processes here, on a Ray cluster, and by Ray Tune."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sturgeon as st

SPACE = st.Space(x=st.Real(0.0, 1.0))


@dataclass(frozen=True)
class Sleep:
    """What a trial does; it says when it began and ended.

    Attributes:
        seconds: What it takes.
        reports: How often it reports meanwhile.
        together: How many trials wait for each other before they begin: starting many processes keeps a small
            machine busy for minutes.
        folder: Where they tell each other.
    """

    seconds: float
    reports: int = 0
    together: int = 1
    folder: str = ""

    def __call__(self, trial: Any) -> dict[str, float]:
        """Train."""
        self.wait(trial.number)
        began = time.time()
        if self.reports:
            for epoch in trial.epochs(self.reports):
                time.sleep(self.seconds / self.reports)
                trial.report(loss=1 / epoch)
        else:
            time.sleep(self.seconds)
        return {"loss": trial.config["x"], "began": began, "ended": time.time()}

    def wait(self, name: object) -> None:
        """Wait until all are there."""
        if self.together > 1:
            (Path(self.folder) / str(name)).touch()
            while sum(1 for _ in Path(self.folder).iterdir()) < self.together:
                time.sleep(1.0)


@dataclass(frozen=True)
class Took:
    """What trials took, in seconds.

    Attributes:
        all: From the first one's begin to the last one's end.
        first: From the call to the first one's begin.
        trial: A single one, the median.
        longest: The longest one.
    """

    all: float
    first: float
    trial: float
    longest: float

    @classmethod
    def of(cls, called: float, trials: Sequence[Mapping[str, float]]) -> Took:
        """Take when it was called, and what the trials said of when they began and ended."""
        began = min(one["began"] for one in trials)
        each = [one["ended"] - one["began"] for one in trials]
        ended = max(one["ended"] for one in trials)
        return cls(ended - began, began - called, statistics.median(each), max(each))


def run_ours(work: Sleep, trials: int, workers: int | st.Ray, study: str | None = None) -> Took:
    """Run trials."""
    called = time.time()
    done = st.tune(
        work, SPACE, minimize="loss", search=st.Random(), trials=trials, workers=workers, study=study,
        deterministic=False, progress=False,
    )  # fmt: skip
    took = Took.of(called, [one.metrics for one in done.trials])
    done.close()
    return took


def run_ray_tune(work: Sleep, trials: int, workers: int) -> Took:
    """The same by Ray Tune, on the cluster that this process is connected to.

    Its processes take trial after trial, which is faster than its default, a new process for each.
    """
    from ray import tune

    def train(config: dict[str, float]) -> None:
        work.wait(config["x"])
        began = time.time()
        for epoch in range(1, work.reports + 1):
            time.sleep(work.seconds / work.reports)
            tune.report({"loss": 1 / epoch, "began": began, "ended": time.time()})
        if not work.reports:
            time.sleep(work.seconds)
            tune.report({"loss": config["x"], "began": began, "ended": time.time()})

    called = time.time()
    tuner = tune.Tuner(
        tune.with_resources(train, {"cpu": 1}),
        param_space={"x": tune.uniform(0, 1)},
        tune_config=tune.TuneConfig(
            num_samples=trials,
            max_concurrent_trials=workers,
            metric="loss",
            mode="min",
            reuse_actors=True,
        ),
        run_config=tune.RunConfig(verbose=0),
    )
    return Took.of(called, [one.metrics or {} for one in tuner.fit()])
