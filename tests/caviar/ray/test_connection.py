"""What is said of a cluster that does not answer, and of settings that break a rule."""

import re
import socket

import pytest

from sturgeon.caviar.ray import connection
from sturgeon.caviar.ray.connection import connect
from sturgeon.caviar.ray.relay import refuse_other_versions, versions
from sturgeon.caviar.ray.settings import Ray
from sturgeon.cli.main import main
from sturgeon.errors import InputError

pytest.importorskip("ray")
pytestmark = pytest.mark.filterwarnings("ignore")  # Ray's own


def test_a_port_where_nobody_listens_is_an_error():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(InputError, match="must answer at its address"):
        connect(Ray(address=f"127.0.0.1:{port}"))


def test_a_server_that_says_nothing_is_an_error(monkeypatch):
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(InputError, match="timed out"):
        connect(Ray(address=f"127.0.0.1:{server.getsockname()[1]}"))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"address": "somewhere"}, "HOST:PORT"),
        ({"address": "host:http"}, "HOST:PORT"),
        ({"address": ":6379"}, "HOST:PORT"),
        ({"address": "anna:secret@host:6379"}, r"got '…@host:6379'"),
    ],
)
def test_an_address_that_is_none_is_an_error(settings, words):
    with pytest.raises(InputError, match=words):
        connect(Ray(**settings))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"address": "ray://host:10001"}, "one of its nodes"),
        ({"address": "postgresql://anna:secret@host/db"}, r"got 'postgresql://…@host/db'"),
        ({"address": 6379}, "must be text"),
        ({"gpus": 1.5}, "gpus=2"),
        ({"cpus": -1}, "`cpus` must be a number from 0"),
        ({"cpus": float("nan")}, "`cpus` must be a number from 0"),
        ({"gpus": True}, "`gpus` must be a number from 0"),
        ({"gpus": -1}, "`gpus` must be a number from 0; got -1. Write 1, or 0 for none"),
        ({"workers": 0}, "whole number from 1; got 0. Write workers=4"),
        ({"wait": -1}, "`wait` must be a number from 0"),
        ({"resources": {"tpu": "one"}}, "tpu"),
    ],
)
def test_settings_that_break_a_rule_are_refused(settings, words):
    with pytest.raises(InputError, match=words):
        Ray(**settings)


def test_a_password_in_an_address_is_not_said():
    for address in ("ray://anna:s3cret@host:10001", "anna:s3cret@host:6379"):
        with pytest.raises(InputError) as error:
            connect(Ray(address=address))
        assert "s3cret" not in str(error.value)


def test_the_command_line_names_its_own_option(capsys, tmp_path):
    table = tmp_path / "fish.csv"
    table.write_text("length,kind\n1,a\n")
    assert main(["tune", str(table), "--target", "kind", "--ray", "nowhere"]) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.endswith("`--ray` (got 'nowhere') must be HOST:PORT, 'auto' or 'local'.")


def test_a_cluster_that_was_killed_is_not_taken_for_one_that_runs(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setattr("ray._private.utils.read_ray_address", lambda: f"127.0.0.1:{port}")
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with pytest.raises(InputError, match="must answer at its address"):
        connect(Ray(address="auto"))


def test_a_machine_that_is_no_node_is_told_so(monkeypatch):
    monkeypatch.setattr(connection, "_check_answer", lambda address: None)
    monkeypatch.setattr("ray._private.services.find_node_ids", lambda: set())
    with pytest.raises(InputError, match=r"This machine must be a node .*ray start --address=host:6379"):
        connect(Ray(address="host:6379"))


def test_other_versions_on_a_node_are_refused():
    assert refuse_other_versions(versions()) is None
    refused = refuse_other_versions(("9.9", "3.99"))
    assert refused is not None
    assert re.search(r"Sturgeon 9\.9 with Python 3\.99; got .* Install the same", refused.why)
