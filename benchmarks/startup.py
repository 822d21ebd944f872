"""How long one waits before anything happens: `sturgeon --help`, `import sturgeon`, sampling a space.

    python benchmarks/startup.py

Bars: help 0.5 s, import 0.3 s, 100,000 configurations of the standard space 0.1 s. Whole processes,
alternating with a bare interpreter, medians of eleven runs.
"""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median

RUNS = 11
COMMANDS = {
    "bare interpreter": [sys.executable, "-c", "pass"],
    "sturgeon --help": [sys.executable, "-m", "sturgeon", "--help"],
    "sturgeon tune --help": [sys.executable, "-m", "sturgeon", "tune", "--help"],
    "import sturgeon": [sys.executable, "-c", "import sturgeon"],
}


def main() -> None:
    """Measure and print."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(RUNS):
        for name, command in COMMANDS.items():
            started = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            times[name].append(time.perf_counter() - started)
    for name, seconds in times.items():
        print(f"{name:32s} median {median(seconds):.3f} s   (min {min(seconds):.3f}, max {max(seconds):.3f})")

    from sturgeon.space import standard_space

    space = standard_space()
    sampling = []
    for seed in range(RUNS):
        started = time.perf_counter()
        space.sample(100_000, seed)
        sampling.append(time.perf_counter() - started)
    print(
        f"{'sampling 100,000 configurations':32s} median {median(sampling):.3f} s   "
        f"(min {min(sampling):.3f}, first {sampling[0]:.3f})"
    )


if __name__ == "__main__":
    main()
