"""One study has one number of epochs: another is refused, or told, and the road to it is named."""

import logging

import pytest

import sturgeon as st
from sturgeon.errors import StudyError

SPACE = st.Space(x=st.Real(0, 1))


def function(epochs, *, planned=True):
    def train(trial):
        steps = trial.epochs(epochs) if planned else range(1, epochs + 1)
        for step in steps:
            trial.report(step=step, loss=(trial.config["x"] - 0.3) ** 2 / step)

    return train


class Known:
    def __init__(self, epochs):
        self.planned_epochs = epochs

    def __call__(self, trial):
        function(self.planned_epochs)(trial)


def tune(train, trials, study="own.study", **options):
    options = {"resume": True, "workers": 0, "progress": False, **options}
    with st.tune(train, SPACE, minimize="loss", trials=trials, study=study, **options) as made:
        return made.trials


@pytest.fixture
def warned(tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    caplog.set_level(logging.WARNING, "sturgeon")
    return lambda: [line for line in caplog.messages if "epochs" in line]


@pytest.mark.parametrize(
    ("before", "after", "planned", "told"),
    [
        (4, 8, True, "8 or more"),
        (8, 4, True, "4"),
        (4, 8, False, "5 or more"),
        (4, 4, True, ""),
        (8, 4, False, ""),
    ],
)
def test_a_function_that_trains_for_another_number_of_epochs_is_told_of(warned, before, after, planned, told):
    tune(function(before, planned=planned), 3)
    assert not warned()
    tune(function(after, planned=planned), 6)
    assert len(warned()) == bool(told)
    if told:
        assert (
            f"trial 3 trains for {told} epochs where all before this run trained for {before}" in warned()[0]
        )
        assert "prior='own.study', study='own-2.study'" in warned()[0]


def test_the_road_that_is_named_begins_with_the_best_of_before_and_keeps_their_values_apart(warned):
    before = tune(function(4), 6)
    best = min(before, key=lambda trial: trial.value)
    after = tune(function(8), 5, "own-2.study", prior="own.study")
    assert after[0].config == best.config
    assert all(trial.curves["loss"][-1][0] == 8 for trial in after)
    assert not warned()


def test_trials_whose_epochs_vary_are_not_told_of(warned):
    def train(trial):
        function(2 + trial.number)(trial)

    tune(train, 3)
    tune(train, 5)
    assert not warned()


def test_where_a_function_says_its_epochs_another_number_is_refused(warned):
    tune(Known(4), 2)
    with pytest.raises(StudyError) as caught:
        tune(Known(8), 4)
    assert "epochs=8 where" in str(caught.value)
    assert "with epochs=8, prior='own.study', study='own-2.study'" in str(caught.value)
    assert len(tune(Known(4), 3)) == 3
