"""What the pages tell a reader to type works: Python runs, commands and their options exist."""

import re
import shlex
import shutil
from pathlib import Path

import click
import pytest

from framework_scripts import HOW_TOS
from sturgeon.cli.main import sturgeon

ROOT = Path(__file__).parent.parent.parent
TABLE = ROOT / "examples" / "data" / "wine_quality_white.csv"
PAGES = [*ROOT.glob("README*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "how-to").glob("*.md")]
BLOCK = re.compile(r"(<!-- not run here: [^\n]+ -->\n)?^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
# Whose Python tests/test_documentation.py runs.
RUN_ELSEWHERE = {"README.md", *(f"{name}.md" for name in HOW_TOS.values())}


def blocks(page, language):
    """The blocks of a page in one language that are to be run."""
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [text for excused, kind, text in found if kind == language and not excused]


def commands(page):
    """Every line of a page's shell blocks that calls Sturgeon, as words."""
    for block in [*blocks(page, "bash"), *blocks(page, "")]:
        for line in block.replace("\\\n", " ").splitlines():
            if called := re.search(r"(?:^|&& |^[A-Z_]+=\S+ )(sturgeon [^|;]*)", line):
                yield shlex.split(called[1], comments=True)


WITH_COMMANDS = [page for page in PAGES if any(True for _ in commands(page))]
WITH_PYTHON = [page for page in PAGES if page.name not in RUN_ELSEWHERE and blocks(page, "python")]


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_a_page_is_understood(page):
    for words in commands(page):
        command, rest = sturgeon, words[1:]
        context = click.Context(command, info_name="sturgeon")
        while isinstance(command, click.Group):
            name, found, rest = command.resolve_command(context, rest)
            assert found is not None, " ".join(words)
            command = found
            context = click.Context(command, info_name=name, parent=context)
        try:
            command.make_parser(context).parse_args(args=list(rest))
        except click.UsageError as error:
            pytest.fail(f"{' '.join(words)}: {error.format_message()}")


@pytest.mark.parametrize("page", WITH_PYTHON, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_python_of_a_page_runs_from_top_to_bottom(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with TABLE.open(encoding="utf-8") as table:
        (tmp_path / "wines.csv").write_text("".join(line for line, _ in zip(table, range(300), strict=False)))
    source = "\n".join(blocks(page, "python"))
    exec(compile(source, page.name, "exec"), {"__name__": "__main__"})
    shutil.rmtree(tmp_path, ignore_errors=True)
