import gc
import os
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

import places
from sturgeon.errors import StudyError
from sturgeon.study import LeaseLost, Leases, Study
from sturgeon.study.leases import LeaseKeeper, _identity, _start_of, is_alive, new_worker

ELSEWHERE = "other-host|0123456789ab|4711|1000|abcdefabcdef"


def rewrite(study, number, **columns):
    """Write columns of a trial behind the study's back."""
    sets = ", ".join(f"{name} = {value!r}" for name, value in columns.items())
    statement = (
        f"UPDATE sturgeon_trials SET {sets} WHERE study_id = {study._store._study_id} AND number = {number}"
    )
    study._store._database.write(lambda connection: connection.exec_driver_sql(statement))


def lease_ends(study, number):
    key = f"study_id = {study._store._study_id} AND number = {number}"
    statement = f"SELECT lease_ends FROM sturgeon_trials WHERE {key}"
    return study._store._database.read(lambda connection: connection.exec_driver_sql(statement).fetchone()[0])


def test_a_trial_of_another_machine_is_left_alone_until_its_lease_ends(where):
    with places.make_study(where, leases=Leases(attempts=3)) as study:
        (trial,) = study.ask()
        study.checkpoint(trial, "weights.npz")
        rewrite(study, 0, worker=ELSEWHERE)
        study._running.held.clear()
        assert study.ask()[0].number == 1
        rewrite(study, 0, lease_ends=time.time() - 1)
        (again,) = study.ask()
        assert (again.number, again.attempt, again.seed) == (0, 2, trial.seed)
        assert again.config == trial.config
        assert again.resume_from == "weights.npz"
        past = study.attempts(0)
        assert [(one.number, one.outcome) for one in past] == [(1, "lost"), (2, "running")]
        assert past[0].worker == ELSEWHERE


def test_a_late_result_of_a_lost_attempt_is_refused(where):
    with places.make_study(where) as study:
        (late,) = study.ask()
        rewrite(study, 0, worker=ELSEWHERE, lease_ends=1.0)
        study._running.held.clear()
        (again,) = study.ask()
        with pytest.raises(LeaseLost, match="running in attempt 2 and this was attempt 1"):
            study.tell(late, loss=0.1)
        with pytest.raises(LeaseLost):
            study.report(late, step=1, loss=0.1)
        study.tell(again, loss=0.2)
        assert study.trial(0).value == 0.2


def test_a_result_after_the_lease_ended_counts_where_nobody_took_the_trial(where):
    with places.make_study(where) as study:
        (trial,) = study.ask()
        rewrite(study, 0, lease_ends=1.0)
        assert study.tell(trial, loss=0.1) == "complete"


def test_a_slow_live_worker_never_loses_its_trial(lasting):
    with places.make_study(lasting) as slow, Study.open(lasting) as other:
        (trial,) = slow.ask()
        rewrite(slow, 0, lease_ends=1.0)
        assert other.ask()[0].number == 1
        slow.tell(trial, loss=0.1)


def test_a_trial_lost_too_often_fails(where):
    with places.make_study(where, leases=Leases(attempts=2)) as study:
        for _ in range(2):
            study.ask()
            rewrite(study, 0, worker=ELSEWHERE, lease_ends=1.0)
            study._running.held.clear()
        assert study.ask()[0].number == 1
        assert study.trial(0).state == "failed"
        assert study.trial(0).error.type == "WorkerLost"
        assert [one.state for one in study.record] == ["failed", "running"]


def die_with(place, *counts):
    """Have processes, one after the other, ask for so many trials, those left before among them, and end."""
    program = f"""
        import os
        from sturgeon.study import Study
        for count in {counts}:
            if (child := os.fork()) == 0:
                study = Study.open({str(place)!r})
                print(*sorted(trial.number for _ in range(count) for trial in study.ask()), flush=True)
                os._exit(0)
            os.waitpid(child, 0)
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [[int(number) for number in line.split()] for line in done.stdout.splitlines()]


def test_a_process_that_is_killed_with_several_trials_counts_against_none(lasting):
    places.make_study(lasting).close()
    assert die_with(lasting, 3, 3, 3) == [[0, 1, 2]] * 3
    with Study.open(lasting) as study:
        trials = study.ask(3)
        assert [(one.number, one.attempt) for one in trials] == [(0, 4), (1, 4), (2, 4)]
        assert study.retry(0, "its own worker died") == "waiting"
        assert study.retry(study.ask()[0], "its own worker died") == "failed"


def test_a_process_that_is_killed_with_one_trial_counts_against_it(lasting):
    places.make_study(lasting).close()
    assert die_with(lasting, 2) == [[0, 1]]
    with Study.open(lasting) as study:  # the one is done, the other is lost
        study.tell(study.ask()[0], loss=1.0)
        study.pause(study.ask()[0])
    assert die_with(lasting, 1, 1) == [[1]] * 2
    with Study.open(lasting) as study:
        assert study.ask()[0].number == 2
        assert study.trial(1).state == "failed"


def test_a_dead_process_on_this_machine_is_seen_at_once(lasting):
    places.make_study(lasting).close()
    program = f"""
        import os
        from sturgeon.study import Study
        study = Study.open({str(lasting)!r})
        trial, = study.ask()
        study.report(trial, step=1, loss=0.5)
        os._exit(0)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True)
    with Study.open(lasting) as study:
        assert study.counts()["running"] == 1
        (again,) = study.ask()
        assert (again.number, again.attempt) == (0, 2)
        assert study.trial(0).curves == {"loss": [(1, 0.5)]}


