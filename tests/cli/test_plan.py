"""`sturgeon plan`: what it prints, the next command, exit codes."""

import json

import pytest

from sturgeon.caviar.table.planning.plan import TablePlan
from sturgeon.cli.main import sturgeon as group
from sturgeon.cli.plan import _next_command, _print

SMALL = ("--fix", "batch_size=64", "--fix", "hidden_units=8", "--fix", "layers=2", "--epochs", "3")
MADE = TablePlan(
    trials=3,
    trials_with_halving=9,
    epochs=30,
    lanes=2,
    devices=["2 × cpu"],
    memory_bytes=650_000_000,
    free_bytes=None,
    seconds_per_trial=12.5,
    compiling_seconds=1.5,
    budget_seconds=60.0,
    recommendation="panda",
    reason="too few",
)


def test_json_is_one_object_on_stdout(sturgeon, table):
    ran = sturgeon("plan", table, "--target", "weight", "--budget", "4s", *SMALL, "--json")
    assert ran.code == 0
    plan = json.loads(ran.out)
    assert plan["recommendation"] in ("panda", "caviar")
    assert {"trials", "lanes", "devices", "memory_bytes", "free_bytes", "seconds_per_trial"} < set(plan)
    assert "measuring" in ran.err
    assert not table.with_suffix(".sturgeon").exists()


def test_a_person_reads_the_choice_the_reason_and_what_to_type(capsys):
    _print(MADE, "sturgeon tune fish.csv --target weight --trials 3")
    printed = capsys.readouterr().out
    for part in [
        "about 3 (2 to 4)",
        "about 9 (7 to 12)",
        "12 s",
        "2 × cpu",
        "0.65 GB needed, unknown free",
        "Panda: too few",
    ]:
        assert part in printed
    assert printed.splitlines()[-1] == "next:  sturgeon tune fish.csv --target weight --trials 3"


@pytest.mark.parametrize("choice", ["panda", "caviar"])
def test_the_next_command_is_one_that_there_is(choice, table):
    made = TablePlan(**{name: getattr(MADE, name) for name in MADE.__slots__} | {"recommendation": choice})
    command = _next_command(made, table, "the weight", "60s", {})
    assert command.split()[1] in group.commands
    assert "--target 'the weight'" in command


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "Name it: `--target COLUMN`"),
        (("--target", "weight"), "Name it: `--budget 10m`"),
        (("--target", "weight", "--budget", "soon"), "`--budget` must be a time longer than 0"),
        (("--target", "wait", "--budget", "9s"), "did you mean 'weight'?"),
        (("--target", "weight", "--budget", "9s", "--epochs", "0"), "`--epochs` must be at least 1"),
        (("--target", "weight", "--budget", "9s", "--fix", "depth=3"), "takes a hyperparameter"),
    ],
)
def test_bad_input_gets_one_line_and_code_2(sturgeon, table, arguments, says):
    ran = sturgeon("plan", table, *arguments)
    assert ran.code == 2
    assert says in ran.complaint
    assert ran.out == ""
