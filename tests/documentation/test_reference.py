"""The reference says what there is: every option, every field of JSON, every public name."""

import json
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

import sturgeon as st
from sturgeon.cli.main import main, sturgeon

ROOT = Path(__file__).parent.parent.parent
REFERENCE = ROOT / "docs" / "reference"


def sections(page):
    """The text below each heading of a page, by the heading."""
    parts = re.split(r"^## (.*)$", (REFERENCE / page).read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def commands_under(command, path):
    """Every command below one, by its path."""
    found = {path: command}
    if isinstance(command, click.Group):
        for name, one in command.commands.items():
            found |= commands_under(one, f"{path} {name}")
    return found


COMMANDS = commands_under(sturgeon, "sturgeon")


def test_the_pages_are_what_the_script_writes(tmp_path):
    script = [sys.executable, str(ROOT / "scripts" / "update_reference"), str(tmp_path)]
    subprocess.run(script, check=True, timeout=600)
    for page in ("commands.md", "json.md", "python.md"):
        assert (tmp_path / page).read_text(encoding="utf-8") == (REFERENCE / page).read_text(
            encoding="utf-8"
        ), f"docs/reference/{page} is out of date: run scripts/update_reference"


@pytest.mark.parametrize("path", COMMANDS)
def test_every_option_of_every_command_is_documented(path):
    text = sections("commands.md")[path]
    for parameter in COMMANDS[path].params:
        if isinstance(parameter, click.Option):
            assert f"| `{', '.join(parameter.opts)}` | {(parameter.help or '?').split()[0]}" in text


@pytest.mark.parametrize("path", COMMANDS)
def test_a_command_that_prints_json_says_which_fields(path):
    options = {option for one in COMMANDS[path].params for option in one.opts}
    if "--json" in options:
        heading = "sturgeon panda" if path == "sturgeon panda train" else path
        assert heading in sections("json.md")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    path = tmp_path_factory.mktemp("reference") / "small.study"
    space = st.Space(rate=st.Real(0.1, 1.0))
    with st.Study.create(path, space, minimize="val_loss", search=st.Random(), seed=0) as made:
        for trial in made.ask(3):
            made.report(trial, step=1, val_loss=trial.config["rate"])
            made.tell(trial, val_loss=trial.config["rate"])
    return path


@pytest.mark.parametrize(
    ("heading", "arguments"),
    [
        ("sturgeon show", []),
        ("sturgeon show --trial", ["--trial", "1"]),
        ("sturgeon report", ["--figure", "list"]),
        ("sturgeon report", ["--format", "svg", "--figure", "slice", "-o", "slice.svg"]),
    ],
)
def test_every_field_that_is_printed_is_documented(heading, arguments, study, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([heading.split()[1], str(study), *arguments, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    documented = set(re.findall(r"`(\w+)`", sections("json.md")[heading]))
    assert printed.keys() <= documented


def test_every_public_name_has_a_docstring():
    for name in st.__all__:
        assert (getattr(st, name).__doc__ or "").strip(), name
