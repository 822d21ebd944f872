"""What is asked of a study in the wrong form is told in one line that says what to write."""

import logging

import pytest

from sturgeon.errors import StudyError
from sturgeon.space import Real, Space
from sturgeon.study import Leases, Study

SPACE = Space(x=Real(0.0, 1.0))


@pytest.fixture
def study():
    with Study.create(":memory:", SPACE, minimize="val_loss") as made:
        yield made


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda: Study.create(":memory:", {"x": 1}, minimize="a"),
            "must be a Space; got .'x': 1.. Write st.Space",
        ),
        (lambda: Study.open_or_create(":memory:", None, minimize="a"), "must be a Space; got None"),
        (lambda: Study.create(3, SPACE, minimize="a"), "path or a PostgreSQL URL; got 3: name a file"),
        (lambda: Study.open(3), "path or a PostgreSQL URL; got 3: name a file"),
        (lambda: Study.exists(None), "path or a PostgreSQL URL; got None: name a file"),
        (
            lambda: Study.open("mysql://anna:secret@host/wine"),
            "mysql:// URL: name a file, study='wine.study'",
        ),
        (lambda: Leases(seconds="60"), "got seconds='60': write seconds=60"),
        (lambda: Leases(attempts=1.5), "got attempts=1.5: write attempts=2"),
    ],
)
def test_what_makes_no_study_is_told(make, words):
    with pytest.raises(StudyError, match=words) as caught:
        make()
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda study, trial: study.ask("4"),
            r"`ask` needs a whole number from 1; got count='4': study.ask\(4\)",
        ),
        (lambda study, trial: study.ask(0), r"got count=0: study.ask\(4\)"),
        (lambda study, trial: study.ask(2.5), "got count=2.5"),
        (
            lambda study, trial: study.top(0),
            r"`top` needs a whole number from 1; got count=0: study.top\(5\)",
        ),
        (lambda study, trial: study.tell([trial], val_loss=1.0), "gives a list, .*list of 1: for trial in"),
        (lambda study, trial: study.report([trial], 1, val_loss=1.0), "gives a list"),
        (lambda study, trial: study.trial([trial]), "gives a list"),
        (lambda study, trial: study.tell("0", val_loss=1.0), "got a str: pass trial.number"),
        (
            lambda study, trial: study.tell(study.trial(0), val_loss=1.0),
            "got a TrialRecord: pass trial.number",
        ),
        (lambda study, trial: study.tell(trial, 1.0), r"got 1.0 without one: tell\(trial, val_loss=...\)"),
        (
            lambda study, trial: study.report(trial, 1, 0.3),
            r"got 0.3 without one: report\(trial, step=1, val_loss=",
        ),
        (lambda study, trial: study.report(trial, 0.3), r"got none: report\(trial, step=1, val_loss=...\)"),
        (lambda study, trial: study.continue_in({"x": 1}), "must be a Space"),
    ],
)
def test_what_a_study_cannot_do_is_told(study, call, words):
    (trial,) = study.ask()
    with pytest.raises(StudyError, match=words) as caught:
        call(study, trial)
    assert "\n" not in str(caught.value)
    assert (study.counts()["running"], study.trial(0).curves) == (1, {})


def test_a_metric_that_is_no_name_in_python_is_shown_as_one_passes_it():
    with Study.create(":memory:", SPACE, minimize="val loss") as study:
        (trial,) = study.ask()
        with pytest.raises(StudyError, match=r'tell\(trial, \*\*{"val loss": ...}\)'):
            study.tell(trial, size=3)
        assert study.tell(trial, **{"val loss": 0.5}) == "complete"


def test_a_failed_trial_is_told_without_the_place(study, caplog):
    (trial,) = study.ask()
    with caplog.at_level(logging.WARNING):
        study.tell(trial, val_loss=float("nan"))
    assert caplog.messages == ["trial 0 failed: val_loss was nan"]