def test_a_lease_is_renewed_while_user_code_does_something_else(where):
    with places.make_study(where, leases=Leases(seconds=0.15)) as study:
        study.ask()
        first = lease_ends(study, 0)
        deadline = time.monotonic() + 300
        while lease_ends(study, 0) == first:
            assert time.monotonic() < deadline
        assert lease_ends(study, 0) > first


def test_a_handle_that_is_forgotten_frees_its_trials(lasting):
    before = set(threading.enumerate())
    study = places.make_study(lasting, leases=Leases(seconds=3600.0))  # its thread looks every 20 minutes
    study.ask()
    del study
    gc.collect()
    with Study.open(lasting) as again:
        assert again.ask()[0].number == 0
    keepers = [one for one in set(threading.enumerate()) - before if one.name == "sturgeon-leases"]
    for keeper in keepers:
        keeper.join(300)
    assert not any(keeper.is_alive() for keeper in keepers)


def test_a_keeper_goes_on_when_the_database_fails_for_a_while():
    class Flaky:
        def __init__(self):
            self.calls = 0
            self.enough = threading.Event()

        def renew(self, seconds):
            self.calls += 1
            if self.calls < 3:
                raise OSError("away")
            self.enough.set()

    flaky = Flaky()
    keeper = LeaseKeeper(flaky, Leases(seconds=0.003))
    keeper.start()
    assert flaky.enough.wait(300)
    keeper.stop()


def test_a_worker_is_alive_dead_or_unknown():
    worker = new_worker()
    assert is_alive(worker) is True
    assert is_alive(ELSEWHERE) is None
    assert is_alive(None) is None
    host, machine, pid, _, token = worker.split("|")
    assert is_alive("|".join((host, machine, pid, "1", token))) is False
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    theirs = "|".join((host, machine, str(child.pid), _start_of(child.pid), token))
    assert is_alive(theirs) is True
    child.communicate(b"\n")
    assert is_alive(theirs) is False


@pytest.fixture
def without_starts(monkeypatch):
    """A system that does not tell when a process started, as macOS."""

    def nothing(self, *arguments, **settings):
        raise FileNotFoundError(self)

    _identity.cache_clear()
    with monkeypatch.context() as system:
        system.setattr(Path, "read_text", nothing)
        system.setattr(Path, "exists", lambda self: False)
        yield
    _identity.cache_clear()


def test_without_a_start_time_the_lease_decides_for_a_process_that_is_there(without_starts):
    ours = new_worker()
    assert is_alive(ours) is True
    host, machine, pid, mark, token = ours.split("|")
    earlier = "|".join((host, machine, pid, mark[:-1] + "x", token))
    assert is_alive(earlier) is False  # of our number, and not us
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    theirs = "|".join((host, machine, str(child.pid), "-0123456789ab", token))
    assert is_alive(theirs) is None
    child.communicate(b"\n")
    assert is_alive(theirs) is False


def test_a_number_used_again_holds_no_trial_where_starts_are_unknown(without_starts):
    with places.make_study(":memory:") as study:
        study.ask()
        host, machine, *_ = new_worker().split("|")
        rewrite(study, 0, worker=f"{host}|{machine}|{os.getppid()}|-0123456789ab|abcdefabcdef")
        study._running.held.clear()
        assert study.ask()[0].number == 1
        rewrite(study, 0, lease_ends=1.0)
        assert study.ask()[0].number == 0


@pytest.mark.parametrize("settings", [{"seconds": 0}, {"seconds": float("nan")}, {"attempts": 0}])
def test_leases_must_make_sense(settings):
    with pytest.raises(StudyError, match="got"):
        Leases(**settings)
