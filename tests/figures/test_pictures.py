"""What each picture shows, and that it is what the study holds."""

import dataclasses
import itertools
import json
import math
from datetime import timedelta

import numpy as np
import pytest

from drawn_studies import BEGIN, EVIL, RULE, make_drawn
from sturgeon import figures
from sturgeon.data.targets import ClassTarget
from sturgeon.data.test_rows import TestRows
from sturgeon.errors import InputError
from sturgeon.figures.common.thinning import BEST_KEPT, say_thinned, thin_trials
from sturgeon.figures.workers import Stretch, put_in_rows
from sturgeon.languages import translator
from sturgeon.search.region import Region
from sturgeon.space import Choice, Integer, Real, Space
from sturgeon.study import Attempt, Study
from sturgeon.study.journal import JournalEntry


def traces(figure, name):
    return [trace for trace in figure.data if trace.name == name]


def all_text(figure):
    return json.dumps(json.loads(figure.to_json()), ensure_ascii=False)


@pytest.mark.parametrize(
    ("name", "language"), list(zip(figures.FIGURES, itertools.cycle(["en", "vi", "zh"]), strict=False))
)
def test_every_picture_is_drawn(name, language, drawn, two_goals, table_snapshot):
    picture = figures.FIGURES[name]
    study = next(one for one in (drawn, two_goals, *table_snapshot) if picture.fits(one))
    figure = picture(study, language=language)
    assert figure.data
    json.loads(figure.to_json(), parse_constant=lambda text: pytest.fail(f"{text} is no JSON"))
    if name != "contour":
        assert figure.layout.title.text == picture.title_in(language)


@pytest.fixture(scope="module")
def table_snapshot(drawn, tmp_path_factory):
    classes = tmp_path_factory.mktemp("classes")
    codes = np.array([0, 0, 1, 1, 1])
    sure = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.45, 0.55], [0.7, 0.3]])
    TestRows.of_classes(ClassTarget("kind", ("a", "b")), codes, sure).write(classes)
    numbers = tmp_path_factory.mktemp("numbers")
    TestRows.of_numbers("weight", np.array([1.0, 2.0, 3.0]), np.array([1.5, 2.0, 2.0])).write(numbers)
    end = BEGIN + timedelta(seconds=9)
    attempts = {number: [Attempt(1, "a worker", BEGIN, end, "complete")] for number in (0, 1)}
    rechecks = tuple(recheck(number, trial=3) for number in range(2))
    return [
        dataclasses.replace(drawn, folder=folder, attempts=attempts, rechecks=rechecks)
        for folder in (classes, numbers)
    ]


def recheck(number, *, trial, verdict="still right", **more):
    challenger = {"advantage": 0.1 * number, "low": -0.1, "high": 0.5}
    body = {"verdict": verdict, "incumbent": {"trial": trial}, "challenger": challenger, "data": EVIL, **more}
    return JournalEntry(number, BEGIN + timedelta(days=number), "recheck", None, "recheck", body)


def test_the_freshness_of_a_choice_shows_its_verdicts_and_where_another_took_over(drawn):
    entries = (
        recheck(0, trial=3),
        recheck(1, trial=3, verdict="another is better", sentence="Trial 5 is better."),
        JournalEntry(2, BEGIN, "recheck", None, "recheck", {"out": "again", "trials": 8}),
        recheck(3, trial=5, challenger=None),
        recheck(4, trial=5, challenger={"advantage": "x", "low": math.nan}),
        recheck(5, trial=5, evidence={"again": True}),
    )
    figure = figures.freshness(dataclasses.replace(drawn, rechecks=entries))
    [right] = traces(figure, "still right")
    [better] = traces(figure, "another is better")
    assert list(right.y) == [0.0, 0.0, 0.0]
    assert (better.y[0], better.error_y.array[0], better.error_y.arrayminus[0]) == (0.1, 0.4, 0.2)
    assert "Trial 5 is better." in better.text[0]
    assert [note.text for note in figure.layout.annotations if "trial" in note.text] == ["trial 3", "trial 5"]
    assert "1 of 4 rechecks found the choice stale" in figure.layout.meta["caption"]
    assert not figures.FIGURES["freshness"].fits(drawn)


