"""The precision of a study: float32 unless asked for, kept in it, and the same when it goes on."""

from dataclasses import replace

import pytest

from sturgeon.caviar.opening import TuneOptions
from sturgeon.caviar.table import opening
from sturgeon.caviar.table.opening import begin_table_study, resume_table_study, table_settings
from sturgeon.errors import InputError, StudyError, options_as_flags


def test_float32_is_the_rule():
    assert table_settings(TuneOptions(), "regression").precision == "float32"
    assert table_settings(TuneOptions(precision="bfloat16"), "regression").precision == "bfloat16"


def test_another_precision_is_refused():
    with pytest.raises(InputError, match=r"must be 'float32' or 'bfloat16'; got 'half'"):
        table_settings(TuneOptions(precision="half"), "regression")  # pyright: ignore[reportArgumentType]


def test_a_study_goes_on_in_the_precision_it_was_begun_with(tmp_path, regression):
    place, options = str(tmp_path / "t.study"), TuneOptions(precision="bfloat16")
    begin_table_study(place, options, regression, about={"trials": 2})[0].close()

    def resumed(options):
        study, settings = resume_table_study(place, options, regression)
        study.close()
        return settings.precision

    assert resumed(TuneOptions()) == "bfloat16"
    assert resumed(options) == "bfloat16"
    with pytest.raises(StudyError, match="got precision = 'float32'"):
        resumed(replace(options, precision="float32"))
    with options_as_flags(), pytest.raises(StudyError, match="got --precision = 'float32'"):
        resumed(replace(options, precision="float32"))


def test_a_study_whose_process_was_killed_at_once_begins_with_the_default_when_resumed(
    regression, tmp_path, monkeypatch
):
    place = str(tmp_path / "a.study")
    with monkeypatch.context() as patch:
        patch.setattr(opening, "enqueue_first", lambda *given, **more: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            begin_table_study(place, TuneOptions(), regression, about={"trials": 2})
    notes = ("the default configuration", "one that did well on other tables")
    for _ in range(2):
        study, _settings = resume_table_study(place, TuneOptions(), regression)
        with study:
            assert [one.notes for one in study.trials] == [(note,) for note in notes]
