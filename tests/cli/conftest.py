"""Run the command line in this process, and small tables to run it on."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from sturgeon.cli.main import main


@dataclass
class Ran:
    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The one line that bad input gives."""
        lines = [line for line in self.err.splitlines() if line.startswith("sturgeon: ")]
        assert len(lines) == 1, self.err
        assert "Traceback" not in self.err
        return lines[0]


@pytest.fixture
def sturgeon(capsys):
    def run(*arguments, report=False) -> Ran:
        """Run a command; ``tune`` leaves its report out, which takes longer than most of what is tested."""
        capsys.readouterr()
        words = [str(argument) for argument in arguments]
        if words[:1] == ["tune"] and len(words) > 1 and not report:
            words.append("--no-report")
        code = main(words)
        printed = capsys.readouterr()
        return Ran(code, printed.out, printed.err)

    return run


@pytest.fixture(scope="session")
def fish() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = 200
    length = rng.normal(80, 20, rows)
    frame = pd.DataFrame(
        {
            "length": length.round(2),
            "age": rng.integers(1, 40, rows),
            "river": rng.choice(["Elbe", "Volga", "Danube"], rows),
            "weight": (0.3 * length + rng.normal(0, 2, rows)).round(3),
        }
    )
    frame["kind"] = np.where(frame["length"] + 10 * (frame["river"] == "Elbe") > 85, "beluga", "sterlet")
    return frame


@pytest.fixture
def table(fish, tmp_path):
    path = tmp_path / "fish.csv"
    fish.to_csv(path, index=False)
    return path
