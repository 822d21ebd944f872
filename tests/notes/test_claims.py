"""Each claim's experiment runs on a small table, and what it finds is said and drawn in every language."""

import json
from importlib.util import find_spec

import numpy as np
import pytest

from sturgeon.languages import LANGUAGES, translator
from sturgeon.notes.claims import frameworks
from sturgeon.notes.claims.registry import CLAIMS
from sturgeon.notes.finding import Finding
from sturgeon.notes.lab import Lab
from sturgeon.notes.tables import NotesTable


class FewRepeats(Lab):
    """As many repeats as an interval needs, and few trials."""

    def pick(self, quick, full):
        return 24 if quick >= 24 else 2


@pytest.fixture(scope="module")
def lab():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4)) * [1, 1, 10, 100]
    y = (x[:, 0] + x[:, 2] / 10 + 0.3 * rng.normal(size=300) > 0).astype(int)
    return FewRepeats((NotesTable("small", (x, y), classes=True),), quick=True)


# N13 has a test of its own below.
@pytest.mark.parametrize("number", [number for number in CLAIMS if number != "N13"])
def test_a_claim_is_measured_said_and_drawn(number, lab):
    claim = CLAIMS[number]
    found = claim.measure(lab.of_claim(int(number[1:])))
    assert found.low <= found.estimate <= found.high
    again = Finding.of_json(json.loads(json.dumps(found.to_json(), allow_nan=False)))
    said = set()
    for language in LANGUAGES:
        _ = translator(language).gettext
        said.add(claim.say(again, _))
        figures = claim.draw(again, _)
        assert figures
        assert all(figure.data for figure in figures)
    assert len(said) == len(LANGUAGES)


def test_installed_frameworks_agree_and_a_missing_one_names_its_extra(lab, monkeypatch):
    # The others are tested where they are loaded anyway, in tests/frameworks/test_same_network.py.
    known = {name: frameworks.FRAMEWORKS[name] for name in ("JAX", "PyTorch")}
    monkeypatch.setattr(frameworks, "FRAMEWORKS", {**known, "Nowhere": ("no_such_package", "nowhere")})
    there = {name for name, (package, _) in known.items() if find_spec(package)}
    claim = CLAIMS["N13"]
    found = claim.measure(lab.of_claim(13))
    assert set(found.numbers["differences"]) == there
    assert 0 < found.estimate < frameworks.CLOSE
    assert found.verdict == "only_under"
    said = claim.say(found, translator("en").gettext)
    assert 'Nowhere: pip install "sturgeon[nowhere]"' in said
    assert claim.draw(found, translator("en").gettext)[0].data
