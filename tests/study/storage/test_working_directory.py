import os

from sturgeon.space import Real, Space
from sturgeon.study import Study


def test_a_training_may_go_into_another_folder(tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(tmp_path)
    with Study.create("here.study", Space(x=Real(0.0, 1.0)), minimize="loss") as study:
        (trial,) = study.ask()
        os.chdir(elsewhere)
        study.tell(trial, loss=0.5)
        assert study.place == "here.study"
        assert study.best.value == 0.5
    assert not list(elsewhere.iterdir())
    with Study.open(tmp_path / "here.study") as study:
        assert study.counts()["complete"] == 1
