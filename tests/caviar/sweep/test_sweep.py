"""A command line is tuned as a YAML file says, and whatever is wrong in the file is told in one line."""

import sys

import pytest
import yaml

from sturgeon.caviar.sweep import command
from sturgeon.caviar.sweep.command import Command, read_metrics
from sturgeon.caviar.sweep.sweep_file import EXAMPLE, read_sweep
from sturgeon.caviar.workers.live_trial import Channel, LiveTrial
from sturgeon.caviar.workers.messages import Start
from sturgeon.cli.main import main
from sturgeon.errors import InputError, RunError
from sturgeon.space import Choice, Constant, Integer, Real
from sturgeon.study import Study

PROGRAM = """
import json, os, sys
given = dict(one.lstrip("-").split("=", 1) for one in sys.argv[1:])
if given.get("kind") == "broken":
    print("about to break")
    sys.exit(3)
x = float(given["x"])
for epoch in (1, 2, 3):
    print(f"epoch={epoch} loss={x + 1 / epoch}")
print(json.dumps({"loss": x, "size": 7, "who": os.environ["STURGEON_TRIAL"]}))
"""


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "train it.py"
    path.write_text(PROGRAM)
    return path


def write(tmp_path, **fields):
    path = tmp_path / "sweep.yaml"
    path.write_text(yaml.safe_dump(fields, sort_keys=False))
    return path


def test_a_command_is_tuned(program, tmp_path, capsys):
    path = write(
        tmp_path,
        command=[sys.executable, "-I", "-S", str(program), "{args}"],
        minimize="loss",
        trials=5,
        search="random",
        parameters={"x": {"low": 0.0, "high": 1.0}, "kind": ["a b; echo $HOME", "broken"]},
        max_failures=1.0,
    )
    assert main(["sweep", str(path)]) == 0
    said = capsys.readouterr().out
    assert "best: trial" in said
    assert "sturgeon show" in said
    with Study.open(tmp_path / "sweep.study") as study:
        trials = {
            state: [one for one in study.trials if one.state == state] for state in ("complete", "failed")
        }
        assert len(trials["complete"]) + len(trials["failed"]) == 5
        for one in trials["complete"]:
            x = one.config["x"]
            assert one.value == x
            assert one.metrics["size"] == 7.0
            assert one.curves["loss"][:2] == [(1, pytest.approx(x + 1)), (2, pytest.approx(x + 0.5))]
        for one in trials["failed"]:
            assert "exit code 3; it said last: about to break" in one.error.message


def test_a_file_says_what_may_vary(tmp_path):
    sweep = read_sweep(
        write(
            tmp_path,
            command="train --lr {rate} --layers {layers} {args}",
            maximize=["accuracy"],
            metrics=["loss"],
            stopping="median",
            budget="10m",
            constraint="layers < 4",
            parameters={
                "rate": {"low": "1e-4", "high": 1, "scale": "log", "around": "1e-2"},
                "layers": {"low": 2, "high": 8, "step": 2},
                "max-depth": {"options": [1, 2], "ordered": True},
                "momentum": {"low": 0.5, "high": 0.99, "when": {"max-depth": 2}},
                "optimizer": ["adam", "sgd"],
                "epochs": 5,
            },
        )
    )
    assert dict(sweep.space) == {
        "rate": Real(1e-4, 1.0, scale="log", around=1e-2),
        "layers": Integer(2, 8, step=2),
        "max-depth": Choice((1, 2), ordered=True),
        "momentum": Real(0.5, 0.99, when={"max-depth": 2}),
        "optimizer": Choice(("adam", "sgd")),
        "epochs": Constant(5),
    }
    assert sweep.command.metrics == ("accuracy", "loss")
    assert (sweep.stopping.name, sweep.options) == ("median", {"budget": "10m"})


def test_the_example_is_one(tmp_path):
    path = tmp_path / "sweep.yaml"
    path.write_text(EXAMPLE)
    assert read_sweep(path).options == {"trials": 32}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("command: [", "is none"),
        ("- 1", "fields such as `command`"),
        ("command: train {args}", "needs the field 'parameters'"),
        ("command: train\nparameters: {x: [1, 2]}", "got none for 'x'"),
        ("command: train {y} {args}\nparameters: {x: [1, 2]}", "got {y}"),
        (
            "command: train {x}\nparameters: {k: [1, 2], x: {low: 0, high: 1, when: {k: 1}}}\n",
            "every parameter|when",
        ),
        ("command: train {args}\nparameters: {x: {low: 1, high: 0}}", "below `high`.*parameter 'x'"),
        ("command: train {args}\nparameters: {x: {lowest: 1}}", "`low` and `high`"),
        ("command: train {args}\nparameters: [x]", "must map names"),
        ("command: ''\nparameters: {x: [1]}", "name a program"),
        ("command: train {args}\nparameters: {x: [1, 2]}\ntrial: 3", "got 'trial'"),
        ("command: train {args}\nparameters: {x: [1, 2]}\nsearch: magic", "got 'magic'"),
        ("program: train.py\nparameters: {x: [1]}", r"'program'.*write command: python train.py \{args\}$"),
        ("method: random\ncommand: a", "'method'.*write search: random$"),
        ("method: bayes\ncommand: a", "'method'.*write nothing: the default search learns"),
        ("metric: {name: acc, goal: maximize}\ncommand: a", "'metric'.*write maximize: acc$"),
        ("early_terminate: {type: hyperband}\ncommand: a", "write stopping: halving$"),
        ("command: train ${args}\nparameters: {x: [1]}", "without the \\$"),
        (
            "command: [python, '${program}', '{args}']\nparameters: {x: [1]}",
            r"W&B's \$\{program\}. Write it out",
        ),
        ("command: train {args}\nsearch: bayes\nparameters: {x: [1]}", "Leave `search` out"),
        (
            "command: train {args}\nstopping: {type: hyperband}\nparameters: {x: [1]}",
            "Write stopping: halving",
        ),
        ("command: t {args}\nparameters: {x: {values: [1, 2]}}", r"Write x: \[1, 2\]$"),
        ("command: t {args}\nparameters: {x: {min: 1, max: 9}}", r"Write x: \{low: 1, high: 9\}$"),
        (
            "command: t {args}\nparameters: {x: {min: .9, max: .999, distribution: inv_log_uniform_values}}",
            r"Write x: \{low: 0.9, high: 0.999, scale: reverse_log\}$",
        ),
        (
            "command: t {args}\nparameters: {x: {min: 0, max: 1, distribution: log_uniform}}",
            r"low: 1, high: 2.71828, scale: log",
        ),
        ("command: train {args}\nparameters: {x: [1, 2]}\nminimize: 3", "name of a metric"),
        ("command: !!python/object/apply:os.system ['true']\nparameters: {}", "is none"),
    ],
)
def test_a_file_that_breaks_a_rule_is_told(text, words, tmp_path):
    path = tmp_path / "sweep.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        read_sweep(path)


