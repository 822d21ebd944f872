"""The coach names what ails a training, on real trainings that have it, and is quiet on healthy ones."""

import dataclasses
import math

import numpy as np
import pytest

import sturgeon as st
from sturgeon.data import prepare
from sturgeon.panda.coach.coach import look
from sturgeon.panda.coach.coaching import Coaching, acts_of, read_bounds
from sturgeon.panda.coach.curves import Curves, Epoch
from sturgeon.panda.table.network import NetworkTraining
from sturgeon.panda.table.table_space import tended_space


def made(losses, values=None, first=1, name="train_loss", **more):
    """Epochs of a loss, and of other curves beside it."""
    return [
        Epoch(
            number,
            {name: loss, **{key: curve[place] for key, curve in more.items()}},
            values or {"learning_rate": 0.1},
        )
        for place, (number, loss) in enumerate(enumerate(losses, start=first))
    ]


def symptoms(epochs, metric="train_loss", planned=None):
    return [one.symptom for one in look(Curves.of(epochs, metric, maximize=False, planned=planned))]


@pytest.fixture(scope="module")
def said(network):
    """What the coach says while the built-in network trains, by symptom, with the epoch."""

    def train(epochs, **values):
        training, history, found = network(epochs=epochs, **values), [], {}
        for _ in range(epochs):
            metrics = None
            while metrics is None:
                metrics = training.step()
            history.append(Epoch(len(history) + 1, metrics, training.values, training.vitals()))
            for advice in look(Curves.of(history, "val_loss", maximize=False)):
                found.setdefault(advice.symptom, (len(history), advice))
        return found

    return train


def test_a_training_that_crawls_is_sped_up_by_as_much_as_its_steps_are_small(said):
    epoch, advice = said(3, learning_rate=1e-6)["crawling"]
    assert epoch <= 2
    assert advice.factors["learning_rate"] >= 10
    assert "too low" in advice.sentence


def test_a_training_that_diverged_is_taken_back_to_where_it_was_finite(said):
    epoch, advice = said(8, learning_rate=1000.0, optimizer="gradient_descent", weight_decay=1.0)[
        "not finite"
    ]
    assert advice.action == "rewind"
    assert advice.back_to == epoch - 1
    assert advice.factors == {"learning_rate": 0.1}


def test_dead_units_are_counted(said):
    _, advice = said(3, learning_rate=3.0)["dead units"]
    assert "answer 0 to every row" in advice.sentence


def test_averages_that_have_not_settled_are_named(said):
    epoch, advice = said(2, norm_momentum=0.999)["unsettled averages"]
    assert epoch == 1
    assert advice.values == {"norm_momentum": 0.9}


def test_gradients_that_explode_on_their_way_down_are_named(said):
    assert "explode" in said(1, layers=64, hidden_units=16, learning_rate=1e-4)["gradients"][1].sentence


def test_a_network_that_learns_its_rows_by_heart_is_taken_back(table):
    rng = np.random.default_rng(0)
    noise = prepare((rng.normal(size=(120, 8)), rng.choice(["a", "b"], 120)), seed=0, folds=1)
    config = {
        **tended_space().default(),
        "hidden_units": 32,
        "dropout": 0.0,
        "weight_decay": 0.0,
        "batch_size": 16,
    }
    training, history = NetworkTraining(noise, config, seed=1, epochs=20, metric="val_loss"), []
    while len(history) < 12:
        metrics = training.step()
        if metrics is not None:
            history.append(Epoch(len(history) + 1, metrics, training.values))
    assert "parting" in symptoms(history, "val_loss")


def test_a_loss_that_swings_rises_or_lies_flat_is_named():
    assert "oscillating" in symptoms(made([1.0, 0.6, 0.9, 0.6, 0.9, 0.6, 0.9]))
    assert "rising" in symptoms(made([1.0, 0.5, 0.4, 0.6, 0.9]))
    assert symptoms(made([1.0, 0.5, *[0.4] * 7])) == ["flat"]


def test_what_was_before_a_change_tells_of_another_training():
    before = made([1.0, 0.5, *[0.4] * 7])
    assert symptoms([*before, *made([0.4], {"learning_rate": 0.03}, first=10)]) == []


@pytest.mark.parametrize("rate", [0.003, 0.01, 0.03])
def test_healthy_trainings_hear_little(said, rate):
    """Flatness at the end and averages in the first epoch are no false alarms: they are so."""
    heard = said(12, learning_rate=rate, dropout=0.0)
    assert not heard.keys() & {"not finite", "rising", "dead units", "crawling", "gradients"}


def test_false_alarms_on_smooth_noisy_curves_are_rare():
    rng, alarms, curves = np.random.default_rng(0), 0, 200
    for _ in range(curves):
        end, speed, noise = rng.uniform(0.05, 0.3), rng.uniform(0.15, 0.5), rng.uniform(0.0, 0.015)
        losses = [end + math.exp(-speed * epoch) + noise * rng.normal() for epoch in range(12)]
        alarms += bool(set(symptoms(made([abs(loss) for loss in losses]))) - {"flat"})
    assert alarms <= 0.05 * curves


