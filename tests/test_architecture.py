"""Imports point one way, and `import sturgeon` loads nothing heavy."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import sturgeon

SOURCE = Path(sturgeon.__file__).parent
ORDER = [
    "errors",
    "space",
    "search",
    "stopping",
    "study",
    "data",
    "network",
    "caviar",
    "frameworks",
    "cli",
    "testing",
]
HEAVY = ["jax", "tensorflow", "torch", "ray", "pandas", "keras", "sklearn", "sqlalchemy", "rich", "nicegui"]


def imported_parts(path: Path) -> set[str]:
    """The parts of Sturgeon that a file imports, also inside functions."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name.split(".")[1] for name in names if name.startswith("sturgeon.")}


@pytest.mark.parametrize("part", ORDER)
def test_a_part_imports_only_those_before_it(part):
    place = SOURCE / part
    files = list(place.rglob("*.py")) if place.is_dir() else [SOURCE / f"{part}.py"]
    allowed = {*ORDER[: ORDER.index(part)], part}
    for file in files:
        assert imported_parts(file) <= allowed, f"{file.relative_to(SOURCE)} imports against the order"


def test_every_part_has_its_place_in_the_order():
    parts = {p.stem if p.suffix == ".py" else p.name for p in SOURCE.iterdir() if p.suffix in ("", ".py")}
    assert parts - {"__init__", "__main__", "__pycache__"} == set(ORDER)


def modules_after(statement: str) -> set[str]:
    code = f"import sys, json\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


@pytest.mark.parametrize(
    "statement",
    [
        "import sturgeon",
        "import sturgeon; dir(sturgeon)",
        "from sturgeon.cli.main import main; assert main(['--version']) == 0",
        "from sturgeon.cli.main import main; assert main(['tune', '--help']) == 0",
    ],
)
def test_importing_and_help_load_no_framework(statement):
    assert not modules_after(statement) & set(HEAVY)


def test_spaces_and_searches_load_no_framework():
    loaded = modules_after("import sturgeon as st; st.Space(a=st.Real(0, 1)).sample(3, 0); st.Random()")
    assert not loaded & set(HEAVY)


def test_every_public_name_exists_and_dir_lists_it():
    assert set(dir(sturgeon)) == set(sturgeon.__all__)
    for name in sturgeon.__all__:
        assert getattr(sturgeon, name).__name__ == name
    with pytest.raises(AttributeError, match="Nonsense"):
        _ = sturgeon.Nonsense
