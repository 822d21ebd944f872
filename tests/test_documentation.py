"""What the documents say is true: the README's Python runs, its commands exist, links lead somewhere."""

import re
from pathlib import Path

import pytest

from framework_scripts import HOW_TOS, framework_of
from sturgeon.cli.main import sturgeon

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").rglob("*.md")]


def test_the_readmes_python_runs_from_top_to_bottom(capsys):
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(blocks) >= 2
    exec(compile("\n".join(blocks), "README.md", "exec"), {"__name__": "__main__"})
    assert "learning_rate" in capsys.readouterr().out


def test_every_command_of_the_command_line_is_in_the_readme():
    for name in sturgeon.commands:
        assert f"sturgeon {name} " in README


def test_every_option_in_the_readme_exists():
    known = {option for command in sturgeon.commands.values() for p in command.params for option in p.opts}
    ours = README.replace("python -m venv --upgrade-deps", "")
    used = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", ours))
    assert used
    assert used <= known


def test_every_option_has_a_help_text():
    for command in sturgeon.commands.values():
        assert command.help
        for parameter in command.params:
            if parameter.param_type_name == "option":
                assert parameter.help, f"{command.name} {parameter.opts}"


def test_nothing_in_the_readme_is_still_to_be_filled_in():
    assert "@@" not in README


def test_continuous_integration_runs_the_readmes_test_command():
    assert len(re.findall(r"^python -m venv .* && pytest$", README, re.MULTILINE)) == 1
    run = (ROOT / ".ci" / "run").read_text()
    assert "&& pytest$' README.md" in run
    assert {"scripts/check", "scripts/test"} <= set(run.split())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_within_the_repository_leads_somewhere(document):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_every_benchmark_is_listed():
    folder = ROOT / "benchmarks"
    listed = set(re.findall(r"`([a-z_]+\.py)", (folder / "README.md").read_text()))
    assert listed == {path.name for path in folder.rglob("*.py")}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_runs(example, ran_in):
    ran = ran_in(framework_of(example))[1][example.name]
    assert ran.error is None, ran.error
    assert ran.out


@pytest.mark.parametrize("framework", HOW_TOS)
def test_the_python_of_a_frameworks_how_to_runs(framework, ran_in):
    ran = ran_in(framework)[1][f"{HOW_TOS[framework]}.py"]
    assert ran.error is None, ran.error
