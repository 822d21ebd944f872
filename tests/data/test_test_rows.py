"""What is kept of the test rows."""

import json

import numpy as np

from sturgeon.data.targets import ClassTarget
from sturgeon.data.test_rows import FILE, MOST_CLASSES, MOST_ROWS, TestRows


def test_classes_are_counted_and_come_back(tmp_path):
    rng = np.random.default_rng(0)
    codes, probabilities = rng.integers(0, 3, 200), rng.dirichlet([1, 1, 1], 200)
    rows = TestRows.of_classes(ClassTarget("kind", ("a", 2, True)), codes, probabilities)
    rows.write(tmp_path)
    assert TestRows.read(tmp_path) == rows
    assert np.sum(rows.confusion) == sum(one["count"] for one in rows.calibration) == 200
    assert np.trace(rows.confusion) == (probabilities.argmax(axis=1) == codes).sum()
    assert rows.labels == ("a", "2", "True")


def test_of_many_classes_the_rare_ones_are_counted_together():
    codes = np.repeat(np.arange(30), np.arange(1, 31))
    rows = TestRows.of_classes(ClassTarget("kind", tuple(range(30))), codes, np.eye(30)[codes])
    assert len(rows.labels) == MOST_CLASSES
    assert rows.labels[0] == "11"
    assert rows.labels[-1] == "…"
    assert np.sum(rows.confusion) == np.trace(rows.confusion) == len(codes)


def test_of_many_numbers_an_even_choice_is_kept():
    true = np.arange(10_000.0)
    rows = TestRows.of_numbers("weight", true, true + 1)
    assert rows.count == 10_000
    assert len(rows.true) == MOST_ROWS
    assert (rows.true[0], rows.true[-1]) == (0.0, 9999.0)
    assert np.allclose(np.subtract(rows.predicted, rows.true), 1.0)


def test_what_makes_no_sense_is_none(tmp_path):
    assert TestRows.read(tmp_path) is None
    for text in ("", "[]", '{"task": 1}', "[" * 100_000):
        (tmp_path / FILE).write_text(text, encoding="utf-8")
        assert TestRows.read(tmp_path) is None
    TestRows.of_numbers("weight", np.ones(3), np.ones(3)).write(tmp_path)
    found = json.loads((tmp_path / FILE).read_text(encoding="utf-8"))
    (tmp_path / FILE).write_text(json.dumps({**found, "true": [1.0]}), encoding="utf-8")
    assert TestRows.read(tmp_path) is None
