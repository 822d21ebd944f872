"""Every text is there in every language, with the same places for values, and none is left in English."""

import functools
import re

import pytest

from sturgeon.errors import InputError
from sturgeon.languages import LANGUAGES, choose_language, language_of_environment, translator
from sturgeon.languages.catalogues import ROOMS, collect_messages, read_catalogue

collect_messages = functools.cache(collect_messages)

OTHERS = [language for language in LANGUAGES if language != "en"]
PLACE = re.compile(r"\{[^{}]*\}|%\([^)]*\)[a-z]")
# Names, symbols and what is only places for values are the same in every language.
WORDS = re.compile(r"[A-Za-z]{4,}")


def texts_of(message):
    """The forms of a message, as a tuple: singular and plural, or one."""
    return message if isinstance(message, tuple | list) else (message,)


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("room", ROOMS)
def test_every_text_is_translated(room, language):
    known = read_catalogue(language, room)
    for message in collect_messages(room):
        if not message.id:
            continue
        found = known.get(message.id, message.context)
        translated = () if found is None else texts_of(found.string)
        missing = f"{language}/{room}.po lacks {message.id!r}: run scripts/update_messages and fill it in"
        assert translated, missing
        assert all(translated), missing


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("room", ROOMS)
def test_no_text_is_left_in_english_and_none_is_out_of_use(room, language):
    wanted = {(message.id, message.context) for message in collect_messages(room)}
    for message in read_catalogue(language, room):
        if not message.id:
            continue
        english, translated = texts_of(message.id), texts_of(message.string)
        assert (message.id, message.context) in wanted, f"{language}/{room}.po: {message.id!r} is not used"
        if WORDS.search(PLACE.sub("", english[0])):
            assert not set(english) & set(translated), f"{language}/{room}.po: {english[0]!r} is in English"


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("room", ROOMS)
def test_translations_have_the_same_places_for_values(room, language):
    for message in read_catalogue(language, room):
        places = {place for text in texts_of(message.id) for place in PLACE.findall(text)}
        for text in texts_of(message.string):
            assert set(PLACE.findall(text)) == places, f"{language}/{room}.po: {message.id!r}"


def test_an_unknown_language_is_refused_and_the_known_ones_are_named():
    with pytest.raises(InputError, match="en, vi, zh; got 'fr'"):
        translator("fr")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("vi-VN,vi;q=0.9,en-US;q=0.8", "vi"),
        ("de-DE, zh-TW;q=0.7, vi;q=0.3", "zh"),
        ("vi;q=0, en", "en"),
        ("vi;q=often, zh", "zh"),
        ("<script>" * 10_000, "en"),
    ],
)
def test_the_browser_says_which_language(header, language):
    assert choose_language(header) == language


def test_the_environment_says_which_language():
    assert language_of_environment({"LANGUAGE": "fr:zh:en", "LANG": "vi_VN"}) == "zh"
    assert language_of_environment({"LC_ALL": "vi_VN.UTF-8", "LANG": "zh_CN"}) == "vi"
    assert language_of_environment({}) == "en"
