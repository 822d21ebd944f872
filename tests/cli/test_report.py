"""`sturgeon report` as it is called."""

import json

from drawn_studies import make_drawn


def test_it_writes_a_report_and_one_picture(sturgeon, tmp_path):
    make_drawn(tmp_path / "one.study", 24).close()
    ran = sturgeon("report", tmp_path / "one.study", "-o", tmp_path / "one.html", "--json")
    made = json.loads(ran.out)
    assert (made["report"], made["format"]) == (str(tmp_path / "one.html"), "html")
    assert "best_so_far" in made["figures"]
    assert (tmp_path / "one.html").stat().st_size == made["bytes"]
    ran = sturgeon("report", tmp_path / "one.study", "--figure", "importance", "-o", tmp_path / "it.svg")
    assert ran.code == 0
    assert "<svg" in (tmp_path / "it.svg").read_text(encoding="utf-8")


def test_it_lists_the_pictures_and_why_some_do_not_fit(sturgeon, tmp_path):
    make_drawn(tmp_path / "one.study", 24).close()
    lines = sturgeon(
        "report", tmp_path / "one.study", "--figure", "list", "--language", "en"
    ).out.splitlines()
    assert any(line.split() == ["spread", "Spread", "over", "folds", "and", "repeats"] for line in lines)
    assert any("pareto_front" in line and "(the study has one objective)" in line for line in lines)
    listed = json.loads(sturgeon("report", tmp_path / "one.study", "--figure", "list", "--json").out)[
        "figures"
    ]
    missing = {one["figure"]: one["missing"] for one in listed}
    assert missing["overview"] is None
    assert missing["pareto_front"]


def test_bad_input_is_one_line(sturgeon, tmp_path):
    place = tmp_path / "one.study"
    make_drawn(place, 3).close()
    kept = place.read_bytes()
    for arguments, said in [
        (["--language", "fr"], "one of en, vi, zh; got 'fr'"),
        (["--format", "gif"], "one of html, png, svg; got 'gif'"),
        (["--figure", "importance"], "`--figure` is for one picture"),
        (["--format", "png", "--figure", "nonsense"], "must be one of overview, best_so_far"),
        (["--format", "png", "--figure", "importance"], "it needs 16 trials with a value"),
        (["-o", str(place)], "An output must not replace what it is made of"),
        (["-o", str(tmp_path / "no" / "x.html")], "goes to a file that can be written"),
    ]:
        ran = sturgeon("report", place, *arguments)
        assert ran.code == 2
        assert said in ran.complaint
    assert place.read_bytes() == kept
    assert sturgeon("report", tmp_path / "none.study").code == 2


def test_tune_leaves_a_report_unless_told_not_to(sturgeon, table, tmp_path):
    quick = ["--target", "weight", "--trials", 2, "--epochs", 2, "--folds", 1]
    assert sturgeon("tune", table, *quick, "--out", tmp_path / "one", report=True).code == 0
    assert "<html" in (tmp_path / "one" / "report.html").read_text(encoding="utf-8")[:500]
    assert sturgeon("tune", table, *quick, "--out", tmp_path / "other", "--no-report", report=True).code == 0
    assert not (tmp_path / "other" / "report.html").exists()
