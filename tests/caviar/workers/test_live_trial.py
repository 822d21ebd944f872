import math

import numpy as np
import pytest

from sturgeon.caviar.workers.live_trial import Channel, LiveTrial
from sturgeon.caviar.workers.messages import Checkpointed, Reported, Start
from sturgeon.errors import InputError, StudyError


class Sent(Channel):
    def __init__(self):
        self.messages = []
        self.halt = False

    def send(self, message):
        self.messages.append(message)

    @property
    def halted(self):
        return self.halt


def live(**start):
    channel = Sent()
    return LiveTrial(Start(0, {"x": 1.0}, 7, **start), channel), channel


def steps(channel):
    return [message.step for message in channel.messages]


def test_epochs_count_from_one_and_reports_take_their_step():
    trial, channel = live()
    for epoch in trial.epochs(3):
        trial.report(loss=1 / epoch)
    assert [(m.step, m.metrics["loss"]) for m in channel.messages] == [(1, 1.0), (2, 0.5), (3, 1 / 3)]
    assert not trial.cut


def test_reports_without_a_loop_count_by_themselves():
    trial, channel = live()
    trial.report(loss=1.0)
    trial.report(loss=0.5)
    trial.report(step=10, loss=0.4)
    trial.report(loss=0.3)
    assert steps(channel) == [1, 2, 10, 11]


def test_several_reports_of_an_epoch_share_its_step():
    trial, channel = live()
    for _ in trial.epochs(2):
        trial.report(loss=1.0)
        trial.report(accuracy=0.5)
    assert steps(channel) == [1, 1, 2, 2]


def test_a_resumed_trial_begins_after_its_checkpoint():
    trial, _ = live(attempt=2, resume_from="here", after=3)
    assert list(trial.epochs(5)) == [4, 5]
    assert list(live(attempt=2, resume_from="here", after=5)[0].epochs(5)) == []


def test_a_second_loop_counts_on():
    trial, _ = live()
    assert list(trial.epochs(2)) == [1, 2]
    assert list(trial.epochs(3)) == [3, 4, 5]
    resumed, _ = live(attempt=2, resume_from="here", after=3)
    assert [*resumed.epochs(2), *resumed.epochs(3)] == [4, 5]


def test_the_loop_ends_when_the_trial_is_halted():
    trial, channel = live()
    seen = []
    for epoch in trial.epochs(5):
        seen.append(epoch)
        channel.halt = epoch == 2
    assert seen == [1, 2]
    assert trial.cut


def test_a_halt_after_the_last_epoch_cuts_nothing():
    trial, channel = live()
    for epoch in trial.epochs(2):
        channel.halt = epoch == 2
    assert not trial.cut


def test_a_loop_of_ones_own_can_ask_whether_to_stop():
    trial, channel = live()
    assert not trial.stopped
    channel.halt = True
    assert trial.stopped
    assert trial.cut


def test_metrics_may_be_numpy_numbers_and_nan():
    trial, channel = live()
    trial.report(a=np.float32(0.5), b=np.int64(3), c=math.nan, d=np.array(2.0))
    metrics = channel.messages[0].metrics
    assert {name: type(value) for name, value in metrics.items()} == dict.fromkeys("abcd", float)
    assert (metrics["a"], metrics["b"], metrics["d"]) == (0.5, 3.0, 2.0)


class Tensor:
    """As TensorFlow's: without `item`, but with `numpy`."""

    def __init__(self, values):
        self.values = np.array(values)
        self.shape = self.values.shape

    def numpy(self):
        return self.values


@pytest.mark.parametrize(
    "value",
    [np.array([0.5]), np.array([[[0.5]]]), np.float16(0.5), Tensor(0.5), Tensor([0.5]), Tensor([[0.5]])],
)
def test_a_metric_may_be_an_array_or_a_tensor_of_one_element(value):
    trial, channel = live()
    trial.report(loss=value)
    assert channel.messages[0].metrics == {"loss": 0.5}


@pytest.mark.parametrize(
    "value", [np.array([0.5, 0.5]), np.array([]), Tensor([1.0, 2.0]), [0.5], None, True, 1j]
)
def test_anything_else_is_no_number(value):
    with pytest.raises(StudyError, match="must be a number"):
        live()[0].report(loss=value)


def test_a_checkpoint_carries_its_step_and_a_path_that_holds_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trial, channel = live()
    for _ in trial.epochs(2):
        trial.report(loss=1.0)
    trial.checkpoint("model.pt")
    trial.checkpoint("s3://bucket/model.pt")
    assert channel.messages[2:] == [
        Checkpointed(str(tmp_path / "model.pt"), 2),
        Checkpointed("s3://bucket/model.pt", 2),
    ]


@pytest.mark.parametrize("given", [{}, {"step": 3}])
def test_a_report_without_a_name_is_told_how_to_write_it(given):
    with pytest.raises(
        InputError, match=r"each metric's name; got 0.3 without one. Write trial.report\(val_loss"
    ):
        live()[0].report(0.3, **given)


@pytest.mark.parametrize("count", [0, -1, 1.5, math.nan, True, "3", "many", None])
def test_epochs_need_a_whole_number(count):
    with pytest.raises(InputError, match=r"whole number from 1; got"):
        live()[0].epochs(count)


def test_a_report_needs_metrics_that_are_numbers():
    trial, channel = live()
    with pytest.raises(InputError, match="needs a metric"):
        trial.report()
    with pytest.raises(InputError, match="step=-1"):
        trial.report(step=-1, loss=1.0)
    with pytest.raises(StudyError, match=r"must be a number; got 'low' \(str\) for 'loss'"):
        trial.report(loss="low")
    assert channel.messages == []


def test_the_planned_epochs_travel_with_a_report():
    trial, channel = live()
    for _ in trial.epochs(4):
        trial.report(loss=1.0)
        break
    assert channel.messages == [Reported(1, {"loss": 1.0}, planned=4)]
