"""Dates, numbers in dress and many categories as people write them: the right value, or one clear line."""

from __future__ import annotations

import datetime
import io
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from sturgeon.data import Preprocessing, prepare
from sturgeon.data.features.columns import NumericColumn
from sturgeon.data.features.written import read_written
from sturgeon.data.forms.numbers import NumberForm
from sturgeon.errors import DataError

ROWS = 60
DAY = 86_400.0


def repeated(values) -> list:
    return [values[row % len(values)] for row in range(ROWS)]


def days(form: str, start: str = "2020-01-15", step: int = 7) -> list[str]:
    first = datetime.date.fromisoformat(start)  # pandas 2.2 cannot add days to one before 1677
    return [(first + datetime.timedelta(days=step * row)).strftime(form) for row in range(ROWS)]


def write(tmp_path, *, end: str = ".csv", separator: str = ",", **columns):
    path = tmp_path / f"t{end}"
    frame = pd.DataFrame({"x": np.arange(ROWS) / 8, "y": repeated(["a", "b"]), **columns})
    if end == ".parquet":
        frame.to_parquet(path, index=False)
    else:
        frame.to_csv(path, index=False, sep=separator)
    return path


def seconds_of(moment: str) -> float:
    return (pd.Timestamp(moment) - pd.Timestamp(0)).total_seconds()


