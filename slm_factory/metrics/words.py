"""Words of Korean and English text, for metrics that count them."""

import functools
import re
import unicodedata
from typing import Any

# Tags of Kiwi (the Sejong set) that carry content: nouns, numerals, roots, foreign words, Chinese, numbers.
CONTENT_TAGS = frozenset({"NNG", "NNP", "NR", "XR", "SL", "SH", "SN"})
MARK_TAGS = frozenset({"SF", "SP", "SS", "SSO", "SSC", "SE", "SO", "SW", "SY"})
# English words that say nothing of their own.
STOP_WORDS = frozenset(
    "a an and are as at be been by do does for from has have if in into is it its not of on or that the "
    "their then there these they this to was were what when where which who will with you your".split()
)
LATIN = re.compile(r"[a-z0-9]+(?:[.,][0-9]+)*")
SYLLABLE = re.compile(r"[^\W\d_]")


def normalize(text: str) -> str:
    """NFC, small letters, single spaces: two texts that look alike become equal."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def tokens(text: str) -> list[str]:
    """Latin words, numbers and Korean morphemes of normalised text, without marks."""
    return [form for form, _ in morphemes(normalize(text))]


def content_words(text: str) -> list[str]:
    """Nouns, names, roots and Latin words of normalised text, in order, each once."""
    words = [form for form, tag in morphemes(normalize(text)) if tag in CONTENT_TAGS]
    return [word for word in dict.fromkeys(words) if word not in STOP_WORDS]


@functools.lru_cache(maxsize=100_000)
def morphemes(text: str) -> tuple[tuple[str, str], ...]:
    """(form, Sejong tag) of each word or morpheme; remembered, as several metrics ask for the same texts.

    Kiwi sees only what is not Latin: it takes "broker." for "b" and "roker.". Where it is missing, syllables
    count.
    """
    found: list[tuple[str, str]] = []
    end = 0
    for latin in [*LATIN.finditer(text), None]:
        between = text[end : latin.start() if latin else len(text)]
        if kiwi() is None:
            found += [(syllable, "NNG") for syllable in SYLLABLE.findall(between)]
        elif not between.isspace():
            found += [(t.form, t.tag) for t in kiwi().tokenize(between) if t.tag not in MARK_TAGS]
        if latin:
            found.append((latin[0], "SL"))
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
