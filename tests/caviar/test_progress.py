import pytest

from sturgeon.caviar import progress
from sturgeon.caviar.progress import Progress, ProgressLines


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test moves."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def standing(**changed):
    facts = {
        "done": 6,
        "target": 10,
        "running": 2,
        "trained": 3.0,
        "begun": 1.0,
        "best": None,
        "metric": "loss",
        "seconds": 30.0,
        "budget": None,
    }
    return Progress(**{**facts, **changed})


def test_a_short_run_prints_nothing(clock):
    lines = ProgressLines(wanted=True)
    clock[0] += 1.9
    assert not lines.due
    clock[0] += 0.2
    assert lines.due
    assert not ProgressLines(wanted=False).due


def test_lines_get_rarer(clock, capsys):
    lines = ProgressLines(wanted=True)
    moments = []
    for _ in range(3600):
        clock[0] += 1.0
        if lines.due:
            moments.append(lines.seconds)
            lines.show(standing())
    assert moments[:3] == [2.0, 7.0, 12.0]
    assert moments[-1] - moments[-2] == 60.0
    assert len(capsys.readouterr().err.splitlines()) == len(moments)


def test_the_time_left_counts_what_running_trials_have_done():
    assert standing().seconds_left() == 30.0
    assert standing(budget=40.0).seconds_left() == 10.0
    assert standing(target=None).seconds_left() is None
    assert standing(trained=0.0, begun=0.0).seconds_left() is None
    assert "0:30 left" in standing().describe()


def test_where_trials_may_be_stopped_the_time_left_is_an_upper_bound():
    assert standing().describe().endswith("· 0:30 left")
    assert standing(may_stop=True).describe().endswith("· at most 0:30 left")
    assert standing(may_stop=True, target=None, budget=40.0).describe().endswith("· 0:10 left")
