"""What happens to studies whose workers, machines and servers fail, in full counts.

    python benchmarks/study/chaos.py [--quick]

Every line is a promise of the record; the program ends with an error where one is broken. It takes some
minutes:

* workers of a study in a file are killed 200 times (``kill -9``), two workers at a time;
* the same 50 times on PostgreSQL, where the server is killed and started again, too;
* eight processes ask, report and tell on one file for 60 s, and on one server for 20 s;
* a study with one worker is killed again and again, and suggests what it would have suggested.

What is checked afterwards: everything that was acknowledged is there, no trial ended twice, no number and no
configuration was given twice, every study was finished, and the file passes SQLite's integrity check.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

ORDEAL = Path(__file__).parents[2] / "tests" / "study" / "ordeal.py"


def undergo(title: str, *arguments: str) -> None:
    """Run one ordeal in a process of its own and print what it counted."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, str(ORDEAL), *arguments], capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - start
    if done.returncode != 0:
        sys.exit(f"{title}: BROKEN after {seconds:.0f} s\n{done.stderr}")
    counted = ", ".join(f"{name} {value}" for name, value in json.loads(done.stdout.splitlines()[-1]).items())
    print(f"{title:42} held   ({counted}; {seconds:.0f} s)", flush=True)


def main() -> None:
    """Run all of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the counts")
    parser.add_argument("--no-postgres", action="store_true", help="where the server's programs are missing")
    parser.add_argument("--seed", type=int, default=0, help="of the moments of the kills")
    given = parser.parse_args()
    share = 0.1 if given.quick else 1.0
    seed = ("--seed", str(given.seed))
    undergo("killed workers, file", "kill", "--kills", str(int(200 * share)), *seed)
    undergo("eight processes, file", "crowd", "--seconds", str(60 * share))
    for study in range(max(1, int(5 * share))):
        undergo("killed and resumed: same suggestions", "resume", "--seed", str(given.seed + study))
    if not given.no_postgres:
        kills = str(int(50 * share))
        undergo("killed workers and server, PostgreSQL", "kill", "--kills", kills, "--postgres", *seed)
        undergo("eight processes, PostgreSQL", "crowd", "--seconds", str(20 * share), "--postgres")
        undergo("killed and resumed, PostgreSQL", "resume", "--postgres", *seed)


if __name__ == "__main__":
    main()
