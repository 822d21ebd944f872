"""Jobs stop, pause, break and diverge one by one; the others train to their end."""

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counting_lanes import Counting, Unlucky, counting, job, tell_apart, to_the_end
from sturgeon.caviar.events import Broken, Diverged, EpochDone, Halted, Paused, TooLarge, TrainingDone
from sturgeon.caviar.lanes.backend import TrainingJob
from sturgeon.caviar.lanes.devices import lane_devices
from sturgeon.caviar.trainer import LaneTrainer

NEVER = threading.Event()


def whole_curve(number, epochs=5, first=1):
    return [(step, float((number + 1) * step)) for step in range(first, epochs + 1)]


@settings(max_examples=40, deadline=None)
@given(
    configs=st.lists(
        st.fixed_dictionaries(
            {"block": st.sampled_from("abc")},
            optional={
                "breaks": st.sampled_from(["block", "start"]),
                "nan_from": st.integers(1, 6),
            },
        ),
        max_size=30,
    ),
    lengths=st.lists(st.integers(1, 5), min_size=30, max_size=30),
    width=st.integers(1, 5),
)
def test_every_member_ends_once_and_as_its_own_configuration_says(configs, lengths, width):
    jobs = [
        TrainingJob(number, number + 1, config, last_epoch=lengths[number])
        for number, config in enumerate(configs)
    ]
    curves, ended = tell_apart(counting(width=width).train(jobs, NEVER))
    assert set(ended) == set(range(len(configs)))
    for number, config in enumerate(configs):
        end, last = ended[number], lengths[number]
        nan_from = config.get("nan_from", 99)
        if "breaks" in config:
            assert isinstance(end, Broken)
            assert isinstance(end.error, Unlucky)
            assert number not in curves
        elif nan_from <= last:
            assert isinstance(end, Diverged)
            assert end.step == nan_from
            assert curves[number][:-1] == whole_curve(number, nan_from - 1)
        else:
            assert isinstance(end, TrainingDone)
            assert curves[number] == whole_curve(number, last)
            assert end.network.tolist() == [last * (number + 1)] * 2


def test_an_order_concerns_one_member_and_comes_after_its_current_epoch():
    trainer = counting(epochs=2_000)
    curves, ended = {}, {}
    with trainer.open() as lanes:
        for number in range(4):
            last_epoch = 10**6 if number in (1, 2) else None  # these end by an order only
            lanes.start(TrainingJob(number, number + 1, {}, last_epoch=last_epoch))
        for event in to_the_end(lanes):
            if not isinstance(event, EpochDone):
                ended[event.number] = event
                continue
            curves.setdefault(event.number, []).append(event.step)
            if event.step == 2 and event.number in (1, 2):
                lanes.order(event.number, "stop" if event.number == 1 else "pause")
    assert isinstance(ended[1], Halted)
    assert isinstance(ended[2], Paused)
    assert ended[2].checkpoint.epoch == curves[2][-1]
    assert all(curves[number] == list(range(1, len(curves[number]) + 1)) for number in range(4))
    assert all(isinstance(ended[number], TrainingDone) and len(curves[number]) == 2_000 for number in (0, 3))


def test_a_paused_member_goes_on_from_its_checkpoint_and_an_old_order_is_forgotten():
    with counting().open() as lanes:
        lanes.order(0, "pause")  # before it begins, so that it comes in time
        lanes.start(job(0))
        first_curve, first = tell_apart(to_the_end(lanes))
        lanes.start(TrainingJob(0, 1, {}, checkpoint=first[0].checkpoint))
        curve, ended = tell_apart(to_the_end(lanes))
    assert isinstance(ended[0], TrainingDone)
    assert first_curve[0] + curve[0] == whole_curve(0)


@pytest.mark.parametrize("until", [1, 3, 5])
def test_a_member_leaves_its_lane_at_its_milestone(until):
    with counting().open() as lanes:
        lanes.start(TrainingJob(0, 1, {}, pause_after=until))
        curves, ended = tell_apart(to_the_end(lanes))
    assert curves[0] == whole_curve(0, until)
    if until == 5:  # it ends there anyway
        assert isinstance(ended[0], TrainingDone)
    else:
        assert isinstance(ended[0], Paused)
        assert ended[0].checkpoint.epoch == until


