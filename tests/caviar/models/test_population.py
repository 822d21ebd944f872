"""`st.population` from the outside: what it gives back, and what it says to bad input."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import sturgeon as st
from sturgeon.caviar.models.rows import read_rows

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3)).astype(np.float32)
Y = X.sum(axis=1)
DATA = ((X[:40], Y[:40]), (X[40:], Y[40:]))
SPACE = st.Space(learning_rate=st.Real(1e-3, 0.1, scale="log"), units=st.Choice((4, 8)))


def init(key, config):
    return {"w": jax.random.normal(key, (3, config["units"])), "v": jnp.zeros(config["units"])}


def apply(params, x):
    return jnp.tanh(x @ params["w"]) @ params["v"]


def loss(outputs, y):
    return jnp.mean((outputs - y) ** 2)


def adam(config):
    return optax.adam(config["learning_rate"])


def tune(init=init, apply=apply, loss=loss, data=DATA, space=SPACE, **options):
    options = {"optimizer": adam, "epochs": 3, "trials": 4, "batch_size": 16, "progress": False, **options}
    return st.population(init, apply, loss, data, space, **options)


def test_the_best_model_is_handed_back_with_its_parameters():
    result = tune(metrics={"mae": lambda outputs, y: jnp.mean(jnp.abs(outputs - y))}, maximize=None)
    assert result.study.counts()["complete"] == 4
    best = result.best
    assert best.config == result.study.best.config
    assert float(loss(best.predict(X[40:]), Y[40:])) == pytest.approx(result.study.best.value, rel=1e-5)
    assert set(result.study.best.curves) == {"train_loss", "val_loss", "val_mae"}


def test_a_study_gone_on_with_gives_the_network_of_a_trial_that_ended_before(tmp_path):
    first = tune(study=tmp_path / "own.study", trials=3)
    params, number = first.best.params, first.study.best.number
    first.study.close()
    with pytest.raises(st.InputError, match="one number of epochs"):
        tune(study=tmp_path / "own.study", trials=3, resume=True, epochs=6)
    again = tune(study=tmp_path / "own.study", trials=3, resume=True)
    assert again.study.best.number == number
    assert all(np.array_equal(a, b) for a, b in zip(params.values(), again.best.params.values(), strict=True))


def test_a_builder_that_raises_for_one_configuration_fails_that_trial_alone():
    def picky(key, config):
        if config["units"] == 8:
            raise ValueError("eight is too many")
        return init(key, config)

    study = tune(init=picky, trials=8).study
    failed = [trial for trial in study.trials if trial.state == "failed"]
    assert failed
    assert all(trial.config["units"] == 8 and "eight" in trial.error.message for trial in failed)
    assert all(trial.state == "complete" for trial in study.trials if trial.config["units"] == 4)


def test_a_builder_that_raises_for_all_is_told():
    def broken(key, config):
        raise ValueError("no such thing")

    with pytest.raises(st.StudyFailed, match="no such thing"):
        tune(init=broken)


def test_an_early_stopping_rule_pauses_and_goes_on():
    study = tune(trials=9, epochs=9, stopping=st.SuccessiveHalving()).study
    counts = study.counts()
    assert counts["complete"] >= 1
    assert counts["complete"] + counts["stopped"] == 9


def test_a_stopping_rule_is_kept_with_the_study_and_obeyed_when_it_is_resumed(tmp_path):
    own = {"study": tmp_path / "own.study", "epochs": 9}
    rule = st.SuccessiveHalving()
    tune(trials=3, stopping=rule, **own).study.close()
    with pytest.raises(st.StudyError, match="stopping rule"):
        tune(trials=9, stopping=st.Never(), resume=True, **own)
    with tune(trials=9, resume=True, **own).study as study:
        assert study.about["stopping"]["name"] == "halving"
        assert study.counts()["stopped"] > 0


def test_a_study_of_a_version_that_kept_no_rule_is_resumed_with_the_rule_that_is_given(tmp_path):
    place = tmp_path / "old.study"
    st.Study.create(place, SPACE, minimize="val_loss", about={"stopping": {"name": "never"}}).close()
    with tune(trials=2, study=place, resume=True).study as study:
        assert study.counts()["complete"] == 2
    with tune(trials=9, epochs=9, stopping=st.SuccessiveHalving(), study=place, resume=True).study as study:
        assert study.counts()["stopped"] > 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"loss": lambda o, y: (o - y) ** 2}, "must be one number for a batch; got shape"),
        ({"apply": lambda p, x: jnp.ones(3)}, "must match the target row by row"),
        ({"apply": lambda p, x: apply(p, x)[:, None]}, "spread into"),
        ({"apply": lambda p, x, a, b: x}, "must have one of these forms"),
        ({"init": lambda k, c: {"n": jnp.arange(3)}}, "floating-point"),
        ({"init": init, "apply": lambda p, s, x, k, t: (x[:, 0], s)}, "two things"),
        ({"data": (X, Y)}, "two pairs"),
        ({"data": ((X, Y[:5]), (X, Y))}, "equally many rows"),
        ({"data": ((X[:0], Y[:0]), (X, Y))}, "at least one row"),
        ({"data": ((X * np.nan, Y), (X, Y))}, "finite"),
        ({"data": ((X.astype(str), Y), (X, Y))}, "numbers"),
        ({"data": ((X, Y), (X[:, :2], Y))}, "alike"),
        ({"batch_size": 0}, "batch_size"),
        ({"epochs": 0}, "epochs"),
        ({"minimize": "val_accuracy"}, "must be one that is reported"),
    ],
)
def test_bad_input_is_told_before_a_study_is_made(changes, message, tmp_path):
    with pytest.raises(st.InputError, match=message) as caught:
        tune(**changes, study=tmp_path / "no.study")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "no.study").exists()


def test_a_class_without_an_output_is_told():
    def outputs(params, x):
        return jnp.tanh(x @ params["w"])[:, :3]

    def cross_entropy(outputs, y):
        return optax.softmax_cross_entropy_with_integer_labels(outputs, y).mean()

    labels = np.arange(60) % 4
    data = ((X[:40], labels[:40]), (X[40:], labels[40:]))
    with pytest.raises(st.InputError, match="output for each class"):
        tune(apply=outputs, loss=cross_entropy, data=data)


def test_a_state_that_changes_its_form_is_told():
    def wandering(params, state, x, key, training):
        return apply(params, x), {**state, "more": jnp.zeros(1)}

    with pytest.raises(st.InputError, match="must keep its structure"):
        tune(init=lambda key, config: (init(key, config), {}), apply=wandering)


def test_one_row_trains():
    assert tune(data=((X[:1], Y[:1]), (X[1:2], Y[1:2])), trials=2).study.counts()["complete"] == 2


def test_wide_numbers_are_narrowed_and_integers_out_of_range_refused():
    rows = read_rows(((X.astype(np.float64), np.arange(60)), (X, np.arange(60))))
    assert rows.training.x.dtype == np.float32
    assert rows.training.y.dtype == np.int32
    with pytest.raises(st.DataError, match="below"):
        read_rows(((X, np.arange(60) + 2**40), (X, np.arange(60))))


def test_population_is_public_and_loads_nothing_before_it_is_used():
    code = "import sturgeon as st, sys; st.population; print('flax' in sys.modules or 'keras' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
