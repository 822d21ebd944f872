import math
import shutil
from pathlib import Path

import pytest

import places
from sturgeon.errors import StudyError
from sturgeon.search import Sobol
from sturgeon.study import Study
from sturgeon.study.storage.migrations import MIGRATIONS, migrate
from sturgeon.study.storage.schema import SCHEMA_VERSION

FILES = Path(__file__).parents[1] / "files"


@pytest.fixture
def v1(tmp_path):
    return shutil.copy(FILES / "v1.study", tmp_path / "old.study")


def test_there_is_a_file_of_every_earlier_version_and_a_way_from_it():
    assert sorted(MIGRATIONS) == list(range(1, SCHEMA_VERSION))
    assert all((FILES / f"v{version}.study").exists() for version in MIGRATIONS)


def test_a_study_of_version_1_is_read_and_goes_on(v1):
    with Study.open(v1) as study:
        assert (study.metric, study.seed, study.about) == ("val_loss", 7, {"data": "digits"})
        assert study.space == places.make_space()
        assert study.search == Sobol(seed=1)
        trials = study.trials
        assert [trial.state for trial in trials] == [
            *("complete", "complete", "stopped", "failed", "complete", "failed", "running")
        ]
        assert trials[1].metrics == {"val_loss": 0.125, "accuracy": 0.75}
        assert trials[1].notes == ("odd but good",)
        assert trials[1].tags == ("keep",)
        assert trials[1].about == {}
        assert trials[2].reason == "worse than the median"
        assert math.isnan(trials[3].curves["val_loss"][-1][1])
        assert trials[4].attempts == 2
        assert trials[4].checkpoint == "weights/4.npz"
        assert trials[5].error.type == "ValueError"
        assert trials[6].config == {"learning_rate": 0.1, "hidden_units": 64, "optimizer": "adam"}
        assert study.best.number == 1
        (again,) = study.ask()
        assert (again.number, again.attempt) == (6, 2)
        study.tell(again, val_loss=0.0625)
        study.add(again.config, {"val_loss": 0.5}, about={"new": True})
    with Study.open(v1) as study:
        assert study.best.number == 6
        assert study.trial(7).about == {"new": True}


def test_a_study_of_version_2_gets_a_journal(tmp_path):
    with Study.open(shutil.copy(FILES / "v2.study", tmp_path / "old.study")) as study:
        assert study.journal.read() == []
        study.journal.write("request", {"action": "pause"})
        assert [entry.body for entry in study.journal.read()] == [{"action": "pause"}]
        assert study.best.number == 1


def test_a_migration_that_fails_changes_nothing(v1):
    def broken(connection):
        connection.exec_driver_sql("DROP TABLE sturgeon_points")
        raise StudyError("no")

    with Study.open(v1) as study:
        with pytest.raises(StudyError, match="no"):
            migrate(
                study._store._database,
                SCHEMA_VERSION,
                target=SCHEMA_VERSION + 1,
                migrations={SCHEMA_VERSION: broken},
            )
        assert study.trial(1).curves["val_loss"][0] == (1, 0.5)


def test_a_version_without_a_way_forward_is_said(v1):
    with Study.open(v1) as study, pytest.raises(StudyError, match="cannot bring forward"):
        migrate(study._store._database, 0)


def test_studies_on_a_server_are_brought_forward_too():
    url = places.place("postgres", None)
    with places.make_study(url) as study:
        study._store._database.write(
            lambda connection: [
                connection.exec_driver_sql("ALTER TABLE sturgeon_trials DROP COLUMN about"),
                connection.exec_driver_sql("DROP TABLE sturgeon_journal"),
                connection.exec_driver_sql("UPDATE sturgeon_schema SET version = 1"),
            ]
        )
    with Study.open(url) as study:
        (trial,) = study.ask()
        assert study.trial(trial).about == {}
