"""What of an answer its evidence does not carry: quotation, numbers, dates, names, arithmetic, claims.

Everything here reads letters, numbers and words; no model is asked.
"""

import re
from collections.abc import Callable

from slm_factory.core.matching import squeezed
from slm_factory.core.quantities import read
from slm_factory.grounding import arithmetic, figures, names, opposites
from slm_factory.grounding.attribution import misattributed
from slm_factory.grounding.cells import other_cell, other_row
from slm_factory.grounding.claim import Claim, whole_chunk
from slm_factory.grounding.quotations import stands_in
from slm_factory.grounding.substitutions import swapped
from slm_factory.grounding.words import Word, content

CLAUSE = re.compile(
    r"(?<=[.!?。])\s+|\n+|;\s*|(?<=[고며]),?\s|(?<=[가-힣][하으되이리가오]면)\s|(?<=있으면)\s|(?<=없으면)\s|(?:(?<=지만)|(?<=면서)|(?<=는데)|(?<=으나)|(?<=되)),\s"
    r"|,?\s(?:and|but|so|which|while|because|or|after|before|since|if|when)\s"
)
# What sets a condition of its own.
CONDITION = re.compile(
    r"\b(?:unless|provided|except|as long as|only if|only when|on condition)\b|다만|(?<![가-힣])단,|"
    r"에 한[해하]|조건으로|"
    r"않는 한|예외적|제외하고",
    re.IGNORECASE,
)
ENOUGH = 2  # nouns that the chunk does not have, in one clause


def problems(question: str, answer: str, evidence: str, source: str, context: str) -> list[str]:
    """What of the answer is not grounded, as "label" or "label: detail"; empty for a grounded answer.

    `source` is the text of the chunk, `context` its title and headings.
    """
    if not evidence.strip():
        return ["no evidence"]
    claim = Claim(question, answer, evidence, source, context)
    checks: tuple[Callable[[Claim], list[str]], ...] = (
        misquoted,
        wrong_arithmetic,
        figures.unsupported,
        other_cell,
        other_row,
        unsupported_names,
        contradicted,
        unsupported_words,
    )
    return list(dict.fromkeys(problem for check in checks for problem in check(claim)))


def misquoted(claim: Claim) -> list[str]:
    """Whether the evidence stands in the chunk."""
    return [] if stands_in(claim.evidence, claim.source) else ["evidence not in the chunk"]


def wrong_arithmetic(claim: Claim) -> list[str]:
    """Calculations of the answer that do not hold."""
    return [
        f"wrong arithmetic: {equation.text}"
        for equation in arithmetic.equations(claim.answer)
        if not equation.holds
        and not (equation.is_loose and any(map(equation.result.agrees_with, claim.given)))
    ]


def unsupported_names(claim: Claim) -> list[str]:
    """Names of the answer that its support does not have, and words put in the place of the evidence's
    own."""
    unknown = names.unknown(claim.answer, claim.evidence, claim.support, whole_chunk(claim.source))
    found = unknown or swapped(claim) or misattributed(claim)
    return [f"{label_of(name)} without evidence: {name}" for name in found]


def label_of(text: str) -> str:
    """What a wrong value is: a name, unless it is read as an amount, a date or a time."""
    quantities = read(text)
    kind = quantities[0].kind if quantities and quantities[0].text == text else "code"
    return {"amount": "number", "code": "name"}.get(kind, "date")


def contradicted(claim: Claim) -> list[str]:
    """Words of the answer that say the opposite of the evidence: 이상 for 이하, must not for must.

    A part of the evidence quoted to the letter may leave its negation to the question.
    """
    if squeezed(claim.answer).rstrip(".").casefold() in squeezed(claim.quoted).casefold():
        return []
    return [
        f"unsupported claim: {detail}"
        for detail in opposites.flips(claim.answer, claim.quoted, claim.question)
    ]


def unsupported_words(claim: Claim) -> list[str]:
    """Clauses of the answer that speak of things of which the chunk says nothing at all.

    An answer in other words is right: for each word of the evidence that it leaves unsaid it may have one of
    its own. Native verbs and everyday words do not count, and a new noun among known words is no claim.
    """
    clauses = CLAUSE.split(claim.said)
    spare = len(claim.unsaid)
    for place, clause in enumerate(clauses):
        words = list({word.stem: word for word in content(clause)}.values())
        unknown = [word for word in words if word.stem in claim.absent]
        # what stands beside another clause needs less proof that it is added: that one tells the evidence
        room = spare - (len(clauses) > 1)
        if unknown and (
            is_condition(clause, words, unknown, claim)
            or is_added(words, unknown, room)
            or is_aside(clause, words, unknown, spare)
            or (place and not spare and has_noun(unknown) and len(words) - len(unknown) <= ENOUGH)
        ):
            return [f"unsupported claim: {' '.join(word.text for word in unknown[:6])}"]
    return []


def has_noun(words: list[Word], least: int = 1) -> bool:
    """Whether at least so many of the words are nouns."""
    return sum(word.weight == 1 for word in words) >= least


def is_condition(clause: str, words: list[Word], unknown: list[Word], claim: Claim) -> bool:
    """Whether a clause sets a condition with nouns of its own, where the evidence sets none: "unless the
    weather is bad"; 천재지변이나 부득이한 사유가 있으면, of which nothing is known."""
    if CONDITION.search(clause):
        return has_noun(unknown) and not CONDITION.search(f"{claim.quoted} {claim.question}")
    return clause.rstrip(" ,").endswith("면") and has_noun(unknown, ENOUGH) and len(unknown) == len(words)


def is_added(words: list[Word], unknown: list[Word], room: int) -> bool:
    """Whether a clause tells more than other words for what is unsaid: it has too many of its own."""
    weight = sum(word.weight for word in unknown)
    known = len(words) - len(unknown)
    if not known and has_noun(unknown, ENOUGH) and 2 * sum(word.weight == 1 for word in unknown) > room:
        return True
    return weight >= ENOUGH and weight >= known and weight > room


def is_aside(clause: str, words: list[Word], unknown: list[Word], spare: int) -> bool:
    """Whether a clause of unknown words tells something by itself: 경고음이 울립니다, "or alcohol".

    A clause with a number says nothing new, for its numbers are supported.
    """
    if "0" in clause or not has_noun(words) or len(unknown) < len(words) or spare >= len(words):
        return False
    return len(words) > 1 if words[0].is_korean else all(word.weight for word in words) and len(words) <= 3
