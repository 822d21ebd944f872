"""What a run warns of before it has cost much: names and directions that do not fit, and nothing to do."""

import logging

import pytest

import sturgeon as st
from sturgeon.errors import InputError
from sturgeon.study import Study


@pytest.fixture
def warned(caplog):
    caplog.set_level(logging.WARNING, "sturgeon")
    return lambda: [record.getMessage() for record in caplog.records]


def reports(trial):
    trial.report(val_acc=trial.config["x"])
    return trial.config["x"]


@pytest.mark.parametrize(
    ("goal", "warns"),
    [
        (
            {"minimize": "val_accuracy"},
            "'val_accuracy' is minimised, though more of it is better",
        ),
        ({"maximize": "rmse"}, "'rmse' is maximised, though less of it is better by its name"),
        ({"maximize": "val_acc"}, None),
        ({"maximize": "neg_mse"}, None),
        ({"minimize": "accuracy_loss"}, None),
        ({"minimize": "seconds"}, None),
    ],
)
def test_a_direction_against_the_metric_s_name_is_pointed_out(space, warned, goal, warns):
    st.tune(lambda trial: 1.0, space, **goal, trials=1, workers=0)
    assert [warns in line for line in warned()] == ([] if warns is None else [True])


@pytest.mark.parametrize("workers", [0, 1])
def test_a_metric_that_is_not_reported_is_said_once_at_the_first_report(space, warned, workers):
    st.tune(reports, space, maximize="val_accuracy", trials=3, workers=workers)
    [line] = warned()
    assert line.startswith("trial 0 reports 'val_acc', not 'val_accuracy': `train` must report that too")
    assert line.endswith("Did you mean 'val_acc'?")


def test_a_metric_that_is_reported_is_not_warned_of(space, warned):
    st.tune(reports, space, maximize="val_acc", trials=2, workers=0)
    assert warned() == []


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("latency <= 3", ["'latency', which `subject_to` names", "Did you mean 'latency_ms'?"]),
        ("latency_ms <= 3", []),
    ],
)
def test_a_constraint_on_a_metric_that_no_trial_has_is_said_once(space, warned, rule, said):
    def measured(trial):
        return {"loss": trial.config["x"], "latency_ms": 1.0}

    st.tune(measured, space, minimize="loss", subject_to=rule, trials=3, workers=0)
    lines = warned()
    assert len(lines) == bool(said)
    assert all(words in lines[0] for words in said)


def test_resuming_with_fewer_trials_than_there_are_says_that_it_does_nothing(space, warned, tmp_path):
    options = {"maximize": "val_acc", "study": tmp_path / "a.study", "workers": 0}
    st.tune(reports, space, **options, trials=4).close()
    st.tune(reports, space, **options, trials=4, resume=True).close()
    assert warned() == []
    with st.tune(reports, space, **options, trials=2, resume=True) as study:
        assert len(study.trials) == 4
    [line] = warned()
    assert line.startswith("trials counts all trials of a study; 4 have ended and 2 are asked for")


@pytest.mark.parametrize(
    ("search", "remedy"),
    [("tpe", "st.OptunaSearch('tpe')"), ("random", "Write st.Random()."), (st.Sobol, "Write st.Sobol().")],
)
def test_a_search_that_is_none_is_one_clear_line(space, search, remedy):
    with pytest.raises(InputError, match="`search` must be a search; got") as caught:
        st.tune(reports, space, maximize="val_acc", search=search)
    assert remedy in str(caught.value)
    with pytest.raises(InputError, match="`search` must be a search; got"):
        Study.create(":memory:", space, minimize="loss", search=search)
