"""A job by Python: the names that its fields had before, and errors that name arguments and not flags."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import sturgeon as st
from sturgeon.errors import option, options_as_flags

ROWS = (np.zeros((4, 1)), np.zeros(4))


def test_a_job_is_made_and_read_by_the_old_names_too(tmp_path):
    options, of_data = st.Wishes(epochs=2), {"task": "regression"}
    job = st.TableJob(ROWS, "y", tmp_path, wishes=options, table=of_data)
    assert job == st.TableJob(ROWS, "y", tmp_path, options, data_options=of_data)
    assert (job.wishes, job.table) == (job.options, job.data_options) == (options, of_data)
    assert replace(job, wishes=st.Wishes(epochs=3)).options.epochs == 3
    assert replace(job, options=st.TuneOptions(epochs=4)).wishes.epochs == 4


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"trials": 0}, "`trials` must be at least 1"),
        ({"options": st.TuneOptions(seed=-1)}, "`seed` must be at least 0"),
        ({"options": st.TuneOptions(minimize="val_r2")}, "Use `maximize`"),
        (
            {"study": "there.study"},
            "there.study' exists: add resume=True, or name another directory with out",
        ),
        ({"study": "."}, "a study is a file; '.' is a directory: name a file, such as study='tune.study'"),
    ],
)
def test_errors_name_the_arguments(tmp_path, monkeypatch, changes, words):
    monkeypatch.chdir(tmp_path)
    st.Study.create("there.study", st.Space(x=st.Real(0, 1)), minimize="val_loss").close()
    x = np.random.default_rng(0).normal(size=(60, 2))
    job = st.TableJob((x, x[:, 0]), "y", Path("out"), data_options={"task": "regression"})
    with pytest.raises(st.InputError) as caught:
        st.tune_table(replace(job, **changes))
    assert words in str(caught.value)
    assert "--" not in str(caught.value)
    assert not Path("out").exists()


def test_flags_are_named_within_the_command_line_only():
    with options_as_flags():
        assert option("time_order") == "--time-order"
    assert option("time_order") == "time_order"
