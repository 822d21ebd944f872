"""A change of mind: another space, another search."""

import logging

import pytest

from sturgeon.errors import SpaceError, StudyError
from sturgeon.search import CoarseToFine, Random, Sobol
from sturgeon.space import Choice, Constant, Integer, Real, Space
from sturgeon.study import Study

SPACE = Space(rate=Real(0.1, 1.0), kind=Choice(("a", "b")), depth=Integer(1, 4, when={"kind": "b"}))


@pytest.fixture
def old():
    with Study.create(":memory:", SPACE, maximize="score", seed=7, search=Sobol()) as study:
        study.add(
            {"rate": 0.2, "kind": "a"},
            {"score": 1.0},
            curves={"score": [(1, 0.5), (2, 1.0)]},
            notes=["first"],
        )
        study.add({"rate": 0.9, "kind": "b", "depth": 4}, {"score": 2.0})
        study.add({"rate": 0.5, "kind": "b", "depth": 2}, state="failed", error=ValueError("broken"))
        study.enqueue({"rate": 0.6, "kind": "a"})
        yield study


def test_the_same_trials_go_on_in_a_wider_space(old, tmp_path):
    wide = SPACE.replace(rate=Real(0.01, 10.0, scale="log"), kind=Choice(("a", "b", "c")))
    with old.continue_in(wide, to=tmp_path / "wide.study") as study:
        assert (study.space, study.seed, study.search, study.objectives) == (wide, 7, Sobol(), old.objectives)
        assert [one.config for one in study.trials] == [one.config for one in old.trials]
        assert [one.state for one in study.trials] == ["complete", "complete", "failed", "waiting"]
        assert study.best.value == 2.0
        assert study.trial(0).curves == {"score": [(1, 0.5), (2, 1.0)]}
        assert study.trial(0).notes == ("first",)
        assert study.trial(2).error.type == "ValueError"
        assert study.trial(1).about["continued"] == {"study": ":memory:", "trial": 1}
        assert [trial.number for trial in study.ask(2)] == [3, 4]


def test_only_what_lies_in_a_narrower_space_is_taken_over(old, caplog):
    with caplog.at_level(logging.WARNING, "sturgeon"):
        study = old.continue_in(SPACE.narrow(rate=(0.1, 0.5)))
    assert [one.config["rate"] for one in study.trials] == [0.2, 0.5]
    assert "2 of 4 trials fit" in caplog.text


def test_what_is_new_takes_its_default_and_what_is_gone_is_left_out(old):
    changed = Space(
        rate=Real(0.1, 1.0), layers=Integer(1, 9, default=3), extra=Real(0, 1, when={"layers": 4})
    )
    study = old.continue_in(changed)
    assert study.trial(1).config == {"rate": 0.9, "layers": 3}
    study.ask(1)


def test_a_constant_keeps_only_the_trials_that_had_its_value(old):
    study = old.continue_in(Space(rate=Real(0.1, 1.0), kind=Constant("a")))
    assert [one.config["rate"] for one in study.trials] == [0.2, 0.6]


def test_a_place_that_is_taken_is_refused(old, tmp_path):
    old.continue_in(SPACE, to=tmp_path / "new.study").close()
    with pytest.raises(StudyError, match="exists"):
        old.continue_in(SPACE, to=tmp_path / "new.study")


def test_another_search_goes_on_and_is_kept(tmp_path):
    path = tmp_path / "search.study"
    with Study.create(path, SPACE, minimize="loss", search=Random()) as study:
        study.change_search(Random())
        assert study.journal.read() == []
        study.change_search(CoarseToFine(start=3))
        assert study.search == CoarseToFine(start=3)
    with Study.open(path) as study:
        assert study.search == CoarseToFine(start=3)
    with Study.open_or_create(path, SPACE, minimize="loss", search=Random()) as study:
        assert study.search == CoarseToFine(start=3)
        study.change_search(Sobol())
        assert [entry.body["to"]["name"] for entry in study.journal.read(kind="search")] == [
            "coarse-to-fine",
            "sobol",
        ]


def test_a_space_whose_constraint_is_not_there_is_refused(old):
    old.continue_in(Space(rate=Real(0.1, 1.0), constraint=lambda config: config["rate"] < 0.5))
    with pytest.raises(SpaceError, match="constraint"):
        old.continue_in(Space(rate=Real(0.1, 1.0), constraint="kind < 3"))
