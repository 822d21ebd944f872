"""Handles that ask a server at the same time: who gets which number, and with which configuration."""

import threading
from contextlib import ExitStack, contextmanager

import psycopg
import pytest

import places
from sturgeon.errors import LeaseLost
from sturgeon.search import Random, Record
from sturgeon.search.base import number_rng
from sturgeon.space import Real, Space
from sturgeon.study import Study
from sturgeon.study.storage.prepared import Line

SPACE = Space(x=Real(0.0, 1.0), y=Real(1e-4, 1.0, scale="log"))


@pytest.fixture
def place(tmp_path):
    return places.place("postgres", tmp_path)


@contextmanager
def handles(place, count):
    Study.create(place, SPACE, minimize="loss", search=Random(), seed=5).close()
    with ExitStack() as stack:
        yield [stack.enter_context(Study.open(place)) for _ in range(count)]


def drawn(number, seed=5):
    """The configuration of a trial that nobody else has asked beside."""
    return Random().suggest(SPACE, Record(), 1, number_rng(seed, number))[0]


def ask_beside(study, other, times):
    """Ask, while another handle asks so often before the server is reached."""
    begin = study._store.begin_at_once

    def begin_late(*given, **named):
        study._store.begin_at_once = begin
        for _ in range(times):
            other.ask()
        return begin(*given, **named)

    study._store.begin_at_once = begin_late
    (trial,) = study.ask()
    return trial


def test_a_trial_has_the_configuration_of_its_number_whoever_asks_beside(place):
    with handles(place, 2) as (study, other):
        assert ask_beside(study, other, 1).number == 1
        for _ in range(3):
            trial = ask_beside(study, other, 3)
            assert trial.config == drawn(trial.number)
        assert [one.number for one in study.trials] == list(range(1 + 1 + 3 * 4))
        assert all(one.config == drawn(one.number) for one in other.trials)


def test_numbers_that_others_take_cost_no_second_look_once_they_were_seen_to(place):
    with handles(place, 2) as (study, other):
        ask_beside(study, other, 1)
        looks = []
        look = study._store.reader.look
        study._store.reader.look = lambda *given, **named: looks.append(1) or look(*given, **named)
        trial = ask_beside(study, other, 5)
        assert (trial.number, trial.config) == (7, drawn(7))
        assert len(looks) <= 1


def test_who_asks_alone_again_draws_for_one_number_again(place):
    with handles(place, 2) as (study, other):
        ask_beside(study, other, 2)
        assert not study._allocator._ahead.alone
        for _ in range(10):
            study.tell(study.ask()[0], loss=1.0)
        assert study._allocator._ahead.alone
        assert all(one.config == drawn(one.number) for one in study.trials)


def test_handles_that_ask_at_once_begin_as_many_trials_as_they_may_and_miss_none(place):
    with handles(place, 4) as studies:
        given = []

        def work(study):
            while trials := study.ask(at_most=40):
                study.tell(trials[0], loss=trials[0].config["x"])
                given.append(trials[0].number)

        threads = [threading.Thread(target=work, args=(study,)) for study in studies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(given) == list(range(40))
        found = studies[0].trials
        assert [(one.number, one.state, one.config) for one in found] == [
            (number, "complete", drawn(number)) for number in range(40)
        ]
        assert all(one.value == one.config["x"] and one.seconds >= 0 for one in found)


def test_what_waits_comes_before_what_is_drawn_ahead(place):
    with handles(place, 2) as (study, other):
        ask_beside(study, other, 1)
        other.enqueue({"x": 0.5, "y": 0.5})
        assert study.ask()[0].config == {"x": 0.5, "y": 0.5}


def test_an_ask_makes_two_trips_and_a_report_and_a_tell_one_each(place, monkeypatch):
    with handles(place, 1) as (study,):
        study.tell(study.ask()[0], loss=1.0)
        trips = []

        def count(kind):
            execute = kind.execute

            def counted(self, *given, **named):
                trips.append(kind)
                return execute(self, *given, **named)

            monkeypatch.setattr(kind, "execute", counted)

        count(psycopg.Cursor)
        count(Line)
        (trial,) = study.ask()
        study.report(trial, step=1, loss=2.0, accuracy=0.5)
        study.tell(trial, loss=1.0)
        assert trips == [psycopg.Cursor, Line, psycopg.Cursor, Line]


def test_a_trial_that_somebody_tagged_or_took_is_told_as_ever(place):
    with handles(place, 2) as (study, other):
        tagged, taken = study.ask()[0], study.ask()[0]
        other.tag(tagged.number, "slow")
        other.report(tagged, step=1, accuracy=0.5)
        assert study.tell(tagged, loss=1.0) == "complete"
        assert other.trials[tagged.number].metrics == {"loss": 1.0, "accuracy": 0.5}
        assert other.trials[tagged.number].tags == ("slow",)
        other.fail(taken, "by hand")
        with pytest.raises(LeaseLost):
            study.tell(taken, loss=1.0)


def test_what_a_killed_server_lost_is_not_remembered(place):
    with handles(place, 2) as (study, other):
        first, lost = study.ask()[0], study.ask()[0]
        assert {one.number for one in other.record} == {0, 1}
        # As after a crash: the server knows nothing of its newest change, which had not been acknowledged.
        with psycopg.connect(place.partition("?")[0], autocommit=True) as server:
            named = {"name": study._store.name, "number": lost.number}
            server.execute(
                "DELETE FROM sturgeon_trials WHERE number = %(number)s AND study_id = "
                "(SELECT id FROM sturgeon_studies WHERE name = %(name)s)",
                named,
            )
            server.execute(
                "UPDATE sturgeon_studies SET change = change - 1, next_number = next_number - 1 "
                "WHERE name = %(name)s",
                named,
            )
            server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND application_name = 'sturgeon'"
            )
        study.tell(first, loss=1.0)  # the count of changes is as before, and means another one
        (seen,) = other.record
        assert (seen.number, seen.state) == (0, "complete")
