"""The code is built as docs/architecture.md says, and `import sturgeon` loads nothing heavy."""

import ast
import graphlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sturgeon

SOURCE = Path(sturgeon.__file__).parent
ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "architecture.md"
HEAVY = [
    "jax",
    "tensorflow",
    "torch",
    "ray",
    "pandas",
    "keras",
    "sklearn",
    "sqlalchemy",
    "rich",
    "nicegui",
    "plotly",
    "jinja2",
    "babel",
]


def drawn_tree() -> list[str]:
    """The rooms of the tree in docs/architecture.md, from top to bottom, such as ``caviar/lanes``."""
    block = re.search(r"```\nsrc/sturgeon/\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    rooms, above = [], []
    for line in block[1].splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        above[depth - 1 :] = [line.split()[0].rstrip("/")]
        rooms.append("/".join(above))
    return rooms


TREE = drawn_tree()
PARTS = [room.removesuffix(".py") for room in TREE if "/" not in room]


def modules_of(folder: Path) -> dict[str, Path]:
    """The modules below a folder on Python's path, by their dotted names."""
    found = {}
    for path in folder.rglob("*.py"):
        name = ".".join(path.relative_to(folder).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = path
    return found


MODULES = modules_of(SOURCE.parent)
BENCHMARKS = modules_of(ROOT / "benchmarks")


def imports_of(path: Path, known: dict[str, Path]) -> set[str]:
    """The modules among the known ones that a file imports, also inside functions and for types only."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {name if name in known else node.module for name in inner}
    return names & known.keys()


def room_of(module: str, among: list[str]) -> str | None:
    """The one of some rooms that a module lies in."""
    place = str(MODULES[module].relative_to(SOURCE))
    return next((room for room in among if place == room or place.startswith(f"{room}/")), None)


def siblings() -> list[list[str]]:
    """The rooms that lie beside each other, in the order in which the tree lists them."""
    parents = dict.fromkeys(room.rpartition("/")[0] for room in TREE)
    return [[room for room in TREE if room.rpartition("/")[0] == parent] for parent in parents]


@pytest.mark.parametrize("rooms", siblings(), ids=lambda rooms: rooms[0].rpartition("/")[0] or "sturgeon")
def test_a_room_imports_only_rooms_above_it_in_the_tree(rooms):
    for module, path in MODULES.items():
        if (room := room_of(module, rooms)) is not None:
            wrong = {
                other
                for other in imports_of(path, MODULES)
                if (home := room_of(other, rooms)) and rooms.index(home) > rooms.index(room)
            }
            assert not wrong, f"{module} is in {room} and imports {sorted(wrong)}"


def test_the_tree_shows_every_room_and_no_other():
    folders = {str(path.parent.relative_to(SOURCE)) for path in SOURCE.rglob("*.py")} - {"."}
    files = {path.name for path in SOURCE.glob("*.py")} - {"__init__.py", "__main__.py"}
    assert set(TREE) == folders | files


@pytest.mark.parametrize("modules", [MODULES, BENCHMARKS], ids=["sturgeon", "benchmarks"])
def test_no_modules_import_each_other_in_a_circle(modules):
    graph = {name: imports_of(path, modules) - {name, "sturgeon"} for name, path in modules.items()}
    graphlib.TopologicalSorter(graph).prepare()  # raises a CycleError that names the circle


def test_no_folder_is_crowded():
    files = [path for path in SOURCE.rglob("*.py") if path.name != "__init__.py"]
    crowded = {folder for folder in SOURCE.rglob("*") if sum(file.parent == folder for file in files) > 15}
    assert not crowded


def test_every_file_that_the_page_names_exists():
    named = set(re.findall(r"`([a-z_/]+\.(?:py|c|h))`", PAGE.read_text(encoding="utf-8")))
    assert named
    assert not {name for name in named if not (SOURCE / name).exists() and not (ROOT / name).exists()}


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
        assert getattr(sturgeon, name).__name__.rpartition(".")[2] == name
    with pytest.raises(AttributeError, match="Nonsense"):
        _ = sturgeon.Nonsense