@pytest.mark.parametrize(("order", "kind"), [("stop", Halted), ("pause", Paused)])
def test_a_halt_ends_what_trains_and_drops_what_has_not_begun(order, kind):
    threads = len(lane_devices())
    with counting(epochs=10**9, width=2).open() as lanes:
        for number in range(40):
            lanes.start(job(number))
        seen = {lanes.next_event().number}
        lanes.halt(order)
        assert lanes.in_flight <= 2 * threads
        curves, ended = tell_apart(to_the_end(lanes))
    assert all(isinstance(event, kind) for event in ended.values())
    assert seen | set(curves) == set(ended)


def test_a_halt_before_the_first_epoch_leaves_nothing_in_flight():
    backend = Counting(width=2)
    with LaneTrainer(backend, counting().objective, 5).open() as lanes:
        lanes.halt("pause")
        assert lanes.in_flight == 0
        assert lanes.next_event(timeout=0) is None
    assert backend.programs == []


def test_lanes_are_refilled_without_a_new_program():
    trainer = counting(epochs=50, width=3)
    with trainer.open() as lanes:
        lanes.hold(True)  # until all are handed in: no lane falls empty while jobs wait
        for number in range(50):
            lanes.start(job(number))
        lanes.hold(False)
        curves, _ = tell_apart(to_the_end(lanes))
    assert all(len(curves[number]) == 50 for number in range(50))
    assert len(trainer.backend.programs) <= len(trainer.backend.devices)


def test_no_more_threads_are_started_than_there_are_members():
    before = set(threading.enumerate())
    with counting(epochs=10**9).open() as lanes:
        lanes.start(job(0))
        lanes.next_event()
        assert len(set(threading.enumerate()) - before) == 1
    assert set(threading.enumerate()) <= before


def test_an_error_in_a_thread_reaches_the_caller():
    class Faulty(Counting):
        def program(self, block, device, lanes):
            raise ZeroDivisionError("a fault of ours")

    before = set(threading.enumerate())
    with pytest.raises(ZeroDivisionError, match="a fault of ours"):
        list(LaneTrainer(Faulty(), counting().objective, 5).train([job(0), job(1)], NEVER))
    assert set(threading.enumerate()) <= before


def test_the_shares_of_arithmetic_add_up():
    with counting(width=4).open() as lanes:
        for number in range(3):  # the third has two epochs, the others five
            lanes.start(TrainingJob(number, 1, {"needed": 8.0}, last_epoch=2 if number == 2 else 5))
        lanes_used = tell_apart(to_the_end(lanes))[0]
        usage = lanes.usage
    useful = 8.0 * sum(len(curve) for curve in lanes_used.values())
    assert useful == 8.0 * 12
    assert usage.padding == pytest.approx(2.0 * 12)
    assert usage.spent == pytest.approx(usage.padding + usage.idle + useful)
    assert usage.useful_share == pytest.approx(useful / usage.spent)
    assert usage.spent % (10.0 * 4) == 0


@pytest.mark.parametrize("full_after", [0, 3])
def test_out_of_memory_goes_on_with_fewer_lanes_and_says_so(full_after, caplog):
    trainer = counting(width=8, room=3, full_after=full_after)
    curves, ended = tell_apart(trainer.train([job(number) for number in range(11)], NEVER))
    assert all(curves[number] == whole_curve(number) for number in range(11))
    assert all(isinstance(end, TrainingDone) for end in ended.values())
    said = [record.getMessage() for record in caplog.records if record.name == "sturgeon"]
    assert any("8 lanes" in line and "going on with 4" in line for line in said)
    assert any("4 lanes" in line and "going on with 2" in line for line in said)
    assert not any("2 lanes" in line for line in said)


def test_out_of_memory_with_one_lane_is_the_members_own_failure():
    curves, ended = tell_apart(counting(width=2, room=0).train([job(0), job(1)], NEVER))
    assert curves == {}
    assert all(isinstance(end, TooLarge) and end.why for end in ended.values())


def test_members_that_lose_their_lanes_keep_their_checkpoints_and_milestones():
    trainer = counting(epochs=9, width=4, room=2, full_after=2)
    with trainer.open() as lanes:
        lanes.start(TrainingJob(0, 1, {}, pause_after=2))
        start = tell_apart(to_the_end(lanes))[1][0].checkpoint
        lanes.start(TrainingJob(0, 1, {}, checkpoint=start, pause_after=6))
        curves, ended = tell_apart(to_the_end(lanes))
    assert curves[0] == whole_curve(0, 6, first=3)
    assert isinstance(ended[0], Paused)
    assert np.array_equal(ended[0].network, [6, 6])
