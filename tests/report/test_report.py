"""The report: what it says, what it is made of, what it replaces."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from drawn_studies import EVIL, make_drawn, make_hostile, make_two_goals
from sturgeon.errors import InputError
from sturgeon.figures import take_snapshot
from sturgeon.languages import translator
from sturgeon.report import write_report
from sturgeon.report.answer import answer
from sturgeon.report.repeating import changes, commands
from sturgeon.space import Choice, Constant, Real, standard_space

LARGEST = 6_000_000


class Page(HTMLParser):
    """The elements of a page."""

    def __init__(self, text):
        super().__init__()
        self.elements = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    with make_drawn(folder / "one.study") as study:
        return write_report(study, folder / "report.html", language="vi")


def test_it_is_one_small_file_that_fetches_nothing(written):
    text = written.path.read_text(encoding="utf-8")
    assert written.size == len(text.encode()) < LARGEST
    page = Page(text)
    assert not [tag for tag, _ in page.elements if tag in ("link", "img", "iframe")]
    assert not [attributes for _, attributes in page.elements if {"src", "href"} & attributes.keys()]
    assert page.elements[0] == ("html", {"lang": "vi"})


def test_its_policy_allows_its_own_scripts_only(written):
    text = written.path.read_bytes().decode()
    page = Page(text)
    [policy] = [
        one["content"] for tag, one in page.elements if one.get("http-equiv") == "Content-Security-Policy"
    ]
    run = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(data.encode()).digest()).decode() for data in run]
    assert len(run) == 2
    allowed = " ".join(f"'sha256-{one}'" for one in hashes)
    assert f"script-src {allowed};" in policy
    assert policy.startswith("default-src 'none'")


def test_the_answer_is_three_sentences(tmp_path):
    with make_drawn() as study:
        seen = take_snapshot(study)
    best, sure, mattered = answer(seen, {}, translator("en"))
    assert best.startswith(f"The best of 40 trials is trial {seen.best.number}: val_loss = ")
    assert "learning_rate = " in best
    assert sure == "Trained 2 times more with other seeds, it came to 0.2600 on average."
    assert mattered.startswith("learning_rate mattered most: ")
    result = {"metric": "val_loss", "rows": {"test": 9}, "test": {"loss": 0.5}, "naive_test": {"loss": 0.7}}
    assert answer(seen, result, translator("en"))[1].endswith(
        "on the 9 test rows, which decided nothing, loss is 0.5000 (a guess without inputs: 0.7000)."
    )
    for language in ("vi", "zh"):
        assert not re.search(r"\b(the|of|trial|with)\b", " ".join(answer(seen, result, translator(language))))


def test_several_objectives_have_a_front(tmp_path):
    with make_two_goals() as study:
        assert answer(take_snapshot(study), {}, translator("en"))[0].startswith(
            "Of 30 trials with a value, no other beats these in all of size · accuracy: "
        )


def test_hostile_text_is_text(tmp_path):
    with make_hostile(tmp_path / "evil.study") as study:
        text = write_report(study, tmp_path / "report.html").path.read_text(encoding="utf-8")
    page = Page(text)
    assert {tag for tag, _ in page.elements} <= {
        "html", "head", "meta", "title", "style", "body", "main", "header", "p", "h1", "h2", "h3", "span",
        "section", "div", "table", "thead", "tbody", "tr", "th", "td", "figure", "figcaption", "script",
        "noscript", "details", "summary", "ul", "li", "pre", "code", "footer",
    }  # fmt: skip
    assert "\x1b" not in text
    assert EVIL[-1][:500] not in text


def test_only_a_report_is_replaced_unless_forced(tmp_path):
    path = tmp_path / "report.html"
    path.write_text("my thesis", encoding="utf-8")
    with make_two_goals() as study:
        with pytest.raises(InputError, match="Only what Sturgeon wrote is replaced"):
            write_report(study, path)
        assert path.read_text(encoding="utf-8") == "my thesis"
        write_report(study, path, force=True)
        write_report(study, path)
        with pytest.raises(InputError, match="A report is a file; got the directory"):
            write_report(study, tmp_path)


def test_what_differs_from_the_standard_space_is_repeated():
    assert changes(standard_space()) == []
    space = standard_space().replace(
        learning_rate=Real(0.001, 0.1, scale="log", priority=1),
        activation=Choice(["relu", "tanh"]),
        layers=Constant(3),
    )
    assert changes(space) == [
        "--vary", "learning_rate=0.001:0.1:log", "--fix", "layers=3", "--vary", "activation=relu,tanh",
    ]  # fmt: skip


def test_a_strangers_path_is_quoted_for_the_shell(tmp_path):
    with make_hostile(tmp_path / "evil study.study") as study:
        lines = commands(take_snapshot(study))
    assert lines[1].startswith("sturgeon tune '<img src=x onerror='\"'\"'window.evil=2'\"'\"'>' ")
    assert lines[-1].startswith("sturgeon show '")