JAN_15 = seconds_of("2020-01-15")
READ_AS_NUMBERS = {
    # what the cells are: the cells, options, the number that the first one is
    "ISO dates": (days("%Y-%m-%d"), {}, JAN_15),
    "ISO dates with gaps": (["2020-01-15", None, *days("%Y-%m-%d")[2:]], {}, JAN_15),
    "dates with slashes, year first": (days("%Y/%m/%d"), {}, JAN_15),
    "dates with points, year first": (days("%Y.%m.%d"), {}, JAN_15),
    "German dates": (days("%d.%m.%Y"), {}, JAN_15),
    "German dates of the first twelve days": (
        repeated(["03.02.2020", "05.04.2020"]),
        {},
        seconds_of("2020-02-03"),
    ),
    "British dates": (days("%d/%m/%Y"), {}, JAN_15),
    "American dates": (days("%m/%d/%Y"), {}, JAN_15),
    "American dates with dashes": (days("%m-%d-%Y"), {}, JAN_15),
    "dates of two digits": (days("%d/%m/%y"), {}, JAN_15),
    "dates without zeros": (["15/1/2020", *days("%d/%m/%Y")[1:]], {}, JAN_15),
    "open dates, day first": (
        repeated(["01/02/2020", "03/04/2020"]),
        {"dates": "day-first"},
        seconds_of("2020-02-01"),
    ),
    "open dates, month first": (
        repeated(["01/02/2020", "03/04/2020"]),
        {"dates": "month-first"},
        seconds_of("2020-01-02"),
    ),
    "names of months": (days("%d %B %Y"), {}, JAN_15),
    "short names of months": (days("%d-%b-%Y"), {}, JAN_15),
    "American names of months": (days("%b %d, %Y"), {}, JAN_15),
    "days of the week too": (days("%a, %d %b %Y"), {}, JAN_15),
    "months": (days("%Y-%m", step=31), {}, seconds_of("2020-01-01")),
    "named months": (days("%b %Y", step=31), {}, seconds_of("2020-01-01")),
    "ISO moments in UTC": (days("%Y-%m-%dT12:05:00Z"), {}, JAN_15 + 43_500),
    "ISO moments with a zone": (days("%Y-%m-%dT12:05:00+02:00"), {}, JAN_15 + 36_300),
    "moments of two zones": (
        [f"{day} 12:00+0{n % 3}:00" for n, day in enumerate(days("%Y-%m-%d"))],
        {},
        JAN_15 + 43_200,
    ),
    "moments with fractions": (days("%Y-%m-%d 12:05:00.250"), {}, JAN_15 + 43_500.25),
    "American moments": (days("%m/%d/%Y 1:05 PM"), {}, JAN_15 + 47_100),
    "dates long ago": (days("%Y-%m-%d", "1066-10-14"), {}, -28_502_755_200.0),
    "moments without separators": (days("%Y%m%dT120500Z"), {}, JAN_15 + 43_500),
    "moments of whole hours": (days("%Y-%m-%d 12"), {}, JAN_15 + 43_200),
    "moments at the end of a day": (days("%Y-%m-%d 24:00"), {}, JAN_15 + DAY),
    "moments as C writes them": (days("%a %b %d 12:05:00 %Y"), {}, JAN_15 + 43_500),
    "moments as a web server writes them": (days("%d/%b/%Y:12:05:00 +0100"), {}, JAN_15 + 39_900),
    "names of months and short years": (days("%d %b %y"), {}, JAN_15),
    "weeks of ISO": (days("%G-W%V"), {}, seconds_of("2020-01-13")),
    "days of ISO's weeks": (days("%GW%V%u"), {}, JAN_15),
    "quarters": (repeated(["2020Q1", "2020Q2", "2021Q4"]), {}, seconds_of("2020-01-01")),
    "quarters, the year behind": (repeated(["Q2 2020", "Q3 2020"]), {}, seconds_of("2020-04-01")),
    "months before years": (days("%m/%Y", step=31), {}, seconds_of("2020-01-01")),
    "Chinese dates": (days("%Y年%m月%d日"), {}, JAN_15),
    "Korean dates": (days("%Y년 %m월 %d일"), {}, JAN_15),
    "German names of months": (repeated(["15. Januar 2020", "3. März 2020"]), {}, JAN_15),
    "French names of months": (repeated(["15 janvier 2020", "1er août 2021", "3 déc. 2020"]), {}, JAN_15),
    "Spanish names of months": (repeated(["15 de enero de 2020", "3 de mayo de 2020"]), {}, JAN_15),
    "short years first": (days("%y-%m-%d"), {"dates": "year-first"}, JAN_15),
    "short years first, as no day": (days("%y-%m-%d", "1999-01-15"), {}, seconds_of("1999-01-15")),
    "dates and a zero date": (["2020-01-15", "0000-00-00", *days("%Y-%m-%d")[2:]], {}, JAN_15),
    "dates and NaT": (["2020-01-15", "NaT", *days("%Y-%m-%d")[2:]], {}, JAN_15),
    "French times": ([f"{8 + row % 12}h{row:02}" for row in range(ROWS)], {}, 28_800.0),
    "ages": (repeated(["2 weeks", "1 year", "5 months", "3 days"]), {}, 1_209_600.0),
    "ISO durations of weeks": ([f"P{1 + row}W" for row in range(ROWS)], {}, 604_800.0),
    "times": ([f"{8 + row % 12}:{row:02}" for row in range(ROWS)], {}, 28_800.0),
    "times with seconds": ([f"12:05:{row:02}" for row in range(ROWS)], {}, 43_500.0),
    "times with halves": ([f"{1 + row % 12}:30 pm" for row in range(ROWS)], {}, 48_600.0),
    "long durations": ([f"{36 + row}:30" for row in range(ROWS)], {}, 131_400.0),
    "durations of pandas": ([f"{row} days 06:00:00" for row in range(ROWS)], {}, 21_600.0),
    "ISO durations": ([f"PT{1 + row}H30M" for row in range(ROWS)], {}, 5400.0),
    "spelled durations": ([f"{1 + row}h 30m" for row in range(ROWS)], {}, 5400.0),
    "eight digits, said to be dates": (days("%Y%m%d"), {"date": ["c"]}, JAN_15),
    "percent": ([f"{12 + row}%" for row in range(ROWS)], {}, 12.0),
    "percent with a blank": ([f"{12.5 + row} %" for row in range(ROWS)], {}, 12.5),
    "dollars": ([f"${1200 + row * 9:,.2f}" for row in range(ROWS)], {}, 1200.0),
    "dollars and a dash": (["$5.50", "-", *(f"${row}" for row in range(2, ROWS))], {}, 5.5),
    "dates and a word for none": (["2020-01-15", "n.a.", *days("%Y-%m-%d")[2:]], {}, JAN_15),
    "dollars below zero": (["($1,200.00)", *(f"${row:.2f}" for row in range(1, ROWS))], {}, -1200.0),
    "euros in front": ([f"€ {5 + row}" for row in range(ROWS)], {}, 5.0),
    "euros behind": ([f"{5 + row},50 €" for row in range(ROWS)], {}, 5.5),
    "codes of currencies": ([f"CHF 1'{200 + row}.50" for row in range(ROWS)], {}, 1200.5),
    "blanks between thousands": ([f"1 {234 + row}" for row in range(ROWS)], {}, 1234.0),
    "narrow blanks": ([f"1\u202f{234 + row}" for row in range(ROWS)], {}, 1234.0),
    "underlines": ([f"1_{234 + row}" for row in range(ROWS)], {}, 1234.0),
    "thousands, some below": ([f"{234 + row * 90:,}" for row in range(ROWS)], {}, 234.0),
    "thousands and decimals": ([f"{1234.5 + row:,.1f}" for row in range(ROWS)], {}, 1234.5),
    "millions": ([f"{1_234_567 + row:,}" for row in range(ROWS)], {}, 1_234_567.0),
    "Indian thousands": ([f"12,34,{567 + row}" for row in range(ROWS)], {}, 1_234_567.0),
    "decimal commas": ([f"{row},5" for row in range(ROWS)], {}, 0.5),
    "decimal commas and points": ([f"1.{234 + row},5" for row in range(ROWS)], {}, 1234.5),
    "brackets": ([f"({3.5 + row})" for row in range(ROWS)], {}, -3.5),
    "the minus of typographers": ([f"\u2212{3.5 + row}" for row in range(ROWS)], {}, -3.5),
    "a unit": ([f"{5 + row} kg" for row in range(ROWS)], {}, 5.0),
    "a unit close by": ([f"{5 + row}km/h" for row in range(ROWS)], {}, 5.0),
    "months of a loan": (repeated(["36 months", "60 months"]), {}, 36.0),
    "a plus behind all": ([f"{1000 + row:,}+" for row in [*range(ROWS - 1), -500]], {}, 1000.0),
    "a plus in front": ([f"+{row}" for row in range(ROWS)], {}, 0.0),
    "exponents": ([f"{1 + row}e3 m" for row in range(ROWS)], {}, 1000.0),
    "an open mark, a comma": ([f"1,{234 + row}" for row in range(ROWS)], {"decimal": ","}, 1.234),
    "an open mark, a point": ([f"1,{234 + row}" for row in range(ROWS)], {"decimal": "."}, 1234.0),
    "points that group": ([f"1.{234 + row}" for row in range(ROWS)], {"decimal": ","}, 1234.0),
}


