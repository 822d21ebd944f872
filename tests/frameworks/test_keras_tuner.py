"""Models that were written for KerasTuner, as they are."""

import logging
import pickle

import pytest

from sturgeon.errors import InputError, SpaceError
from sturgeon.frameworks.keras_tuner import KerasTunerBuild, from_keras_tuner
from sturgeon.space import Choice, Constant, Integer, Real


def guide(hp):
    """The model of KerasTuner's guide, as a list of layers."""
    layers = []
    for i in range(hp.Int("num_layers", 1, 3)):
        units = hp.Int(f"units_{i}", min_value=32, max_value=512, step=32)
        layers.append((units, hp.Choice("activation", ["relu", "tanh"])))
    if hp.Boolean("dropout"):
        layers.append(0.25)
    return layers, hp.Float("lr", min_value=1e-4, max_value=1e-2, sampling="log")


def test_the_guides_model_draws_what_it_says():
    build, space = from_keras_tuner(guide)
    assert dict(space) == {
        "num_layers": Integer(1, 3),
        "units_0": Integer(32, 512, step=32),
        "activation": Choice(("relu", "tanh")),
        "dropout": Choice((False, True), default=False),
        "lr": Real(1e-4, 1e-2, scale="log"),
        "units_1": Integer(32, 512, step=32, when={"num_layers": (2, 3)}),
        "units_2": Integer(32, 512, step=32, when={"num_layers": (3,)}),
    }
    for config in space.sample(20, 0):
        layers, rate = build(config)
        assert rate == config["lr"]
        units = [one[0] for one in layers if one != 0.25]
        assert units == [value for name, value in config.items() if name.startswith("units_")]


def test_a_builder_can_be_sent_to_a_worker():
    build, space = from_keras_tuner(guide)
    assert pickle.loads(pickle.dumps(build))(space.default()) == build(space.default())


def test_conditions_within_conditions_are_found():
    def build(hp):
        if hp.Choice("optimizer", ["adam", "sgd"]) == "sgd" and hp.Boolean("nesterov"):
            return hp.Float("momentum", 0.5, 0.99)
        return None

    _, space = from_keras_tuner(build)
    assert dict(space["nesterov"].when) == {"optimizer": ("sgd",)}
    assert dict(space["momentum"].when) == {"nesterov": (True,)}
    assert {"momentum" in config for config in space.sample(40, 0) if config.get("nesterov")} == {True}
    assert {"momentum" in config for config in space.sample(40, 0) if not config.get("nesterov")} == {False}


def test_what_the_starting_values_have_and_others_lack_is_conditional_too():
    def build(hp):
        if hp.Boolean("plain", default=True):
            hp.Int("width", 1, 9)

    assert dict(from_keras_tuner(build)[1]["width"].when) == {"plain": (True,)}


def test_what_two_values_bring_about_together_is_found():
    def build(hp):
        if hp.Boolean("a") and hp.Boolean("b"):
            hp.Int("both", 1, 4)
        first, second = hp.Choice("first", ["x", "y"]), hp.Choice("second", ["x", "y"])
        if first == second == "y":
            hp.Int("twice", 1, 4)

    assert {"both", "twice"} <= set(from_keras_tuner(build)[1])


def test_a_conditional_scope_says_when():
    def build(hp):
        kind = hp.Choice("kind", ["dense", "conv"])
        with hp.conditional_scope("kind", ["conv"]):
            filters = hp.Int("filters", 8, 64, sampling="log")
            assert (filters is None) == (kind == "dense")
        hp.Int("units", 8, 64, parent_name="kind", parent_values=["dense"])
        return hp.get("kind"), "units" in hp

    made, space = from_keras_tuner(build)
    assert (dict(space["filters"].when), dict(space["units"].when)) == (
        {"kind": ("conv",)},
        {"kind": ("dense",)},
    )
    assert made({"kind": "conv", "filters": 8}) == ("conv", False)


