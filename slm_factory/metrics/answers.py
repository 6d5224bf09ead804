"""Whether an answer says what the reference says: key facts and exact match."""

import re

from slm_factory.core.units import AFTER_UNIT, UNITS, alternatives
from slm_factory.metrics.words import content_words, normalize

SPELLINGS = alternatives(UNITS)
TERM = re.compile(
    r"(?P<email>[a-z0-9._+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+)"
    r"|(?P<code>(?<![\w.])\d+(?:[-./:]\d+){2,}|(?<!\d)\d{1,2}:\d{2}(?!\d)|(?<!\d)\d{3,4}-\d{4}(?!\d))"
    r"|(?P<name>(?<![a-z0-9])(?:[a-z]|/)[a-z0-9]*(?:[-_./:]*[a-z0-9]+)*)"
    rf"|(?P<number>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?)(?:\s?(?P<unit>{SPELLINGS}){AFTER_UNIT})?"
)
HANGUL = re.compile(r"[가-힣]")

Terms = set[tuple[str, str]]  # (kind or unit, value)


def key_facts(reference: str, question: str, answer: str) -> float | None:
    """Share of the reference's key terms that the answer gives; terms the question gives away do not count.

    Key terms are numbers with units, identifiers, Latin names, addresses and telephone numbers;
    where the reference has none, its content words. A number counts whole and with its unit: 25 is not 250
    and 30분 is not 30초. None where the reference tells nothing beyond the question.
    """
    asked = terms(question)
    wanted = {term for term in terms(reference) if not is_given(term, asked)}
    if wanted:
        given = terms(answer)
        return sum(is_given(term, given) for term in wanted) / len(wanted)
    compact_question, compact_answer = compact(question), compact(answer)
    words = [word for word in content_words(reference) if word not in compact_question]
    if not words:
        return None
    return sum(word in compact_answer for word in words) / len(words)


def exact(reference: str, answer: str) -> float:
    """1.0 when both are equal but for spaces, letter case and final marks, else 0.0."""
    return float(compact(reference).rstrip(".!?。") == compact(answer).rstrip(".!?。"))


def terms(text: str) -> Terms:
    """Numbers as (unit, value), everything else as (kind, text). In English text plain words are no names."""
    normal = normalize(text)
    is_korean = bool(HANGUL.search(normal))
    found: Terms = set()
    for match in TERM.finditer(normal):
        if match["number"]:
            value = match["number"].replace(",", "")
            value = value.rstrip("0").rstrip(".") if "." in value else str(int(value))
            found.add((UNITS.get(match["unit"] or "", ""), value))
        elif match["name"]:
            if is_korean or not match["name"].isalpha():
                found.add(("name", match["name"]))
        else:
            kind = "email" if match["email"] else "code"
            found.add((kind, match[kind]))
    return found


def is_given(term: tuple[str, str], given: Terms) -> bool:
    """Whether `term` is among the `given`; a number without a unit is met by that number with any unit."""
    kind, value = term
    return term in given or (kind == "" and any(value == other for _, other in given))


def compact(text: str) -> str:
    """Normalised text without spaces."""
    return normalize(text).replace(" ", "")