def test_the_best_so_far_only_gets_better_and_ends_at_the_best(drawn):
    [line] = traces(figures.best_so_far(drawn), "best so far")
    assert list(line.y) == sorted(line.y, reverse=True)
    assert line.y[-1] == pytest.approx(drawn.best.value, rel=1e-4)


def test_it_is_drawn_against_trials_epochs_and_seconds(drawn):
    ended = [one for one in drawn.trials if one.state != "waiting"]
    epochs = sum(len(one.curves["val_loss"]) for one in ended)
    ends = {
        against: max(traces(figures.best_so_far(drawn, against=against), "best so far")[0].x)
        for against in ("trials", "epochs", "seconds")
    }
    assert ends["trials"] == len(ended) if ended[-1].state != "failed" else len(ended) - 1
    assert ends["epochs"] <= epochs
    assert ends["seconds"] == pytest.approx(10 * 39 + 30, abs=20)
    with pytest.raises(InputError, match="trials, epochs or seconds; got 'days'"):
        figures.best_so_far(drawn, against="days")


def test_each_hyperparameter_is_drawn_on_its_own_scale(drawn):
    log = figures.slice(drawn, hyperparameter="learning_rate").layout.xaxis
    assert log.type == "log"
    assert log.range[0] < math.log10(1e-4) < math.log10(1.0) < log.range[1]
    reverse = figures.slice(drawn, hyperparameter="momentum")
    assert reverse.layout.xaxis.title.text == "1 − momentum"
    assert reverse.layout.xaxis.range[0] > reverse.layout.xaxis.range[1]  # momentum grows to the right
    by_number = {one.number: one for one in drawn.trials}
    for trace in reverse.data:
        for number, x in zip(trace.customdata, trace.x, strict=True):
            assert x == pytest.approx(1 - by_number[number].config["momentum"], rel=1e-4)
    powers = figures.slice(drawn, hyperparameter="batch_size").layout.xaxis
    assert list(powers.tickvals) == [16, 32, 64, 128, 256, 512]
    options = figures.slice(drawn, hyperparameter="optimizer").layout.xaxis
    assert list(options.ticktext) == ["adam", "momentum"]


def test_importance_is_that_of_the_study(drawn):
    with make_drawn() as study:
        wanted = {one.name: one.share for one in study.importance().shares}
    figure = figures.importance(drawn)
    shown = {name: x for trace in figure.data for name, x in zip(trace.y, trace.x, strict=True)}
    assert shown == pytest.approx(wanted, abs=1e-3)
    assert {trace.name for trace in figure.data} == {"priority 1", "priority 2", "priority 3"}


def test_curves_that_were_stopped_are_grey_and_say_by_which_rule(drawn):
    figure = figures.learning_curves(drawn)
    [stopped] = traces(figure, "stopped early: Median rule")
    assert stopped.line.color.startswith("rgba(138, 143, 152")
    numbers = {number for number in stopped.customdata if number is not None}
    assert numbers == {one.number for one in drawn.trials if one.state == "stopped"} - {
        one.number for one in drawn.ranked[:5]
    }
    assert any(RULE[:40] in text for trace in figure.data for text in trace.text or ())


def test_curves_that_were_asked_for_have_a_colour_each_and_say_how_they_ended(drawn):
    stopped = next(one.number for one in drawn.trials if one.state == "stopped" and one.curves)
    best = drawn.best.number
    figure = figures.learning_curves(drawn, trials=[best, stopped])
    assert sorted(trace.name for trace in figure.data) == sorted(
        [f"trial {best}", f"trial {stopped} (stopped early)"]
    )
    assert len({trace.line.color for trace in figure.data}) == 2


