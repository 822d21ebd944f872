import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sturgeon.space import Integer, Real
from sturgeon.space.scales import INTEGER_SCALES, REAL_SCALES

RANGES = {"linear": (-3.0, 7.5), "log": (1e-4, 1.0), "reverse_log": (0.9, 0.999)}


def shares(integer: Integer, draws: int = 200_000) -> dict[int, float]:
    unit = np.random.default_rng(7).random(draws)
    values, counts = np.unique(integer.from_unit(unit), return_counts=True)
    return dict(zip(values.tolist(), (counts / draws).tolist(), strict=True))


@pytest.mark.parametrize("name", REAL_SCALES)
def test_a_real_scale_is_monotonic_and_hits_both_ends(name):
    low, high = RANGES[name]
    values = Real(low, high, scale=name).from_unit(np.linspace(0, 1, 1001))
    assert values[0] == low
    assert values[-1] == high
    assert np.all(np.diff(values) > 0)


@pytest.mark.parametrize("name", REAL_SCALES)
@given(unit=st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_what_a_real_scale_draws_comes_back_to_the_last_bit(name, unit):
    real = Real(*RANGES[name], scale=name)
    values = real.from_unit(np.array(unit))
    assert np.array_equal(real.from_unit(real.to_unit(values)), values)


@given(low=st.floats(-1e6, 1e6), width=st.floats(1e-2, 1e6), unit=st.floats(0, 1))
def test_a_linear_real_of_any_range_stays_inside_and_comes_back(low, width, unit):
    real = Real(low, low + width)
    (value,) = real.decode(real.from_unit(np.array([unit])))
    assert real.low <= value <= real.high
    assert real.decode(real.from_unit(real.to_unit(np.array([value])))) == [value]


@given(low=st.floats(1e-30, 1e6), ratio=st.floats(1.001, 1e12), unit=st.floats(0, 1))
@example(low=118927.99999999988, ratio=2.0, unit=2.8433066309064515e-211)
def test_a_log_real_of_any_range_stays_inside_and_comes_back(low, ratio, unit):
    real = Real(low, low * ratio, scale="log")
    (value,) = real.decode(real.from_unit(np.array([unit])))
    assert real.low <= value <= real.high
    assert real.decode(real.from_unit(real.to_unit(np.array([value])))) == [value]


@pytest.mark.parametrize("value", [0.001, 0.01, 3e-4, 0.123456789, 1e-4, 1.0])
def test_a_value_written_by_hand_comes_back_exactly(value):
    real = Real(1e-4, 1.0, scale="log")
    assert real.decode(real.from_unit(real.to_unit(np.array([value])))) == [value]


def test_the_median_of_the_reverse_log_scale_is_the_one_of_the_notes():
    assert Real(0.9, 0.999, scale="reverse_log").value_at(0.5) == 0.99


def test_the_learning_rate_spends_a_quarter_of_its_draws_on_each_decade():
    real = Real(1e-4, 1.0, scale="log")
    assert [real.value_at(q) for q in (0, 0.25, 0.5, 0.75, 1)] == [1e-4, 1e-3, 1e-2, 1e-1, 1.0]


def test_reverse_log_draws_are_log_uniform_in_their_distance_from_one():
    unit = np.random.default_rng(0).random(100_000)
    distance = 1 - Real(0.9, 0.999, scale="reverse_log").from_unit(unit)
    shares_of_decades, _ = np.histogram(np.log10(distance), bins=[-3, -2.5, -2, -1.5, -1])
    assert shares_of_decades / 100_000 == pytest.approx([0.25] * 4, abs=0.01)


@pytest.mark.parametrize(("low", "high"), [(2, 4), (50, 100), (-3, 3)])
def test_a_linear_integer_gives_every_integer_equal_mass(low, high):
    drawn = shares(Integer(low, high))
    count = high - low + 1
    assert list(drawn) == list(range(low, high + 1))
    chi_square = sum((share - 1 / count) ** 2 * count for share in drawn.values()) * 200_000
    assert chi_square < count - 1 + 4 * math.sqrt(2 * (count - 1))


def test_a_log_integer_gives_its_ends_their_whole_stretch():
    drawn = shares(Integer(1, 8, scale="log"))
    total = math.log(8.5 / 0.5)
    for k in range(1, 9):
        assert drawn[k] == pytest.approx(math.log((k + 0.5) / (k - 0.5)) / total, abs=0.004)


def test_powers_of_two_have_equal_mass():
    drawn = shares(Integer(16, 512, scale="power_of_two"))
    assert list(drawn) == [16, 32, 64, 128, 256, 512]
    assert list(drawn.values()) == pytest.approx([1 / 6] * 6, abs=0.004)


@pytest.mark.parametrize(
    "integer",
    [
        Integer(2, 4),
        Integer(-7, 12),
        Integer(1, 300, scale="log"),
        Integer(1, 1024, scale="power_of_two"),
        Integer(2**40 - 50, 2**40),
        Integer(2**40 - 50, 2**40, scale="log"),
    ],
)
def test_every_integer_sits_in_the_middle_of_its_stretch(integer):
    values = list(integer.values())
    unit = integer.to_unit(np.array(values))
    assert len(values) == integer.size
    assert integer.from_unit(unit).tolist() == values
    assert integer.contains(values[-1])
    edges = np.concatenate([[0.0], (unit[1:] + unit[:-1]) / 2, [1.0]])
    assert np.all(np.diff(edges) > 0)


@given(low=st.integers(1, 10**9), width=st.integers(1, 2**39), unit=st.floats(0, 1))
@settings(max_examples=200)
def test_integers_of_any_range_come_back(low, width, unit):
    for scale in ("linear", "log"):
        integer = Integer(low, low + width, scale=scale)
        (value,) = integer.decode(integer.from_unit(np.array([unit])))
        assert type(value) is int
        assert low <= value <= low + width
        assert integer.decode(integer.from_unit(integer.to_unit(np.array([value])))) == [value]


def test_scales_are_found_by_the_names_that_json_uses():
    assert set(REAL_SCALES) == {"linear", "log", "reverse_log"}
    assert set(INTEGER_SCALES) == {"linear", "log", "power_of_two"}
