"""The gambler: never rich by chance, soon rich where a challenger is better; and the interval."""

import math

import numpy as np
import pytest

from sturgeon.recheck.candidates import Candidate
from sturgeon.recheck.evidence import ALPHA, interval, noise_of, stake
from sturgeon.recheck.history import open_account
from sturgeon.recheck.race import MOST_PAIRS, Plan, plan_race, run_race
from sturgeon.study.journal import JournalEntry


def race_of(effects, rng, *, trainings=64, capital=0.5, draw=None):
    """A race whose challengers are better by so many standard deviations of a pair's difference."""
    plan = plan_race(trainings)
    means = [0.0, *effects, *[0.0] * plan.challengers][: plan.challengers + 1]
    candidates = [Candidate(number, {}, "record", number) for number in range(plan.challengers + 1)]
    draw = draw or (lambda: rng.normal(0, math.sqrt(0.5)))

    def evaluate(racing, pairs):
        return {(one.number, pair): draw() - means[one.number] for pair in pairs for one in racing}

    return run_race(candidates, plan, evaluate, capital=capital)


def is_stale(race, capital=0.5):
    return capital * race.wealth >= 1 / ALPHA


@pytest.mark.parametrize("heavy", [False, True], ids=["normal", "heavy tails"])
def test_equal_configurations_are_rarely_called_better(heavy):
    rng = np.random.default_rng(0)
    draw = (lambda: rng.standard_t(2)) if heavy else None
    false = sum(is_stale(race_of([], rng, draw=draw)) for _ in range(200))
    assert false <= 10


def test_a_difference_of_the_size_of_the_noise_is_found_in_nine_of_ten():
    rng = np.random.default_rng(1)
    races = [race_of([1.0, 0.5], rng, trainings=80) for _ in range(100)]
    assert sum(map(is_stale, races)) >= 90


@pytest.mark.parametrize("trainings", [4, 23, 26, 39, 40, 59, 64, 80, 90, 300])
def test_a_plan_spends_what_it_may_and_no_more(trainings):
    plan = plan_race(trainings)
    race = race_of([0.0] * plan.challengers, np.random.default_rng(0), trainings=trainings)
    assert race.trainings <= trainings
    assert race.pairs <= plan.pairs <= MOST_PAIRS
    assert plan.pairs >= (trainings - 12) / 4 or plan.pairs == MOST_PAIRS


def test_a_challenger_that_is_clearly_better_is_found():
    rng = np.random.default_rng(1)
    races = [race_of([0.0, 1.5], rng) for _ in range(100)]
    found = [race for race in races if is_stale(race)]
    assert len(found) >= 90
    assert sum(race.leader.number == 2 for race in found) >= 0.9 * len(found)


def test_a_race_stays_within_its_trainings_and_ends_early_where_nothing_is_better():
    rng = np.random.default_rng(2)
    races = [race_of([-1.0] * 5, rng, trainings=64) for _ in range(20)]
    assert all(race.trainings <= 64 for race in races)
    assert np.mean([race.trainings for race in races]) < 40


def test_over_a_history_of_unchanged_data_false_alarms_stay_rare():
    rng = np.random.default_rng(3)
    alarms = 0
    for _ in range(60):
        entries = []
        for number in range(8):
            account = open_account(entries, 0, f"new {number}")
            race = race_of([], rng, capital=account.capital)
            if is_stale(race, account.capital):
                alarms += 1
                break
            entries.append(entry(race.wealth, f"new {number}"))
    assert alarms <= 3 + 3


def entry(wealth, fingerprint, *, stale=False, trial=0):
    body = {
        "fingerprint": fingerprint,
        "stale": stale,
        "incumbent": {"trial": trial},
        "evidence": {"wealth": wealth},
    }
    return JournalEntry(0, None, "recheck", None, "", body)


def test_what_a_recheck_wins_is_there_at_the_next():
    account = open_account([entry(10.0, "a")], 0, "b")
    assert account.number == 2
    assert account.capital == pytest.approx(0.5 * 10.0 + stake(2))


def test_the_same_data_again_wins_nothing_twice():
    assert open_account([entry(10.0, "a")], 0, "a").capital == 0.5


@pytest.mark.parametrize("closed", [{"stale": True}, {"trial": 7}], ids=["stale", "another incumbent"])
def test_an_account_is_closed_by_a_verdict_or_a_new_incumbent(closed):
    assert open_account([entry(10.0, "a", **closed)], 0, "b").capital == 0.5


def test_a_diverged_challenger_loses_and_a_diverged_incumbent_too():
    def race(diverged):
        candidates = [Candidate(0, {}, "incumbent", 0), Candidate(1, {}, "record", 1)]
        rng = np.random.default_rng(0)

        def evaluate(racing, pairs):
            return {
                (one.number, pair): math.inf if one.number == diverged and pair > 2 else rng.normal()
                for pair in pairs
                for one in racing
            }

        return run_race(candidates, Plan(40, 1, 20), evaluate, capital=0.5)

    assert not is_stale(race(1))
    assert is_stale(race(0))


def test_the_interval_holds_the_median():
    rng = np.random.default_rng(0)
    inside = 0
    for _ in range(200):
        low, high = interval(rng.normal(0.3, 1, 20).tolist())
        inside += low <= 0.3 <= high
    assert inside >= 190


def test_noise_is_that_of_pairs_and_not_of_means():
    rng = np.random.default_rng(0)
    differences = {number: (10 * number + rng.normal(0, 2, 30)).tolist() for number in range(5)}
    assert noise_of(differences) == pytest.approx(2, rel=0.25)
