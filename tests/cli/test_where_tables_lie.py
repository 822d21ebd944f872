"""Tables from a database, standard input, a pattern or another encoding; and what is no file at all."""

import io
import json
import os
import sqlite3
import subprocess
import sys

import pandas as pd

from sturgeon.cli.common.memory import LEAST_BYTES

QUICK = ["--trials", 1, "--epochs", 1, "--folds", 1, "--fix", "batch_size=32", "--fix", "layers=1"]
FRAME = pd.DataFrame({"x": range(40), "river": ["Rhône", "Elbe"] * 20, "kind": ["a", "b"] * 20})


def test_a_query_is_tuned_on_and_all_other_places_are_predicted(sturgeon, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with sqlite3.connect("fish.db") as connection:
        FRAME.to_sql("fish", connection, index=False)
    connection.close()
    ran = sturgeon("tune", "sqlite:///fish.db", "--sql", "select * from fish", "--target", "kind", *QUICK)
    assert ran.code == 0, ran.err
    assert "sturgeon predict fish.sturgeon" in ran.out
    whole = sturgeon("predict", "fish.sturgeon", "sqlite:///fish.db", "--sql", "select * from fish").out
    assert len(whole.splitlines()) == 41

    FRAME.to_csv("latin.csv", index=False, encoding="latin-1")
    ran = sturgeon("predict", "fish.sturgeon", "latin.csv")
    assert ran.code == 2
    assert "windows-1252 reads as 'Rhône'; give `--encoding windows-1252`" in ran.complaint
    assert sturgeon("predict", "fish.sturgeon", "latin.csv", "--encoding", "latin-1").out == whole

    FRAME[:10].to_csv("part-1.csv")
    FRAME[10:].to_csv("part-2.csv")
    assert sturgeon("predict", "fish.sturgeon", "part-*.csv").out == whole
    assert sturgeon("predict", "fish.sturgeon", "part-*.csv", "-o", "part-2.csv").code == 2

    class Piped:
        buffer = io.BytesIO(FRAME.to_json(orient="records", lines=True).encode())

        def isatty(self):
            return False

    monkeypatch.setattr(sys, "stdin", Piped())
    assert sturgeon("predict", "fish.sturgeon", "-").out == whole

    about = json.loads(sturgeon("show", "fish.sturgeon", "--json").out)
    assert about["best"]["trial"] == 0


def test_a_pipe_is_neither_a_study_nor_a_table(sturgeon, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    ran = sturgeon("show", tmp_path / "pipe")
    assert ran.code == 2
    assert "regular file" in ran.complaint
    os.mkfifo(tmp_path / "pipe.csv")
    ran = sturgeon("tune", tmp_path / "pipe.csv", "--target", "y")
    assert ran.code == 2
    assert "is a pipe or a device" in ran.complaint


def test_too_little_address_space_is_one_line(tmp_path):
    code = (
        "import resource, sys; from sturgeon.cli.main import main;"
        f"resource.setrlimit(resource.RLIMIT_AS, ({LEAST_BYTES - 10**9}, resource.RLIM_INFINITY));"
        "sys.exit(main(['tune', 't.csv', '--target', 'y']))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert ran.returncode == 1
    assert ran.stderr == (
        "sturgeon: A run needs more memory than this process may have, which is 1.3 GB (ulimit -v). "
        "Raise that limit: 4 GB are enough for a small table.\n"
    )
