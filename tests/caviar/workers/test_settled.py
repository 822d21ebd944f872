"""Whichever worker is faster, the trials are the same."""

import numpy as np
import pytest

import sturgeon as st
from sturgeon.caviar.workers.settled import SettledOrder, places_for
from sturgeon.study import Study


def busy(slow):
    """Train with the trials of ``slow`` taking many times as long as the others."""

    def train(trial):
        x = trial.config["x"]
        for epoch in trial.epochs(4):
            if trial.number % 3 in slow:
                np.linalg.svd(np.ones((220, 220)))
            trial.report(loss=(x - 0.3) ** 2 + 1.0 / epoch)

    return train


def resumable(slow):
    """The same, with a checkpoint after each epoch, so that a rule can put trials aside."""

    def train(trial):
        trial.can_save = True
        x = trial.config["x"]
        for epoch in trial.epochs(9):
            if trial.number % 3 in slow:
                np.linalg.svd(np.ones((220, 220)))
            trial.report(loss=(x - 0.3) ** 2 + 1.0 / epoch)
            trial.checkpoint(f"{trial.number}-{epoch}")

    return train


def two_goals(slow):
    def train(trial):
        if trial.number % 3 in slow:
            np.linalg.svd(np.ones((400, 400)))
        x = trial.config["x"]
        return {"loss": (x - 0.3) ** 2, "size": x}

    return train


def told(study):
    return [(one.number, one.config, one.state, one.value, one.reason) for one in study.trials]


SPACE = st.Space(x=st.Real(0.0, 1.0))


@pytest.mark.parametrize(
    ("train", "options"),
    [
        (busy, {"minimize": "loss", "stopping": st.MedianRule(warm_up=1, at_least=2)}),
        (resumable, {"minimize": "loss", "stopping": st.SuccessiveHalving(first=1)}),
        (two_goals, {"minimize": ["loss", "size"]}),
    ],
    ids=["median", "halving", "two objectives"],
)
def test_the_trials_do_not_depend_on_which_worker_is_faster(train, options):
    runs = [
        st.tune(train(slow), SPACE, trials=12, workers=2, seed=1, progress=False, **options)
        for slow in ((0,), (1, 2))
    ]
    assert told(runs[0]) == told(runs[1])
    assert {one.state for one in runs[0].trials} <= {"complete", "stopped"}


def test_a_run_that_is_resumed_goes_on_as_it_would_have(tmp_path):
    whole = st.tune(busy((0,)), SPACE, minimize="loss", trials=14, workers=2, seed=2, progress=False)
    path = tmp_path / "cut.study"
    for trials in (6, 14):
        cut = st.tune(
            busy((1,)),
            SPACE,
            minimize="loss",
            trials=trials,
            workers=2,
            seed=2,
            study=path,
            resume=True,
            progress=False,
        )
    assert told(cut) == told(whole)


def test_without_the_order_every_result_is_seen_at_once():
    study = st.tune(
        busy(()), SPACE, minimize="loss", trials=8, workers=2, deterministic=False, progress=False
    )
    assert study.counts()["complete"] == 8


def test_an_order_settles_one_trial_for_each_that_is_begun():
    order, seen = SettledOrder(places_for(2)), []
    for number in range(4):
        assert order.may_go_on()
        order.begin(number)
    for number in (2, 3, 1):
        order.leave(number)
        assert not order.may_go_on()  # trial 0 still trains
    order.leave(0)
    for number in range(4, 8):
        assert order.may_go_on()
        seen.append(order.unsettled)
        order.begin(number)
    assert seen == [(1, 2, 3), (2, 3, 4), (3, 4, 5), (4, 5, 6)]


def test_a_trial_that_is_tried_again_keeps_its_place():
    order = SettledOrder(2)
    order.begin(0)
    order.begin(1)
    order.leave(0, again=True)
    assert order.may_go_on()
    order.begin(0)
    assert order.unsettled == (0, 1)
    assert not order.may_go_on()


def test_trials_that_another_process_has_are_not_waited_for():
    order = SettledOrder(2)
    order.take_over([(0, True), (1, True), (2, False)])
    assert order.may_go_on()
    order.begin(3)  # and not 2, which was to be begun again
    assert order.unsettled == (1, 3)


def test_a_search_is_not_shown_what_is_not_settled():
    with Study.create(":memory:", SPACE, minimize="loss") as study:
        first, second = study.ask(2)
        study.tell(first, loss=0.5)
        study.tell(second, loss=0.1)
        shown = []

        class Watching(st.Random):
            name = "watching"

            def suggest(self, space, record, count, rng):
                shown.append([(one.state, one.value) for one in record])
                return super().suggest(space, record, count, rng)

        study.ask(1, search=Watching(), unsettled={1})
        assert shown == [[("complete", 0.5), ("running", None)]]
        assert study.record[1].value == 0.1
