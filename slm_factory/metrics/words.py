"""Words of Korean and English text, for metrics that count them."""

import functools
import re
import unicodedata
from typing import Any

# Tags of Kiwi (the Sejong set) that carry content: nouns, counters, numerals, determiners such as 두, roots,
# foreign words, Chinese characters, numbers.
CONTENT_TAGS = frozenset({"NNG", "NNP", "NNB", "NR", "MM", "XR", "SL", "SH", "SN"})
MARK_TAGS = frozenset({"SF", "SP", "SS", "SSO", "SSC", "SE", "SO", "SW", "SY"})
# Words that say nothing of their own, and those that definitions are worded with.
STOP_WORDS = frozenset(
    "a an and are as at be been by called defined do does for from has have if in into is it its "
    "means not of on or that the their then there these they this to was were what when where which who "
    "will with you your 것 수 등 때 때문 데 바 뿐 중 말 뜻 그 이 저".split()
)
LATIN = re.compile(r"[a-z0-9]+(?:[.,][0-9]+)*")
SYLLABLE = re.compile(r"[^\W\d_]")


def normalize(text: str) -> str:
    """NFC, small letters, single spaces: two texts that look alike become equal."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def tokens(text: str) -> list[str]:
    """Latin words, numbers and Korean morphemes of normalised text, without marks."""
    return [form for form, _, _ in morphemes(normalize(text))]


def content_words(text: str) -> list[str]:
    """Nouns, names, roots and Latin words of normalised text, in order, each once; a compound is one word.

    Of 배송팀 both parts may stand in the question, 바람배송 and 담당 팀, though the word itself does not.
    """
    words: list[str] = []
    end = -1
    for form, tag, start in morphemes(normalize(text)):
        if tag not in CONTENT_TAGS or form in STOP_WORDS:
            continue
        if start == end:
            words[-1] += form
        else:
            words.append(form)
        end = start + len(form)
    return list(dict.fromkeys(words))


@functools.lru_cache(maxsize=100_000)
def morphemes(text: str) -> tuple[tuple[str, str, int], ...]:
    """(form, Sejong tag, start) of each word or morpheme; remembered, as several metrics ask for it.

    Kiwi sees only what is not Latin: it takes "broker." for "b" and "roker.". Where it is missing, syllables
    count.
    """
    found: list[tuple[str, str, int]] = []
    end = 0
    for latin in [*LATIN.finditer(text), None]:
        between = text[end : latin.start() if latin else len(text)]
        if kiwi() is None:
            found += [(match[0], "NNG", end + match.start()) for match in SYLLABLE.finditer(between)]
        elif not between.isspace():
            found += [
                (t.form, t.tag, end + t.start) for t in kiwi().tokenize(between) if t.tag not in MARK_TAGS
            ]
        if latin:
            found.append((latin[0], "SL", latin.start()))
            end = latin.end()
    return tuple(found)


@functools.cache
def kiwi() -> Any:
    """Kiwi's analyser, loaded once (about a second), or None where kiwipiepy is not installed."""
    try:
        from kiwipiepy import Kiwi
    except ImportError:
        return None
    return Kiwi(num_workers=1)
