"""The gambler: never rich by chance, soon rich where a challenger is better; and the interval."""

import math

import numpy as np
import pytest

from sturgeon.recheck.candidates import Candidate
from sturgeon.recheck.evidence import ALPHA, MARGIN, interval, noise_of, stake
from sturgeon.recheck.history import Account, open_account
from sturgeon.recheck.race import MOST_PAIRS, Plan, plan_race, run_race
from sturgeon.recheck.rows.judged import remember_rows
from sturgeon.study.journal import JournalEntry

FIRST = stake(1)


def race_of(effects, rng, *, trainings=64, capital=FIRST, draw=None, values=None):
    """A race whose challengers are better by so many standard deviations of a pair's difference.

    What comes out is drawn, or given: by pair and candidate.
    """
    plan = plan_race(trainings)
    means = [0.0, *effects, *[0.0] * plan.challengers][: plan.challengers + 1]
    candidates = [Candidate(number, {}, "record", number) for number in range(plan.challengers + 1)]
    draw = draw or (lambda: rng.normal(0, math.sqrt(0.5)))

    def evaluate(racing, pairs):
        if values is not None:
            return {(one.number, pair): values[pair, one.number] for pair in pairs for one in racing}
        return {(one.number, pair): draw() - means[one.number] for pair in pairs for one in racing}

    return run_race(candidates, plan, evaluate, capital=capital)


def is_stale(race, capital=FIRST):
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
    races = [race_of([-1.0] * 6, rng, trainings=64) for _ in range(20)]
    assert all(race.trainings <= 64 for race in races)
    assert np.mean([race.trainings for race in races]) < 40


def rows(first, last):
    return remember_rows(str(number).encode() for number in range(first, last))


def test_over_a_history_of_unchanged_data_false_alarms_stay_rare():
    rng = np.random.default_rng(3)
    alarms = 0
    for _ in range(60):
        entries = []
        for number in range(8):
            seen = rows(100 * number, 100 * number + 100)
            account = open_account(entries, 0, f"new {number}", seen)
            assert account.since == 1
            race = race_of([], rng, capital=account.capital)
            if is_stale(race, account.capital):
                alarms += 1
                break
            entries.append(entry(race.wealth, f"new {number}", account=account, seen=seen))
    assert alarms <= 3 + 3


def test_over_a_history_of_windows_that_overlap_false_alarms_stay_rare():
    """Each window has all but a sixteenth of its blocks of rows from the one before; nothing ever changes.

    Challengers are better by the margin, where false alarms are most frequent.
    """
    rng = np.random.default_rng(5)
    alarms = {"as they are": 0, "as if rows were new": 0}
    for _ in range(40):
        luck = rng.normal(0, 1, (2 * 15 + 32, 7)) * math.sqrt(0.5)
        luck[:, 1:] -= MARGIN
        for how in alarms:
            entries = []
            for number in range(16):
                blocks = range(2 * number, 2 * number + 32)
                seen = (
                    rows(min(blocks), max(blocks) + 1) if how == "as they are" else rows(-number - 1, -number)
                )
                account = open_account(entries, 0, f"new {number}", seen)
                race = race_of(
                    [], rng, trainings=80, capital=account.capital, values=luck[blocks[0] : blocks[-1] + 1]
                )
                if is_stale(race, account.capital):
                    alarms[how] += 1
                    break
                entries.append(entry(race.wealth, f"new {number}", account=account, seen=seen))
    assert alarms["as they are"] <= 2
    assert alarms["as if rows were new"] > alarms["as they are"]


def entry(wealth, fingerprint, *, account=None, seen=None, stale=False, trial=0, budget=None):
    account = account or Account(1, stake(1), 1)
    evidence = {"wealth": wealth} | {
        name: getattr(account, name) for name in ("number", "capital", "since", "again")
    }
    body = {
        "fingerprint": fingerprint,
        "stale": stale,
        "incumbent": {"trial": trial},
        "epochs": {"budget": budget},
        "evidence": evidence,
    }
    return JournalEntry(
        0, None, "recheck", None, "", body if seen is None else {**body, "judged": seen.to_json()}
    )


def test_what_a_recheck_wins_is_there_at_the_next_where_its_rows_are_new():
    before = [entry(10.0, "a", seen=rows(0, 50))]
    account = open_account(before, 0, "b", rows(50, 100))
    assert (account.number, account.since, account.shares_rows) == (2, 1, False)
    assert account.capital == pytest.approx(stake(1) * 10.0 + stake(2))


@pytest.mark.parametrize("seen", [None, rows(40, 90)], ids=["unknown rows", "some of the same rows"])
def test_what_was_won_by_the_same_rows_is_not_won_twice(seen):
    account = open_account([entry(10.0, "a", seen=rows(0, 50))], 0, "b", seen)
    assert (account.number, account.since, account.capital) == (2, 2, stake(2))
    assert "not added up" in account.notes()[0]


def test_a_recheck_goes_on_with_the_first_purse_that_knows_none_of_its_rows():
    first = entry(3.0, "a", seen=rows(0, 50))
    second = entry(9.0, "b", account=Account(2, stake(2), 2), seen=rows(25, 75))
    account = open_account([first, second], 0, "c", rows(50, 100))
    assert (account.since, account.capital) == (1, pytest.approx(3.0 * stake(1) + stake(3)))
    assert open_account([first, second], 0, "c", rows(75, 125)).since == 1
    assert open_account([first, second], 0, "c", rows(30, 60)).since == 3


def test_the_same_data_again_begins_as_it_began_and_is_no_evidence():
    first = entry(10.0, "a", seen=rows(0, 50))
    again = open_account([first], 0, "a", rows(0, 50))
    assert (again.number, again.capital, again.again) == (1, stake(1), True)
    repeated = entry(10.0, "a", account=again, seen=rows(0, 50))
    assert open_account([first, repeated], 0, "b", rows(50, 100)).number == 2
    more = open_account([first], 0, "a", rows(0, 50), budget=99)
    assert (more.capital, more.again) == (stake(2), False)


@pytest.mark.parametrize("closed", [{"stale": True}, {"trial": 7}], ids=["stale", "another incumbent"])
def test_an_account_is_closed_by_a_verdict_or_a_new_incumbent(closed):
    assert open_account([entry(10.0, "a", **closed)], 0, "b").capital == stake(1)


def test_an_entry_that_was_written_before_rows_were_remembered_is_read():
    body = {"fingerprint": "a", "incumbent": {"trial": 0}, "evidence": {"wealth": 4.0, "capital": 0.5}}
    old = JournalEntry(0, None, "recheck", None, "", body)
    assert open_account([old], 0, "b", rows(0, 50)).capital == stake(2)


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

        return run_race(candidates, Plan(40, 1, 20), evaluate, capital=stake(1))

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
