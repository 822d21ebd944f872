"""A search that looks at configurations only need not wait until a large study's curves are read."""

import pytest

from sturgeon.search import Grid, Random, Sobol
from sturgeon.space import Integer, Real, Space
from sturgeon.study import Study
from sturgeon.study.storage.reader import Reader

SPACE = Space(rate=Real(1e-4, 1.0, scale="log"), layers=Integer(1, 9))


@pytest.mark.parametrize("search", [Random(), Sobol(), Grid(points=3)], ids=lambda search: search.name)
def test_it_asks_as_if_it_had_seen_everything(search, tmp_path, monkeypatch):
    asked = []
    for name in ("seen", "unseen"):
        with Study.create(tmp_path / name, SPACE, minimize="loss", search=search) as study:
            for trial in study.ask(4):
                study.report(trial, step=1, loss=0.5)
                study.tell(trial, loss=0.25)
            (running,) = study.ask()
            study.report(running, step=1, loss=0.75)
            with Study.open(tmp_path / name) as other:
                if name == "seen":
                    assert len(other.record) == 5
                else:
                    monkeypatch.setattr(Reader, "points", None)  # nobody reads a curve
                asked.append([trial.config for trial in other.ask(3)])
                monkeypatch.undo()
                study.report(running, step=2, loss=0.125)
                assert other.record[0].curve == ((1, 0.5),)
                assert other.record[0].value == 0.25
                assert other.record[running.number].curve == ((1, 0.75), (2, 0.125))
                assert [one.number for one in other.record] == list(range(8))
    assert asked[0] == asked[1]
