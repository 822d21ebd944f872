"""Ctrl-C is never lost, however early it comes and wherever it arrives."""

import gc
import os
import signal
import subprocess
import sys
import threading
import time
import weakref

import numpy as np
import pytest

from sturgeon.caviar.interrupt import no_interrupt_lost, stop_on_signal

LONG = 300.0  # only ever waited for where something is broken


def interrupt(*ignored):
    os.kill(os.getpid(), signal.SIGINT)
    for _ in range(1000):  # where the interpreter looks for signals
        pass


class Falls:
    """Is interrupted when it is deleted."""

    def __del__(self):
        interrupt()


def in_a_deletion():
    Falls()


def at_the_start(phase, info):
    if phase == "start":
        interrupt()


def in_a_collection():
    gc.callbacks.append(at_the_start)
    try:
        gc.collect()
    finally:
        gc.callbacks.remove(at_the_start)


def in_the_collection_of_a_cycle():
    thing = threading.Event()
    thing.itself = thing
    weak = weakref.ref(thing, interrupt)
    del thing
    gc.collect()
    assert weak() is None


def in_a_callback_of_a_weak_reference():
    thing = threading.Event()
    weak = weakref.ref(thing, interrupt)
    del thing
    assert weak() is None


@no_interrupt_lost()
def work(arrive, wait):
    arrive()
    if wait:
        threading.Event().wait(LONG)
        raise AssertionError("it was lost")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("arrive", [in_a_collection, in_a_deletion, in_the_collection_of_a_cycle])
def test_an_interrupt_that_python_would_drop_comes_a_moment_later(arrive):
    with pytest.raises(KeyboardInterrupt):
        work(arrive, wait=True)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_one_that_is_dropped_all_the_same_ends_the_block():
    with pytest.raises(KeyboardInterrupt):
        work(in_a_callback_of_a_weak_reference, wait=False)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_one_that_is_dropped_before_the_training_stops_it():
    stopped = []

    @no_interrupt_lost()
    def train():
        in_a_callback_of_a_weak_reference()
        with stop_on_signal() as stop:
            stopped.append(stop.is_set())

    with pytest.raises(KeyboardInterrupt):
        train()
    assert stopped == [True]


def test_a_handler_of_the_users_own_stays():
    def own(number, frame):
        pass

    before = signal.signal(signal.SIGINT, own)
    try:
        with no_interrupt_lost():
            assert signal.getsignal(signal.SIGINT) is own
        assert signal.getsignal(signal.SIGINT) is own
    finally:
        signal.signal(signal.SIGINT, before)


# Python itself, interrupted before it runs a line of the program, ends in ways of its own.
PROGRAM = "print('begun', flush=True); from sturgeon.cli.main import run; run()"


def test_none_of_six_in_the_first_second_and_a_half_is_lost(tmp_path):
    table = np.random.default_rng(0).normal(size=(2000, 4))
    np.savetxt(tmp_path / "t.csv", table, delimiter=",", header="a,b,c,y", comments="")
    command = [sys.executable, "-c", PROGRAM, "tune", "t.csv", "--target", "y", "--trials", "100000"]
    for number, seconds in enumerate(np.linspace(0, 1.5, 6)):
        run = subprocess.Popen([*command, "--out", f"out {number}"], cwd=tmp_path, stdout=-1, stderr=-1)
        try:
            assert run.stdout.readline() == b"begun\n"
            time.sleep(seconds)
            run.send_signal(signal.SIGINT)
            said = run.communicate(timeout=LONG)[1]
        finally:
            run.kill()
        # Before the program has imported what handles it, Python ends by the signal itself.
        assert run.returncode in (130, -signal.SIGINT), said
        assert b"ignored" not in said
