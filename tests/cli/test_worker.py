"""``sturgeon worker``: workers that come and go, on a study that is there."""

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import yaml

import places
from sturgeon.cli.main import main, sturgeon
from sturgeon.search import Random
from sturgeon.space import Real, Space
from sturgeon.study import Study

CLUSTER = Path(__file__).parent.parent.parent / "examples" / "cluster"
TRAINING = """
import os

def train(trial):
    for epoch in trial.epochs(2):
        trial.report(loss=trial.config["x"] / epoch)
    with open("trained", "a") as file:
        file.write(f"{trial.number}\\n")

number = 3
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working directory with a training in it, which no other test imports."""
    (tmp_path / f"training_{tmp_path.name}.py").write_text(textwrap.dedent(TRAINING))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return tmp_path


@pytest.fixture
def function(folder):
    return f"training_{folder.name}:train"


def begin(place):
    Study.create(place, Space(x=Real(0.0, 1.0)), minimize="loss", search=Random()).close()


def test_a_worker_trains_until_the_study_has_its_trials(folder, function, capsys):
    begin("a.study")
    assert main(["worker", "a.study", "--function", function, "--trials", "3"]) == 0
    assert "3 complete" in capsys.readouterr().out
    assert main(["worker", "a.study", "--function", function, "--trials", "4"]) == 0
    assert (folder / "trained").read_text().split() == ["0", "1", "2", "3"]


def test_workers_of_a_server_share_its_trials_and_train_none_twice(folder, function):
    url = places.place("postgres", folder)
    begin(url)
    secret = re.search(r":([0-9a-f]+)@", url)[1]
    open_url = url.replace(f":{secret}@", "@")
    command = [sys.executable, "-m", "sturgeon", "worker", open_url, "--function", function, "--trials", "8"]
    started = [
        subprocess.Popen(
            command,
            env={**os.environ, "PGPASSWORD": secret},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for _ in range(2)
    ]
    said = [one.communicate()[0].decode() for one in started]
    assert [one.returncode for one in started] == [0, 0], said
    assert secret not in "".join(said)
    with Study.open(url) as study:
        assert study.counts()["complete"] == 8
    assert sorted(map(int, (folder / "trained").read_text().split())) == list(range(8))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("train", "MODULE:NAME"),
        ("nowhere_at_all:train", "No module named"),
        ("{module}:nothing", "was found and has no 'nothing'. Correct the name."),
        ("{module}:trian", "was found and has no 'trian'. Did you mean 'train'?"),
        ("{module}:number", "must be a function"),
    ],
)
def test_a_function_that_is_none_is_said_in_a_line(folder, function, given, words, capsys):
    begin("a.study")
    asked = given.format(module=function.partition(":")[0])
    assert main(["worker", "a.study", "--function", asked]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1


def test_a_study_that_is_not_there_is_not_made(folder, function, capsys):
    assert main(["worker", "b.study", "--function", function]) == 2
    assert "there is no study" in capsys.readouterr().err
    assert not (folder / "b.study").exists()


def test_the_slurm_script_is_sound_and_its_options_exist():
    script = CLUSTER / "worker.slurm"
    subprocess.run(["bash", "-n", script], check=True)
    assert options_of(script.read_text().rpartition("sturgeon worker")[2]) <= known_options()


def test_the_kubernetes_job_is_sound_and_its_options_exist():
    job = yaml.safe_load((CLUSTER / "worker.yaml").read_text())
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "Job")
    spec = job["spec"]["template"]["spec"]
    assert spec["restartPolicy"] in ("OnFailure", "Never")
    (container,) = spec["containers"]
    assert container["command"] == ["sturgeon", "worker"]
    assert options_of(" ".join(container["args"])) <= known_options()


def options_of(text):
    return set(re.findall(r"--[a-z-]+", text))


def known_options():
    return {option for one in sturgeon.commands["worker"].params for option in one.opts}
