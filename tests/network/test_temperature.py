"""Temperature scaling finds the number that makes probabilities as sure as they are right."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import log_softmax

from sturgeon.data.scores import calibration_error, softmax
from sturgeon.network.temperature import Calibration, fit_temperature


def drawn(rows=6_000, classes=3):
    """Logits, and classes drawn by their probabilities."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(rows, classes), scale=2)
    codes = (softmax(logits).cumsum(axis=1) < rng.random((rows, 1))).sum(axis=1)
    return logits, np.minimum(codes, classes - 1)


@pytest.mark.parametrize("factor", [0.2, 1.0, 5.0])
def test_logits_that_are_too_large_by_a_factor_get_it_back(factor):
    logits, codes = drawn()
    temperature = fit_temperature((factor * logits).astype(np.float32), codes)
    assert temperature == pytest.approx(factor, rel=0.05)
    assert calibration_error(codes, softmax(factor * logits / temperature)) < 0.03


@settings(max_examples=25, deadline=None)
@given(
    arrays(np.float32, (12, 3), elements=st.floats(-30, 30, width=32)),
    arrays(np.int32, 12, elements=st.integers(0, 2)),
)
def test_no_temperature_is_better_than_the_one_found(logits, codes):
    def loss(temperature):
        return -log_softmax(logits / np.float64(temperature), axis=1)[range(12), codes].mean()

    found = fit_temperature(logits, codes)
    assert 0.01 <= found <= 100
    for other in (1.0, 0.01, 0.1, 0.5, 2.0, 10.0, 100.0, found * 1.01, found / 1.01):
        if 0.01 <= other <= 100:
            assert loss(found) <= loss(other) + 1e-7


def test_logits_that_say_nothing_stay_as_they_are():
    assert fit_temperature(np.zeros((5, 2)), np.array([0, 1, 1, 0, 1])) == 1.0


def test_right_guesses_alone_make_nothing_certain():
    codes = np.array([0, 1] * 20)
    logits = np.where(np.eye(2)[codes] > 0, 2.0, -2.0)
    assert 0.05 < fit_temperature(logits, codes) < 1  # one row more, guessed wrong, is reckoned with
    found = Calibration.fit(logits, codes)
    surest = softmax(logits / found.temperature).max()
    assert surest == pytest.approx(1 - 0.5 / 41, abs=1e-4)


def test_a_calibration_says_what_it_is_worth_and_is_read_back():
    logits, codes = drawn()
    found = Calibration.fit(3 * logits, codes)
    assert found.temperature == pytest.approx(3, rel=0.05)
    assert found.before > 0.1 > 0.03 > found.after
    assert found.rows == 6_000
    assert Calibration.from_json(found.to_json()) == found
    with pytest.raises(ValueError, match="finite number above 0"):
        Calibration.from_json({**found.to_json(), "temperature": 0})
