"""What every place that keeps studies must do."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from sturgeon.errors import StudyError
from sturgeon.search import Random
from sturgeon.space import Choice, Integer, Real, Space
from sturgeon.study import Leases, Study, Trial


def make_space() -> Space:
    """A space of every kind of hyperparameter, one of them conditional."""
    return Space(
        learning_rate=Real(1e-4, 1.0, scale="log", priority=1),
        hidden_units=Integer(50, 100),
        optimizer=Choice(("adam", "momentum")),
        momentum=Real(0.9, 0.999, scale="reverse_log", when={"optimizer": "momentum"}),
    )


def make_study(place: Any, **settings: Any) -> Study:
    """Begin a study of random search that minimises ``loss``."""
    return Study.create(place, make_space(), minimize="loss", search=Random(), **settings)


class StorageContract:
    """What a disk, or a database server, must do with the studies that it keeps.

    A subclass overrides the fixture ``place``. Run it on the file system or on the server that is to keep
    yours: a network disk without working locks, or a server that only speaks PostgreSQL's language, is found
    out here.
    """

    @pytest.fixture
    def place(self) -> Any:
        """A path or a URL at which there is no study yet, and at which one lasts."""
        raise NotImplementedError("Override the fixture `place`: it gives a path or a URL for a new study.")

    def test_a_study_is_there_when_it_was_made(self, place: Any) -> None:
        """And not before; a second one is not made in its place."""
        assert not Study.exists(place)
        make_study(place).close()
        assert Study.exists(place)
        with pytest.raises(StudyError, match="exists already"):
            make_study(place)

    def test_only_one_of_many_makes_a_study(self, place: Any) -> None:
        """However many try at once."""
        made: list[Study] = []
        refused: list[str] = []

        def make() -> None:
            try:
                made.append(make_study(place))
            except StudyError as error:
                refused.append(str(error))

        in_threads(6, make)
        assert len(made) == 1
        assert len(refused) == 5
        assert all("exists already" in line for line in refused)
        made[0].ask()
        made[0].close()

    def test_many_open_or_make_one_study_and_share_its_trials(self, place: Any) -> None:
        """No trial is begun twice, and none beyond the bound."""
        asked: list[Trial] = []

        def work() -> None:
            with Study.open_or_create(place, make_space(), minimize="loss", search=Random()) as study:
                for _ in range(4):
                    for trial in study.ask(1, at_most=10):
                        asked.append(trial)
                        study.tell(trial, loss=1.0)

        in_threads(4, work)
        assert sorted(trial.number for trial in asked) == list(range(10))

    def test_all_of_a_trial_is_read_back(self, place: Any) -> None:
        """Curves, values, notes and tags, to the last bit."""
        curve = [(1, 0.1 + 0.2), (2, 1e-300), (7, 2.0**-1074)]
        with make_study(place, seed=2**63 - 1) as study:
            (trial,) = study.ask()
            for step, value in curve:
                study.report(trial, step=step, loss=value)
            study.note(trial, "größer, 更大, lớn hơn")
            study.tag(trial, "a", "b")
            study.tell(trial, loss=1 / 3)
        with Study.open(place) as study:
            kept = study.trial(0)
            assert study.seed == 2**63 - 1
            assert (kept.config, kept.seed, kept.value, kept.state) == (
                trial.config,
                trial.seed,
                1 / 3,
                "complete",
            )
            assert kept.curves == {"loss": curve}
            assert (kept.notes, kept.tags) == (("größer, 更大, lớn hơn",), ("a", "b"))

    def test_two_handles_see_what_the_other_writes(self, place: Any) -> None:
        """At once, curves too."""
        with make_study(place) as one, Study.open(place) as two:
            (a,) = one.ask()
            (b,) = two.ask()
            assert (a.number, b.number) == (0, 1)
            one.report(a, step=1, loss=0.5)
            assert [seen.curve for seen in two.record] == [((1, 0.5),), ()]
            one.report(a, step=2, loss=0.4)
            assert next(iter(two.record)).curve == ((1, 0.5), (2, 0.4))
            one.tell(a, loss=0.3)
            two.fail(b, "no")
            assert list(one.record) == list(two.record)
            assert [seen.state for seen in one.record] == ["complete", "failed"]
            assert one.ask()[0].number == 2
            assert two.ask()[0].number == 3

    def test_a_trial_may_be_told_through_another_handle(self, place: Any) -> None:
        """As a worker does."""
        with make_study(place) as parent, Study.open(place) as child:
            (trial,) = parent.ask()
            child.report(trial, step=1, loss=0.5, accuracy=0.1)
            child.tell(trial, loss=0.4)
            assert parent.trial(0).metrics == {"loss": 0.4, "accuracy": 0.1}
            assert next(iter(parent.record)).curve == ((1, 0.5),)

    def test_reports_through_another_handle_count_where_the_trial_is_held(self, place: Any) -> None:
        """Those of both handles make one curve."""
        with make_study(place) as parent, Study.open(place) as child:
            first, second = parent.ask(2)
            child.report(first, step=1, loss=0.5)
            child.report(second, step=1, loss=0.75)
            assert [seen.curve for seen in parent.record] == [((1, 0.5),), ((1, 0.75),)]
            parent.report(first, step=2, loss=0.4)
            assert [seen.curve for seen in parent.record] == [((1, 0.5), (2, 0.4)), ((1, 0.75),)]
            parent.stop(second)
            assert parent.trial(1).value == 0.75
            assert list(parent.record) == list(child.record)

    def test_a_batch_is_written_whole_or_not_at_all(self, place: Any) -> None:
        """Others see nothing of it before its end."""
        with make_study(place) as one, Study.open(place) as two:
            trials = one.ask(3)
            with one.batch():
                for trial in trials:
                    one.report(trial, step=1, loss=0.5)
                assert two.counts()["running"] == 3
                assert [seen.curve for seen in two.record] == [(), (), ()]
            assert [seen.curve for seen in two.record] == [((1, 0.5),)] * 3

    def test_a_reopened_study_suggests_what_it_would_have(self, place: Any) -> None:
        """A study that was closed goes on as one that was not."""

        def run(study: Study, count: int) -> None:
            for _ in range(count):
                (trial,) = study.ask()
                study.report(trial, step=1, loss=0.25 + trial.number)
                study.tell(trial, loss=0.125 * trial.number)

        with make_study(place, seed=5) as study:
            run(study, 4)
        with Study.open(place) as study:
            run(study, 4)
            resumed = [trial.config for trial in study.trials]
        with make_study(":memory:", seed=5) as study:
            run(study, 8)
            assert [trial.config for trial in study.trials] == resumed

    def test_closing_frees_the_running_trials(self, place: Any) -> None:
        """The next one to ask gets them, as new attempts."""
        with make_study(place, leases=Leases(attempts=3)) as study:
            (trial,) = study.ask()
        with Study.open(place) as study:
            (again,) = study.ask()
            assert (again.number, again.attempt) == (trial.number, 2)


def in_threads(count: int, work: Callable[[], None]) -> None:
    """Do the same in several threads at once, and wait for all; an error in one is raised here."""
    errors: list[BaseException] = []

    def guarded() -> None:
        try:
            work()
        except BaseException as error:  # any error of a thread, raised where they are waited for
            errors.append(error)

    threads = [threading.Thread(target=guarded) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
