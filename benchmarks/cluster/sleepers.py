"""Trials that only sleep and report: on worker processes here, on a Ray cluster, and by Ray Tune."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import sturgeon as st

SPACE = st.Space(x=st.Real(0.0, 1.0))


@dataclass(frozen=True)
class Sleep:
    """What a trial does; it says when it began and ended.

    Attributes:
        seconds: What it takes.
        reports: How often it reports meanwhile.
    """

    seconds: float
    reports: int = 0

    def __call__(self, trial: Any) -> dict[str, float]:
        """Train."""
        began = time.time()
        if self.reports:
            for epoch in trial.epochs(self.reports):
                time.sleep(self.seconds / self.reports)
                trial.report(loss=1 / epoch)
        else:
            time.sleep(self.seconds)
        return {"loss": trial.config["x"], "began": began, "ended": time.time()}


def run_ours(
    work: Sleep, trials: int, workers: int | st.Ray, study: str | None = None
) -> tuple[float, float]:
    """Run trials.

    Returns:
        Seconds from the first trial's begin to the last one's end, and those from the call to the first one's
        begin.
    """
    called = time.time()
    done = st.tune(
        work, SPACE, minimize="loss", search=st.Random(), trials=trials, workers=workers, study=study,
        deterministic=False, progress=False,
    )  # fmt: skip
    metrics = [one.metrics for one in done.trials]
    done.close()
    began = min(one["began"] for one in metrics)
    return max(one["ended"] for one in metrics) - began, began - called


def run_ray_tune(work: Sleep, trials: int, workers: int) -> tuple[float, float]:
    """The same by Ray Tune, on the cluster that this process is connected to."""
    from ray import tune

    def train(config: dict[str, float]) -> None:
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
            num_samples=trials, max_concurrent_trials=workers, metric="loss", mode="min"
        ),
        run_config=tune.RunConfig(verbose=0),
    )
    found: list[dict[str, Any]] = [one.metrics or {} for one in tuner.fit()]
    began = min(one["began"] for one in found)
    return max(one["ended"] for one in found) - began, began - called
