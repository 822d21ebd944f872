"""Where a study cannot be kept or read: one clear line, and nothing acknowledged is lost."""

import contextlib
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest

import places
from postgres_server import PostgresServer
from sturgeon.errors import MissingExtra, StudyError
from sturgeon.study import StoreFailed, Study
from sturgeon.study.storage.sqlite import SqliteDatabase


def one_line(caught):
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def used(tmp_path):
    """A study file with two results in it."""
    path = tmp_path / "used.study"
    with places.make_study(path) as study:
        for trial in study.ask(2):
            for step in range(50):
                study.report(trial, step=step, loss=float(step))
            study.tell(trial, loss=0.5)
    return path


def test_a_missing_study(tmp_path):
    with pytest.raises(StudyError, match=r"there is no study at .*nothing\.study") as caught:
        Study.open(tmp_path / "nothing.study")
    one_line(caught)
    assert not (tmp_path / "nothing.study").exists()


@pytest.mark.parametrize("content", [b"", b"x,y\n1,2\n" * 100, b"SQLite format 3\x00 and then nothing"])
def test_a_file_that_is_not_a_study(tmp_path, content):
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(StudyError, match="is not a study") as caught:
        Study.open(path)
    one_line(caught)
    if content:
        with pytest.raises(StudyError, match="exists already and is not a study"):
            places.make_study(path)
        assert path.read_bytes() == content


def test_a_folder_and_a_missing_folder(tmp_path):
    with pytest.raises(StudyError, match="got the folder"):
        Study.open(tmp_path)
    with pytest.raises(StudyError, match="folder must exist"):
        places.make_study(tmp_path / "no" / "where.study")


def test_another_program_s_database(tmp_path):
    path = tmp_path / "other.db"
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE sales (amount REAL)")
    with pytest.raises(StudyError, match="an SQLite database but not a study"):
        Study.open(path)
    with pytest.raises(StudyError, match="an SQLite database but not a study"):
        places.make_study(path)


def test_another_kind_of_url():
    with pytest.raises(StudyError, match="got a mysql:// URL"):
        Study.open("mysql://localhost/studies")
    with pytest.raises(StudyError, match="in memory cannot be opened again"):
        Study.open(":memory:")


@pytest.mark.parametrize("size", [50, 100, 5000, 20000])
def test_a_truncated_file(used, size):
    os.truncate(used, size)
    with pytest.raises(StudyError, match=r"cut off|truncated") as caught:
        Study.open(used)
    one_line(caught)


def test_a_damaged_file(used):
    with used.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 8192)
    with pytest.raises(StudyError, match="damaged") as caught, Study.open(used) as study:
        _ = study.trials
    one_line(caught)


def test_a_study_of_a_newer_sturgeon(used):
    with contextlib.closing(sqlite3.connect(used)) as file:
        file.execute("UPDATE sturgeon_schema SET version = 99")
        file.commit()
    with pytest.raises(StudyError, match=r"newer Sturgeon \(its format is 99.*upgrade"):
        Study.open(used)


def test_a_full_disk(used):
    with Study.open(used) as study:
        (trial,) = study.ask()
        raw = study._store._database._connection.connection.driver_connection
        pages = raw.execute("PRAGMA page_count").fetchone()[0]
        raw.execute(f"PRAGMA max_page_count = {pages}")
        acknowledged = []

        def fill():
            for step in range(10_000):
                study.report(trial, step=step, loss=0.5)
                acknowledged.append((step, 0.5))

        with pytest.raises(StoreFailed, match="disk is full") as caught:
            fill()
        assert "make room" in one_line(caught)
        assert study.trial(trial).curves["loss"] == acknowledged
        raw.execute("PRAGMA max_page_count = 1000000")
        study.tell(trial, loss=0.25)
    with Study.open(used) as study:
        assert [one.value for one in study.trials] == [0.5, 0.5, 0.25]


