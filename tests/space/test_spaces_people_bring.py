"""What Optuna, KerasTuner, Ray Tune and ConfigSpace can express: it works, or is refused with the remedy."""

import json
from enum import Enum, IntEnum

import numpy as np
import pytest
from scipy import stats

from sturgeon.errors import SpaceError, SpaceExhausted
from sturgeon.search import CoarseToFine, Observation, Random, Record, Sobol
from sturgeon.space import Choice, Constant, Integer, Real, Space
from sturgeon.study import Study

Whole = IntEnum("Whole", ["ONE", "TWO"])
Words = Enum("Words", {"ADAM": "adam", "SGD": "sgd"}, type=str)
Members = Enum("Members", ["ONE", "TWO"])


def near(values, *wanted):
    return sorted(set(values)) == pytest.approx(sorted(wanted))


# A name, the space as it is written here, and what is true of 300 values drawn for x.
SUPPORTED = [
    # Optuna
    ("suggest_float", Space(x=Real(-1.0, 1.0)), lambda x: min(x) < -0.9 and max(x) > 0.9),
    ("suggest_float log", Space(x=Real(1e-5, 1e-1, scale="log")), lambda x: 3e-4 < np.median(x) < 3e-3),
    ("suggest_float step", Space(x=Real(0.0, 1.0, step=0.25)), lambda x: near(x, 0, 0.25, 0.5, 0.75, 1)),
    ("suggest_float odd step", Space(x=Real(-0.1, 0.2, step=0.1)), lambda x: near(x, -0.1, 0, 0.1, 0.2)),
    ("suggest_int", Space(x=Integer(1, 3)), lambda x: near(x, 1, 2, 3)),
    ("suggest_int negative", Space(x=Integer(-2, 0)), lambda x: near(x, -2, -1, 0)),
    ("suggest_int log", Space(x=Integer(1, 1000, scale="log")), lambda x: 15 < np.median(x) < 70),
    ("suggest_int step", Space(x=Integer(32, 128, step=32)), lambda x: near(x, 32, 64, 96, 128)),
    ("suggest_int step from 1", Space(x=Integer(1, 9, step=4)), lambda x: near(x, 1, 5, 9)),
    ("suggest_categorical", Space(x=Choice(("adam", "sgd"))), lambda x: set(x) == {"adam", "sgd"}),
    ("suggest_categorical None", Space(x=Choice((None, 1, True))), lambda x: len({repr(v) for v in x}) == 3),
    ("define by run", Space(k=Choice((1, 2)), x=Integer(1, 2, when={"k": 2})), lambda x: near(x, 1, 2)),
    ("suggest_uniform numpy", Space(x=Real(np.float32(0), np.float64(1))), lambda x: type(x[0]) is float),
    ("slash in a name", Space({"opt/x": Real(0, 1)}), None),
    # KerasTuner
    ("hp.Int", Space(x=Integer(32, 512, step=32)), lambda x: len(set(x)) == 16),
    ("hp.Int sampling log", Space(x=Integer(32, 512, scale="log")), lambda x: 100 < np.median(x) < 160),
    ("hp.Int log step 2", Space(x=Integer(16, 64, scale="power_of_two")), lambda x: near(x, 16, 32, 64)),
    ("hp.Float", Space(x=Real(0.0, 0.5)), lambda x: max(x) <= 0.5),
    ("hp.Float step", Space(x=Real(0.0, 0.5, step=0.1)), lambda x: near(x, 0, 0.1, 0.2, 0.3, 0.4, 0.5)),
    ("hp.Float log", Space(x=Real(1e-4, 1e-2, scale="log")), lambda x: 5e-4 < np.median(x) < 2e-3),
    ("hp.Float reverse_log", Space(x=Real(0.9, 0.999, scale="reverse_log")), lambda x: np.median(x) > 0.985),
    ("hp.Boolean", Space(x=Choice((True, False))), lambda x: set(x) == {True, False}),
    ("hp.Choice", Space(x=Choice((16, 32, 64))), lambda x: near(x, 16, 32, 64)),
    (
        "hp.Choice ordered",
        Space(x=Choice(("s", "m", "l"), ordered=True)),
        lambda x: set(x) == {"s", "m", "l"},
    ),
    ("hp.Choice default", Space(x=Choice(("a", "b"), default="b")), lambda x: set(x) == {"a", "b"}),
    ("hp.Fixed", Space(x=Constant(0.9), y=Real(0, 1)), lambda x: set(x) == {0.9}),
    ("conditional_scope", Space(m=Choice(["a", "b"]), x=Real(0, 1, when={"m": ["a"]})), None),
    ("units_0 of layers", Space(n=Integer(1, 2), x=Integer(8, 16, when={"n": 2})), lambda x: max(x) <= 16),
    # Ray Tune
    ("tune.uniform", Space(x=Real(3, 7)), lambda x: min(x) >= 3 and max(x) <= 7),
    ("tune.quniform", Space(x=Real(3.2, 5.4, step=0.2)), lambda x: len(set(x)) == 12),
    ("tune.loguniform", Space(x=Real(1e-4, 1e-1, scale="log")), lambda x: min(x) < 3e-4),
    ("tune.randn", Space(x=Real(-3.0, 3.0, around=0.0)), lambda x: abs(np.median(x)) < 0.4),
    ("tune.randint", Space(x=Integer(-9, 14)), lambda x: len(set(x)) == 24),
    ("tune.lograndint", Space(x=Integer(1, 10, scale="log")), lambda x: 1 in x and 10 in x),
    ("tune.qrandint", Space(x=Integer(-21, 12, step=3)), lambda x: len(set(x)) == 12),
    ("tune.choice", Space(x=Choice(["a", "b", "c"])), lambda x: len(set(x)) == 3),
    (
        "tune.choice of lists",
        Space(x=Choice([[64], [64, 32]])),
        lambda x: [64, 32] in x and type(x[0]) is list,
    ),
    (
        "tune.choice of tuples",
        Space(x=Choice([(50,), (50, 50)])),
        lambda x: (50, 50) in x and type(x[0]) is tuple,
    ),
    (
        "tune.choice of dicts",
        Space(x=Choice([{"c": 3, "k": (3, 3)}, {"c": 5}])),
        lambda x: {"c": 3, "k": (3, 3)} in x,
    ),
    ("tune.grid_search", Space(x=Choice((0.1, 0.01)), y=Choice((1, 2))), lambda x: near(x, 0.01, 0.1)),
    ("nested with dots", Space({"model.lr": Real(0, 1), "model.layers": Integer(1, 3)}), None),
    # ConfigSpace
    ("UniformFloat", Space(x=Real(1, 10)), None),
    ("UniformFloat log default", Space(x=Real(1e-3, 1, scale="log", default=0.1)), None),
    ("NormalFloat", Space(x=Real(0.0, 10.0, around=2.0)), lambda x: 1.5 < np.median(x) < 3.5),
    (
        "NormalFloat log",
        Space(x=Real(1e-5, 1.0, scale="log", around=1e-3)),
        lambda x: 2e-4 < np.median(x) < 1e-2,
    ),
    ("NormalFloat at an end", Space(x=Real(0.0, 1.0, around=1.0)), lambda x: np.median(x) > 0.7),
    (
        "NormalFloat reverse",
        Space(x=Real(0.5, 0.999, scale="reverse_log", around=0.9)),
        lambda x: 0.8 < np.median(x) < 0.97,
    ),
    ("NormalInteger", Space(x=Integer(0, 100, around=50)), lambda x: 40 < np.median(x) < 60),
    (
        "NormalInteger step",
        Space(x=Integer(0, 100, step=10, around=50)),
        lambda x: set(x) <= set(range(0, 101, 10)),
    ),
    ("Normal with a step", Space(x=Real(0.0, 1.0, step=0.1, around=0.2)), lambda x: len(set(x)) <= 11),
    ("UniformInteger log", Space(x=Integer(8, 1024, scale="log")), None),
    ("Ordinal", Space(x=Choice((1, 10, 100), ordered=True)), lambda x: near(x, 1, 10, 100)),
    ("Categorical", Space(x=Choice(("relu", "tanh"))), None),
    ("Constant", Space(x=Constant("a"), y=Real(0, 1)), lambda x: set(x) == {"a"}),
    ("Constant tuple", Space(x=Constant((50, 50)), y=Real(0, 1)), lambda x: set(x) == {(50, 50)}),
    ("EqualsCondition", Space(k=Choice(("a", "b")), x=Real(0, 1, when={"k": "a"})), None),
    ("InCondition", Space(k=Choice(("a", "b", "c")), x=Real(0, 1, when={"k": ("a", "b")})), None),
    ("AndConjunction", Space(k=Choice((1, 2)), j=Choice((1, 2)), x=Real(0, 1, when={"k": 1, "j": 2})), None),
    ("GreaterThan", Space(k=Integer(1, 4), x=Real(0, 1, when={"k": range(3, 5)})), None),
    ("condition on a tuple", Space(k=Choice([(1,), (2, 2)]), x=Real(0, 1, when={"k": [(2, 2)]})), None),
    ("IntEnum", Space(x=Choice(list(Whole))), lambda x: near(x, 1, 2) and type(x[0]) is int),
    ("StrEnum", Space(x=Choice(list(Words))), lambda x: set(x) == {"adam", "sgd"} and type(x[0]) is str),
    ("condition on NumPy", Space(k=Integer(1, 4), x=Real(0, 1, when={"k": np.int64(2)})), None),
    (
        "conditions in a row",
        Space(a=Choice((0, 1)), b=Choice((0, 1), when={"a": 1}), x=Real(0, 1, when={"b": 1})),
        None,
    ),
    (
        "ForbiddenEquals",
        Space(x=Choice((1, 2)), y=Choice((1, 2)), constraint="not (x == 1 and y == 2)"),
        None,
    ),
    ("ForbiddenIn", Space(x=Integer(1, 9), constraint="x not in (3, 4)"), lambda x: not {3, 4} & set(x)),
    ("ForbiddenGreaterThan", Space(x=Integer(1, 9), y=Integer(1, 9), constraint="x <= y"), None),
    (
        "constraint, odd names",
        Space({"max-depth": Integer(1, 9), "x": Integer(1, 9)}, constraint="`max-depth` <= x"),
        None,
    ),
    # people
    (
        "lambda and class",
        Space({"lambda": Real(0, 1), "class": Choice((1, 2)), "max-depth": Integer(1, 3)}),
        None,
    ),
    ("a name with a space", Space({"learning rate": Real(0, 1), "größe": Integer(1, 3)}), None),
    ("an array of options", Space(x=Choice(np.array([1, 2, 3]))), lambda x: type(x[0]) is int),
    ("np.arange of floats", Space(x=Choice(np.linspace(0, 1, 3))), lambda x: near(x, 0, 0.5, 1)),
    ("a range of options", Space(x=Choice(range(0, 30, 10))), lambda x: near(x, 0, 10, 20)),
    ("one option", Space(x=Choice(["a"]), y=Real(0, 1)), lambda x: set(x) == {"a"}),
    ("nested structures", Space(x=Choice([[{"units": 8, "act": None}], []])), lambda x: [] in x),
    ("large step", Space(x=Integer(0, 10**9, step=10**6)), lambda x: all(v % 10**6 == 0 for v in x)),
    ("many small steps", Space(x=Real(0.0, 1.0, step=0.001)), lambda x: len(set(x)) > 200),
]

