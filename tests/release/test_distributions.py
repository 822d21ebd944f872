"""What is published installs in a new environment and works; ``scripts/release-check`` runs this."""

import csv
import json
import os
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

DIST = os.environ.get("STURGEON_DIST")
PYTHONS = os.environ.get("STURGEON_PYTHONS", "python3").split()
pytestmark = pytest.mark.skipif(
    DIST is None, reason="scripts/release-check names the folder in STURGEON_DIST"
)


@pytest.fixture(scope="session")
def wheel():
    (path,) = Path(DIST or "").glob("*.whl")
    return path


@pytest.fixture(scope="session")
def sdist():
    (path,) = Path(DIST or "").glob("*.tar.gz")
    return path


def installed(python, folder, package, **environment):
    """Make a new environment with the package in it; returns its folder of programs."""
    subprocess.run([python, "-m", "venv", folder], check=True)
    programs = folder / "bin"
    words = [programs / "python", "-m", "pip", "install", "--quiet", "--no-cache-dir", package]
    subprocess.run(words, check=True, env=clean() | environment)
    return programs


def clean():
    """This process's environment without what would have a Python find the sources."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "STURGEON"))}


def tune(programs, folder):
    """Tune a small table by the command line, and predict; returns what ``tune`` says and the predictions."""
    table = folder / "table.csv"
    rows = [(x, y, "high" if x * y > 60 else "low") for x in range(20) for y in range(12)]
    with table.open("w", newline="") as file:
        csv.writer(file).writerows([("x", "y", "area"), *rows])
    run = {"cwd": folder, "env": clean(), "check": True, "text": True, "stdout": subprocess.PIPE}
    words = [
        "tune",
        "table.csv",
        "--target",
        "area",
        "--out",
        "out",
        "--trials",
        "2",
        "--epochs",
        "3",
        "--seed",
        "1",
        "--json",
    ]
    said = subprocess.run([programs / "sturgeon", *words], **run)
    words = ["predict", "out", "table.csv", "-o", "predictions.csv"]
    subprocess.run([programs / "sturgeon", *words], **run)
    with (folder / "predictions.csv").open() as file:
        return json.loads(said.stdout), list(csv.DictReader(file))


@pytest.mark.parametrize("python", PYTHONS)
def test_the_wheel_installs_and_tunes_with_the_compiled_network(wheel, tmp_path, python):
    programs = installed(python, tmp_path / "venv", wheel)
    code = "from sturgeon.network.native.library import load_library; assert load_library() is not None"
    subprocess.run([programs / "python", "-c", code], check=True, cwd=tmp_path, env=clean())
    result, predictions = tune(programs, tmp_path)
    assert result["test"]["accuracy"] > 0
    assert len(predictions) == 240
    assert (tmp_path / "out" / "report.html").stat().st_size > 100_000


def test_the_sdist_installs_and_tunes_without_a_compiler(sdist, tmp_path):
    programs = installed(PYTHONS[0], tmp_path / "venv", sdist, CC="no-such-compiler")
    code = "from sturgeon.network.native.library import load_library; assert load_library() is None"
    subprocess.run([programs / "python", "-c", code], check=True, cwd=tmp_path, env=clean())
    result, predictions = tune(programs, tmp_path)
    assert result["test"]["accuracy"] > 0
    assert len(predictions) == 240


def test_the_wheel_is_for_any_python_3_and_says_which_linux_is_old_enough(wheel):
    _, _, python, abi, platform = wheel.stem.split("-")
    assert (python, abi) == ("py3", "none")
    assert all(tag.startswith("manylinux") for tag in platform.split("."))


def test_the_wheel_holds_every_file_of_the_package_and_stripped_libraries(wheel, sdist):
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        libraries = {name: archive.read(name) for name in names if name.endswith(".so")}
    with tarfile.open(sdist) as archive:
        top = f"{sdist.name.removesuffix('.tar.gz')}/"
        sources = [one.name.removeprefix(top) for one in archive.getmembers() if one.isfile()]
    package = {name.removeprefix("src/") for name in sources if name.startswith("src/")}
    assert {name for name in names if ".dist-info/" not in name} - set(libraries) == package
    assert {"sturgeon/network/portfolio.json", "sturgeon/py.typed"} <= package
    assert sorted(Path(name).name for name in libraries) == [
        f"network-{one}.so" for one in ("baseline", "v3", "v4")
    ]
    assert not any(b".symtab" in library for library in libraries.values())
    for name in ("LICENSE", "NOTICE"):
        assert any(one.endswith(f".dist-info/licenses/{name}") for one in names)
        assert name in sources


def test_the_sdist_holds_every_file_that_git_knows(sdist):
    root = Path(__file__).parents[2]
    known = subprocess.run(["git", "ls-files"], cwd=root, check=True, text=True, stdout=subprocess.PIPE)
    with tarfile.open(sdist) as archive:
        held = {one.name.partition("/")[2] for one in archive.getmembers() if one.isfile()}
    of_the_repository = {
        name for name in known.stdout.split("\n") if name and not name.startswith((".ci/", ".pre"))
    }
    assert of_the_repository - held == set()
