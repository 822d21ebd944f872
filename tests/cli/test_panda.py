"""`sturgeon panda`: trained, steered from another process, looked at, replayed; what is wrong is one line."""

import json
import signal
import subprocess
import sys
import time

import pytest

import sturgeon as st
from sturgeon.cli.panda.drawing import describe_state
from sturgeon.panda.attach import RunState

QUICK = ("--fix", "hidden_units=8", "--fix", "layers=2", "--fix", "learning_rate=0.01")


@pytest.fixture
def tended(sturgeon, table, tmp_path):
    """A run of three epochs that has ended, and its result."""
    ran = sturgeon("panda", table, "--target", "kind", "--epochs", "3", *QUICK, "--json")
    assert ran.code == 0, ran.err
    return tmp_path / "fish.panda", json.loads(ran.out)


def test_a_run_ends_with_a_network_that_predicts_and_says_how_to_tend_it(sturgeon, tended, table, tmp_path):
    folder, result = tended
    assert (result["epochs"], result["branches"], result["metric"]) == (3, 1, "val_loss")
    assert result["config"]["schedule"] == "constant"
    assert result["test"]["loss"] > 0
    assert json.loads((folder / "result.json").read_text())["best"] == result["best"]
    ran = sturgeon("predict", folder, table, "-o", tmp_path / "out.csv")
    assert ran.code == 0, ran.err


def test_the_tree_the_state_and_the_schedule_are_shown(sturgeon, tended):
    folder, _ = tended
    assert "branch 0  epochs 1–3" in sturgeon("panda", "tree", folder).out
    assert json.loads(sturgeon("panda", "tree", folder, "--json").out)["branches"][0]["branch"] == 0
    assert json.loads(sturgeon("panda", "status", folder, "--json").out)["state"] == "ended"
    snippet = {}
    exec(sturgeon("panda", "export", folder, "--python").out, snippet)
    assert snippet["values_at"](2, 10)["learning_rate"] == 0.01


@pytest.mark.parametrize(("state", "told"), [("training", True), ("gone", True), ("ended", False)])
def test_a_run_that_has_ended_is_given_no_advice(state, told):
    run = RunState("a.study", state, 0, 3, {}, "val_loss", 0.5, {7: "Halve the learning rate."})
    assert any("Halve" in line for line in describe_state(run)) == told


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["sett", "RUN", "learning_rate=3"], "No such command 'sett'. Did you mean 'set'?"),
        (
            ["tree", "nothing.pand"],
            "'nothing.pand'; check the path, or begin a run with `sturgeon panda DATA",
        ),
        (["status", "."], "'panda.study'; check the path, or begin a run with `sturgeon panda DATA"),
    ],
)
def test_a_slip_of_the_pen_is_told(sturgeon, arguments, said):
    ran = sturgeon("panda", *arguments)
    assert ran.code == 2
    assert said in ran.complaint


def test_a_finished_run_goes_on_for_more_epochs_as_if_it_had_not_ended(sturgeon, tended, table, tmp_path):
    ran = sturgeon("panda", table, "--target", "kind", "--resume", "--epochs", "5", *QUICK, "--json")
    longer = json.loads(ran.out)
    ran = sturgeon(
        "panda", table, "--target", "kind", "--epochs", "5", *QUICK, "--json", "--out", tmp_path / "whole"
    )
    assert longer["value"] == json.loads(ran.out)["value"]
    assert longer["branch"] == 1
    # With nothing left to train it stands where it stood.
    ran = sturgeon("panda", table, "--target", "kind", "--resume", "--epochs", "5", *QUICK, "--json")
    assert json.loads(ran.out)["value"] == longer["value"]


def test_a_replay_gives_the_same_curves_to_the_bit(sturgeon, tended, table, tmp_path):
    folder, result = tended
    plan = tmp_path / "plan.json"
    ran = sturgeon("panda", "export", folder, "-o", plan)
    assert ran.code == 0
    assert str(plan) in ran.err
    again = sturgeon("panda", table, "--target", "kind", "--replay", plan, "--json")
    assert json.loads(again.out)["replay"] == {"same": True, "largest_difference": 0.0}
    assert "epoch 3/3" in again.err
    assert json.loads(again.out)["value"] == result["value"]