# What is refused, and words of the one line that says so.
REFUSED = [
    ("options as a list", lambda: Space(x=[1, 2, 3]), ["x=Choice([1, 2, 3])"]),
    ("options as a tuple", lambda: Space({"max-depth": (1, 2)}), ["'max-depth': Choice((1, 2))"]),
    ("options as an array", lambda: Space(x=np.array([1, 2])), ["x=Choice("]),
    ("members of an Enum", lambda: Choice(list(Members)), ["choose by a name"]),
    ("options as a set", lambda: Choice({"a", "b"}), ["tuple or a list", "order"]),
    ("a number", lambda: Space(x=0.9), ["x=Constant(0.9)"]),
    ("a text", lambda: Space(x="adam"), ["x=Constant('adam')"]),
    ("the class itself", lambda: Space(x=Real), ["x=Real(…)"]),
    ("grid_search", lambda: Space(x={"grid_search": [1, 2]}), ["x=Choice([1, 2])", "Grid"]),
    ("sample_from", lambda: Space(x=lambda spec: spec), ["computed in `train`"]),
    ("a SciPy distribution", lambda: Space(x=stats.uniform(0, 1)), ["x=Real(low, high)"]),
    ("functions as options", lambda: Choice([len, max]), ["choose by a name", "look it up"]),
    ("a class as an option", lambda: Choice([int, str]), ["choose by a name"]),
    ("an array as an option", lambda: Choice([np.ones(2), np.zeros(2)]), ["tuple, list or dict"]),
    ("a set as an option", lambda: Choice([{1, 2}]), ["tuple, list or dict"]),
    ("NaN as an option", lambda: Choice([0.5, float("nan")]), ["finite", "None"]),
    ("an infinite one inside", lambda: Choice([(1.0, float("inf"))]), ["finite"]),
    ("numbers as keys", lambda: Choice([{1: 2}]), ["dict"]),
    ("an option twice", lambda: Choice(["a", "b", "a"]), ["different", "Remove"]),
    ("the same as JSON", lambda: Choice([(1, 2), [1, 2]]), ["different"]),
    ("one text", lambda: Choice("adam"), ["tuple or a list"]),
    ("log from 0", lambda: Real(0, 1, scale="log"), ["above 0", "Raise `low`"]),
    ("log of negatives", lambda: Integer(-5, 5, scale="log"), ["1 or more"]),
    (
        "qloguniform",
        lambda: Real(1e-4, 1e-1, scale="log", step=5e-5),
        ["linear scale", "Choice(…, ordered=True)"],
    ),
    ("step beyond the range", lambda: Integer(0, 5, step=10), ["whole number of steps", "smaller"]),
    ("step that does not fit", lambda: Integer(32, 500, step=32), ["whole number of steps", "high=480"]),
    ("step of 0", lambda: Real(0, 1, step=0.0), ["above 0"]),
    ("around outside", lambda: Real(0, 1, around=2.0), ["`around`", "Move it inside"]),
    ("a text as a bound", lambda: Real("1e-4", 1.0), ["`low`", "'1e-4' (str)", "float"]),
    ("low above high", lambda: Integer(9, 1), ["below", "Swap"]),
    ("low equals high", lambda: Real(1.0, 1.0), ["Constant"]),
    ("a float bound of an Integer", lambda: Integer(1, 5.5), ["whole number", "Real"]),
    ("infinity as a bound", lambda: Real(0, float("inf")), ["finite"]),
    ("condition on a Real", lambda: Space(a=Real(0, 1), x=Real(0, 1, when={"a": 0.5})), ["Choice"]),
    ("condition on nothing", lambda: Space(x=Real(0, 1, when={"kind": "a"})), ["'kind'"]),
    (
        "tuple taken as several",
        lambda: Space(k=Choice([(1, 2)]), x=Real(0, 1, when={"k": (1, 2)})),
        ["when={'k': [(1, 2)]}"],
    ),
    ("an empty name", lambda: Space({"": Real(0, 1)}), ["printable"]),
    ("a number as a name", lambda: Space({1: Real(0, 1)}), ["text"]),
    ("an equals sign in a name", lambda: Space({"a=b": Real(0, 1)}), ["`=`"]),
    ("a constraint with code", lambda: Space(x=Real(0, 1), constraint="__import__('os')"), ["function"]),
    (
        "an unknown name in a constraint",
        lambda: Space(x=Real(0, 1), constraint="`max-depth` < 3"),
        ["'max-depth'"],
    ),
    ("a default off the steps", lambda: Real(0, 1, step=0.25, default=0.3), ["steps of 0.25"]),
]