def test_each_kind_of_range_has_its_like():
    def build(hp):
        with hp.name_scope("head"):
            hp.Fixed("bias", True)
        hp.Int("batch", 2, 32, step=2, sampling="log", default=8)
        hp.Float("rate", 0, 1, step=0.25)
        hp.Float("beta", 0.9, 0.999, sampling="reverse_log")
        hp.Choice("size", [3, 5, 7])
        hp.Choice("only", ["one"])
        hp.Int("same", 4, 4)

    assert dict(from_keras_tuner(build)[1]) == {
        "head/bias": Constant(True),
        "batch": Choice((2, 4, 8, 16, 32), ordered=True, default=8),
        "rate": Real(0.0, 1.0, step=0.25),
        "beta": Real(0.9, 0.999, scale="reverse_log"),
        "size": Choice((3, 5, 7), ordered=True),
        "only": Constant("one"),
        "same": Constant(4),
    }


def test_values_that_fail_are_left_to_the_trials():
    def build(hp):
        if hp.Choice("kind", ["good", "bad"]) == "bad":
            raise ValueError("no such kind")
        hp.Int("units", 1, 3)

    assert set(from_keras_tuner(build)[1]) == {"kind", "units"}


def test_what_is_drawn_for_the_first_time_in_a_trial_has_its_starting_value(caplog):
    build = KerasTunerBuild(lambda hp: hp.Int("late", 1, 9))
    with caplog.at_level(logging.WARNING, "sturgeon"):
        assert build({"other": 1}) == 5
    assert "'late' was not drawn before the first trial: it is 5 in all" in caplog.text


def test_a_hyper_model_is_taken_too():
    class Model:
        def build(self, hp):
            return hp.Int("units", 1, 3)

    assert from_keras_tuner(Model())[0]({"units": 2}) == 2


class Fits:
    """A HyperModel that varies an argument of fit."""

    def build(self, hp):
        return hp.Int("units", 1, 3)

    def fit(self, hp, model, *data, **more):
        return model.fit(*data, batch_size=hp.Choice("batch_size", [32, 64]), **more)


def test_a_hyper_model_that_fits_is_taken_without_its_fit_where_that_is_said():
    assert list(from_keras_tuner(Fits().build)[1]) == ["units"]


def test_what_was_not_drawn_for_some_values_is_left_to_the_trials():
    def build(hp):
        if hp.Boolean("deep"):
            return hp.get("depth")
        return hp.Int("units", 1, 3)

    made, space = from_keras_tuner(build)
    assert set(space) == {"deep", "units"}
    with pytest.raises(KeyError, match="got 'depth'"):
        made({"deep": True})


@pytest.mark.parametrize(
    ("build", "error", "words"),
    [
        (5, InputError, "must be a function of `hp`"),
        (lambda hp: None, InputError, "nothing was drawn"),
        (lambda hp: hp.Int("a", 1, 3) / 0, InputError, "raised ZeroDivisionError: .*Correct it"),
        (lambda hp: (hp.Int("units", 1, 3), hp.get("unit")), InputError, "'units' was drawn. Did you mean"),
        (lambda hp: (hp.Int("a", 1, 3), hp.get("zzz")), InputError, "got 'zzz', and 'a' was.*Draw it first"),
        (Fits, InputError, r"got the class Fits. Write Fits\(\)"),
        (Fits(), InputError, r"Fits has a `fit`. Draw .*batch_size.*give Fits\(\).build"),
        (lambda hp: (hp.Int("a", 1, 3), hp.Int("a", 1, 4)), InputError, "Give them two names"),
        (lambda hp: hp.Int("a", 3, 1), SpaceError, "low"),
        (lambda hp: hp.Float("a", 1, 9, step=0.5, sampling="log"), SpaceError, "above 1 where it multiplies"),
    ],
)
def test_what_cannot_be_taken_is_refused(build, error, words):
    with pytest.raises(error, match=words):
        from_keras_tuner(build)
