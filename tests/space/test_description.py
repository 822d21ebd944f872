import subprocess
import sys

from sturgeon.space import Choice, Constant, Integer, Real, Space, notes_space


def test_the_quantiles_are_those_of_what_is_drawn():
    rows = {row["name"]: row for row in notes_space().describe().rows}
    assert rows["momentum"]["quantiles"] == {5: 0.92056717652757, 25: 0.96837722339832, 50: 0.99} | {
        75: 0.99683772233983,
        95: 0.99874107458821,
    }
    drawn = sorted(config["learning_rate"] for config in notes_space().sample(20_000, 0))
    for percent, quantile in rows["learning_rate"]["quantiles"].items():
        below = sum(value <= quantile for value in drawn) / len(drawn)
        assert abs(below - percent / 100) < 0.01
    assert rows["batch_size"]["quantiles"][50] == 128


def test_a_row_tells_every_fact():
    space = Space(
        optimizer=Choice(("adam", "sgd")),
        momentum=Real(0.9, 0.999, scale="reverse_log", priority=1, when={"optimizer": "sgd"}),
        beta=Constant(0.9),
    )
    choice, real, constant = space.describe().rows
    assert choice["options"] == ["adam", "sgd"]
    assert (choice["kind"], choice["low"], choice["quantiles"], choice["default"]) == (
        "choice",
        None,
        None,
        "adam",
    )
    assert (real["low"], real["high"], real["scale"], real["priority"]) == (0.9, 0.999, "reverse_log", 1)
    assert (real["default"], real["when"]) == (0.99, {"optimizer": ["sgd"]})
    assert (constant["kind"], constant["value"], constant["scale"]) == ("constant", 0.9, None)


def test_the_table_is_plain_text_with_aligned_columns():
    space = Space(rate=Real(1e-4, 1, scale="log"), layers=Integer(2, 4), constraint="layers > 2")
    lines = str(space.describe()).splitlines()
    assert " ".join(lines[0].split()) == "name kind range scale priority default 5 % 25 % 50 % 75 % 95 %"
    assert lines[2].split()[:7] == ["rate", "real", "0.0001", "to", "1", "log", "2"]
    assert len({line.index(word) for line, word in zip(lines[2:4], ("log", "linear"), strict=True)}) == 1
    assert lines[-1].startswith("constraint: layers > 2")
    assert "active when" not in lines[0]
    assert "optimizer is momentum" in str(notes_space().describe())


def test_steps_are_told():
    space = Space(units=Integer(32, 256, step=32), rate=Real(0.0, 0.5, step=0.1), layers=Integer(2, 4))
    assert [row["step"] for row in space.describe().rows] == [32, 0.1, None]
    units, rate, layers = str(space.describe()).splitlines()[2:]
    assert "32 to 256 in steps of 32  linear" in units
    assert "0 to 0.5 in steps of 0.1  linear" in rate
    assert "steps" not in layers


def test_the_notes_space_is_that_of_the_notes():
    space = notes_space()
    assert space["learning_rate"].priority == 1
    assert {name for name, item in space.items() if item.priority == 2} == {
        "optimizer",
        "momentum",
        "batch_size",
        "hidden_units",
    }
    assert {name for name, item in space.items() if item.priority == 3} == {"layers", "schedule", "decay"}
    assert len(space.coordinates) == 8
    assert space.default() == {
        "learning_rate": 0.01,
        "optimizer": "adam",
        "batch_size": 64,
        "hidden_units": 75,
        "layers": 3,
        "schedule": "cosine",
        "beta1": 0.9,
        "beta2": 0.999,
        "epsilon": 1e-8,
        "dropout": 0.0,
        "weight_decay": 0.0,
        "activation": "relu",
        "norm_momentum": 0.9,
        "norm_epsilon": 1e-5,
    }


def test_importing_the_space_and_the_searches_loads_no_large_library():
    code = "import sys, sturgeon.search, sturgeon.space; print(*sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"scipy", "pandas", "jax", "sklearn", "sqlalchemy"} & set(loaded)