def test_one_trial_has_an_axis_that_does_not_magnify_its_digits_and_every_slice_has_axes():
    space = Space(kind=Choice(["a", "b"]), x=Real(0.0, 1.0), y=Real(0.0, 1.0, when={"kind": "b"}))
    with Study.create(":memory:", space, minimize="loss") as study:
        study.add({"kind": "a", "x": 0.5}, {"loss": 0.8193503})
        figure = figures.slice(study)
    assert figure.layout.yaxis.range == pytest.approx((0.737, 0.901), abs=0.001)
    assert {trace.xaxis for trace in figure.data} == {"x", "x2", "x3"}
    assert sum(trace.showlegend is not False for trace in figure.data) == 2


def test_long_options_are_written_over_two_lines_where_there_is_little_room():
    space = Space(x=Real(0.0, 1.0), rule=Choice(["momentum of Nesterov", "sgd", "adam"]))
    with Study.create(":memory:", space, minimize="loss") as study:
        study.add({"x": 0.5, "rule": "sgd"}, {"loss": 1.0})
        both, alone = figures.slice(study), figures.slice(study, hyperparameter="rule")
    shown = next(axis for axis in (both.layout.xaxis, both.layout.xaxis2) if axis.ticktext)
    assert shown.ticktext[0] == "momentum<br>of…terov"
    assert shown.tickangle == 0
    assert alone.layout.xaxis.ticktext[0] == "momentum of Nesterov"


def test_a_region_of_whole_numbers_holds_the_points_at_its_ends():
    class Looking:
        def regions(self, space, record):
            low, high = {"x": 0.2, "layers": 3}, {"x": 0.8, "layers": 4}
            return [Region({"x": 0.5, "layers": 3}, low, high, level=1, scale=0.5, trials=(0,))]

    with Study.create(":memory:", Space(x=Real(0.0, 1.0), layers=Integer(2, 4)), minimize="loss") as study:
        study.add({"x": 0.5, "layers": 3}, {"loss": 1.0})
        seen = dataclasses.replace(figures.take_snapshot(study), search=Looking())
    [box] = figures.coarse_to_fine(seen, x="x", y="layers").layout.shapes
    assert (box.x0, box.x1) == (0.2, 0.8)
    assert box.y0 < 3
    assert box.y1 > 4


def test_a_grid_of_equal_size_tries_fewer_values(drawn):
    figure = figures.random_against_grid(drawn)
    [ours], [grid] = traces(figure, "this study"), traces(figure, "a grid of equal size")
    tried = dict(zip(ours.y, ours.x, strict=True))
    of_grid = dict(zip(grid.y, grid.x, strict=True))
    assert tried["learning_rate"] == 40
    assert math.prod(of_grid.values()) <= 40
    assert of_grid["learning_rate"] <= 5


def test_regions_narrow_around_the_best():
    space = Space(rate=Real(1e-4, 1.0, scale="log"), momentum=Real(0.0, 0.9))
    with Study.create(":memory:", space, minimize="loss") as study:
        for config in space.sample(60, 0):
            study.add(config, {"loss": abs(math.log10(config["rate"]) + 2) + config["momentum"]})
        figure = figures.coarse_to_fine(study)
    widths = [shape.x1 / shape.x0 for shape in figure.layout.shapes]
    assert widths
    assert all(inner <= outer for outer, inner in itertools.pairwise(widths))
    assert sum(len(trace.x) for trace in figure.data if trace.name.startswith("trials")) == 60


def test_the_pareto_front_is_that_of_the_study(two_goals):
    figure = figures.pareto_front(two_goals)
    [front] = traces(figure, "no other beats them")
    assert set(front.customdata) == {one.number for one in two_goals.front}


def test_rows_of_the_timeline_hold_what_did_not_run_at_the_same_time():
    pairs = [(0, 10), (0, 4), (4, 9), (10, 12), (11, 13)]
    stretches = [Stretch(n, 1, "a", "complete", *map(float, pair)) for n, pair in enumerate(pairs)]
    rows = put_in_rows(stretches)
    assert len(rows) == 2
    for _, row in rows:
        assert all(one.end <= following.start for one, following in itertools.pairwise(row))


def test_the_spread_shows_folds_and_repeats(drawn):
    figure = figures.spread(drawn)
    [again] = traces(figure, "with other seeds")
    assert list(again.x) == [0.25, 0.27]
    assert list(figure.data[0].error_x.array) == [0.02] * 15