@pytest.mark.parametrize(
    ("space", "holds"), [row[1:] for row in SUPPORTED], ids=[row[0] for row in SUPPORTED]
)
def test_what_others_can_express_works(space, holds):
    configs = space.sample(300, 0)
    for config in configs:
        space.validate(config)
    name = space.names[-1] if "x" not in space else "x"
    drawn = [config[name] for config in configs if name in config]
    assert drawn
    assert holds is None or holds(drawn)
    assert list(space.from_unit(np.nan_to_num(space.to_unit(configs), nan=0.5))) == list(configs)
    assert Space.from_json(json.loads(json.dumps(space.to_json()))) == space
    space.validate(space.default())
    assert len(space.describe().rows) == len(space)
    assert str(space.describe())
    assert (
        eval(
            repr(space),
            {"Space": Space, "Real": Real, "Integer": Integer, "Choice": Choice, "Constant": Constant},
        )
        == space
    )


@pytest.mark.parametrize(
    ("space", "holds"), [row[1:] for row in SUPPORTED], ids=[row[0] for row in SUPPORTED]
)
def test_searches_propose_what_belongs_to_it(space, holds):
    rng = np.random.default_rng(0)
    tried = [json.loads(json.dumps(config)) for config in space.sample(4, 1)]  # as a study gives them
    record = Record(Observation(n, config, "complete", float(n)) for n, config in enumerate(tried))
    for search in (Random(), Sobol(), CoarseToFine()):
        try:
            found = search.suggest(space, record, 1, rng)
        except SpaceExhausted:
            continue
        space.validate(found[0])
        assert found[0] not in record


