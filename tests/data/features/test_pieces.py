import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from sturgeon.data import Preprocessing, prepare
from sturgeon.data.features.pieces import FEWEST_RANGES, MOST_PIECES, MOST_ROWS, Pieces, fit_pieces
from sturgeon.errors import DataError


def table(rows=120, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"length": rng.normal(size=rows), "age": rng.integers(0, 40, rows)})
    frame["river"] = rng.choice(["Elbe", "Volga"], rows)
    frame["weight"] = frame["length"] * 2 + (frame["age"] > 20)
    return frame


@settings(max_examples=30, deadline=None)
@given(some.integers(0, 10_000), some.integers(30, 300))
def test_the_pieces_of_a_number_add_up_to_it(seed, rows):
    column = np.random.default_rng(seed).normal(size=(rows, 1)).astype(np.float32)
    pieces = fit_pieces(column, [0])
    shares = pieces.encode(column) * np.array(pieces.std) + np.array(pieces.mean)
    assert shares.min() > -1e-4
    assert shares.max() < 1 + 1e-4
    back = pieces.low[0] + shares @ (np.array(pieces.high) - np.array(pieces.low))
    assert back == pytest.approx(column[:, 0], abs=1e-3)


def test_pieces_are_normalised_on_the_training_rows():
    dataset = prepare(table(), "weight", pieces=True)
    own = dataset.x_train[:, -dataset.pieces :]
    assert own.mean(axis=0) == pytest.approx(np.zeros(dataset.pieces), abs=1e-5)
    assert own.std(axis=0) == pytest.approx(np.ones(dataset.pieces), abs=1e-4)


def test_only_numbers_of_many_values_have_pieces_and_they_come_last():
    dataset = prepare(table(), "weight", pieces=True)
    plain = prepare(table(), "weight")
    names = dataset.preprocessing.feature_names
    assert names[: plain.features] == plain.preprocessing.feature_names
    assert {name.split(" in range")[0] for name in names[plain.features :]} == {"length", "age"}
    without = dataset.without_pieces()
    assert np.array_equal(without.x_train, plain.x_train)
    assert without.fingerprint == plain.fingerprint
    assert plain.without_pieces() is plain


def test_what_is_read_back_encodes_the_same():
    frame = table()
    dataset = prepare(frame, "weight", pieces=True)
    again = Preprocessing.from_json(dataset.preprocessing.to_json())
    assert again == dataset.preprocessing
    assert np.array_equal(again.transform(frame), dataset.preprocessing.transform(frame))
    assert np.array_equal(again.transform(frame)[dataset.test_rows], dataset.x_test)


@pytest.mark.parametrize(
    "change", [{"std": [0.0]}, {"low": [2.0]}, {"mean": []}, {"feature": [-1]}, {"high": ["x"]}]
)
def test_damaged_pieces_are_refused(change):
    sound = Pieces((0,), (0.0,), (1.0,), (0.5,), (0.5,)).to_json()
    assert Pieces.from_json(sound) is not None
    with pytest.raises((ValueError, KeyError)):
        Pieces.from_json({**sound, **change})


def test_a_damaged_file_is_one_clear_line():
    import json

    text = prepare(table(), "weight", pieces=True).preprocessing.to_json()
    document = json.loads(text)
    document["pieces"]["std"][0] = 0.0
    with pytest.raises(DataError, match="pieces are damaged"):
        Preprocessing.from_json(json.dumps(document))


def test_many_numbers_share_the_pieces_and_too_many_have_none():
    inputs = np.random.default_rng(0).normal(size=(60, 100)).astype(np.float32)
    assert len(fit_pieces(inputs, range(100))) <= MOST_PIECES
    wide = np.tile(inputs, (1, 2))
    assert MOST_PIECES // wide.shape[1] < FEWEST_RANGES
    assert fit_pieces(wide, range(200)) is None


def test_a_table_of_many_rows_has_none():
    assert fit_pieces(np.zeros((MOST_ROWS + 1, 1), np.float32), [0]) is None