@pytest.mark.parametrize("case", READ_AS_NUMBERS)
def test_cells_are_read_as_the_numbers_that_they_are(case, tmp_path):
    cells, options, first = READ_AS_NUMBERS[case]
    dataset = prepare(write(tmp_path, c=cells), "y", **options)
    column = dataset.preprocessing.columns[1]
    assert isinstance(column, NumericColumn)
    assert column.form is not None or case == "a plus in front"
    assert column.read(pd.Series(cells[:1], name="c"), "t").tolist() == [first]
    assert any("column 'c' is read as" in note for note in dataset.notes) or column.form is None
    stored = Preprocessing.from_json(dataset.preprocessing.to_json())
    assert stored == dataset.preprocessing
    read = stored.read(tmp_path / "t.csv")
    np.testing.assert_array_equal(stored.transform(read)[dataset.test_rows], dataset.x_test)


CLEAR_LINES = {
    "open dates": (repeated(["01/02/2020", "03/04/2020"]), ["'01/02/2020' in row 1", "dates='day-first'"]),
    "short years that may stand first": (
        days("%y-%m-%d"),
        ["which of day and year", "'20-01-15' in row 1", "dates='year-first'"],
    ),
    "two orders": (
        ["31/01/2020", "01/31/2020"] * 30,
        ["one order", "'31/01/2020' in row 1", "'01/31/2020' in row 2"],
    ),
    "a date that is none": (
        ["2020-02-30", *days("%Y-%m-%d")[1:]],
        ["dates must hold nothing else", "'2020-02-30' in row 1", "categorical='c'"],
    ),
    "a word among dates": ([*days("%d.%m.%Y")[:-1], "soon"], ["dates", "'soon' in row 60"]),
    "a word among prices": ([*(f"${row}" for row in range(59)), "free"], ["numbers", "'free' in row 60"]),
    "a word among a few dates": (
        [*repeated(["2020-01-01", "2020-01-08", "2020-01-15", "2020-01-22"])[:-1], "soon"],
        ["dates", "'soon' in row 60"],
    ),
    "two units": ([f"{row} {'kg' if row % 2 else 'g'}" for row in range(ROWS)], ["'0 g'", "'1 kg' in row 2"]),
    "open thousands": (
        [f"1,{234 + row}" for row in range(ROWS)],
        ["'1,234' in row 1", "1234 or 1.234", "decimal=','"],
    ),
    "open thousands of euros": (
        [f"1.{234 + row} €" for row in range(ROWS)],
        ["1.234 or 1234", "decimal='.'"],
    ),
}


