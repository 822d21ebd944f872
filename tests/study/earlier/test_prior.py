"""What an earlier study tells a new one."""

import pytest

import sturgeon as st
from sturgeon import InputError, Random, Real, Space, Study, StudyError
from sturgeon.search.old_record import PRIOR
from sturgeon.study import TrialError
from sturgeon.study.earlier.prior import NOTE, enqueue_first, prior_of, prior_to_json
from sturgeon.study.objectives import Objective

SPACE = Space(x=Real(0.0, 1.0))
LOSS = Objective("loss", "minimize")


@pytest.fixture
def earlier(tmp_path):
    place = tmp_path / "earlier.study"
    with Study.create(place, SPACE, minimize="loss", search=Random(), seed=0) as study:
        for value in (0.3, 0.1, 0.2):
            study.tell(study.ask()[0], loss=value, error=1 - value)
        study.fail(study.ask()[0], TrialError("Broken", "it broke"))
        yield study


def test_trials_come_best_first_by_the_new_metric_where_all_reported_it(earlier):
    by_loss = [trial.config for trial in earlier.trials[:3]]
    first = prior_to_json(prior_of(earlier, SPACE, LOSS))
    assert first == prior_to_json(prior_of(earlier.place, SPACE, LOSS))
    again = prior_to_json(prior_of(earlier, SPACE, Objective("error", "minimize")))
    unknown = prior_to_json(prior_of(earlier, SPACE, Objective("accuracy", "maximize")))
    assert str(by_loss[1]["x"]) in str(first[0])
    assert str(by_loss[0]["x"]) in str(again[0])
    assert unknown == first


def test_what_cannot_tell_anything_is_refused(earlier, tmp_path):
    with pytest.raises(InputError, match="must be a study, its file or its URL; got 5"):
        prior_of(5, SPACE, LOSS)
    empty = Study.create(tmp_path / "empty.study", SPACE, minimize="loss")
    with empty, pytest.raises(StudyError, match="has none: leave it out"):
        prior_of(empty, SPACE, LOSS)
    with pytest.raises(StudyError, match="none of the 3"):
        prior_of(earlier, Space(x=Real(5.0, 6.0)), LOSS)


def test_the_best_are_tried_first_up_to_the_number_of_trials(earlier, tmp_path):
    about = {PRIOR: prior_to_json(prior_of(earlier, SPACE, LOSS))}
    with Study.create(tmp_path / "new.study", SPACE, minimize="loss", about=about) as new:
        enqueue_first(new, 2)
        assert len(new.trials) == 2
        assert new.trials[0].config == earlier.trials[1].config
        enqueue_first(new, 2)
        assert len(new.trials) == 2


def test_of_several_processes_that_begin_a_study_one_has_the_best_tried_first(earlier, tmp_path):
    place = tmp_path / "new.study"
    about = {PRIOR: prior_to_json(prior_of(earlier, SPACE, LOSS))}
    with Study.create(place, SPACE, minimize="loss", about=about) as new, Study.open(place) as other:

        def another_is_faster():
            enqueue_first(other)
            yield {"x": 0.5}, "a second one"

        enqueue_first(new, after=another_is_faster())
        assert [one.notes for one in new.trials] == [(NOTE,)] * 3
        new.delete(0)
        enqueue_first(other)
        assert len(new.trials) == 2


def test_a_run_that_was_killed_before_its_first_trial_is_resumed_with_the_best(
    earlier, tmp_path, monkeypatch
):
    place = tmp_path / "new.study"

    def run():
        return st.tune(
            lambda trial: trial.config["x"],
            SPACE,
            minimize="loss",
            trials=2,
            workers=0,
            study=place,
            prior=earlier,
            resume=True,
            progress=False,
        )

    with monkeypatch.context() as patch:
        patch.setattr("sturgeon.caviar.tuning.enqueue_first", lambda *given: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run()
    with run() as study:
        assert [one.notes for one in study.trials] == [(NOTE,)] * 2
