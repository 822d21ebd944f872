"""The precision of a study: float32 unless asked for, kept in it, and the same when it goes on."""

from dataclasses import replace

import pytest

from sturgeon.caviar.terms import TuneOptions, begin, resume, settle
from sturgeon.errors import InputError, StudyError
from sturgeon.study import Study


def test_float32_is_the_rule():
    assert settle(TuneOptions(), "regression").precision == "float32"
    assert settle(TuneOptions(precision="bfloat16"), "regression").precision == "bfloat16"


def test_another_precision_is_refused():
    with pytest.raises(InputError, match=r"must be 'float32' or 'bfloat16'; got 'half'"):
        settle(TuneOptions(precision="half"), "regression")  # pyright: ignore[reportArgumentType]


def test_a_study_goes_on_in_the_precision_it_was_begun_with(tmp_path, regression):
    place, wishes = str(tmp_path / "t.study"), TuneOptions(precision="bfloat16")
    begin(place, settle(wishes, "regression"), wishes, regression, about={"trials": 2}).close()
    with Study.open(place) as study:
        assert resume(study, TuneOptions(), regression).precision == "bfloat16"
        assert resume(study, wishes, regression).precision == "bfloat16"
        with pytest.raises(StudyError, match="--precision"):
            resume(study, replace(wishes, precision="float32"), regression)
