"""Trainings of every framework are tended through its callback: changed, branched to the bit, ended."""

import importlib.util
import json
from pathlib import Path

import pytest

from script_runs import run_scripts

SCRIPTS = Path(__file__).parent / "scripts"


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Run the script of a framework; PyTorch's and Lightning's in one process, as a start takes longest."""
    found = {}

    def run(framework):
        if f"{framework}_tended.py" not in found:
            together = ["torch", "lightning"] if framework in ("torch", "lightning") else [framework]
            there = [name for name in together if importlib.util.find_spec(name) is not None]
            scripts = [SCRIPTS / f"{name}_tended.py" for name in there]
            found.update(run_scripts(scripts, tmp_path_factory.mktemp(framework)))
        return found[f"{framework}_tended.py"]

    return run


@pytest.fixture(params=["torch", "lightning", "keras", "paddle"])
def told(request, ran):
    """What the script of a framework prints at its end, and the learning rate that the optimiser has then."""
    if importlib.util.find_spec(request.param) is None:
        pytest.skip(f"needs the extra {request.param}")
    error, out, _ = ran(request.param)
    assert error is None, error
    text, _, rate = out.splitlines()[-1].rpartition(" ")
    return json.loads(text), float(rate)


def test_a_branch_with_no_change_repeats_its_parent_to_the_bit(told):
    curves = told[0]["curves"]
    parent, branch = dict(curves["0"]), dict(curves["1"])
    assert list(parent) == [1, 2, 3, 4]
    assert list(branch) == [3, 4, 5, 6]
    assert [parent[3], parent[4]] == [branch[3], branch[4]]


def test_a_change_is_read_back_from_the_optimiser_and_one_out_of_bounds_is_refused(told):
    kept, rate = told
    done = [(action, done) for action, done, _ in kept["outcomes"]]
    assert done == [("checkpoint", True), ("branch", True), ("set", True), ("set", False)]
    ((old, new),) = kept["changes"]
    assert rate == pytest.approx(0.01)
    assert (old["learning_rate"], new["learning_rate"]) == (pytest.approx(0.1), pytest.approx(0.01))
    assert kept["state"] == "ended"
