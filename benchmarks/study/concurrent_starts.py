"""Processes that begin one new study at the same moment, in full counts, in a file and on PostgreSQL.

    python benchmarks/study/concurrent_starts.py [--starts 50] [--processes 4] [--trials 14]

In each start all processes call ``st.tune(..., resume=True)`` on a study that is not there yet. It has held
where every process came to its end without an error, and the study then has as many trials as were asked for,
each complete, none too many, none twice. PostgreSQL is left out where its programs (initdb, postgres) are
missing. The command ends with an error where a start did not hold.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import sturgeon as st

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

import postgres_server

PROGRAM = """
import sys
import sturgeon as st
from sturgeon.caviar.tuning import tune

def train(trial):
    for epoch in trial.epochs(2):
        trial.report(loss=trial.config["x"] / epoch)

space = st.Space(x=st.Real(0.0, 1.0))
search = st.Random()
print("ready", flush=True)
for place in sys.stdin:
    try:
        options = {"study": place.strip(), "resume": True, "workers": 0, "progress": False}
        tune(train, space, minimize="loss", trials=int(sys.argv[1]), search=search, **options).close()
        print("done", flush=True)
    except Exception as error:  # told to the process that counts them
        print(type(error).__name__, " ".join(str(error).split()), flush=True)
"""


def start_together(processes: list[subprocess.Popen[str]], place: str) -> list[str]:
    """Have all begin at once; give what each said at its end."""
    for one in processes:
        assert one.stdin is not None
        one.stdin.write(f"{place}\n")
        one.stdin.flush()
    return [(one.stdout.readline() if one.stdout else "").strip() for one in processes]


def trouble_of(place: str, said: list[str], trials: int) -> str | None:
    """Say what did not hold; None where all did."""
    wrong = [words for words in said if words != "done"]
    if wrong:
        return wrong[0] or "a process died"
    with st.Study.open(place) as study:
        found = study.trials
    if [one.number for one in found] != list(range(trials)):
        return f"{len(found)} trials"
    unfinished = [one.number for one in found if one.state != "complete"]
    return f"trials {unfinished} are not complete" if unfinished else None


def main() -> None:
    """Print a line for each kind of place."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--starts", type=int, default=50)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--trials", type=int, default=14)
    asked = parser.parse_args()
    server = postgres_server.shared_server()
    broken = 0
    with tempfile.TemporaryDirectory() as folder:
        kinds = {"a file": lambda n: f"{folder}/{n}.study"}
        if server is not None:
            kinds["PostgreSQL"] = lambda n: server.url(f"start{n}")
        command = [sys.executable, "-c", PROGRAM, str(asked.trials)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        running = [subprocess.Popen(command, **pipes) for _ in range(asked.processes)]
        for one in running:
            assert one.stdout is not None
            one.stdout.readline()
        for kind, place_of in kinds.items():
            began, held = time.perf_counter(), 0
            for number in range(asked.starts):
                place = place_of(number)
                trouble = trouble_of(place, start_together(running, place), asked.trials)
                held += trouble is None
                if trouble is not None:
                    print(f"{kind}, start {number}: {trouble}", flush=True)
            seconds = time.perf_counter() - began
            print(
                f"{kind:10} {held} of {asked.starts} starts by {asked.processes} processes held, "
                f"{seconds:.0f} s"
            )
            broken += asked.starts - held
        for one in running:
            one.communicate()
    sys.exit(broken > 0)


if __name__ == "__main__":
    main()
