"""Templates escape every text."""

import sys

import pytest
from jinja2 import UndefinedError

from sturgeon.languages import translator
from sturgeon.server.access import Access
from sturgeon.server.pages import Pages


@pytest.fixture
def pages(tmp_path, monkeypatch):
    package = tmp_path / "room_with_pages"
    (package / "templates").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "templates" / "page.html").write_text(
        "{{ language }}:{% trans name=name %}trial {{ name }}{% endtrans %}:{{ token }}:{{ greeting }}"
    )
    (package / "templates" / "wrong.html").write_text("{{ mispelt }}")
    monkeypatch.syspath_prepend(tmp_path)
    yield Pages("room_with_pages", Access("127.0.0.1", 1, "secret"), greeting="hello")
    sys.modules.pop("room_with_pages", None)


def test_text_is_escaped_in_every_language(pages):
    for language in ("en", "vi", "zh"):
        answer = pages.render(
            "page.html",
            None,
            language=language,
            translations=translator(language),
            context={"name": "<script>alert(1)</script>"},
        )
        text = answer.body.decode()
        assert text.startswith(f"{language}:")
        assert text.endswith("&lt;script&gt;alert(1)&lt;/script&gt;:secret:hello")
        assert answer.headers["content-language"] == language


def test_a_name_that_a_template_misspells_is_an_error(pages):
    with pytest.raises(UndefinedError):
        pages.render("wrong.html", None)
