"""A recheck of a study of a function, in this process and in workers; and from time to time."""

import numpy as np
import pandas as pd
import pytest

import sturgeon as st
from rechecked import broken, train
from sturgeon.errors import InputError, StudyError
from sturgeon.recheck.history import one_at_a_time, write_recheck
from sturgeon.recheck.outcome import RecheckResult
from sturgeon.recheck.periods import recheck_every

SPACE = st.Space(x=st.Real(0.0, 1.0))


@pytest.fixture
def study():
    with st.tune(train, SPACE, minimize="loss", trials=24, workers=0, progress=False) as study:
        yield study


def test_a_function_that_did_not_change_is_fresh(study):
    result = st.recheck(study, train=train, data=0.3, workers=0, progress=False)
    assert not result.stale
    assert result.epochs["spent"] <= 24


def test_a_function_that_changed_is_stale_and_tuned_anew(study, tmp_path):
    place = tmp_path / "new.study"
    result = st.recheck(
        study, 0.9, train=train, budget=40, workers=0, progress=False, retune=True, out=place, trials=12
    )
    assert result.stale
    assert result.challenger["advantage"] > 0
    with st.Study.open(place) as new:
        assert abs(new.best.config["x"] - 0.9) < 0.2


def test_the_least_budget_looks_at_more_than_what_was_best_before(study):
    moved = st.recheck(study, 0.9, train=train, workers=0, progress=False)
    assert moved.stale
    assert {one["origin"] for one in moved.candidates} >= {"incumbent", "record", "default", "random"}
    near = st.recheck(study, 0.35, train=train, workers=0, progress=False)
    assert not any("worse than three of four" in note for note in near.notes)
    far = st.recheck(study, 3.0, train=train, budget=4, workers=0, progress=False)
    assert any("worse than three of four trials" in note for note in far.notes)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_function_that_always_fails_says_nothing_of_the_choice(study, workers):
    with pytest.raises(StudyError, match=r"first 10 all failed \(ValueError: no such rows\)"):
        st.recheck(study, 0.3, train=broken, workers=workers, progress=False)
    assert not study.journal.read(kind="recheck")


def test_a_choice_at_the_edge_is_tuned_anew_in_a_wider_range(tmp_path):
    place, space = tmp_path / "new.study", st.Space(x=st.Real(0.0, 2.0))
    how = {"train": train, "budget": 60, "workers": 0, "progress": False, "retune": True}
    with st.tune(train, space, minimize="loss", trials=8, workers=0, progress=False) as study:
        study.add({"x": 2.0}, {"loss": 0.09})
        result = st.recheck(study, 5.0, **how, out=place, trials=8)
        assert result.verdict == "retune"
        assert "x may be from 0 to 2.5" in result.notes[-1]
        with st.Study.open(place) as new:
            assert (new.space["x"].low, new.space["x"].high) == (0.0, 2.5)
        with pytest.raises(InputError, match="of its own"):
            st.recheck(study, 5.0, **how, out=place)
        with pytest.raises(InputError, match="place for the new study"):
            st.recheck(study, 5.0, **how)
        with pytest.raises(InputError, match="whole number from 1"):
            st.recheck(study, 5.0, **how, out=tmp_path / "other.study", trials=0)


def test_workers_train_the_same(study):
    here = st.recheck(study, train=train, data=0.5, workers=0, progress=False)
    for entry in study.journal.read(kind="recheck"):
        assert entry.author == "recheck"
    with st.tune(train, SPACE, minimize="loss", trials=24, workers=0, progress=False) as again:
        there = st.recheck(again, train=train, data=0.5, workers=1, progress=False)
    assert here.challenger == there.challenger


def test_a_study_is_rechecked_where_it_lies_and_keeps_its_history(lasting):
    st.tune(train, SPACE, minimize="loss", trials=6, workers=0, progress=False, study=lasting).close()
    for number in (1, 2):
        result = st.recheck(lasting, 0.3, train=train, budget=8, workers=0, progress=False)
        assert result.evidence["number"] == number
    with st.Study.open(lasting) as study:
        assert len(study.journal.read(kind="recheck")) == 2
        with one_at_a_time(study), pytest.raises(StudyError, match="another is at work"):
            st.recheck(lasting, 0.3, train=train, workers=0, progress=False)


@pytest.mark.parametrize("workers", [-1, 1.5, True, "2"])
def test_a_number_of_workers_that_is_none_is_refused(study, workers):
    with pytest.raises(InputError, match="`workers` must be a whole number from 0"):
        st.recheck(study, 0.3, train=train, workers=workers, progress=False)


