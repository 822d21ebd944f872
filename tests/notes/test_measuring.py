"""The notes measured on a small table: pages, what is kept, what is refused."""

import json
import sys

import numpy as np
import pytest

from sturgeon.errors import InputError, RunError
from sturgeon.languages import LANGUAGES, translator
from sturgeon.notes import measure_notes
from sturgeon.notes.claims.registry import CLAIMS
from sturgeon.notes.finding import Finding
from sturgeon.notes.lab import Lab
from sturgeon.notes.one_claim import measure_claim
from sturgeon.notes.side_by_side import measure_side_by_side
from sturgeon.notes.tables import own_table


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A CSV of 150 rows: two inputs of very different sizes, and two classes."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(150, 2)) * [1.0, 1000.0]
    y = x[:, 0] + x[:, 1] / 1000 > 0
    path = tmp_path_factory.mktemp("data") / "table.csv"
    rows = [f"{a:.6f},{b:.3f},{'yes' if c else 'no'}" for (a, b), c in zip(x, y, strict=True)]
    path.write_text("small,large,kind\n" + "\n".join(rows) + "\n")
    return path


def measure(table, page, **how):
    return measure_notes(page, quick=True, data=table, target="kind", **how)


def test_a_claim_is_measured_and_its_page_needs_nothing_else(table, tmp_path):
    measured = measure(table, tmp_path / "notes.html", claim="n9")
    (found,) = measured.findings.values()
    assert found.verdict == "holds"
    assert found.low > 4  # inputs a thousand times as large: a million times as many steps
    page = (tmp_path / "notes.html").read_text(encoding="utf-8")
    assert "Normalised inputs" in page
    assert 'src="http' not in page
    assert "default-src &#39;none&#39;" in page


def test_trainings_in_lanes_give_the_same_for_the_same_seed(table, tmp_path):
    found = [
        measure(table, tmp_path / f"{number}.html", claim="N11", seed=seed).findings["N11"]
        for number, seed in enumerate((3, 3, 4))
    ]
    assert found[0].numbers == found[1].numbers
    assert found[0].numbers != found[2].numbers


def test_a_second_look_measures_nothing_again_in_any_language(table, tmp_path):
    page, kept = tmp_path / "notes.html", tmp_path / "notes.json"
    measure(table, page, claim="N9")
    before = kept.read_bytes()
    measure(table, page, claim="N9", resume=True, language="vi")
    assert kept.read_bytes() == before
    assert "Đầu vào được chuẩn hóa" in page.read_text(encoding="utf-8")


def test_a_page_that_exists_is_not_replaced(table, tmp_path):
    page = tmp_path / "notes.html"
    page.write_text("mine")
    for resume in (False, True):
        with pytest.raises(InputError, match="is something else"):
            measure(table, page, claim="N9", resume=resume)
    assert page.read_text() == "mine"
    measure(table, tmp_path / "ours.html", claim="N9")
    with pytest.raises(InputError, match="exists"):
        measure(table, tmp_path / "ours.html", claim="N9")


def test_another_seed_does_not_go_on_with_what_was_kept(table, tmp_path):
    measure(table, tmp_path / "notes.html", claim="N9")
    with pytest.raises(InputError, match="the same seed"):
        measure(table, tmp_path / "notes.html", claim="N9", seed=1, resume=True)


def test_an_interrupt_keeps_what_was_measured_and_writes_the_page(table, tmp_path):
    def interrupt(number, found, done, of):
        raise KeyboardInterrupt

    measured = measure(table, tmp_path / "notes.html", claim="N9", on_finding=interrupt)
    assert measured.interrupted
    assert "N9" in (tmp_path / "notes.html").read_text(encoding="utf-8")
    assert list(json.loads((tmp_path / "notes.json").read_text())["findings"]) == ["N9"]


def test_a_table_too_small_for_a_claim_says_so(table, tmp_path):
    measured = measure(table, tmp_path / "notes.html", claim="N6")
    assert measured.findings["N6"].verdict == "not_run"
    assert "needs 200 training rows" in (tmp_path / "notes.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"claim": "N14"}, "one of N1 to N13; got 'N14'"),
        ({"language": "fr"}, "en, vi, zh"),
        ({"seed": -1}, "at least 0"),
        ({"data": "x.csv"}, "belong together"),
        ({"data": "nowhere.csv", "target": "y"}, "nowhere.csv"),
    ],
)
def test_bad_input_is_one_line(how, message, tmp_path):
    with pytest.raises(InputError, match=message) as caught:
        measure_notes(tmp_path / "notes.html", **how)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_claim_is_told_in_every_language(language):
    _ = translator(language).gettext
    told = [claim.tell(_) for claim in CLAIMS.values()]
    assert len({one.title for one in told}) == len(CLAIMS) == 13
    if language != "en":
        english = [claim.tell(translator("en").gettext) for claim in CLAIMS.values()]
        assert not {one.plain for one in told} & {one.plain for one in english}


def test_a_finding_survives_json():
    found = Finding("not_sure", 0.1, -0.2, 0.4, ("wine",), {"a": [1.0]}, seconds=2.0)
    assert Finding.of_json(json.loads(json.dumps(found.to_json()))) == found


def test_several_claims_are_measured_side_by_side_as_they_are_one_by_one(table, tmp_path):
    lab = Lab((own_table(table, "kind"),), seed=3, quick=True)
    found = dict(measure_side_by_side(("N9", "N11"), lab))
    for number, finding in found.items():
        alone = measure_claim(CLAIMS[number], lab)
        assert finding.to_json() | {"seconds": 0} == alone.to_json() | {"seconds": 0}
    assert set(found) == {"N9", "N11"}


def test_a_process_that_dies_is_told(table, monkeypatch):
    lab = Lab((own_table(table, "kind"),), quick=True)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(RunError, match="ended with 1"):
        list(measure_side_by_side(["N9"], lab))
