"""A trial that was edited by hand stands for no configuration: neither the best nor a search takes it."""

import pytest

import sturgeon as st


@pytest.fixture
def study():
    space = st.Space(learning_rate=st.Real(0.1, 1.0))
    with st.Study.create(":memory:", space, minimize="loss") as opened:
        yield opened


def seen(study):
    return [(one.number, one.state, one.value, one.curve) for one in study.record]


def test_an_edited_trial_has_no_value_and_keeps_its_curve(study):
    edited, plain = study.ask(2)
    study.report(edited, 1, loss=0.1)
    study.tag(edited, "edited")
    study.stop(edited, "edited by hand")
    study.tell(plain, loss=0.5)
    assert study.best.number == plain.number
    record = study.trial(edited)
    assert record.value is None
    assert record.curves["loss"] == [(1, 0.1)]
    assert record.metrics["loss"] == 0.1


def test_a_search_sees_of_an_edited_trial_only_that_it_was(study):
    edited, plain = study.ask(2)
    study.report(edited, 1, loss=0.1)
    study.report(plain, 1, loss=0.5)
    study.tag(edited, "edited")
    assert seen(study) == [(0, "running", None, ()), (1, "running", None, ((1, 0.5),))]
    study.tell(edited, loss=0.1)
    assert seen(study)[0] == (0, "complete", None, ())


def test_an_edited_trial_that_is_added_has_no_value(study):
    study.add({"learning_rate": 0.2}, {"loss": 0.1}, tags=["edited"])
    study.add({"learning_rate": 0.3}, {"loss": 0.4})
    assert study.best.number == 1
