"""Population-based training in lanes: of the built-in network on a table, and of models of one's own."""

import math
import os
import signal

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pandas as pd
import pytest

from sturgeon.caviar.loop.loop import CaviarLoop
from sturgeon.caviar.models.population import population
from sturgeon.caviar.models.run import run_population
from sturgeon.caviar.opening import TuneOptions
from sturgeon.caviar.table.job import TableJob, tune_table
from sturgeon.caviar.table.planning.plan import plan_table
from sturgeon.caviar.table.saved import SavedModel
from sturgeon.errors import InputError
from sturgeon.search import PopulationBasedTraining
from sturgeon.space import Choice, Integer, Real, Space
from sturgeon.stopping import MedianRule
from sturgeon.study import Study

EPOCHS = 6
SEARCH = PopulationBasedTraining(population=4, interval=2)
SPACE = Space(
    learning_rate=Real(1e-3, 0.3, scale="log"),
    hidden_units=Integer(4, 8),
    layers=Choice((1, 2)),
    batch_size=Integer(16, 64, scale="power_of_two"),
)


def table():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(120, 3)), columns=list("abc"))
    frame["y"] = frame["a"] - frame["b"] * frame["c"]
    return frame


def job(out, **changes):
    options = {"space": SPACE, "search": SEARCH, "epochs": EPOCHS, **changes.pop("options", {})}
    folds = {"folds": changes.pop("folds", 1)}
    return TableJob(table(), "y", out, TuneOptions(**options), data_options=folds, **changes)


def outcome(place):
    with Study.open(place) as study:
        return [(one.config, one.state, one.value, one.notes) for one in study.trials]


def copied(trial):
    return trial.about.get("copied")


@pytest.mark.parametrize("folds", [1, 2])
def test_the_network_of_a_table_is_trained_by_a_schedule_that_was_found(tmp_path, folds):
    targets = []
    result = tune_table(
        job(tmp_path / "out", folds=folds), on_progress=lambda progress: targets.append(progress.target)
    )
    assert set(targets) == {sum(result.trials.values())}  # known from the first epoch on
    assert result.trials["complete"] == 4
    with Study.open(result.study) as study:
        copies = [one for one in study.trials if copied(one)]
        assert len(copies) == 2
        for copy in copies:
            parent = study.trial(copied(copy)["parent"])
            changed = {name for name, value in copy.config.items() if value != parent.config[name]}
            assert changed <= {"learning_rate", "batch_size"}
            assert copied(copy)["step"] == 2 * copied(copy)["generation"]
            assert study.trial(copied(copy)["replaces"]).state == "stopped"
        assert study.search.mutate == ("learning_rate", "batch_size")
        trained = sum(one.last_step - (copied(one) or {"step": 0})["step"] for one in study.trials)
        assert trained == 4 * EPOCHS
    assert folds > 1 or SavedModel.load(tmp_path / "out").config == result.best["config"]
    assert math.isfinite(result.test["rmse"])
    assert not list((tmp_path / "out" / "checkpoints").rglob("*.npz"))


def test_an_interrupted_run_on_a_table_goes_on_as_if_nothing_had_been(tmp_path):
    whole = tune_table(job(tmp_path / "whole"))
    seen = []

    def interrupt(progress):
        seen.append(progress)
        if len(seen) == 11:
            os.kill(os.getpid(), signal.SIGINT)

    first = tune_table(job(tmp_path / "out"), on_progress=interrupt)
    assert first.interrupted
    assert tune_table(job(tmp_path / "out", resume=True)).trials == whole.trials
    assert outcome(first.study) == outcome(whole.study)


