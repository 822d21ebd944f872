"""``sturgeon notes`` at the command line."""

import json

import pytest

from sturgeon.cli.main import main


def test_one_claim_prints_a_summary_or_json(tmp_path, capsys):
    page = str(tmp_path / "page.html")
    arguments = ["notes", "--quick", "--claim", "N9", "-o", page, "--language"]
    assert main([*arguments, "en"]) == 0
    assert "✓ N9" in capsys.readouterr().out
    assert main([*arguments, "zh", "--resume", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["claims"]["N9"]["verdict"] == "holds"
    assert found["claims"]["N9"]["title"] == "归一化的输入"


@pytest.mark.parametrize(
    ("options", "message"),
    [(["--claim", "N0"], "`--claim` must be"), (["--language", "xx"], "`--language` must be")],
)
def test_bad_input_exits_with_2(options, message, tmp_path, capsys):
    assert main(["notes", "-o", str(tmp_path / "page.html"), *options]) == 2
    assert message in capsys.readouterr().err
