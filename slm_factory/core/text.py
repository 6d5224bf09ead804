"""Text as values: one normal form, the language, and whether an answer declines to answer."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Literal

# Korean technical text is full of Latin names, English has next to no Hangul: a low share decides.
KOREAN_SHARE = 0.1

HANGUL = re.compile(r"[가-힣ㄱ-ㅎㅏ-ㅣ]")
LETTER = re.compile(r"[^\W\d_]")


def normalize(text: str) -> str:
    """`text` in Unicode NFC with every run of white space as one space, none at the ends."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def language(text: str) -> Literal["ko", "en"]:
    """`ko` where at least a tenth of the letters are Hangul, else `en`."""
    letters = LETTER.findall(unicodedata.normalize("NFC", text))
    hangul = sum(1 for letter in letters if HANGUL.match(letter))
    return "ko" if hangul and hangul >= KOREAN_SHARE * len(letters) else "en"


def is_refusal(text: str, refusals: Sequence[str]) -> bool:
    """Whether `text` begins with one of `refusals`; case, spacing and the final mark do not count.

    Only the beginning counts: an answer that goes on to mention what "the documents do not say" is an answer.
    """
    beginning = bare(text)
    return any(beginning.startswith(bare(refusal)) for refusal in refusals if bare(refusal))


def bare(text: str) -> str:
    """`text` in lower case without white space and without the final mark, to compare by."""
    return "".join(unicodedata.normalize("NFC", text).casefold().split()).rstrip(".!?。")