def test_rows_of_arrays_and_data_frames_are_known_again_and_other_data_never(study):
    rng = np.random.default_rng(0)
    how = {"train": train_on_rows, "budget": 8, "workers": 0, "progress": False}
    rows = rng.normal(size=(150, 2))
    given = [rows[:100], rows[50:], rng.normal(size=(60, 2)), pd.DataFrame(rows[:90]), "a.csv", "b.csv"]
    found = [st.recheck(study, one, **how).evidence for one in given]
    assert [one["since"] for one in found] == [1, 2, 1, 4, 5, 6]
    again = st.recheck(study, rows[:100], **how)
    assert again.evidence["again"]


def train_on_rows(trial, data):
    return train(trial)


def test_a_recheck_that_another_machine_overtook_counts_for_nothing(study):
    def overtaken(trial, data):
        study.journal.write("recheck", {"verdict": "still right", "incumbent": {}, "evidence": {}})
        return train(trial)

    with pytest.raises(StudyError, match="ended meanwhile"):
        st.recheck(study, 0.3, train=overtaken, budget=8, workers=0, progress=False)


def test_a_recheck_that_is_overtaken_while_it_is_written_counts_for_nothing(tmp_path, monkeypatch):
    place = tmp_path / "two.study"
    with st.Study.create(place, SPACE, minimize="loss") as study, st.Study.open(place) as other:
        write = study._store.write

        def late(*given, **more):
            monkeypatch.undo()
            write_recheck(other, {"n": 1}, None, after=0)
            return write(*given, **more)

        monkeypatch.setattr(study._store, "write", late)
        with pytest.raises(StudyError, match="ended meanwhile"):
            write_recheck(study, {"n": 2}, None, after=0)
        assert [one.body for one in study.journal.read()] == [{"n": 1}]


def test_without_the_function_nothing_can_be_said(study):
    with pytest.raises(StudyError, match="train="):
        st.recheck(study, [1, 2])
    with pytest.raises(InputError, match="new data"):
        st.recheck(study, [1, 2], train=lambda trial: 0.0, workers=0)


def result_of(data, *, stale=False):
    nothing = dict.fromkeys(RecheckResult.__dataclass_fields__)
    return RecheckResult(**nothing | {"data": data, "stale": stale, "interrupted": False})


def test_every_period_the_newest_file_is_rechecked_and_drift_does_not_wait(tmp_path, capsys):
    files = [tmp_path / f"{name}.csv" for name in "abc"]
    files[0].write_text("1")
    waits, rechecked = [], []

    def once(study, data):
        rechecked.append(data)
        return result_of(data, stale=len(rechecked) == 3)

    def sleep(seconds, stop):
        waits.append(seconds)
        if len(waits) == 3:
            files[1].write_text("22")
        if len(waits) == 16:
            files[2].write_text("333")
        return False

    last = recheck_every(
        "x.study",
        once,
        every="1d",
        pattern=str(tmp_path / "*.csv"),
        times=3,
        drifted=lambda study, data: data.endswith("b.csv"),
        sleep=sleep,
    )
    assert [data[-5:] for data in rechecked] == ["a.csv", "b.csv", "c.csv"]
    assert last.stale
    assert len(waits) == 3 + 20  # b at once, c when its period came


@pytest.mark.parametrize("every", ["sometimes", "0", "-1d", ""])
def test_an_unreadable_period_is_refused(tmp_path, every):
    with pytest.raises(InputError, match="every"):
        recheck_every("x.study", lambda study, data: None, every=every, pattern=str(tmp_path))


def exact(trial, at=0.3):
    return (trial.config["x"] - at) ** 2 + 0.2


def test_a_function_without_chance_is_stale_where_the_difference_is_worth_a_change():
    how = {"train": exact, "workers": 0, "progress": False}
    for at, stale in ((0.3, False), (0.9, True)):
        with st.tune(exact, SPACE, minimize="loss", trials=24, workers=0, progress=False) as study:
            result = st.recheck(study, data=at, **how)
            assert result.stale == stale
            assert result.noise == 0
            assert any("trial.seed" in note for note in result.notes)


def test_a_recheck_that_could_show_nothing_says_so(study):
    for _ in range(5):
        result = st.recheck(study, train=train, data=0.3, workers=0, progress=False)
    assert result.evidence["detectable"] is None
    assert "could hardly show anything" in result.sentence
    more = int(result.sentence.partition("`budget=")[2].partition("`")[0])
    result = st.recheck(study, train=train, data=0.3, budget=more, workers=0, progress=False)
    assert "could hardly show" not in result.sentence
