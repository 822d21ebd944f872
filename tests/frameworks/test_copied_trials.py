"""A copy of another trial has that one's weights, and the settings of its own configuration."""

import importlib.util
import json

import pytest


@pytest.mark.parametrize(
    ("framework", "decay"), [("torch", 0.5), ("lightning", 0.5), ("keras", 1.0), ("paddle", 0.5)]
)
def test_a_copy_trains_at_its_own_rate_and_goes_on_with_the_schedule(framework, decay, ran_in):
    if importlib.util.find_spec(framework) is None:
        pytest.skip(f"needs the extra {framework}")
    together = "torch" if framework == "lightning" else framework
    error, out, _ = ran_in(together)[1][f"{framework}_copied.py"]
    assert error is None, error
    trials = json.loads(out.splitlines()[-1])
    copies = [one for one in trials if one["step"]]
    assert copies
    for one in trials:
        assert one["error"] is None
        trained = [(step, rate) for step, rate in one["rates"] if step > one["step"]]
        assert trained
        for step, rate in trained:
            assert rate == pytest.approx(one["config"] * decay ** (step - 1), rel=1e-5)
