"""Guess the encoding of a text that is not UTF-8, for the message that asks for it.

Each encoding that can be meant reads the text; the reading that looks most like words is taken. Detectors
such as chardet and charset-normalizer are made for prose and mistake the few accented words of a table.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

_WORD = re.compile(r"[^\s,;|\t\"'()]*[^\x00-\x7f][^\s,;|\t\"'()]*")
_VOWELS = set("aeiouyAEIOUYăâêôơưĂÂÊÔƠƯ")
_MARKS = set("\u0300\u0301\u0303\u0309\u0323")
_AROUND_WORDS = set("“”‘’„–—…€£°±²³µ§«»·•™©®½¼¾ \u00a0、。・")
_INSIDE_RARELY = set("ìòùÈÌÒÙœ")
_CURRENCIES = set("£€¥")
_RARE = set("ðþÐÞýÝ¤¦¨¬¯´¸¹¿¡ªºƒ†‡‰ˆ˜×÷¶¢¥\u00ad")
_MOST_WORDS = 200

_LATIN = ("windows-1252", "latin-1", "windows-1250", "windows-1254", "windows-1258")
_OTHER_ALPHABETS = ("windows-1251", "koi8-r", "windows-1253")


def guess_encoding(text: bytes) -> tuple[str, str] | None:
    r"""Guess which encoding a text is in.

    Args:
        text: Lines that are not UTF-8; the last may be cut off.

    Returns:
        The encoding's name and the first word in it that is not ASCII as that encoding reads it; None where
        none fits.

    Example:
        >>> guess_encoding(b"city\ncaf\xe9 N\xeemes\n")
        ('windows-1252', 'café')
        >>> guess_encoding("東京,大阪\n".encode("shift-jis"))
        ('shift-jis', '東京')
    """
    whole = text[: text.rfind(b"\n") + 1] or text
    best: tuple[float, str, str] | None = None
    for encoding in (*_LATIN, *_OTHER_ALPHABETS, *_DOUBLE_BYTE):
        try:
            words = _WORD.findall(whole.decode(encoding))[:_MOST_WORDS]
        except UnicodeDecodeError:
            continue
        if not words:
            continue
        judge = _judge_double if encoding in _DOUBLE_BYTE else _judge_alphabet
        score = sum(judge(word, encoding) for word in words) / sum(map(_count_foreign, words))
        if best is None or score > best[0] + 1e-9:
            best = (score, encoding, words[0])
    if best is None or best[0] < 0:
        return None
    return best[1], unicodedata.normalize("NFC", best[2])[:30]


def _count_foreign(word: str) -> int:
    return sum(not letter.isascii() for letter in word)


def _judge_alphabet(word: str, encoding: str) -> float:
    """How much a word looks like one of a language with an alphabet: up to 1 for each foreign letter."""
    score = 0.0
    letters = [each for each in word if each.isalpha() or each in _MARKS]
    foreign = sum(not each.isascii() for each in letters)
    for before, each, after in zip(" " + word[:-1], word, word[1:] + " ", strict=True):
        if before.islower() and each.isupper():
            score -= 1.0
        if each.isascii():
            continue
        if each in _MARKS:
            score += 1.5 if before in _VOWELS else -2.0
        elif each in _RARE:
            score += 0.2
        elif (each in _INSIDE_RARELY and after.isalpha()) or (each == "œ" and not after.isalpha()):
            score += 0.4
        elif each in _CURRENCIES:
            score += -0.5 if before.isalpha() or after.isalpha() else 1.0
        elif each.isalpha():
            score += 1.0
        elif each in _AROUND_WORDS:
            score += -0.5 if before.isalpha() and after.isalpha() and each not in "’·–" else 0.8
        else:
            score -= 2.0 if unicodedata.category(each) in ("Cc", "Cn", "Co") else 1.0
    if encoding in _LATIN:
        if foreign > 3 and foreign > 0.8 * len(letters):
            score -= foreign
        if encoding == "windows-1258" and not _MARKS.intersection(word):
            score -= 0.2 * foreign
    elif 0 < foreign < len(letters):
        score -= 1.5 * foreign  # Cyrillic and Greek do not mix with Latin letters
    elif foreign == 1:
        score -= 0.5
    return score


def _judge_double(word: str, encoding: str) -> float:
    """How much a word looks like Chinese, Japanese or Korean: up to 1.7 for each character in daily use."""
    score = 0.0
    daily = 1.7 if encoding == "euc-kr" else 1.6
    if _count_foreign(word) == 1:  # as likely two letters of an alphabet
        daily = 0.7
    for each in word:
        if each.isascii():
            continue
        if each in _AROUND_WORDS or unicodedata.category(each).startswith("P"):
            score += 0.5
        elif len(raw := each.encode(encoding)) == 2 and _DOUBLE_BYTE[encoding](raw[0], raw[1], each):
            score += daily
        else:
            score -= 0.8  # a rare one, half a width, four bytes
    if len(set(map(_script, filter(str.isalpha, word)))) > 2:
        score -= len(word)
    return score


def _script(letter: str) -> str:
    return unicodedata.name(letter, "?").split()[0]


_DOUBLE_BYTE: dict[str, Callable[[int, int, str], bool]] = {
    "shift-jis": lambda lead, trail, each: 0x88 <= lead <= 0x97 or "\u3040" <= each <= "\u30ff",
    "gb18030": lambda lead, trail, each: 0xB0 <= lead <= 0xD7 and trail >= 0xA1,
    "euc-kr": lambda lead, trail, each: "\uac00" <= each <= "\ud7a3",
    "big5": lambda lead, trail, each: 0xA4 <= lead <= 0xC6,
    "euc-jp": lambda lead, trail, each: (
        (0xB0 <= lead <= 0xCF and each >= "\u4e00") or "\u3040" <= each <= "\u30ff"
    ),
}
"""By encoding, whether a character of such bytes is in daily use: of the standard's first level, or kana."""
