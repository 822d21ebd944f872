"""A word among numbers: one that means missing, and one that is a mistake and is told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sturgeon.data import prepare
from sturgeon.data.features.kinds import find_kind
from sturgeon.data.features.notes import describe_cells
from sturgeon.data.features.preprocessing import fit_preprocessing
from sturgeon.data.features.recognition import find_written
from sturgeon.data.features.written import read_written
from sturgeon.data.forms.numbers import NumberForm, possible_forms
from sturgeon.data.targets import ClassTarget
from sturgeon.data.task import decide_task
from sturgeon.errors import DataError


@pytest.mark.parametrize("cells", [[1.5, "-", 2, 7.0], ["1.5", "missing", "2", "7"], ["nil", 1.5, 2, 7]])
def test_a_word_for_missing_among_a_data_frames_numbers_is_missing_as_in_a_file(cells):
    frame = pd.DataFrame({"length": pd.Series(cells, dtype=object)})
    written = find_written(frame, "the table")["length"]
    numbers = read_written(frame["length"], written.form, "the table")
    assert sorted(numbers[~np.isnan(numbers)]) == [1.5, 2, 7]
    assert len(written.stray) == 1


@pytest.mark.parametrize("cells", [["A", "-", "B"], ["01", "-", "2"], [1, 2, 3], ["1", "2"]])
def test_a_column_of_names_codes_or_plain_numbers_has_no_form_of_its_own(cells):
    assert find_written(pd.DataFrame({"c": pd.Series(cells, dtype=object)}), "the table") == {}


def test_the_cell_that_is_named_is_not_a_word_for_missing():
    column = pd.Series(["--", *map(str, range(100)), "unknown"])
    with pytest.raises(DataError, match="'unknown' in row 102"):
        find_kind(column, "the table")


def test_a_word_among_few_numbers_is_told_with_its_row():
    frame = pd.DataFrame({"w": ["1", "2", "broken", "3", "4", "5"], "fish": ["no", "yes"] * 3})
    fitted = fit_preprocessing(frame[["w"]], ClassTarget("fish", ("no", "yes")))
    lines = describe_cells(frame, frame["fish"], fitted, [])
    assert lines == ["column 'w' is taken as 6 categories, as 'broken' in row 3 is no number"]


def test_a_currency_may_have_a_magnitude_which_is_the_same_in_all_cells():
    (form,) = possible_forms(["$1.2M", "$3M"])
    assert form == NumberForm(".", "$M")
    assert form.read(["$1.5M", "-$2M"]).tolist() == [1.5, -2.0]
    assert possible_forms(["$1.2M", "$3k"]) == []
    assert possible_forms(["$5 kg", "$6 kg"]) == []


def test_a_target_of_huge_numbers_is_described_by_their_first_digits():
    reason = decide_task(pd.Series([-1e149, 0.0, 2e149])).reason
    assert "-1e+149" in reason
    assert "2e+149" in reason


@pytest.mark.parametrize("learnt", ["t.csv", "t.parquet"])
def test_a_number_that_means_missing_does_so_in_training_and_in_prediction(tmp_path, learnt):
    rows = range(60)
    frame = pd.DataFrame(
        {
            "x": [row / 8 for row in rows],
            "c": [[9999, 1, 2, -999][row % 4] for row in rows],
            "y": ["ab"[row % 2] for row in rows],
        }
    )
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_json(tmp_path / "t.jsonl", orient="records", lines=True)
    dataset = prepare(tmp_path / learnt, "y", missing=["9999", "-999"])
    assert "30 cells of column 'c' are taken as missing, as they say '-999', '9999'" in "".join(dataset.notes)
    for name in ("t.csv", "t.parquet", "t.jsonl"):
        read = dataset.preprocessing.read(tmp_path / name)
        np.testing.assert_array_equal(
            dataset.preprocessing.transform(read)[dataset.test_rows], dataset.x_test
        )
