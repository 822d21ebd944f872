"""Workers killed at random moments, many processes at once; longer in benchmarks/study/chaos.py."""

import json
import subprocess
import sys
from pathlib import Path

import places

ORDEAL = Path(__file__).parent / "ordeal.py"


def undergo(*arguments):
    done = subprocess.run(
        [sys.executable, str(ORDEAL), *arguments], capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_studies_in_files_outlive_40_kills_of_their_workers():
    found = undergo("kill", "--kills", "40")
    assert found["kills"] >= 40
    assert found["acknowledged"] > found["trials"]


def test_studies_on_a_server_outlive_12_kills_and_some_of_the_server():
    places.postgres()  # skips, or fails on CI, where there is none
    found = undergo("kill", "--kills", "12", "--postgres")
    assert found["kills"] >= 12
    assert found["server_kills"] >= 1


def test_eight_processes_share_a_file():
    found = undergo("crowd", "--seconds", "1.5")
    assert found["workers"] == 8
    assert found["trials"] > 8


def test_eight_processes_share_a_server():
    places.postgres()
    found = undergo("crowd", "--seconds", "1", "--postgres")
    assert found["trials"] > 8


def test_a_killed_and_resumed_study_suggests_what_it_would_have():
    assert undergo("resume")["kills"] > 0
