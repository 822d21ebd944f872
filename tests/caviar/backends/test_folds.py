"""A trial in folds: each fold's network is what it would be alone, and its metrics are the means."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from lane_runs import EPOCHS, OBJECTIVE, by_jax, by_library, job, same_network
from sturgeon.caviar.backends.folds import FoldedBackend, fold_seed, mean_over_folds
from sturgeon.caviar.checkpoints import load_checkpoint, save_checkpoint
from sturgeon.caviar.events import Diverged, EpochDone, Paused, TrainingDone
from sturgeon.caviar.trainer import LaneTrainer
from sturgeon.data import prepare

KINDS = {"library": by_library, "jax": by_jax}


@pytest.fixture(scope="module")
def folded():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    return prepare((x, x[:, 0] + np.sin(3 * x[:, 1]) + rng.normal(0, 0.1, 200)), seed=1, folds=3)


def train(backend, jobs):
    trainer = LaneTrainer(backend, OBJECTIVE, EPOCHS)
    return list(trainer.train(jobs, threading.Event()))


def backend_of(folded, kind):
    first = KINDS[kind](folded.fold(0))
    return FoldedBackend([first, *(first.with_dataset(folded.fold(k)) for k in (1, 2))], OBJECTIVE.metric)


def curve_of(events, number=0):
    return [event.metrics for event in events if isinstance(event, EpochDone) and event.number == number]


def networks_of(events, number=0):
    return next(e.network for e in events if isinstance(e, TrainingDone) and e.number == number)


@pytest.mark.parametrize("kind", KINDS)
def test_each_fold_is_trained_as_it_would_be_alone(folded, kind):
    probe = job(0, learning_rate=0.02)
    events = train(backend_of(folded, kind), [probe, job(1, learning_rate=0.1)])
    alone = [
        train(KINDS[kind](folded.fold(k)), [replace(probe, seed=fold_seed(probe.seed, k))]) for k in range(3)
    ]
    networks = networks_of(events)
    assert len(networks) == 3
    for network, of_fold in zip(networks, alone, strict=True):
        assert same_network(network, networks_of(of_fold))
    curves = zip(curve_of(events), *map(curve_of, alone), strict=True)
    for epoch, *of_folds in curves:
        assert epoch == mean_over_folds(of_folds, "val_loss")
        losses = [metrics["val_loss"] for metrics in of_folds]
        assert epoch["val_loss"] == pytest.approx(np.mean(losses))
        assert epoch["val_loss_se"] == pytest.approx(np.std(losses, ddof=1) / np.sqrt(3))


@pytest.mark.parametrize("kind", KINDS)
def test_a_trial_that_paused_goes_on_as_if_it_had_not(folded, kind, tmp_path):
    backend, probe = backend_of(folded, kind), job(0, learning_rate=0.02)
    whole = train(backend, [probe])
    paused = train(backend, [replace(probe, pause_after=2)])
    assert isinstance(paused[-1], Paused)
    save_checkpoint(tmp_path / "paused.npz", paused[-1].checkpoint)
    resumed = train(backend, [replace(probe, checkpoint=load_checkpoint(tmp_path / "paused.npz"))])
    assert curve_of(paused) + curve_of(resumed) == curve_of(whole)
    for one, other in zip(networks_of(resumed), networks_of(whole), strict=True):
        assert same_network(one, other)


def test_a_trial_fails_where_a_fold_diverges(folded):
    broken = folded.fold(1)
    targets = broken.y_train.copy()
    targets[:5] = np.nan
    first = by_library(folded.fold(0))
    backend = FoldedBackend([first, first.with_dataset(replace(broken, y_train=targets))], "val_loss")
    event = train(backend, [job(0)])[-1]
    assert isinstance(event, Diverged)
    assert event.step == 1


def test_folds_whose_training_rows_differ_in_number_need_no_common_block(folded):
    backend = backend_of(folded, "library")
    config = {**job(0).config, "batch_size": 512}
    blocks = backend.block_of(config)
    assert len({len(folded.fold(k).y_train) for k in range(3)}) == len({b.shape.batch for b in blocks}) == 2
    assert backend.block_of(config) == blocks
    assert backend.cost(blocks) == pytest.approx(backend.useful_cost(config))
    assert len(networks_of(train(backend, [replace(job(0), config=config)]))) == 3
