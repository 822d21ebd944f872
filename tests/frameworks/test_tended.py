"""Trainings of every framework are tended through its callback: changed, branched to the bit, ended."""

import importlib.util
import json

import pytest


@pytest.fixture(params=["torch", "lightning", "keras", "paddle"])
def told(request, ran_in):
    """What the script of a framework prints at its end, and the learning rate that the optimiser has then."""
    if importlib.util.find_spec(request.param) is None:
        pytest.skip(f"needs the extra {request.param}")
    together = "torch" if request.param == "lightning" else request.param
    error, out, _ = ran_in(together)[1][f"{request.param}_tended.py"]
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


@pytest.mark.parametrize("told", ["torch", "lightning"], indirect=True)
def test_the_coach_is_told_how_large_the_steps_of_each_layer_are(told):
    vitals = told[0]["vitals"]
    assert len(vitals["gradients"]) == len(vitals["updates"]) == 2  # of two layers, without their biases
    assert all(0 < update < 0.1 for update in vitals["updates"])
    assert all(gradient > 0 for gradient in vitals["gradients"])
