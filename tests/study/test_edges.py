from sturgeon.space import Choice, Integer, Real, Space
from sturgeon.study.edges import edges_of
from sturgeon.study.importance import Share

SPACE = Space(
    rate=Real(1e-4, 1.0, scale="log"), units=Integer(8, 64), layers=Integer(1, 3), kind=Choice(("a", "b"))
)


def edges(**config):
    whole = {"rate": 0.01, "units": 32, "layers": 2, "kind": "a", **config}
    return [(one.name, one.end) for one in edges_of(SPACE, whole)]


def test_the_ends_of_numbers_are_edges():
    assert edges() == []
    assert edges(rate=1.0) == [("rate", "upper")]
    assert edges(rate=1.1e-4, units=8) == [("rate", "lower"), ("units", "lower")]
    assert edges(units=63) == []


def test_the_ends_of_a_short_range_and_options_are_not():
    assert edges(layers=3, kind="b") == []


def test_below_nothing_and_below_one_of_a_count_nothing_lies():
    space = Space(dropout=Real(0.0, 0.5), depth=Integer(1, 9), first=Integer(0, 9), scale=Real(1.0, 9.0))
    found = edges_of(space, {"dropout": 0.0, "depth": 1, "first": 0, "scale": 1.0})
    assert [(one.name, one.end) for one in found] == [("scale", "lower")]
    assert len(edges_of(space, {"dropout": 0.5, "depth": 9, "first": 9, "scale": 9.0})) == 4


def test_what_hardly_mattered_is_no_edge():
    shares = [Share("rate", 0.997, priority=1), Share("units", 0.003, priority=2)]
    config = {"rate": 1.0, "units": 64, "layers": 2, "kind": "a"}
    assert [one.name for one in edges_of(SPACE, config, shares)] == ["rate"]


def test_what_is_not_active_is_no_edge():
    space = Space(kind=Choice(("a", "b")), momentum=Real(0.0, 1.0, when={"kind": "b"}))
    assert edges_of(space, {"kind": "a"}) == []
    assert [one.name for one in edges_of(space, {"kind": "b", "momentum": 1.0})] == ["momentum"]


def test_with_steps_only_the_outermost_values_are_at_an_end():
    space = Space(x=Real(0.0, 10.0, step=0.5), few=Real(0.0, 1.0, step=0.5))
    assert [edge.end for edge in edges_of(space, {"x": 10.0, "few": 1.0})] == ["upper"]
    assert edges_of(space, {"x": 9.5, "few": 0.5}) == []
