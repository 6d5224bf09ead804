"""When two texts say the same: forms to compare by, numbers, trigrams."""

import re
from collections import Counter
from functools import lru_cache

from slm_factory.core.records import content_key
from slm_factory.core.text import normalize

WORD = re.compile(r"[^\W_]+")
NUMBER = re.compile(r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")
# Longest first, for the regex takes the first that fits. The stem keeps one syllable at least.
PARTICLE = re.compile(r"(?<=\w)(?:에서는|에서|에게|에는|으로|은|는|이|가|을|를|의|에|로|와|과|도)?요?$")
ARTICLES = {"a", "an", "the"}


def squeezed(text: str) -> str:
    """`text` without any white space, in NFC: equal for quotations that differ in line breaks only."""
    return normalize(text).replace(" ", "")


@lru_cache(maxsize=2**16)
def loose(text: str) -> str:
    """`text` in lower case without spaces, punctuation, Korean particles and English articles.

    Two questions with one loose form are one question: 복구 시간은 얼마인가? and 복구시간이 얼마인가요?
    """
    return "".join(PARTICLE.sub("", word) for word in words(text) if word not in ARTICLES)


def words(text: str) -> list[str]:
    """The words of `text` in lower case, split at everything that is neither letter nor digit."""
    return WORD.findall(normalize(text).casefold())


def numbers(text: str) -> Counter[str]:
    """The numbers in `text`, without thousands separators, with how often each stands there."""
    return Counter(number.replace(",", "") for number in NUMBER.findall(normalize(text)))


def trigrams(text: str) -> frozenset[str]:
    """All substrings of three characters; the text itself where it is shorter."""
    return frozenset(text[i : i + 3] for i in range(len(text) - 2)) or frozenset([text])


def ceiling(value: float) -> int:
    """The smallest whole number not below `value`, blind to rounding errors of products such as 0.95 x 20."""
    return -int(-(value - 1e-9) // 1)


def lot(purpose: str, identity: str) -> float:
    """A number in [0, 1) drawn for `identity`, the same for ever; draws for two purposes are independent."""
    return int(content_key([purpose, identity])[:12], 16) / 16**12
