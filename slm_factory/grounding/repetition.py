"""Pairs that say again what another pair says: repeated facts, one question twice, questions nearly alike.

Wordings of one fact are its family and never duplicates of each other.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache, partial

from slm_factory.core.files import Row
from slm_factory.core.matching import PARTICLE, loose, trigrams, words
from slm_factory.core.quantities import read
from slm_factory.grounding.duplicates import jaccard, near_duplicates
from slm_factory.grounding.meaning import is_idle, missing
from slm_factory.grounding.quotations import quoted_rows
from slm_factory.grounding.similarity import Similarity
from slm_factory.grounding.words import (
    Support,
    Word,
    content,
    jamo,
    korean_stem,
    without_quantities,
)

SAME_EVIDENCE = 0.3  # Jaccard of the trigrams of two quotations that tell one fact
SAME_ANSWER = 0.5  # of two answers
# Words of asking, which say nothing of what is asked.
FRAME_KO = """
    무엇 무엇인 얼마 언제 누구 누가 어디 어떻 어떻게 어떤 어느 몇 왜 알려 주세요 주 궁금
    궁금합니다 말해 설명 되나요 됩니까 하나요 합니까 인가요 입니까 있나요 있습니까 경우 때 것 수 등 및 좀 혹시
""".split()
FRAME_EN = """
    a an and are at be can did do does for from how if in is it its me must of on or please tell that the
    their to was what when where which who why will with would you
""".split()
FRAME = frozenset([*map(korean_stem, FRAME_KO), *FRAME_EN])
SAME_QUESTION = 0.92  # cosine of the embeddings of two questions


def repeated_facts(pairs: list[Row]) -> dict[str, str]:
    """By pair_id, the reason for pairs whose statement an earlier document (by doc_id) makes too."""
    first: dict[str, str] = {}
    statements = {pair["pair_id"]: loose(pair["statement"]) for pair in pairs}
    for pair in sorted(pairs, key=lambda pair: pair["doc_id"]):
        first.setdefault(statements[pair["pair_id"]], pair["fact_id"])
    return {
        pair["pair_id"]: "duplicate"
        for pair in pairs
        if first[statements[pair["pair_id"]]] != pair["fact_id"]
    }


def same_questions(pairs: list[Row]) -> dict[str, str]:
    """By pair_id, the reason for questions that several facts share.

    If the facts answer alike, the first stays. If they differ nobody can tell which is meant, so none stays.
    """
    asked: defaultdict[str, list[Row]] = defaultdict(list)
    for pair in pairs:
        asked[loose(pair["question"])].append(pair)
    reasons = {}
    for group in asked.values():
        facts = {pair["fact_id"]: pair for pair in reversed(group)}  # each with its first pair
        if len(facts) == 1:
            continue
        first = group[0]
        is_clear = all(answer_alike(first, other) for other in facts.values())
        for pair in group:
            if not is_clear:
                reasons[pair["pair_id"]] = "ambiguous question"
            elif pair["fact_id"] != first["fact_id"]:
                reasons[pair["pair_id"]] = "duplicate question"
    return reasons


def similar_questions(pairs: list[Row], threshold: float, chunks: dict[str, Row]) -> dict[str, str]:
    """By pair_id, the reason for questions that nearly repeat one of another fact that has the same answer.

    "A의 복구 시간" and "B의 복구 시간" are alike but not the same: what only one of them names must not stand
    in its own source, and numbers and names of both questions and both answers must agree.
    """
    reasons: dict[str, str] = {}
    for group in alike_in_quantities(pairs):
        given = [quantities(pair["answer"]) for pair in group]
        may_repeat = partial(share_quantities, [pair["fact_id"] for pair in group], given)
        questions = [pair["question"] for pair in group]
        for earlier, later in near_duplicates(questions, threshold, may_repeat):
            one, other = group[earlier], group[later]
            if is_repeated(one, other, reasons, chunks):
                reasons[other["pair_id"]] = "near duplicate"
    return reasons


def similar_meanings(pairs: list[Row], measure: Similarity, chunks: dict[str, Row]) -> dict[str, str]:
    """The same by the embeddings of the questions; nothing for a measure that has none.

    Only within a group of equal quantities, and each question only beside the ones most like it.
    """
    embed = getattr(measure, "embed", None)
    reasons: dict[str, str] = {}
    if embed is None:
        return reasons
    for group in alike_in_quantities(pairs):
        if len(group) < 2:
            continue
        vectors = embed([pair["question"] for pair in group])  # (questions, dimensions), of length one
        for later in range(1, len(group)):
            likeness = vectors[:later] @ vectors[later]
            for earlier in (likeness >= SAME_QUESTION).nonzero()[0]:
                one, other = group[int(earlier)], group[later]
                if is_repeated(one, other, reasons, chunks):
                    reasons[other["pair_id"]] = "near duplicate"
                    break
    return reasons


def is_repeated(one: Row, other: Row, reasons: dict[str, str], chunks: dict[str, Row]) -> bool:
    """Whether the later pair repeats the earlier one, which is kept: another fact, asked and answered
    alike."""
    return (
        one["fact_id"] != other["fact_id"]
        and one["pair_id"] not in reasons
        and other["pair_id"] not in reasons
        and asks_the_same(one, other, chunks)
        and answer_alike(one, other)
    )


def alike_in_quantities(pairs: Sequence[Row]) -> Iterator[list[Row]]:
    """The pairs in groups whose questions have the same numbers, dates and codes, in their order."""
    groups: defaultdict[frozenset[object], list[Row]] = defaultdict(list)
    for pair in pairs:
        groups[quantities(pair["question"])].append(pair)
    yield from groups.values()


def quantities(text: str) -> frozenset[object]:
    """The numbers, dates and codes of a text, by what they are worth."""
    return frozenset((one.kind, one.scaled) for one in read(text) if not is_idle(one))


def share_quantities(
    facts: Sequence[str], given: Sequence[frozenset[object]], earlier: int, later: int
) -> bool:
    """Whether two pairs are of different facts and their answers have a quantity in common, or one has
    none."""
    one, other = given[earlier], given[later]
    return facts[earlier] != facts[later] and (not one or not other or not one.isdisjoint(other))


def answer_alike(one: Row, other: Row) -> bool:
    """Whether two pairs answer the same: equal but for spelling, or by one fact and without contradiction.

    Answers may differ in words, and one may say more; but not each have a number or name of its own.
    """
    answers = one["answer"], other["answer"]
    if loose(answers[0]) == loose(answers[1]):
        return True
    if missing(*answers) and missing(*reversed(answers)):
        return False
    return (
        (
            likeness(one["evidence"], other["evidence"]) >= SAME_EVIDENCE
            and "abstain" not in (one["kind"], other["kind"])
            and not is_other_value(one, other)
        )
        or likeness(*answers) >= SAME_ANSWER
        or holds(*answers)
        or holds(*reversed(answers))
    )


def holds(answer: str, other: str) -> bool:
    """Whether an answer has all words and quantities of the other."""
    support = Support(answer)
    own = content(other)
    return bool(own) and all(map(support.has, own)) and not missing(other, answer)


def is_other_value(one: Row, other: Row) -> bool:
    """Whether each answer adds to its question a word of its own evidence that the other's evidence lacks."""
    return bool(own_words(one, other)) and bool(own_words(other, one))


