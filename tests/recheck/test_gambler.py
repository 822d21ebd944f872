"""The bets: fair whatever was seen before, sharp at the end, and able to find what they say they can."""

import math
from itertools import product

import numpy as np
import pytest

from sturgeon.recheck.candidates import Candidate
from sturgeon.recheck.evidence import ALPHA, stake
from sturgeon.recheck.gambler import (
    LONGEST_LAP,
    Gambler,
    detectable,
    next_lap,
    option_pays,
    sign_flips_pay,
)
from sturgeon.recheck.race import plan_race, run_race

FIRST = stake(1)
SIZES = np.array([0.1, 0.4, 0.4, 1.3, 2.0, 3.0])


def all_signs(count):
    return [np.array(signs) for signs in product([1.0, -1.0], repeat=count)]


@pytest.mark.parametrize("reached", [1e-9, 0.03, 0.5, 0.97])
def test_a_bet_is_fair_where_signs_are_left_to_chance(reached):
    signs = all_signs(len(SIZES))
    before = [option_pays(one * SIZES, reached, 2.5) for one in signs]
    assert np.mean(before) == pytest.approx(1.0)
    last = [sign_flips_pay(one * SIZES, reached) for one in signs]
    assert np.mean(last) <= 1 + 1e-12
    assert min(before + last) >= 0


@pytest.mark.parametrize("reached", [0.02, 0.3])
def test_a_bet_pays_no_less_where_a_difference_is_positive(reached):
    """So it returns less than 1 on average where + is less likely than a half."""
    for place in range(len(SIZES)):
        for signs in all_signs(len(SIZES)):
            up, down = signs.copy(), signs.copy()
            up[place], down[place] = 1, -1
            for pays in (lambda x: option_pays(x, reached, 2.0), lambda x: sign_flips_pay(x, reached)):
                assert pays(up * SIZES) >= pays(down * SIZES)


def test_the_last_lap_leads_to_the_goal_or_to_nothing():
    sizes = np.linspace(0.5, 1.5, 8)
    paid = {sign_flips_pay(signs * sizes, 0.03) for signs in all_signs(8)}
    assert min(paid) == 0
    assert 0.03 * max(paid) >= 1


@pytest.mark.parametrize("racing", [1, 2, 3])
@pytest.mark.parametrize("end", [1, 3, 11, 16, 24, 32])
def test_laps_end_with_the_race_and_are_never_too_long(end, racing):
    pairs = 0
    while pairs < end:
        lap = next_lap(pairs, end, racing)
        assert 1 <= lap <= LONGEST_LAP
        pairs += lap
    assert pairs == end


def run(effects, rng, trainings, capital=FIRST, stop_after=math.inf):
    """A race whose challengers are better by so many standard deviations of a pair's difference."""
    plan = plan_race(trainings)
    means = [0.0, *effects, *[0.0] * plan.challengers][: plan.challengers + 1]
    candidates = [Candidate(number, {}, "record", number) for number in range(plan.challengers + 1)]
    done = []

    def evaluate(racing, pairs):
        done.extend(pairs)
        spread = math.sqrt(0.5)
        return {(one.number, p): rng.normal(-means[one.number], spread) for p in pairs for one in racing}

    return run_race(candidates, plan, evaluate, capital=capital, stop=lambda: len(done) >= stop_after)


@pytest.mark.parametrize(("trainings", "capital"), [(34, stake(1)), (64, 0.05)])
def test_what_is_said_to_be_found_in_nine_of_ten_is(trainings, capital):
    rng = np.random.default_rng(0)
    pairs = plan_race(trainings).pairs
    races = [run([0.0, detectable(pairs, capital)], rng, trainings, capital) for _ in range(150)]
    assert all(race.planned == pairs for race in races)
    assert sum(capital * race.wealth >= 1 / ALPHA for race in races) >= 0.85 * len(races)


def test_a_race_that_is_stopped_within_a_lap_is_judged_by_what_is_whole():
    found = run([3.0], np.random.default_rng(0), 64, stop_after=12)
    assert found.pairs == 12
    assert found.wealth * FIRST >= 1 / ALPHA
    nothing = run([0.3] * 5, np.random.default_rng(0), 64, stop_after=12)
    assert nothing.pairs == nothing.planned == 12


def test_money_that_is_lost_stays_lost():
    gambler = Gambler()
    gambler.bet({1: [1.0, 0.5, -1.0, -1.0]}, 2, 0)
    assert gambler.wealth == 0
    gambler.bet({1: [1.0, 0.5, -1.0, -1.0, 2.0, 2.0]}, 2, 4)
    assert gambler.wealth == 0
