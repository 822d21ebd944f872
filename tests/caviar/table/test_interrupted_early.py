"""Ctrl-C leaves a network that predicts, also before any trial has ended, and the best ensemble later."""

import signal
import threading

import numpy as np
import pandas as pd
import pytest

import sturgeon as st
from sturgeon.caviar.backends.native import NativeProgram
from sturgeon.caviar.lanes.lanes import Lanes

SPACE = st.Space(
    learning_rate=st.Real(1e-3, 1e-1, scale="log", default=0.02),
    hidden_units=st.Constant(64),
    batch_size=st.Constant(16),
    layers=st.Constant(3),
)


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(160, 2))
    return pd.DataFrame(x, columns=["a", "b"]).assign(kind=np.where(x[:, 0] > 0, "yes", "no"))


def tune(frame, out, folds, *, after, resume=False):
    """Tune, and press Ctrl-C once so many trials have ended; None for never.

    The others wait after their first epoch until the lanes were told to halt.
    """
    pressed, halted = [], threading.Event()
    train, halt = NativeProgram.run, Lanes.halt

    def train_until_halted(self, state, inputs):
        job, epoch = inputs
        if after is not None and job.number >= after and epoch > 0:
            assert halted.wait(300)
        return train(self, state, inputs)

    def halt_and_tell(self, what="stop"):
        dropped = halt(self, what)
        halted.set()
        return dropped

    def press(progress):
        if after is not None and progress.done >= after and not pressed:
            pressed.append(True)
            signal.raise_signal(signal.SIGINT)

    options = st.TuneOptions(space=SPACE, epochs=200, seed=0)
    job = st.TableJob(frame, "kind", out, options, 4, data_options={"folds": folds}, resume=resume)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(NativeProgram, "run", train_until_halted)
        patch.setattr(Lanes, "halt", halt_and_tell)
        return st.tune_table(job, on_progress=press)


@pytest.mark.parametrize("folds", [1, 3])
def test_a_network_is_left_before_any_trial_has_ended(frame, tmp_path, folds):
    result = tune(frame, tmp_path / "out", folds, after=0)
    assert result.interrupted
    assert result.trials["complete"] == 0
    assert len(st.load(tmp_path / "out").predict(frame)) == 160
    whole = tune(frame, tmp_path / "out", folds, after=None, resume=True)
    assert whole.trials["complete"] == 4
    assert whole.test == tune(frame, tmp_path / "at once", folds, after=None).test


def test_the_best_ensemble_so_far_is_left_later(frame, tmp_path):
    result = tune(frame, tmp_path, 3, after=2)
    assert result.interrupted
    assert result.trials["complete"] == 2
    shares = {one["trial"]: one["share"] for one in result.ensemble}
    model = st.load(tmp_path)
    assert {one.trial for one in model.network.members} == set(shares)
    assert model.calibration.to_json() == result.calibration
