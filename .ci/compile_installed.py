"""Compile the bytecode of large packages while pip installs, on the core that it leaves idle.

Otherwise every process of the tests compiles, at the same moment, what all of them import first. A package is
whole once its RECORD is there, which pip writes last. It ends when all are compiled, or is ended from outside
where one is not installed.
"""

import compileall
import csv
import sys
import time
from pathlib import Path

# In the order of how soon, and by how many processes, they are imported.
PACKAGES = (
    "numpy",
    "jax",
    "pandas",
    "scipy",
    "scikit_learn",
    "sqlalchemy",
    "hypothesis",
    "pytest",
    "matplotlib",
    "sympy",
    "torch",
    "keras",
    "tensorflow_cpu",
    "lightning",
    "torchmetrics",
    "optax",
    "flax",
    "paddlepaddle",
)


def compile_package(record: Path) -> None:
    """Compile the modules of a package, but for its own tests."""
    with record.open(encoding="utf-8", newline="") as file:
        for name, *_ in csv.reader(file):
            if name.endswith(".py") and "/tests/" not in name:
                compileall.compile_file(record.parent.parent / name, quiet=2)


def main(environment: Path) -> None:
    """Compile each of the packages as soon as it is there, the first of those that are before the others."""
    left = list(PACKAGES)
    while left:
        for package in left:
            pattern = f"lib/python3*/site-packages/{package}-[0-9]*.dist-info/RECORD"
            if record := next(environment.glob(pattern), None):
                compile_package(record)
                left.remove(package)
                break
        else:
            time.sleep(0.2)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