@pytest.mark.parametrize("case", CLEAR_LINES)
def test_what_can_be_read_in_two_ways_is_asked_for(case, tmp_path):
    cells, parts = CLEAR_LINES[case]
    with pytest.raises(DataError) as caught:
        prepare(write(tmp_path, c=cells), "y")
    for part in (*parts, "column 'c'"):
        assert part in str(caught.value)
    assert len(str(caught.value)) < 400
    prepare(write(tmp_path, c=cells), "y", categorical=["c"])  # the remedy


LEFT_ALONE = {
    "codes": ["007", "042", "7"],
    "versions": ["1.2.3", "1.10.2"],
    "ranges": ["1-5", "6-10", "11+"],
    "seasons": ["2010/11", "2011/12"],
    "places in an order": ["1st", "2nd", "3rd"],
    "addresses": ["10.0.0.1", "10.0.0.2"],
    "names of months": ["May", "June"],
    "rooms": ["A12", "B7"],
    "ends that are open": ["0", "1", "2", "3+"],
    "two units, a few": ["5 kg", "300 g"],
}


@pytest.mark.parametrize("case", LEFT_ALONE)
def test_what_only_looks_like_numbers_stays_categories(case, tmp_path):
    cells = LEFT_ALONE[case]
    dataset = prepare(write(tmp_path, c=repeated(cells)), "y")
    assert set(dataset.preprocessing.columns[1].categories) == set(cells)


@pytest.mark.parametrize(
    ("values", "same"),
    [
        (pd.date_range("2020-01-15", periods=ROWS, freq="D"), "date"),
        (pd.date_range("2020-01-15 12:05", periods=ROWS, freq="7h"), "date"),
        (pd.date_range("2020-03-28", periods=ROWS, freq="7h", tz="Europe/Berlin"), "date"),
        (pd.date_range("2020-01-15", periods=ROWS, freq="D").date, "date"),
        ([datetime.time(row % 24, row) for row in range(ROWS)], "time"),
        (pd.to_timedelta(np.arange(ROWS) * 5000, unit="s"), "duration"),
        ([None, *pd.date_range("2020-01-15", periods=ROWS - 1, freq="D")], "date"),
        ([Decimal(row) / 8 for row in range(ROWS)], None),
    ],
    ids=["days", "moments", "with a zone", "date objects", "times", "durations", "a gap", "decimals"],
)
def test_parquet_and_csv_of_moments_give_the_same_inputs(values, same, tmp_path):
    paths = [write(tmp_path, end=end, c=values) for end in (".parquet", ".csv")]
    datasets = [prepare(path, "y") for path in paths]
    for one, other in (datasets, datasets[::-1]):
        np.testing.assert_array_equal(one.x_train, other.x_train)
        rows = one.preprocessing.read(paths[datasets.index(other)])
        np.testing.assert_array_equal(one.preprocessing.transform(rows)[one.test_rows], one.x_test)
        form = one.preprocessing.columns[1].form
        assert (form and form.kind) == same
    if same is not None:
        assert (
            prepare(paths[0], "y", categorical=["c"]).features
            == prepare(paths[1], "y", categorical=["c"]).features
        )


