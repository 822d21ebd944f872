"""The line of progress, and what the values of options mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sturgeon.caviar.limits import to_seconds
from sturgeon.caviar.progress import Progress, format_seconds
from sturgeon.cli.common.options import change_space
from sturgeon.errors import InputError
from sturgeon.space import Choice, Constant, Integer, Real, notes_space


def progress(**changes) -> Progress:
    facts = {"done": 3, "running": 2, "target": 8, "epochs": 100, "trained": 100 / 30, "begun": 1 / 3}
    facts |= {"seconds": 10.0, "budget": None, "best": (1, 0.25), "metric": "val_loss"}
    return Progress(**(facts | changes))


def test_a_line_of_progress_says_done_running_best_rate_and_time_left():
    assert progress().describe() == (
        "3/8 trials done, 2 running · best val_loss 0.2500 (trial 1) · 10 epochs/s · 0:14 left"
    )


def test_a_small_value_keeps_its_digits():
    assert "best val_loss 1.235e-07 (trial 1)" in progress(best=(1, 1.2345e-7)).describe()
    assert "best val_loss 123457 (trial 1)" in progress(best=(1, 123456.7)).describe()
    assert "best val_loss 1234 (trial 1)" in progress(best=(1, 1234.1)).describe()


def test_before_the_first_result_nothing_is_promised():
    line = progress(done=0, epochs=1, trained=1 / 30, begun=1 / 30, best=None).describe()
    assert line == "0/8 trials done, 2 running · 0 epochs/s · estimating the time left"


def test_a_budget_bounds_the_time_left():
    assert progress(budget=12.0).seconds_left() == pytest.approx(2)
    assert progress(budget=1e6).seconds_left() == pytest.approx(14)
    assert progress(budget=9.0).seconds_left() == 0
    assert progress(target=None, budget=30.0).seconds_left() == 20


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("10m", 600), ("1h30m", 5400), ("1.5h", 5400), ("2d", 172800)],
)
def test_durations(text, seconds):
    assert to_seconds(text, "--budget") == seconds


@pytest.mark.parametrize("text", ["", "m", "ten minutes", "10 m", "-5s", "10m!", "5w"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(InputError, match="10m"):
        to_seconds(text, "--budget")


@given(st.integers(0, 10**6))
def test_formatted_seconds_read_back(seconds):
    parts = [int(part) for part in format_seconds(seconds).split(":")]
    assert sum(part * 60**power for power, part in enumerate(reversed(parts))) == seconds


def vary(*texts, fix=()):
    return change_space(notes_space(), texts, fix)


def test_vary_keeps_what_it_does_not_say():
    space = vary("learning_rate=0.001:0.1", "momentum=0.8:0.95", "hidden_units=64:256")
    assert space["learning_rate"] == Real(0.001, 0.1, scale="log", priority=1, default=0.01)
    assert space["momentum"].conditions == notes_space()["momentum"].conditions
    assert space["momentum"].scale == "reverse_log"
    assert space["hidden_units"] == Integer(64, 256, default=75)


def test_vary_takes_a_scale_options_and_constants_of_the_notes_space():
    space = vary("batch_size=10:100:linear", "layers=2,4", "dropout=0:0.5", "activation=relu,tanh")
    assert space["batch_size"] == Integer(10, 100, default=64)
    assert space["layers"] == Choice((2, 4), priority=3)
    assert space["dropout"] == Real(0.0, 0.5, priority=3, default=0.0)
    assert space["activation"] == Choice(("relu", "tanh"), priority=3, default="relu")


def test_fixing_what_others_depend_on_drops_them():
    space = vary(fix=["optimizer=adam", "layers=3", "learning_rate=1e-2"])
    assert "momentum" not in space.names
    assert space["layers"] == Constant(3, priority=3)
    assert space["learning_rate"] == Constant(0.01, priority=1)
