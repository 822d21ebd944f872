"""Checkpoints on an object store: moto's server, which answers as S3 does."""

import os
import sys

import fsspec
import pytest

import sturgeon as st
from sturgeon.caviar.workers.folders import RemoteFolders, folders_of
from sturgeon.errors import InputError, MissingExtra

SPACE = st.Space(x=st.Real(0.0, 1.0))
KEYS = {"AWS_ACCESS_KEY_ID": "tuner", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def endpoint():
    pytest.importorskip("s3fs")
    moto = pytest.importorskip("moto.server")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint, monkeypatch, tmp_path):
    for name, value in {**KEYS, "AWS_ENDPOINT_URL": endpoint}.items():
        monkeypatch.setenv(name, value)
    name = f"bucket{abs(hash(tmp_path))}"
    files = fsspec.filesystem("s3", skip_instance_cache=True)
    files.mkdir(name)
    return f"s3://{name}/wine"


def train(trial):
    """Put each epoch aside; break down in the second, as often as there is nothing to go on from."""
    begun = 0
    if trial.resume_from is not None:
        with fsspec.open(trial.resume_from, "r") as file:
            begun = int(file.read())
    for epoch in trial.epochs(3):
        trial.report(loss=trial.config["x"] + begun)
        path = f"{trial.folder}/epoch"
        with fsspec.open(path, "w") as file:
            file.write(str(epoch))
        trial.checkpoint(path)
        if epoch == 2 and trial.resume_from is None:
            os._exit(9)


def test_a_trial_whose_worker_is_lost_goes_on_from_a_checkpoint_on_s3(bucket):
    study = st.tune(
        train,
        SPACE,
        minimize="loss",
        search=st.Random(),
        trials=1,
        seed=0,
        checkpoints=bucket,
        progress=False,
    )
    (trial,) = study.trials
    assert (trial.state, trial.attempts) == ("complete", 2)
    assert trial.checkpoint == f"{bucket}/trial-0/epoch"
    assert trial.curves["loss"][-1] == (3, trial.config["x"] + 2)


def test_checkpoints_of_all_but_the_best_are_removed_from_s3(bucket):
    def keeps(trial):
        for _ in trial.epochs(1):
            trial.report(loss=trial.config["x"])
            with fsspec.open(f"{trial.folder}/state", "w") as file:
                file.write("state")
            trial.checkpoint(f"{trial.folder}/state")

    study = st.tune(
        keeps,
        SPACE,
        minimize="loss",
        search=st.Random(),
        trials=3,
        workers=0,
        checkpoints=bucket,
        progress=False,
    )
    folders = folders_of(study, bucket)
    assert folders.numbers() == [study.best.number]
    copy = folders.set_aside(study.best.checkpoint, study.best.number, 1)
    assert copy == f"{bucket}/generation-1/trial-{study.best.number}/state"
    with fsspec.open(copy) as file:
        assert file.read() == b"state"
    folders.keep_aside({copy}, until=1)
    assert folders.set_aside(study.best.checkpoint, study.best.number, 1) == copy
    folders.keep_aside(set(), until=1)
    assert not fsspec.open(copy).fs.exists(copy)


def test_a_place_of_no_known_kind_is_refused():
    with pytest.raises(InputError, match="`checkpoints` must be a folder or a URL; got 'nowhere://a'"):
        RemoteFolders("nowhere://a")


def test_a_password_in_a_url_is_refused_and_not_said():
    with pytest.raises(InputError, match="must hold no password") as caught:
        RemoteFolders("s3://tuner:hunter2@bucket/wine")
    assert "hunter2" not in str(caught.value)


def test_a_bucket_that_is_not_there_has_no_folders(bucket):
    assert RemoteFolders("s3://elsewhere/wine").numbers() == []


def test_a_package_that_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    with pytest.raises(MissingExtra, match="gcsfs"):
        RemoteFolders("gs://bucket/wine")