def test_a_number_that_is_none_is_told_in_one_line(tmp_path, capsys):
    goal = {"command": "train {args}", "minimize": "loss", "parameters": {"x": [1, 2]}}
    for name, rule in (
        ("trials", "whole number from 1"),
        ("until", "finite value"),
        ("attempts", "1 attempt"),
    ):
        assert main(["sweep", str(write(tmp_path, **goal, **{name: "many"}))]) == 2
        said = capsys.readouterr().err
        assert all(part in said for part in (name, rule, "'many'"))
        assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("line", "step", "metrics"),
    [
        ("val_loss=0.5", None, {"val_loss": 0.5}),
        ("[3/9] epoch 3 - val_loss: 1e-3 - acc: .9", 3, {"val_loss": 1e-3, "acc": 0.9}),
        ("best_val_loss=0.1 val_loss2=3", None, {}),
        ("val_loss=nan step=7", 7, {"val_loss": pytest.approx(float("nan"), nan_ok=True)}),
        ("epoch 3 begins", None, {}),
        ('{"val_loss": 1, "epoch": 4, "ok": true}', 4, {"val_loss": 1.0}),
        ("{not json val_loss=2", None, {}),
    ],
)
def test_metrics_are_read_from_lines(line, step, metrics):
    assert read_metrics(line, ["val_loss", "acc"]) == (step, metrics)


def test_a_program_that_is_not_there_fails_its_trials(tmp_path, capsys):
    path = write(
        tmp_path, command="no-such-program {args}", minimize="loss", trials=2, parameters={"x": [1, 2]}
    )
    assert main(["sweep", str(path)]) == 1
    assert "cannot be started" in capsys.readouterr().err


class Told(Channel):
    """Is told that the training is to end when it is asked for the nth time; 0 for never."""

    def __init__(self, asked):
        self.asked = asked
        self.reports = []

    def send(self, message):
        self.reports.append(message.metrics)

    @property
    def halted(self):
        self.asked -= 1
        return self.asked == 0


def ends(how):
    """A command that reports once and ends so."""
    program = f"import os, signal; print('loss=1 epoch=1', flush=True); {how}"
    return Command((sys.executable, "-I", "-S", "-c", program), ("loss",), ("loss",))


@pytest.mark.parametrize(
    "how",
    [
        "os.kill(os.getpid(), signal.SIGTERM)",
        "signal.signal(signal.SIGINT, signal.SIG_DFL); os.kill(os.getpid(), signal.SIGINT)",
        "os._exit(143)",
        "os._exit(130)",
    ],
    ids=["terminated", "interrupted", "terminated in a shell", "interrupted in a shell"],
)
def test_a_program_that_is_told_to_end_before_its_trial_is_has_not_failed(how):
    channel = Told(5)  # asked once for the line, and then until it is told
    trial = LiveTrial(Start(0, {}, seed=1), channel)
    ends(how)(trial)
    assert trial.cut
    assert channel.reports == [{"loss": 1.0}]


def test_a_program_that_somebody_ends_has_failed(monkeypatch):
    monkeypatch.setattr(command, "TOLD_SECONDS", 0.05)
    trial = LiveTrial(Start(0, {}, seed=1), Told(0))
    with pytest.raises(RunError, match="exit code -15; it said last: loss=1"):
        ends("os.kill(os.getpid(), signal.SIGTERM)")(trial)


@pytest.mark.parametrize(
    ("metric", "prints", "words"),
    [
        ("los", "loss=1", "'los'; it printed 'loss'. Did you mean 'loss'?"),
        ("los", '{"loss": 1}', "'los'; it printed 'loss'. Did you mean 'loss'?"),
        ("accuracy", "loss=1 epoch=2", "printed 'loss'. Have it print accuracy=NUMBER."),
        ("loss", "done", "it printed no number with a name. Have it print loss=NUMBER."),
    ],
)
def test_a_command_that_does_not_print_the_metric_is_told_so(metric, prints, words, tmp_path, capsys):
    program = tmp_path / "train.py"
    program.write_text(f"print({prints!r})")
    command = [sys.executable, "-I", "-S", str(program), "{args}"]
    path = write(tmp_path, command=command, minimize=metric, trials=1, parameters={"x": [1, 2]})
    assert main(["sweep", str(path)]) == 1
    said = capsys.readouterr().err
    assert words in said
    assert "Correct the command or the space" in said
    assert "`train`" not in said
