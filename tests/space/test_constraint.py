import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sturgeon.errors import SpaceError
from sturgeon.space import Choice, Expression, Integer, Real, Space

WIDTHS = {"batch_size": Integer(16, 512, scale="power_of_two"), "hidden_units": Integer(50, 100)}


def fits(config):
    return config["batch_size"] <= 4 * config["hidden_units"]


def holds_momentum(config):
    return config["momentum"] < 0.95


@pytest.mark.parametrize("constraint", ["batch_size <= 4 * hidden_units", fits])
def test_what_is_drawn_satisfies_the_constraint(constraint):
    space = Space(**WIDTHS, constraint=constraint)
    configs = space.sample(500, 0)
    assert len(configs) == 500
    assert all(config["batch_size"] <= 4 * config["hidden_units"] for config in configs)
    assert {config["batch_size"] for config in configs} == {16, 32, 64, 128, 256}
    assert all(fits(config) for config in space.configurations())


def test_an_expression_and_the_same_function_draw_the_same():
    text = Space(**WIDTHS, constraint="batch_size <= 4 * hidden_units")
    assert text.sample(50, 3) == Space(**WIDTHS, constraint=fits).sample(50, 3)


@pytest.mark.parametrize("constraint", ["hidden_units > 100", lambda config: False])
def test_a_constraint_that_nothing_satisfies_is_told(constraint):
    with pytest.raises(
        SpaceError, match=r"must satisfy the constraint; got none among 50,000 draws .* Loosen"
    ):
        Space(**WIDTHS, constraint=constraint).sample(1, 0)
    with pytest.raises(SpaceError, match="got none among"):
        Space(**WIDTHS, x=Real(0, 1), constraint=constraint).sample(1, 0)


def test_what_draws_hardly_find_is_found_in_the_list():
    space = Space(a=Integer(1, 200), b=Integer(1, 200), constraint="a * 1000 + b == 42017")
    assert list(space.sample(2, 0)) == [{"a": 42, "b": 17}] * 2


@given(a=st.integers(-5, 5), b=st.integers(1, 9))
@pytest.mark.parametrize(
    "text",
    [
        "a < b",
        "a <= b < 7 or not a == 3",
        "a + b - 2 * a > b // 2 and a % b != 1",
        "-a ** 2 + b / 2 <= +3.5",
        "a in (1, 2, b) or b not in [1, 2]",
        "(a > 0) == (b > 4)",
        "2 ** b > 100",
    ],
)
def test_an_expression_means_what_python_means(text, a, b):
    assert Expression(text)({"a": a, "b": b}) is eval(text, {"a": a, "b": b})


def test_texts_and_truth_values_may_be_compared():
    rule = Expression("optimizer != 'adam' or norm and note == None")
    assert rule({"optimizer": "adam", "norm": True, "note": None})
    assert not rule({"optimizer": "adam", "norm": False, "note": None})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("momentum < 0.95", True),
        ("not momentum < 0.95", True),
        ("momentum < 0.95 and layers < 3", False),
        ("momentum < 0.95 or layers < 3", True),
        ("momentum < 0.95 and layers == 4", True),
        ("layers < momentum < 1", True),
        ("layers in (momentum, 2)", True),
        ("-momentum * 2 > 1 and layers != 4", False),
    ],
)
def test_a_comparison_that_names_an_inactive_hyperparameter_decides_nothing(text, expected):
    assert Expression(text)({"layers": 4}) is expected