def test_confusion_calibration_and_residuals_are_those_of_the_test_rows(table_snapshot):
    classes, numbers = table_snapshot
    matrix = figures.confusion_matrix(classes)
    assert [list(row) for row in matrix.data[0].text] == [[1, 1], [1, 2]]
    assert "3 of 5 test rows were right" in matrix.layout.meta["caption"]
    assert sum(figures.calibration(classes).data[1].customdata) == 5
    assert list(figures.residuals(numbers).data[0].y) == [-0.5, 0.0, 1.0]
    with pytest.raises(InputError, match="needs test rows of numbers"):
        figures.residuals(classes)


def test_of_many_trials_the_best_are_kept_and_the_caption_says_what_is_drawn():
    space = Space(x=Real(0.0, 1.0))
    with Study.create(":memory:", space, minimize="loss") as study:
        for config in space.sample(60, 0):
            study.add(config, {"loss": config["x"]})
        seen = figures.take_snapshot(study)
    kept = thin_trials(seen.valued, seen.ranked, 20)
    best = [one.number for one in seen.ranked[: int(20 * BEST_KEPT)]]
    assert len(kept) == 20
    assert set(best) <= {one.number for one in kept}
    assert [one.number for one in kept] == sorted(one.number for one in kept)
    assert say_thinned(20, 60, translator("en")).startswith("20 of 60 trials are drawn")


def test_values_far_worse_than_the_rest_do_not_squeeze_the_axis_and_are_counted():
    space = Space(x=Real(0.0, 1.0))
    with Study.create(":memory:", space, minimize="loss") as study:
        for number, config in enumerate(space.sample(30, 0)):
            study.add(config, {"loss": 1e6 if number == 7 else config["x"]})
        figure = figures.best_so_far(study)
    assert figure.layout.yaxis.range[1] < 5
    assert "One value is worse than the axis shows." in figure.layout.meta["caption"]


@pytest.mark.parametrize("name", figures.FIGURES)
@pytest.mark.parametrize(
    ("given", "got"), [(None, "None"), ("sweep.study", "'sweep.study'"), ([1], "a list")]
)
def test_what_is_no_study_is_told_how_to_open_one(name, given, got):
    with pytest.raises(InputError, match=rf"open; got {got}. Write st.Study.open\('.*\.study'\)"):
        figures.FIGURES[name](given)


def test_a_study_without_values_says_what_it_lacks():
    with Study.create(":memory:", Space(x=Real(0.0, 1.0)), minimize="loss") as study:
        assert figures.FIGURES["best_so_far"].missing_in(study, "en") == "no trial has a value yet"
        assert figures.FIGURES["best_so_far"].missing_in(study, "zh") == "尚无试验有结果值"
        assert not any(picture.fits(study) for picture in figures.FIGURES.values())
        assert figures.overview(study).layout.meta["caption"] == "No trial has a value yet."


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("spread", "each was trained once, without folds or repeats"),
        ("freshness", "the study was never rechecked"),
        ("pareto_front", "the study has one"),
        ("confusion_matrix", "needs test rows"),
        ("importance", "needs 16 trials"),
    ],
)
def test_a_picture_of_what_a_study_lacks_is_refused(name, words):
    with Study.create(":memory:", Space(x=Real(0.0, 1.0)), minimize="loss") as study:
        study.tell(study.ask()[0], loss=1.0)
        with pytest.raises(InputError, match=words):
            getattr(study.plot, name)()


@pytest.mark.parametrize("name", list(figures.FIGURES))
def test_nothing_in_the_text_of_a_study_is_obeyed(name, hostile):
    picture = figures.FIGURES[name]
    if not picture.fits(hostile):
        return
    text = all_text(picture(hostile))
    for sign in (
        "<script",
        "<img",
        "<a ",
        "</script",
        "<svg",
        "\x1b",
        "\\u001b",
        "\u202e",
        "\u2028",
        "%{y}{{",
    ):
        assert sign not in text
    assert EVIL[-1][:200] not in text