def test_the_cycles_are_those_that_vary(tmp_path):
    daily = prepare(write(tmp_path, c=days("%Y-%m-%d", step=1)), "y")
    assert [cycle.name for cycle in daily.preprocessing.columns[1].cycles] == [
        "month",
        "day of month",
        "day of week",
    ]
    yearly = [f"{1950 + row}-01-01" for row in range(ROWS)]
    names = [cycle.name for cycle in prepare(write(tmp_path, c=yearly), "y").preprocessing.columns[1].cycles]
    assert names == ["day of week"]
    weekly = prepare(write(tmp_path, c=days("%Y-%m-%d 12:00")), "y").preprocessing.columns[1]
    assert [cycle.name for cycle in weekly.cycles] == ["month", "day of month"]
    note = "column 'c' is read as dates (year-month-day): position in time, month, day of month, day of week"
    assert note in daily.notes


def test_a_semicolon_file_with_decimal_commas_is_read_by_its_whole_columns(tmp_path):
    cells = [f"{900 + row * 5},{row % 100:02}" for row in range(20)] + ["1.147,50"] * 40
    dataset = prepare(write(tmp_path, separator=";", c=cells), "y")
    assert dataset.preprocessing.feature_names == ("x", "c")
    new = pd.DataFrame({"x": [1.0], "c": ["1.300,00"]})
    assert dataset.preprocessing.columns[1].read(new["c"], "new").tolist() == [1300.0]
    (tmp_path / "new.csv").write_text("x;c\n1;1.300\n2;1.147,50\n")
    read = dataset.preprocessing.read(tmp_path / "new.csv")
    assert dataset.preprocessing.columns[1].read(read["c"], "new").tolist() == [1300.0, 1147.5]
    (tmp_path / "alone.csv").write_text("x;c\n1;1.300\n")
    read = dataset.preprocessing.read(tmp_path / "alone.csv")
    assert dataset.preprocessing.columns[1].read(read["c"], "new").tolist() == [1300.0]


@pytest.mark.parametrize("name", ["t.csv.xz", "t.csv.bz2", "t.psv", "t.tab", "t.*sv", "-"])
def test_a_point_beside_decimal_commas_is_asked_for_however_a_file_comes(name, tmp_path, monkeypatch):
    commas, points = [f"{row},5" for row in range(ROWS)], [f"1.{234 + row}" for row in range(ROWS)]
    path = write(tmp_path, separator=";", c=points, d=commas)
    if name == "-":
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    elif name != "t.*sv":
        pd.read_csv(path, sep=";", dtype=str).to_csv(tmp_path / name, sep=";", index=False)
    given = name if name == "-" else tmp_path / name
    if name.endswith(("v", "b")) and name != "t.*sv":
        assert prepare(given, "y", alike=False).features == 3  # as a study of before had it
    with pytest.raises(DataError, match=r"'c' of .* has 1\.234, while column 'd' has '.*,5'.*decimal=','"):
        prepare(given, "y")


