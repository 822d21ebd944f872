"""What is kept of a trial's folds, and how far the mean of them is luck."""

import numpy as np
import pytest

from sturgeon.search import CoarseToFine, Observation, Record
from sturgeon.search.folds import fold_metric, paired_error, standard_errors, values_by_fold
from sturgeon.search.model.training_data import read_outcomes, standardize
from sturgeon.space import Real, Space
from sturgeon.study import Study

SPACE = Space(x=Real(0.0, 1.0))


def record_of(values):
    """Trials with these values on each fold."""
    return Record(
        Observation(n, {"x": n / len(values)}, "complete", float(np.mean(each)), (), tuple(each))
        for n, each in enumerate(values)
    )


def test_a_hard_fold_is_no_noise():
    rng = np.random.default_rng(0)
    worth, difficulty = rng.normal(size=(20, 1)), 100 * rng.normal(size=5)
    assert standard_errors(worth + difficulty) == pytest.approx(np.zeros(20), abs=1e-12)


def test_noise_of_single_trials_is_found_whatever_the_folds_share():
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(400, 5))
    found = standard_errors(rng.normal(size=(400, 1)) + 10 * rng.normal(size=5) + noise)
    assert np.sqrt(np.mean(found**2)) == pytest.approx(1 / np.sqrt(5), rel=0.1)


def test_a_trial_that_varies_more_is_less_sure():
    rng = np.random.default_rng(2)
    values = rng.normal(scale=0.1, size=(30, 5))
    values[7] = [3, -3, 3, -3, 0]
    found = standard_errors(values)
    assert found.argmax() == 7
    assert found[7] > 5 * np.median(found)


def test_paired_values_that_move_together_differ_surely():
    assert paired_error([1.0, 5.0, 9.0], [2.0, 6.0, 10.0]) == 0


def test_without_folds_nothing_changes():
    rng = np.random.default_rng(3)
    values = rng.normal(size=(12, 1)) + rng.normal(size=5)
    plain = Record(Observation(n, {"x": n / 12}, "complete", float(v.mean())) for n, v in enumerate(values))
    alike = record_of(values)  # no trial has any noise of its own
    for one in (plain, alike):
        outcomes = read_outcomes(SPACE, one)
        assert outcomes.noise == pytest.approx(np.zeros(12), abs=1e-12)
    suggest = CoarseToFine().suggest
    [before] = suggest(SPACE, plain, 1, np.random.default_rng(0))
    [after] = suggest(SPACE, alike, 1, np.random.default_rng(0))
    assert after["x"] == pytest.approx(before["x"], abs=0.05)


def test_noise_is_given_to_the_model_and_mixed_folds_are_not():
    rng = np.random.default_rng(4)
    values = [list(rng.normal(size=5)) for _ in range(8)] + [[0.1, 0.2]]
    outcomes = read_outcomes(SPACE, record_of(values))
    assert (outcomes.noise[:8] > 0).all()
    assert outcomes.noise[8] == 0
    assert outcomes.sure.tolist() == [False] * 8 + [True]
    _, variance = standardize(outcomes)
    assert (variance[:8] > 0).all()
    assert variance[8] == 0


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_a_study_keeps_the_folds_and_hands_them_to_the_search(tmp_path, direction):
    path, sign = tmp_path / "folds.study", 1 if direction == "minimize" else -1
    with Study.create(path, SPACE, **{direction: "score"}) as study:
        trial, other = study.ask(2)
        by_fold = {fold_metric("score", fold): value for fold, value in enumerate([0.1, 0.3])}
        study.tell(trial, score=0.2, **by_fold)
        study.tell(other, score=0.5)
        here = study.record
    with Study.open(path) as study:
        for record in (here, study.record):
            assert record[0].folds == (sign * 0.1, sign * 0.3)
            assert record[1].folds == ()
        assert values_by_fold(study.trial(0).metrics, "score") == (0.1, 0.3)
