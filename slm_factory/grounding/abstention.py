"""Questions that a document seems to answer and does not: whether it truly does not."""

import re
from functools import lru_cache

from slm_factory.core.quantities import Quantity, read
from slm_factory.core.text import normalize
from slm_factory.grounding.quotations import stands_in
from slm_factory.grounding.words import Support, content

SENTENCE = re.compile(r"(?<=[.!?。])\s+|\n+")


def problems(question: str, evidence: str, source: str, context: str, document: str) -> list[str]:
    """Why a question is no good to be refused: its passage is not in the chunk, or the document answers it.

    Answered is a question of which all that it asks for beyond its subject, which title and headings
    (`context`) name, stands in one sentence or table row of the document.
    """
    if not evidence.strip():
        return ["no evidence"]
    found = [] if stands_in(evidence, source) else ["evidence not in the chunk"]
    subject = Support(context)
    asked = [word for word in content(question) if not subject.has(word)] or list(content(question))
    numbers = read(question)
    if not asked:
        return found
    for sentence, support, given in sentences(document):
        if all(map(support.has, asked)) and all(any(map(one.agrees_with, given)) for one in numbers):
            return [*found, f"answered in the document: {sentence[:80]}"]
    return found


@lru_cache(maxsize=64)
def sentences(document: str) -> tuple[tuple[str, Support, tuple[Quantity, ...]], ...]:
    """The sentences and lines of a document, each with its words and quantities."""
    texts = [normalize(text) for text in SENTENCE.split(document)]
    return tuple((text, Support(text), read(text)) for text in texts if text)