@pytest.mark.parametrize(("other", "read"), [("3,24", [1.667, 3.0]), ("3.24 €", [1667.0, 3.0])])
def test_the_mark_of_other_columns_holds_where_a_column_could_have_either(other, read, tmp_path):
    cells = [f"{1 + row % 9},{667 + row}" if row % 9 else "3" for row in range(ROWS)]
    path = write(
        tmp_path, separator=";", c=cells, d=[other, *(other.replace("3", str(n)) for n in range(59))]
    )
    column = prepare(path, "y").preprocessing.columns[1]
    assert column.read(pd.Series(["1,667", "3"], name="c"), "t").tolist() == read
    alone = prepare(write(tmp_path, separator=";", c=cells), "y").preprocessing.columns[1]
    assert alone.read(pd.Series(["1,667", "3"], name="c"), "t").tolist() == [1667.0, 3.0]
    old = prepare(path, "y", alike=False).preprocessing.columns[1]  # as a study of before had it
    assert old.read(pd.Series(["1,667", "3"], name="c"), "t").tolist() == [1667.0, 3.0]


def test_a_likely_mark_settles_a_column_that_says_nothing(tmp_path):
    likely, open_ = (
        [f"1,{667 + row}" if row % 9 else "3" for row in range(ROWS)],
        [f"1,{234 + row}" for row in range(ROWS)],
    )
    c, d = prepare(write(tmp_path, separator=";", c=open_, d=likely), "y").preprocessing.columns[1:]
    assert (c.form, d.form) == (NumberForm("."), NumberForm("."))


def test_a_point_beside_decimal_commas_is_asked_for(tmp_path):
    commas, points = [f"{row},5" for row in range(ROWS)], [f"1.{234 + row}" for row in range(ROWS)]
    with pytest.raises(DataError, match=r"'c' of .* has 1\.234, while column 'd' has '.*,5'.*decimal=','"):
        prepare(write(tmp_path, separator=";", c=points, d=commas), "y")
    dataset = prepare(write(tmp_path, separator=";", c=points, d=commas), "y", decimal=",")
    c, d = dataset.preprocessing.columns[1:]
    assert read_written(pd.Series(["1.234"]), c.form, "t").tolist() == [1234.0]
    assert read_written(pd.Series(["1,5"]), d.form, "t").tolist() == [1.5]


def test_another_column_settles_the_mark(tmp_path):
    path = write(tmp_path, c=[f"1,{234 + row}" for row in range(ROWS)], d=[f"{row},5" for row in range(ROWS)])
    c = prepare(path, "y").preprocessing.columns[1]
    assert c.read(pd.Series(["1,234"]), "t").tolist() == [1.234]


@pytest.mark.parametrize(
    ("cells", "task", "first"),
    [
        ([f"{row}%" for row in range(ROWS)], "regression", 0.0),
        (repeated(["3%", "5%", "7%"]), "regression", 3.0),
        ([f"1.{200 + row},50 €" for row in range(ROWS)], "regression", 1200.5),
        ([f"{10 + row}:30:00" for row in range(ROWS)], "regression", 37_800.0),
        (repeated(["36 months", "60 months"]), "classification", "36 months"),
        (repeated(["3G", "4G", "5G"]), "classification", "3G"),
    ],
)
def test_a_target_in_dress_is_the_number_that_it_is(cells, task, first, tmp_path):
    dataset = prepare(write(tmp_path, y=cells), "y", folds=5)
    target = dataset.preprocessing.target
    assert dataset.task == task
    if task == "classification":
        assert first in target.labels
        return
    assert target.read(pd.Series(cells[:1], name="y"), "t").tolist() == [first]
    again = Preprocessing.from_json(dataset.preprocessing.to_json())
    encoded = again.encode_target(again.read(tmp_path / "t.csv"))
    np.testing.assert_array_equal(encoded[dataset.test_rows], dataset.y_test)
    tested = prepare(write(tmp_path, y=cells), "y", test=write(tmp_path, y=cells))
    np.testing.assert_allclose(tested.preprocessing.restore_target(tested.y_test)[0], first, atol=1e-3)


def test_dates_are_no_target_unless_they_are_classes(tmp_path):
    path = write(tmp_path, y=days("%Y-%m-%d"))
    with pytest.raises(DataError, match=r"numbers or classes; column 'y' .* dates.*task='classification'"):
        prepare(path, "y")
    few = write(tmp_path, y=repeated(["2020-01-01", "2020-01-02"]))
    assert prepare(few, "y", task="classification").outputs == 2