@pytest.mark.parametrize(("make", "words"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_refused_is_refused_in_one_line_with_the_remedy(make, words):
    with pytest.raises(SpaceError) as caught:
        make()
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message


def test_a_study_gives_options_back_as_they_were_declared(tmp_path):
    space = Space(
        {
            "hidden-layers": Choice([(50,), (50, 50), (30, 20, 10)]),
            "block": Choice([{"kernel": (3, 3), "pool": None}, {"kernel": (5, 5), "pool": "max"}]),
            "sizes": Choice([[1], [2]]),
            "x": Real(0, 1, step=0.5),
        }
    )
    path = tmp_path / "structures.study"
    with Study.create(path, space, minimize="loss", search=Random()) as study:
        trials = study.ask(4)
        for trial in trials[:3]:
            study.tell(trial, loss=trial.config["x"])
        study.pause(trials[3])
    with Study.open(path) as again:
        assert again.space == space
        assert [one.config for one in again.trials] == [trial.config for trial in trials]
        for config in (again.best.config, again.trial(0).config, again.ask(1)[0].config):
            assert type(config["hidden-layers"]) is tuple
            assert type(config["block"]["kernel"]) is tuple
            assert type(config["sizes"]) is list
        assert again.frame()["config_hidden-layers"].notna().all()
        again.enqueue({**trials[0].config, "x": 0.5, "hidden-layers": [50, 50]})


def test_what_a_function_does_to_its_configuration_stays_there():
    option = [1, 2]
    space = Space(x=Choice([option, [3]]))
    config = space.sample(20, 0)[0]
    config["x"].append(9)
    option.append(9)
    assert {tuple(one["x"]) for one in space.sample(20, 0)} == {(1, 2), (3,)}


def test_a_space_without_the_new_features_is_written_as_before():
    space = Space(a=Real(0, 1), b=Choice(("x", None)), c=Integer(1, 2, when={"b": "x"}))
    written = space.to_json()
    assert written["format"] == 1
    assert set(written["hyperparameters"][0]) == {
        "name",
        "kind",
        "priority",
        "default",
        "when",
        "low",
        "high",
        "scale",
    }
    assert Space(a=Real(0, 1, step=0.5)).to_json()["format"] == 2


def test_an_ordered_choice_learns_from_its_neighbours():
    sizes = tuple(f"size {n}" for n in range(12))
    seen = {}
    for ordered in (False, True):
        space = Space(x=Choice(sizes, ordered=ordered))
        record = Record(
            Observation(n, {"x": sizes[n]}, "complete", abs(n - 6.6)) for n in (0, 2, 4, 5, 9, 11)
        )
        config = CoarseToFine().suggest(space, record, 1, np.random.default_rng(0))[0]
        seen[ordered] = abs(sizes.index(config["x"]) - 6.6)
    assert seen[True] < 1