def own_words(one: Row, other: Row) -> list[Word]:
    """The nouns of an answer that its evidence has, and evidence and answer of the other pair have not."""
    here, there = Support(one["evidence"]), Support(other["evidence"], other["answer"], other["question"])
    return [
        word for word in content(one["answer"]) if word.is_noun and here.has(word) and not there.has(word)
    ]


def likeness(one: str, other: str) -> float:
    """The Jaccard similarity of the trigrams of two texts."""
    return jaccard(grams(one), grams(other))


@lru_cache(maxsize=20_000)
def grams(text: str) -> frozenset[str]:
    """The trigrams of the loose form of `text`."""
    return trigrams(loose(text))


def asks_the_same(one: Row, other: Row, chunks: dict[str, Row]) -> bool:
    """Whether nothing that only one of two questions names is a thing that its own source speaks of.

    낮 점검 주기 and 밤 점검 주기 are two questions even where their answers are equal.
    """
    mine, yours = asked_stems(one["question"]), asked_stems(other["question"])
    own, foreign = mine - yours, yours - mine
    if not own and not foreign:
        return True
    own, foreign = unmet(own, yours, other["question"]), unmet(foreign, mine, one["question"])
    found = stands(own, one, chunks), stands(foreign, other, chunks)
    return not (all(found) if own and foreign else any(found))


def unmet(stems: frozenset[str], others: frozenset[str], question: str) -> frozenset[str]:
    """The stems that the other question has in no form: longer, shorter or spaced otherwise."""
    letters = jamo("".join(words(question)))
    return frozenset(
        stem
        for stem in stems
        if stem not in letters
        and not any(stem.startswith(other) or other.startswith(stem) for other in others)
    )


@lru_cache(maxsize=200_000)
def asked_stems(question: str) -> frozenset[str]:
    """The stems of all words of a question that say something, single syllables too; numbers are left out."""
    found = set()
    for word in words(without_quantities(question)):
        plain = PARTICLE.sub("", word) or word
        stem = korean_stem(plain) if "가" <= plain[0] <= "힣" else plain.removesuffix("s")
        if not plain[0].isdigit() and stem not in FRAME and plain not in FRAME:
            found.add(stem)
    return frozenset(found)


def stands(stems: frozenset[str], pair: Row, chunks: dict[str, Row]) -> bool:
    """Whether one of the stems stands in what the pair is about: its evidence, table header, and headings."""
    if not stems:
        return False
    chunk = chunks[pair["chunk_id"]]
    text = spoken_of(pair["evidence"], chunk["text"], tuple(chunk["headings"]))
    return any(stem in text for stem in stems)


@lru_cache(maxsize=20_000)
def spoken_of(evidence: str, source: str, headings: tuple[str, ...]) -> str:
    """Quotation, table header and headings in jamo, without spaces."""
    headers = [cell for row in quoted_rows(evidence, source) for cell in row.header]
    return jamo("".join("".join([evidence, *headers, *headings]).split()))
