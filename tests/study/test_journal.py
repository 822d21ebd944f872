import math
import subprocess
import sys

import pytest

import places
from sturgeon.errors import StudyError
from sturgeon.study import Study


@pytest.fixture(params=["file", "memory", "postgres"])
def study(request, tmp_path):
    with places.make_study(places.place(request.param, tmp_path)) as study:
        yield study


def test_entries_come_back_in_order_as_they_were_written(study):
    study.journal.write("request", {"action": "stop", "why": "<b>\x1b[31m"}, trial=3, author="Minh")
    study.journal.write("remark", {"rate": 0.1, "none": None})
    first, second = study.journal.read()
    assert (first.kind, first.trial, first.author) == ("request", 3, "Minh")
    assert first.body == {"action": "stop", "why": "<b>\x1b[31m"}
    assert second.body == {"rate": 0.1, "none": None}
    assert first.id < second.id
    assert first.time <= second.time


def test_a_follower_gets_only_what_is_new_and_of_its_kind(study):
    seen = study.journal.write("request", {"n": 1}).id
    (trial,) = study.ask()
    study.tell(trial, loss=1.0)
    study.journal.write("remark", {"n": 2})
    study.journal.write("request", {"n": 3})
    assert [entry.body["n"] for entry in study.journal.read(after=seen)] == [2, 3]
    assert [entry.body["n"] for entry in study.journal.read(kind="request", after=seen)] == [3]
    assert [entry.body["n"] for entry in study.journal.read(kind="request")] == [1, 3]


def test_what_is_not_plain_json_is_refused(study):
    with pytest.raises(StudyError, match="plain JSON with finite numbers"):
        study.journal.write("remark", {"rate": math.nan})
    with pytest.raises(StudyError, match="plain JSON"):
        study.journal.write("remark", {"what": object()})
    assert study.journal.read() == []


def test_another_process_writes_while_trials_run(tmp_path):
    where = tmp_path / "shared.study"
    script = (
        "import sys; from sturgeon.study import Study\n"
        "with Study.open(sys.argv[1]) as study:\n"
        "    for n in range(20): study.journal.write('request', {'n': n})\n"
    )
    with places.make_study(where) as study:
        other = subprocess.Popen([sys.executable, "-c", script, str(where)])
        for trial in study.ask(20):
            study.tell(trial, loss=1.0)
        assert other.wait(300) == 0
        assert [entry.body["n"] for entry in study.journal.read()] == list(range(20))
    with Study.open(where) as study:
        assert study.counts()["complete"] == 20
        assert len(study.journal.read()) == 20
