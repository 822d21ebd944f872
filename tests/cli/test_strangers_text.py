"""Whatever a study from a stranger says, a terminal is not made to obey it."""

import pytest

from sturgeon.caviar.progress import Progress, ProgressLines
from sturgeon.caviar.workers.failures import in_one_line
from sturgeon.space import Choice, Real, Space
from sturgeon.study import Study, TrialError

TITLE = "\x1b]0;owned\x07"
RED = "\x1b[31m"


@pytest.fixture
def strange(tmp_path):
    path = tmp_path / "strange.study"
    metric = f"{RED}loss"
    with Study.create(path, Space(x=Real(0, 1), kind=Choice((TITLE, "b"))), minimize=metric) as study:
        study.add({"x": 0.5, "kind": TITLE}, {metric: 1.0}, notes=[RED], tags=[RED])
        study.add({"x": 0.4, "kind": "b"}, state="failed", error=TrialError(RED, f"{TITLE}broken"))
        study.add({"x": 0.3, "kind": "b"}, {metric: 2.0}, state="stopped", reason=TITLE)
    return path


@pytest.mark.parametrize(
    "arguments",
    [
        ("show",),
        ("show", "--top", "1"),
        ("export", "--format", "torch", "-o", "x.py"),
        ("predict", "t.csv", "-o", "p.csv"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_no_command_prints_it_raw(strange, arguments, sturgeon):
    command, *rest = arguments
    done = sturgeon(command, strange, *rest)
    assert "\x1b" not in done.out + done.err
    assert "\x07" not in done.out + done.err
    assert command != "show" or r"\x1b]0;owned" in done.out


def test_a_line_of_progress_and_a_line_of_an_error_are_clean(capsys):
    ProgressLines(True).show(Progress(1, 1, 4, 1.0, 0.0, 9.0, None, (0, 0.5), f"{RED}loss"))
    said = capsys.readouterr().err
    assert r"\x1b[31mloss" in said
    assert "\x1b" not in said
    assert in_one_line(TrialError("ValueError", f"{TITLE}no")) == r"ValueError: \x1b]0;owned\x07no"