def test_a_function_that_looks_up_an_inactive_hyperparameter_is_satisfied():
    space = Space(
        optimizer=Choice(("adam", "momentum")),
        momentum=Real(0.9, 0.999, when={"optimizer": "momentum"}),
        constraint=holds_momentum,
    )
    drawn = space.sample(200, 0)
    assert {config["optimizer"] for config in drawn} == {"adam", "momentum"}
    assert all(config.get("momentum", 0) < 0.95 for config in drawn)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("__import__('os').system('true')", "Call"),
        ("a.real > 0", "Attribute"),
        ("a[0] > 0", "Subscript"),
        ("[x for x in a] == 1", "ListComp"),
        ("(lambda: 1) == 1", "Lambda"),
        ("f'{a}' == ''", "JoinedStr"),
        ("a if b else c", "IfExp"),
        ("a is b", "Compare"),
        ("a << 2 > 1", "BinOp"),
        ("~a > 1", "UnaryOp"),
        ("a == 1j", "Constant"),
        ("a == ...", "Constant"),
        ("(a := 1) > 0", "NamedExpr"),
        ("a in b", "tuple"),
        ("a <", "SyntaxError"),
        ("", "SyntaxError"),
        ("a = 1", "SyntaxError"),
        ("a > \0", "Error"),
        ("-" * 200 + "a > 0", "nested at most 50"),
        ("(" * 400 + "a" + ")" * 400 + " > 0", "Error"),
        ("a > 1 " * 400, "1000 characters"),
    ],
)
def test_a_form_that_is_not_allowed_is_refused(text, part):
    with pytest.raises(SpaceError, match="constraint") as caught:
        Space(a=Integer(1, 2), b=Integer(1, 2), c=Integer(1, 2), constraint=text)
    assert part in str(caught.value)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("9 ** 9 ** 9 ** 9 > a", "bits"),
        ("(9.0 ** 999) ** 9 > a", "Overflow"),
        ("(0 - a) ** 0.5 > 1", "negative"),
        ("s * 1000000000 == 'x'", "arithmetic with 'x'"),
        ("s % a == 'x'", "arithmetic"),
        ("a / (a - a) > 1", "ZeroDivisionError"),
        ("s < a", "TypeError"),
        ("a + 1", "not a truth value"),
        ("a and s", "not a truth value"),
        ("not a", "not a truth value"),
    ],
)
def test_an_expression_without_a_truth_value_is_told(text, part):
    with pytest.raises(SpaceError, match="true or false for every configuration") as caught:
        Expression(text)({"a": 1, "s": "x"})
    assert part in str(caught.value)


def test_an_unknown_name_is_told():
    with pytest.raises(SpaceError, match=r"'batch_size', 'hidden_units'; got 'units' in 'units < 3'"):
        Space(**WIDTHS, constraint="units < 3")
    with pytest.raises(SpaceError, match=r"function or an expression; got 3 \(int\)"):
        Space(**WIDTHS, constraint=3)


def test_a_function_that_fails_is_told():
    with pytest.raises(SpaceError, match=r"<lambda> gave KeyError \('units'\)"):
        Space(**WIDTHS, constraint=lambda config: config["units"] > 1).sample(1, 0)
    with pytest.raises(SpaceError, match="not a truth value: 3"):
        Space(**WIDTHS, constraint=lambda config: 3).sample(1, 0)


def test_validate_and_default_ask_the_constraint():
    space = Space(**WIDTHS, constraint="batch_size < 100")
    with pytest.raises(SpaceError, match=r"satisfy the constraint batch_size < 100; got .*128"):
        space.validate({"batch_size": 128, "hidden_units": 50})
    with pytest.raises(SpaceError, match=r"defaults must satisfy .* Set `default`"):
        space.default()
    assert space.to_unit([{"batch_size": 128, "hidden_units": 75}]).shape == (1, 2)


def test_an_expression_travels_in_json_and_a_function_is_given_again():
    space = Space(**WIDTHS, constraint="batch_size <= 4 * hidden_units")
    assert Space.from_json(json.loads(json.dumps(space.to_json()))) == space
    assert pickle.loads(pickle.dumps(space)).sample(3, 0) == space.sample(3, 0)

    by_function = Space(**WIDTHS, constraint=fits)
    written = json.loads(json.dumps(by_function.to_json()))
    assert written["constraint"] == {"callable": "fits"}
    assert Space.from_json(written, constraint=fits) == by_function
    with pytest.raises(SpaceError, match=r"given again; got none for 'fits'.*constraint=fits"):
        Space.from_json(written)
    with pytest.raises(SpaceError, match="may be given only"):
        Space.from_json(space.to_json(), constraint=fits)


def test_what_is_dropped_from_the_space_is_inactive_in_the_constraint():
    space = Space(
        optimizer=Choice(("adam", "momentum")),
        momentum=Real(0.9, 0.999, when={"optimizer": "momentum"}),
        layers=Integer(2, 4),
        constraint="momentum < 0.95 and layers < 4",
    )
    adam = space.narrow(optimizer="adam")
    assert adam.names == ("optimizer", "layers")
    assert {config["layers"] for config in adam.sample(50, 0)} == {2, 3}
    assert Space.from_json(json.loads(json.dumps(adam.to_json()))) == adam
    assert adam.narrow(layers=(2, 3)).constraint == adam.constraint