def test_a_replay_takes_the_seed_that_the_run_was_begun_with(sturgeon, table, tmp_path):
    first, plan = tmp_path / "five", tmp_path / "five.json"
    given = ("--seed", "5", "--epochs", "2", *QUICK, "--out", first)
    assert sturgeon("panda", table, "--target", "kind", *given).code == 0
    assert sturgeon("panda", "export", first, "-o", plan).code == 0
    again = sturgeon("panda", table, "--target", "kind", "--replay", plan, "--json")
    assert again.code == 0, again.err
    result = json.loads(again.out)
    assert (result["seed"], result["replay"]["same"]) == (5, True)


def test_bad_input_is_one_line_and_code_2(sturgeon, tended, table, tmp_path):
    folder, _ = tended
    (tmp_path / "no.json").write_text("{}")
    for arguments, says in [
        ((table,), "Name it: `--target COLUMN`"),
        ((table, "--target", "kind"), "resumed only when asked to"),
        ((table, "--target", "kind", "--fix", "depth=3"), "takes a hyperparameter"),
        (
            (table, "--target", "kind", "--out", tmp_path / "b", "--epochs", "0"),
            "`--epochs` must be at least 1",
        ),
        (
            (table, "--target", "kind", "--out", tmp_path / "b", "--replay", tmp_path / "no.json"),
            "A schedule must be",
        ),
        ((table, "--target", "kind", "--out", tmp_path / "b", "--bound", "learning_rate=1"), "name=low:high"),
        ((table, "--target", "kind", "--out", tmp_path / "b", "--resume"), "there is none at"),
        (("set", folder, "learning_rate=0.1"), "has ended"),
        (("set", folder, "learning_rate"), "must be name=value"),
        (("status", tmp_path / "none.study"), "there is no study"),
        (("tree", table), "not a study"),
    ]:
        ran = sturgeon("panda", *arguments)
        assert ran.code == 2, arguments
        assert says in ran.complaint, ran.complaint
    assert not (tmp_path / "b").exists()


def wait_until(condition):
    for _ in range(6000):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come to that in five minutes")


def arguments_of_panda(table, folder, epochs, *more):
    return [
        "panda", str(table), "--target", "kind", "--out", str(folder), "--epochs", str(epochs), *QUICK, *more
    ]  # fmt: skip


def start(*arguments):
    command = [sys.executable, "-m", "sturgeon", *arguments_of_panda(*arguments)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def epoch_of(folder):
    if not (folder / "panda.study").exists():
        return 0
    try:
        with st.Panda.attach(folder / "panda.study") as tended:
            return tended.state().epoch
    except st.SturgeonError:
        return 0


def test_another_process_steers_it_and_a_kill_loses_no_change(sturgeon, table, tmp_path):
    folder = tmp_path / "killed"
    trained = start(table, folder, 100_000)
    try:
        wait_until(lambda: epoch_of(folder) > 2)
        with st.Panda.attach(folder / "panda.study", author="Lan") as tended:
            assert "0.01 → 0.02" in tended.set(learning_rate=0.02, why="slow").message
            changed = tended.tree().changes[0]
            tried = tended.vary(learning_rate=[0.05, 0.005], epochs=1).body["tried"]
            tended.carry(tried[1]["trial"])
            with pytest.raises(st.InputError, match="must be a number in"):
                tended.set(learning_rate=-1)
        trained.send_signal(signal.SIGKILL)
        trained.wait()
        with st.Panda.attach(folder / "panda.study") as tended:
            assert tended.state().state == "gone"
            reached = tended.state().epoch
            with pytest.raises(st.InputError, match="a process that is gone"):
                tended.set(learning_rate=0.1)
    finally:
        trained.kill()
    target = max(reached, changed.at.epoch) + 3
    assert sturgeon(*arguments_of_panda(table, folder, target, "--resume")).code == 0
    with st.Panda.attach(folder / "panda.study") as tended:
        tree = tended.tree()
    assert tree.changes[0] == changed
    branch = tree.branches[tree.current]
    assert branch.values["learning_rate"] == 0.005
    assert [epoch for epoch, _ in branch.curves["val_loss"]][-1] == target
    # Repeated with nobody there it is the same to the bit: nothing was lost or done twice.
    plan, again = tmp_path / "plan.json", tmp_path / "again"
    assert sturgeon("panda", "export", folder, "--branch", tree.current, "-o", plan).code == 0
    assert sturgeon(*arguments_of_panda(table, again, 1, "--replay", str(plan))).code == 0
    assert json.loads((again / "result.json").read_text())["replay"]["same"]