@contextlib.contextmanager
def unprivileged():
    """Be somebody whom permissions bind, since root is not."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


def test_a_read_only_file_can_be_read_and_says_so_when_written(used):
    folder = Path(tempfile.mkdtemp())
    try:
        path = shutil.copy(used, folder / "frozen.study")
        path.chmod(0o444)
        folder.chmod(0o555)
        with unprivileged(), Study.open(path) as study:
            assert study.best.value == 0.5
            for write in (lambda: study.ask(), lambda: study.note(0, "hm")):
                with pytest.raises(StudyError, match="is read-only") as caught:
                    write()
                one_line(caught)
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_a_file_that_may_not_be_read(used):
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    try:
        path = shutil.copy(used, folder / "secret.study")
        path.chmod(0o000)
        with unprivileged(), pytest.raises(StudyError, match="may not be read"):
            Study.open(path)
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_deleted_underneath_is_saved_beside_it(used, replaced):
    study = Study.open(used)
    (trial,) = study.ask()
    study.report(trial, step=1, loss=0.75)
    used.unlink()
    if replaced:
        used.write_text("something else")
    with pytest.raises(StoreFailed, match=r"deleted or replaced.*saved to") as caught:
        study.report(trial, step=2, loss=0.5)
    saved = re.search("saved to '(.*)':", one_line(caught)).group(1)
    with pytest.raises(StudyError, match="was deleted or replaced") as caught:
        study.report(trial, step=3, loss=0.5)
    assert f"saved to {saved!r}: open that, or move it back." in one_line(caught)
    assert "open it again" not in str(caught.value)
    with Study.open(saved) as rescued:
        assert [one.value for one in rescued.trials] == [0.5, 0.5, None]
        assert rescued.trial(2).curves["loss"][0] == (1, 0.75)
        assert rescued.ask()[0].number == 2


@pytest.mark.parametrize("failure", [StoreFailed("no"), KeyboardInterrupt()])
def test_a_study_that_cannot_be_made_leaves_no_file(tmp_path, monkeypatch, failure):
    def fail(self, connection):
        raise failure

    path = tmp_path / "new.study"
    with monkeypatch.context() as broken:
        broken.setattr(SqliteDatabase, "create_tables", fail)
        with pytest.raises(type(failure)):
            places.make_study(path)
    assert list(tmp_path.iterdir()) == []
    places.make_study(path).close()
    with pytest.raises(StudyError, match="exists already"):
        places.make_study(path)
    Study.open(path).close()


def test_making_a_study_in_vain_removes_no_file_that_was_there(tmp_path, monkeypatch):
    path = tmp_path / "empty.study"
    path.touch()
    monkeypatch.setattr(SqliteDatabase, "create_tables", lambda self, connection: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        places.make_study(path)
    assert path.exists()


def test_making_a_study_in_vain_removes_no_study_that_another_made_meanwhile(tmp_path, monkeypatch):
    path = tmp_path / "raced.study"
    make = SqliteDatabase.create_tables

    def lose(self, connection):
        monkeypatch.setattr(SqliteDatabase, "create_tables", make)
        self.rollback(connection)
        places.make_study(path).close()
        self.begin(connection, True)
        raise StoreFailed("no")

    monkeypatch.setattr(SqliteDatabase, "create_tables", lose)
    with pytest.raises(StoreFailed):
        places.make_study(path)
    Study.open(path).close()


def test_where_a_deleted_file_was_saved_is_said_also_if_the_leases_were_renewed_first(used):
    study = Study.open(used)
    (trial,) = study.ask()
    used.unlink()
    with contextlib.suppress(StoreFailed):  # as the thread of the leases does
        study._store.renew(60.0)
    with pytest.raises(StudyError, match=r"saved to .*used\.rescued\.study"):
        study.report(trial, step=1, loss=0.5)


def test_a_server_that_cannot_be_reached_or_refuses():
    server = places.postgres()
    places.make_study(server.url("refusing")).close()
    with pytest.raises(StudyError, match="refused the login") as caught:
        Study.open(server.url("refusing", password="wrong"))
    assert "wrong" not in one_line(caught).replace("wrong password", "")
    with pytest.raises(StudyError, match="could not be reached") as caught:
        Study.open(server.url("refusing", port=1))
    one_line(caught)
    with pytest.raises(StudyError, match="no such database"):
        Study.open(server.url("refusing").replace("/studies", "/nowhere"))
    with pytest.raises(StudyError, match=r"no study named 'nobody'.*'refusing'"):
        Study.open(server.url("nobody"))


def test_a_server_that_goes_away_and_comes_back():
    server = PostgresServer(places.postgres()._programs)
    try:
        with places.make_study(server.url("a")) as study:
            (trial,) = study.ask()
            study.report(trial, step=1, loss=0.5)
            server.kill()
            study._store._database.retry_seconds = 0.2
            with pytest.raises(StoreFailed, match="could not be reached") as caught:
                study.report(trial, step=2, loss=0.4)
            one_line(caught)
            server.start()
            study._store._database.retry_seconds = 30.0
            study.report(trial, step=2, loss=0.4)
            server.kill()
            server.start()
            study.tell(trial, loss=0.3)
            server.kill()
            server.start()
            assert study.ask()[0].number == 1
            assert study.trial(0).curves == {"loss": [(1, 0.5), (2, 0.4)]}
    finally:
        server.remove()


def test_without_psycopg_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtra, match=r"sturgeon\[postgres\]"):
        Study.open("postgresql://localhost/studies")


def test_a_forked_child_is_told_to_open_its_own(lasting):
    program = f"""
        import os, warnings
        warnings.simplefilter("error")
        from sturgeon.errors import StudyError
        from sturgeon.study import Study
        study = Study.open({str(lasting)!r})
        child = os.fork()
        if child == 0:
            try:
                study.ask()
            except StudyError as error:
                assert "another process" in str(error), error
                study.close()
                with Study.open({str(lasting)!r}) as own:
                    trial, = own.ask()
                    own.tell(trial, loss=1.0)
                os._exit(7)
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        trial, = study.ask()
        study.tell(trial, loss=0.5)
        assert [one.value for one in study.trials] == [1.0, 0.5]
        study.close()
    """
    places.make_study(lasting).close()
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True)
