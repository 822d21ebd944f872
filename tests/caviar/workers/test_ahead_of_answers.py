"""Where the way to the study is long, a training reports ahead of the answers."""

import os

import pytest

from sturgeon.caviar.workers.function import pack
from sturgeon.caviar.workers.messages import (
    Acknowledged,
    Checkpointed,
    Leave,
    Load,
    Ready,
    Reported,
    Returned,
    Start,
)
from sturgeon.caviar.workers.process import WorkerProcess

AHEAD = 8


def train(trial):
    for epoch in trial.epochs(20):
        trial.report(loss=1 / epoch)
        if epoch == 15:
            trial.checkpoint("somewhere")
    return 0.0


@pytest.fixture
def worker():
    made = WorkerProcess(0, os.environ, Load(pack(train), []))
    try:
        assert made.connection.recv() == Ready()
        yield made
        made.send(Leave())
    finally:
        made.dismiss(5.0)


def said(worker, count):
    """So many messages; it says no more then, as it waits."""
    messages = []
    for _ in range(count):
        assert worker.connection.poll(60)
        messages.append(worker.connection.recv())
    assert not worker.connection.poll(0.2)
    return messages


def steps(messages):
    return [message.step for message in messages if isinstance(message, Reported)]


def test_so_many_reports_may_be_unanswered_and_a_checkpoint_waits_for_all(worker):
    worker.send(Start(0, {}, seed=1, judged=False, ahead=AHEAD))
    assert steps(said(worker, AHEAD + 1)) == list(range(1, AHEAD + 2))
    worker.send(Acknowledged(count=AHEAD + 1))
    rest = said(worker, 15 - AHEAD)
    assert isinstance(rest[-1], Checkpointed)  # the training waits until it is written down
    assert steps(rest) == list(range(AHEAD + 2, 16))
    worker.send(Acknowledged(count=len(rest)))
    last = said(worker, 6)
    assert steps(last) == list(range(16, 21))
    assert last[-1] == Returned(0.0)


def test_a_report_that_a_rule_judges_waits_for_its_own_answer(worker):
    worker.send(Start(0, {}, seed=1, judged=True, ahead=AHEAD))
    assert steps(said(worker, 1)) == [1]
    worker.send(Acknowledged())
    assert steps(said(worker, 1)) == [2]
    worker.send(Acknowledged(halt=True))
    assert said(worker, 1) == [Returned(0.0, cut=True)]
