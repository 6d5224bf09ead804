"""A right name or number of another clause of the evidence than the one that is asked for."""

import re

from slm_factory.core.quantities import Quantity, read
from slm_factory.grounding.claim import Claim
from slm_factory.grounding.substitutions import are_alike
from slm_factory.grounding.words import Support, Word, content

PART = re.compile(r"(?<=[.!?。])\s+(?![a-z])|\n+|;\s*|,\s+|(?<=[고며])\s|\s(?:and|but|while)\s")


NAMED = re.compile(r"[A-Z][a-z]+ (?=[A-Z][a-z])")
OPENING = re.compile(r"^\W*(?:\d{1,3}\W+)?")
SUBJECT = re.compile(r"(?:이|가|은|는|께서)$")


def misattributed(claim: Claim) -> list[str]:
    """What the evidence says in one clause of something else than the question asks for.

    Of "Dana owns the policy and Rafael audits it" the second clause answers who audits it.
    """
    clauses = [part for part in PART.split(claim.evidence) if content(part) or read(part)]
    if len(clauses) < 2:
        return []
    question = Support(claim.question)
    supports = [Support(clause) for clause in clauses]
    values = [word for word in content(claim.answer) if word.is_noun and not question.has(word)]
    values = [word for word in values if sum(here.has(word) for here in supports) == 1]
    holding = [n for n, here in enumerate(supports) if any(map(here.has, values))]
    return misplaced_words(claim, clauses, values, holding) if holding else misplaced_number(claim, clauses)


def misplaced_words(claim: Claim, clauses: list[str], values: list[Word], holding: list[int]) -> list[str]:
    """The words of the answer that stand in other clauses (`holding`) than the one that is asked for, which
    has a word of their kind to give.

    Words that open the sentence before its first name speak of all clauses, and decide only where the others
    leave it open: 당일 책임자는 화요일 강지운, 목요일 서예린이다.
    """
    scores = [asked_for(claim.question, clause) for clause in clauses]
    best = max(range(len(scores)), key=scores.__getitem__)
    is_sure = scores[best] >= 2 and scores.count(scores[best]) == 1
    if not is_sure and scores[best]:
        scores[0] -= asked_for(claim.question, opened(clauses[0], values))
        own_best = max(range(len(scores)), key=scores.__getitem__)
        best = own_best if scores[own_best] and scores.count(scores[own_best]) == 1 else holding[0]
    theirs = max(scores[n] for n in holding)
    if best in holding or scores[best] <= theirs:
        return []
    said = Support(claim.answer, claim.question, claim.context)
    # "her deputy, Samir Qureshi, handles complaints": the name stands before the clause that is asked for
    first = next((n + 1 for n in range(best, -1, -1) if n in holding), best)
    near = [word for part in clauses[max(first, best - 2) : best + 1] for word in content(part)]
    own = [word for word in near if not said.has(word) and not opens_plainly(word, clauses[0], claim.source)]
    return [
        value.text
        for value in values
        for word in own
        if are_alike(value, word) or ((is_sure or not theirs) and are_both_subjects(value, word, claim))
    ][:1]


def misplaced_number(claim: Claim, clauses: list[str]) -> list[str]:
    """The only number of the answer where it stands in a clause that has nothing of the question, and the
    clause that is asked for has one other of its kind."""
    asked = read(claim.question)
    numbers = [one for one in read(claim.answer) if not any(map(one.agrees_with, asked))]
    if len(numbers) != 1:
        return []
    one = numbers[0]
    holding = [n for n, part in enumerate(clauses) if any(map(one.agrees_with, read(part)))]
    scores = [asked_for(claim.question, clause) for clause in clauses]
    best = max(range(len(scores)), key=scores.__getitem__)
    enough = min(2, len(content(claim.question)) + len(asked))
    if (
        len(holding) != 1
        or scores[best] < max(enough, 1)
        or scores.count(scores[best]) > 1
        or scores[holding[0]]
    ):
        return []
    rivals = [other for other in read(clauses[best]) if is_of_kind(one, other)]
    return [one.text] if best not in holding and len(rivals) == 1 else []


def is_of_kind(one: Quantity, other: Quantity) -> bool:
    """Whether two quantities could answer one question."""
    return one.kind == other.kind and one.scaled[0] == other.scaled[0]


def opens_plainly(word: Word, clause: str, source: str) -> bool:
    """Whether a word is capital only because it begins the sentence, and nowhere else."""
    text = OPENING.sub("", clause)
    if re.search(rf"[a-z,;] {re.escape(word.text)}\b", source) or f"{word.text} " in NAMED.findall(source):
        return False
    return (
        not word.is_korean
        and text.startswith(word.text)
        and not text[len(word.text) :].lstrip()[:1].isupper()
    )


def asked_for(question: str, clause: str) -> int:
    """How many of the words and numbers of the question a clause has."""
    here, given = Support(clause), read(clause)
    return sum(map(here.has, content(question))) + sum(
        any(map(one.agrees_with, given)) for one in read(question)
    )


def opened(clause: str, values: list[Word]) -> str:
    """What stands in the first clause before the first of the answer's words."""
    places = [clause.find(word.text[:2]) for word in values]
    return clause[: min([place for place in places if place >= 0], default=len(clause))]


def are_both_subjects(value: Word, other: Word, claim: Claim) -> bool:
    """Whether both words are subjects in the evidence: 청장이 하며, 공단이 맡는다."""
    own = [word for word in content(claim.evidence) if word.stem == value.stem]
    return any(
        bool(SUBJECT.search(word.text))
        and bool(SUBJECT.search(other.text))
        and word.weight == other.weight == 1
        for word in own
    )