def test_a_symptom_is_said_once_until_something_changes():
    coach = Coaching()
    flat = made([1.0, 0.5, *[0.4] * 7])
    given = {"metric": "train_loss", "maximize": False, "allowed": {"learning_rate": (1e-6, 1.0)}}
    first = coach.propose(flat, **given)
    assert [one.advice.symptom for one in first] == ["flat"]
    assert first[0].values == {"learning_rate": pytest.approx(0.03)}
    assert not first[0].act
    assert coach.propose([*flat, dataclasses.replace(flat[-1], number=10)], **given) == []


def test_the_autopilot_keeps_within_its_bounds():
    coach = Coaching(autopilot=True, bounds=read_bounds(["learning_rate=0.05:1"]))
    flat = made([1.0, 0.5, *[0.4] * 7])
    given = {"metric": "train_loss", "maximize": False, "allowed": {"learning_rate": (1e-6, 1.0)}}
    (proposal,) = coach.propose(flat, **given)
    assert proposal.act
    assert proposal.values == {"learning_rate": 0.05}
    at_bound = made([1.0, 0.5, *[0.4] * 7], {"learning_rate": 0.05})
    (proposal,) = coach.propose(at_bound, **given)
    assert not proposal.act


def test_the_autopilot_acts_through_the_journal_as_anybody_does(walk):
    walk.given = {"learning_rate": 1e-4, "coach": Coaching(autopilot=True)}
    walk.train(12)
    tree = walk.tree()
    assert tree.changes
    assert {change.author for change in tree.changes} == {"autopilot"}
    assert "crawling" in tree.changes[0].why
    assert walk.seen[-1][1] > 1e-4
    with st.Study.open(walk.study) as study:
        assert study.trial(0).tags == ("edited",)


def test_the_autopilots_acts_are_counted_from_the_journal_until_a_person_goes_elsewhere(walk):
    walk.given = {"learning_rate": 1e-4, "coach": Coaching(autopilot=True)}
    walk.train(12)
    acted = acts_of(walk.tree().entries)
    assert acted["crawling"] == len(walk.tree().changes)
    walk.train(14, {13: [("rewind", {"checkpoint": 1})]}, resume=True, coach=Coaching())
    assert acts_of(walk.tree().entries).total() == 0


def test_a_symptom_is_said_again_where_the_training_went_elsewhere():
    coach = Coaching()
    flat = made([1.0, 0.5, *[0.4] * 7])
    given = {"metric": "train_loss", "maximize": False, "allowed": {}}
    assert coach.propose(flat, **given)
    coach.forget()
    assert coach.propose(flat, **given)


def test_epochs_that_report_nothing_or_no_training_loss_are_passed_over():
    bare = [Epoch(1, {}, {"learning_rate": 0.1})]
    assert symptoms(bare) == []
    rare = made([1.0, 0.5, 0.4, 0.6, 0.9])
    between = [Epoch(number, {"other": 1.0}, {"learning_rate": 0.1}) for number in range(6, 9)]
    assert "rising" in symptoms([*rare, *between])


def test_validation_that_swings_while_the_training_loss_stands_is_named():
    swings = [0.4, 0.9, 0.4, 0.9, 0.4, 0.9, 0.4, 0.9]
    assert "oscillating" in symptoms(made([0.5] * 8, val_loss=swings), "val_loss")
    falls = [1.0, 0.8, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1]  # it learns: what swings is the noise of few rows
    assert "oscillating" not in symptoms(made(falls, val_loss=swings), "val_loss")


def test_validation_that_parts_again_after_a_rewind_goes_back_further():
    training = [1.0 / number for number in range(1, 13)]
    first = made(training, val_loss=[1.0, 0.8, 0.6, 0.5, 0.4, 0.5, 0.6, 0.7, 0.8, 0.8, 0.9, 0.9])
    (advice,) = [
        one for one in look(Curves.of(first, "val_loss", maximize=False)) if one.symptom == "parting"
    ]
    assert advice.back_to == 5
    again = [
        *first[:5],
        *made(training[5:], {"learning_rate": 0.03}, 6, val_loss=[0.39, 0.5, 0.6, 0.7, 0.8, 0.9, 0.9]),
    ]
    (advice,) = [
        one for one in look(Curves.of(again, "val_loss", maximize=False)) if one.symptom == "parting"
    ]
    assert advice.back_to == 3
    assert "go back to epoch 3" in advice.sentence


def test_what_falls_slowly_near_its_floor_or_was_lowered_does_not_crawl():
    slow = [1.0 - 0.01 * number for number in range(8)]
    assert "crawling" in symptoms(made(slow))
    assert "crawling" in symptoms(made(slow, val_loss=slow), "val_loss")
    worse = [0.5, 0.4, 0.41, 0.42, 0.43, 0.44, 0.45, 0.46]
    assert "crawling" not in symptoms(made(slow, val_loss=worse), "val_loss")
    lowered = [*made([1.0]), *made(slow, {"learning_rate": 0.03}, first=2)]
    assert "crawling" not in symptoms(lowered)
