"""Where the study of a folder lies, and to whom a password goes for that."""

import json

import pytest

from sturgeon.errors import StudyError
from sturgeon.study.storage.result_folder import study_of


@pytest.fixture
def named(tmp_path, monkeypatch):
    monkeypatch.delenv("PGHOST", raising=False)
    monkeypatch.setenv("PGPASSWORD", "secret")

    def name(url):
        (tmp_path / "result.json").write_text(json.dumps({"study": url}))
        return tmp_path

    return name


STRANGE = "postgresql://me@db.lan:5432/studies?study=wine"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me@localhost/studies?study=wine",
        "postgresql://me@127.0.0.1:5433/studies",
        "postgresql://me@[::1]:5433/studies",
        "postgresql:///studies?host=/var/run/postgresql",
    ],
)
def test_a_server_on_this_machine_is_found_by_its_folder(named, url):
    assert study_of(named(url)) == url


@pytest.mark.parametrize(
    "url",
    [
        STRANGE,
        "postgresql://me@localhost,db.lan/studies",
        "postgresql://me@localhost/studies?host=db.lan",
        "postgresql:///studies?hostaddr=192.0.2.7",
        "postgresql://me@[2001:db8::7]:5433/studies",
    ],
)
def test_a_password_is_sent_to_no_server_that_only_a_folder_names(named, url):
    with pytest.raises(StudyError, match="PGPASSWORD is sent to a server that you name"):
        study_of(named(url))


def test_a_server_that_the_user_names_too_or_without_a_password_is_found(named, monkeypatch):
    folder = named(STRANGE)
    monkeypatch.setenv("PGHOST", "db.lan")
    assert study_of(folder) == study_of(STRANGE) == STRANGE
    monkeypatch.delenv("PGHOST")
    monkeypatch.delenv("PGPASSWORD")
    assert study_of(folder) == STRANGE