@pytest.mark.parametrize("kind", ["datetime64[us]", "category", object])
def test_midnights_are_classes_like_other_moments(kind):
    moments = pd.Series(pd.to_datetime(repeated(["2020-01-31", "2020-02-01 12:00:00"]), format="mixed"))
    frame = pd.DataFrame({"x": np.arange(ROWS) / 8, "y": moments.astype(kind)})
    dataset = prepare(frame, "y", task="classification")
    assert dataset.preprocessing.target.labels == ("2020-01-31", "2020-02-01 12:00:00")
    assert dataset.preprocessing.encode_target(frame).tolist() == repeated([0, 1])


@pytest.mark.parametrize(
    ("values", "hint"),
    [([1, 3, 5], "task='classification'"), ([0, 1, 2], "task='regression'")],
)
def test_the_reason_says_how_to_choose_otherwise(values, hint, tmp_path):
    assert hint in prepare(write(tmp_path, y=repeated(values)), "y").task_reason


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%d.%m.%Y"])
@pytest.mark.parametrize(
    "cells", [[20200115], [43845.0, None], pd.Series([20200115, None], dtype=object), ["2020-01-15", 43845]]
)
def test_numbers_are_no_dates(form, cells):
    fitted = prepare(pd.DataFrame({"day": days(form), "y": repeated(["a", "b"])}), "y").preprocessing
    with pytest.raises(
        DataError, match=r"'day' must hold dates \(.*\), as in training; got (20200115|43845)"
    ):
        fitted.transform(pd.DataFrame({"day": cells}))
    missing = fitted.transform(pd.DataFrame({"day": [np.nan, np.nan]}))
    np.testing.assert_array_equal(missing, fitted.transform(pd.DataFrame({"day": ["", None]})))


def test_whole_numbers_are_dates_where_they_were_in_training():
    numbers, texts = [int(day) for day in days("%Y%m%d")], days("%Y-%m-%d")
    tables = [pd.DataFrame({"day": cells, "y": repeated(["a", "b"])}) for cells in (numbers, texts)]
    compact, written = (prepare(table, "y", date=["day"]).preprocessing for table in tables)
    inputs = compact.transform(tables[0].astype({"day": float}))
    np.testing.assert_array_equal(inputs, written.transform(tables[1]))


def test_new_cells_are_refused_where_they_are_not_as_in_training(tmp_path):
    path = write(tmp_path, c=[f"{5 + row} kg" for row in range(ROWS)], d=days("%d/%m/%Y"))
    fitted = prepare(path, "y").preprocessing
    rows = fitted.read(path).iloc[:2].copy()
    np.testing.assert_array_equal(fitted.transform(rows.assign(c=["5", "6"])), fitted.transform(rows))
    for column, cell in (("c", "5 g"), ("d", "01/31/2020")):
        with pytest.raises(
            DataError, match=f"column '{column}' must hold .* as in training; got '{cell}' in row 1"
        ):
            fitted.transform(rows.assign(**{column: [cell, cell]}))


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("dates", "last", "'day-first', 'month-first' or 'year-first'"),
        ("decimal", ";", "',' or '.'"),
        ("date", ["x"], "must hold dates in one order"),
        ("date", ["z"], "name columns of the table"),
    ],
)
def test_options_that_break_a_rule(option, value, words, tmp_path):
    with pytest.raises(DataError, match=words):
        prepare(write(tmp_path), "y", **{option: value})


def test_a_study_of_before_reads_as_it_did(tmp_path):
    path = write(tmp_path, c=repeated(["1,000", "2,000", "900"]), d=repeated(["2020-01-01", "2020-02-01"]))
    dataset = prepare(path, "y", recognise=False)
    assert dataset.preprocessing.feature_names == (
        *("x", "c=1,000", "c=2,000", "c=900"),
        *("d=2020-01-01", "d=2020-02-01"),
    )
