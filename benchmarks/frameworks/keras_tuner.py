"""KerasTuner's getting-started search beside ours: lines of code, and time to the same validation accuracy.

    python benchmarks/frameworks/keras_tuner.py [--seeds 3]

The programs are those of ``docs/keras-tuner.md``. Each runs in a process of its own, alternating, for several
seeds. Its clock starts when Keras is imported and the data are there; it stops when the first trial has ended
whose network got the target accuracy. So our worker processes' start, TensorFlow imported once more, counts
for us. KerasTuner trains one trial at a time, with as many threads as TensorFlow likes; our workers have one
thread each; lanes are one a core.

It needs ``keras-tuner`` and takes some minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

TARGETS = (0.97, 0.98)
PAGE = Path(__file__).parents[2] / "docs" / "keras-tuner.md"
_CLOCK = """
import json, time
from pathlib import Path
keras.utils.set_random_seed({seed})
START = time.time()
"""
# When each trial ended, in seconds, and what it is worth.
_OF_KERAS_TUNER = """
ended = []
for path in Path("untitled_project").glob("trial_*/trial.json"):
    ended.append((path.stat().st_mtime - START, json.loads(path.read_text())["score"]))
print("ENDED", json.dumps(ended))
"""
_OF_STURGEON = """
ended = [(trial.ended.timestamp() - START, trial.value) for trial in result.study.trials]
print("ENDED", json.dumps(ended))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="how many searches of each kind")
    seeds = parser.parse_args().seeds
    data, theirs, theirs_here, ours = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    model = theirs[theirs.index("def build_model") : theirs.index("tuner = ")]
    programs = {
        "KerasTuner": (theirs, _OF_KERAS_TUNER),
        "its model, Sturgeon": (model + theirs_here, _OF_STURGEON),
        "Sturgeon": (ours, _OF_STURGEON),
        "Sturgeon, fused": (ours.replace("seed=0", "fused=True, seed=0"), _OF_STURGEON),
    }
    runs: dict[str, list[list[tuple[float, float]]]] = {name: [] for name in programs}
    for seed in range(seeds):
        for name, (program, ending) in programs.items():
            text = program if "fused" in program else program.replace(", trials=12", ", trials=12, workers=2")
            text = text.replace("seed=0", f"seed={seed}")
            runs[name].append(run(data + _CLOCK.format(seed=seed) + text + ending))
            print(f"seed {seed}: {name} took {max(runs[name][-1])[0]:.1f} s", file=sys.stderr, flush=True)
    print(
        f"{'':20} {'lines':>6}" + "".join(f"{f'to {t}, s':>14}" for t in TARGETS) + f"{'all 12, s':>12} best"
    )
    for name, (program, _) in programs.items():
        reached = [seconds_to(target, runs[name]) for target in TARGETS]
        whole = statistics.median(max(time for time, _ in one) for one in runs[name])
        best = statistics.median(max(value for _, value in one) for one in runs[name])
        print(f"{name:20} {lines(program):6}" + "".join(reached) + f"{whole:12.1f} {best:.4f}")


def run(program: str) -> list[tuple[float, float]]:
    """Run a program in a folder of its own, and give when its trials ended and what they are worth."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=folder,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return [tuple(pair) for pair in json.loads(done.stdout.rpartition("ENDED")[2])]


def seconds_to(target: float, searches: list[list[tuple[float, float]]]) -> str:
    """The median time to a value, and in how many searches it was reached where not in all."""
    times = [min((time for time, value in one if value >= target), default=float("inf")) for one in searches]
    reached = sum(time < float("inf") for time in times)
    of = "" if reached == len(times) else f" ({reached}/{len(times)})"
    median = statistics.median(times)
    return f"{f'{median:.1f}{of}' if median < float('inf') else f'—{of}':>14}"


def lines(program: str) -> int:
    """Lines of code: those that hold something."""
    return sum(bool(line.strip()) for line in program.splitlines())


if __name__ == "__main__":
    main()
