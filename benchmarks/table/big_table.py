"""A table of a million rows and a hundred columns, tuned on a machine with 4 GB free.

    python benchmarks/table/big_table.py [--rows 1000000] [--columns 100] [--gigabytes 4] [--folder DIR]

Makes the table as CSV and as Parquet, numbers of seven digits. For each, in processes of their own whose
memory the system bounds (RLIMIT_DATA: all private memory, whether touched or not; an allocation beyond it
fails): `prepare` alone; then `sturgeon tune --trials 2 --epochs 1 --fix batch_size=512 --fix layers=2`, which
reads, prepares, trains both trials side by side, trains the better one again and tests it. Prints the largest
resident memory of each process, and how long it took.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow.csv import CSVWriter
from pyarrow.parquet import ParquetWriter

BLOCK_ROWS = 50_000
LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_DATA, (int(sys.argv[1]),) * 2)
"""
PREPARE = """
from sturgeon.data import prepare
prepare(sys.argv[2], "y").fingerprint
"""
TUNE = """
from sturgeon.cli.main import main
sys.exit(main(sys.argv[2:]))
"""


def make_table(folder: Path, rows: int, columns: int) -> list[Path]:
    """Write the table twice; a linear target with as much noise as signal."""
    stream = np.random.default_rng(0)
    slopes = stream.normal(size=columns - 1) / np.sqrt(columns)
    schema = pa.schema(
        [(f"x{number}", pa.float64()) for number in range(columns - 1)] + [("y", pa.float64())]
    )
    paths = [folder / "big.csv", folder / "big.parquet"]
    with CSVWriter(paths[0], schema) as csv, ParquetWriter(paths[1], schema) as parquet:
        for start in range(0, rows, BLOCK_ROWS):
            inputs = np.round(stream.normal(size=(min(BLOCK_ROWS, rows - start), columns - 1)), 6)
            target = np.round(inputs @ slopes + stream.normal(size=len(inputs)), 6)
            arrays = [pa.array(column) for column in [*np.ascontiguousarray(inputs.T), target]]
            batch = pa.record_batch(arrays, schema=schema)
            csv.write_batch(batch)
            parquet.write_batch(batch)
    return paths


def measure(code: str, limit: int, *arguments: str) -> tuple[float, float]:
    """Run code in a process of bounded memory; its largest resident memory in GB, and its seconds."""
    started = time.perf_counter()
    with subprocess.Popen([sys.executable, "-c", LIMITED + code, str(limit), *arguments]) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"failed with exit code {process.returncode}: see above")
    return usage.ru_maxrss * 1024 / 1e9, time.perf_counter() - started


def main() -> None:
    """Parse, make the table, measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=100)
    parser.add_argument("--gigabytes", type=float, default=4.0, help="what a process may take")
    parser.add_argument("--folder", type=Path, help="where the table is made, and left")
    arguments = parser.parse_args()
    limit = int(arguments.gigabytes * 1e9)
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        made = [folder / "big.csv", folder / "big.parquet"]
        if not all(path.exists() for path in made):
            make_table(folder, arguments.rows, arguments.columns)
        size = arguments.rows * arguments.columns * 4 / 1e9
        print(f"{arguments.rows:,} × {arguments.columns}: {size:.2f} GB as float32", flush=True)
        for path in made:
            memory, seconds = measure(PREPARE, limit, str(path))
            told = f"{path.suffix[1:]}, {path.stat().st_size / 1e9:.2f} GB"
            print(f"{told}: prepare: peak {memory:.2f} GB, {seconds:.0f} s", flush=True)
            options = ["--target", "y", "--trials", "2", "--epochs", "1"]
            options += ["--fix", "batch_size=512", "--fix", "layers=2"]
            out = Path(temporary) / f"{path.suffix[1:]}.sturgeon"
            memory, seconds = measure(TUNE, limit, "tune", str(path), *options, "--out", str(out))
            print(f"{told}: tune: peak {memory:.2f} GB, {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