def test_a_population_whose_time_was_over_goes_on_in_a_later_run(tmp_path, monkeypatch):
    def over(loop, started):
        loop._last = 0.0 if loop._epochs >= 1 else math.inf

    with monkeypatch.context() as patch:
        patch.setattr(CaviarLoop, "_set_last", over)
        first = tune_table(job(tmp_path / "out"))
    assert first.trials["complete"] == 0
    before = outcome(first.study)
    assert all(state == "stopped" for _, state, *_ in before)
    again = tune_table(job(tmp_path / "out", resume=True))
    assert again.trials["complete"] == 4
    assert outcome(first.study)[: len(before)] == before
    with Study.open(first.study) as study:
        own = [
            one for one in study.trials if copied(one) and copied(one)["parent"] == copied(one)["replaces"]
        ]
        assert own
        for copy in own:
            parent = study.trial(copied(copy)["parent"])
            assert (copy.config, copied(copy)["step"]) == (parent.config, parent.last_step)
    assert not list((tmp_path / "out" / "checkpoints").rglob("*.npz"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"options": {"search": PopulationBasedTraining(mutate=("layers",))}}, "'layers' in `mutate`"),
        ({"options": {"search": PopulationBasedTraining(mutate=("decay",))}}, "got 'decay', the space has"),
        ({"options": {"space": Space(layers=Integer(1, 2))}}, "Vary another one"),
        ({"options": {"stopping": MedianRule()}}, "ends trials itself"),
        ({"repeats": 2}, "a schedule of several"),
        ({"trials": 4}, "above the population"),
    ],
)
def test_what_does_not_go_with_it_is_refused_before_anything_is_made(tmp_path, changes, words):
    with pytest.raises(InputError, match=words):
        tune_table(job(tmp_path / "out", **changes))
    assert not (tmp_path / "out").exists()


def test_a_plan_is_for_searches(tmp_path):
    with pytest.raises(InputError, match="Name another"):
        plan_table(job(tmp_path, budget="1m"))


def run_model(**options):
    x = np.random.default_rng(0).normal(size=(80, 3))
    y = x.sum(axis=1)

    def init(key, config):
        units = config["units"]
        return {"w": jax.random.normal(key, (3, units)), "v": jnp.zeros(units)}

    return population(
        init,
        lambda params, x: jnp.tanh(x @ params["w"]) @ params["v"],
        lambda outputs, y: jnp.mean((outputs - y) ** 2),
        ((x[:60], y[:60]), (x[60:], y[60:])),
        Space(learning_rate=Real(1e-3, 0.1, scale="log"), units=Integer(4, 5)),
        optimizer=lambda config: optax.adam(config["learning_rate"]),
        epochs=EPOCHS,
        batch_size=16,
        progress=False,
        **{"search": SEARCH, **options},
    ), x[60:]


def test_a_model_of_ones_own_is_trained_so_and_its_schedule_gives_the_same_again(tmp_path):
    place = tmp_path / "model.study"
    result, x = run_model(study=place)
    study = result.study
    assert study.counts()["complete"] == 4
    assert study.search.mutate == ("learning_rate",)
    copies = [one for one in study.trials if copied(one)]
    assert copies
    assert all(one.config["units"] == study.trial(copied(one)["parent"]).config["units"] for one in copies)
    best, counts = result.best.predict(x), study.counts()
    study.close()
    again, _ = run_model(study=place, resume=True)  # nothing is left to do: the best is trained anew
    assert again.study.counts() == counts
    np.testing.assert_array_equal(again.best.predict(x), best)
    last = max(copied(one)["generation"] for one in copies)
    newest = next(one for one in copies if copied(one)["generation"] == last)
    assert len(again.study.lineage(newest.number)) > 1
    again.study.close()


def test_what_makes_programs_of_a_model_cannot_be_changed():
    with pytest.raises(InputError, match="'units' in `mutate`"):
        run_model(search=PopulationBasedTraining(mutate=["units"]))


def test_a_model_that_is_built_and_keeps_its_settings_is_refused():
    with pytest.raises(InputError, match=r"Use `st\.tune` and your framework's"):
        run_population(lambda objective: None, SPACE, None, {"search": SEARCH})
