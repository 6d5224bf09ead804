"""The numbers, dates, times and codes of an answer: given, calculated, of elsewhere, or made up."""

import re
from collections.abc import Iterator

from slm_factory.core.quantities import Quantity, read
from slm_factory.core.text import normalize
from slm_factory.grounding import arithmetic
from slm_factory.grounding.claim import Claim, chunk_quantities, repeats, whole_chunk
from slm_factory.grounding.derivations import follows
from slm_factory.grounding.words import content

LABEL = {"amount": "number", "code": "name"}  # of the reason; dates and times are dates
# A count of things that the evidence lists need not stand there as a number.
LISTED = re.compile(r"(?m)^\s*(?:[-*+•·○]|\(?\d{1,3}[.)]|[①-⑳])\s+|^\s*\|")
LISTING = re.compile(r"\s*(?:,|、|·|/|;|\band\b|\bor\b|및|그리고|또는|(?<=[가-힣])[와과]\s)\s*")
ABOUT = re.compile(r"약|대략|거의|about|around|approximately|roughly|nearly", re.IGNORECASE)
# What asks or tells of a calculation.
CALCULATION = re.compile(
    r"모두|총[ \d]|합[하쳐산계치]|합[은이]|통틀|더하|더한|더해|차이|남[은는으]|나머지|몇 배|[빼뺀]|곱|"
    r"나누|나눈|평균|씩|동안|사이|만에|지나|간격|"
    r"비율|비중|더 |덜 |늘|줄|높|낮|가량|따지|계산|각각|몇 [번회]|환산|[=×x*÷+]|(?<![가-힣])못|"
    r"\b(?:total|altogether|in all|difference|more|less|fewer|longer|shorter|higher|lower|later|earlier|"
    r"than|left|"
    r"remain\w*|sum|average|each|after|before|between|both|together|passed|combined|share|percent\w*|times|"
    r"twice|double|half|minus|rise|fall|rose|fell|gr[oe]w|gap|apart|not)\b",
    re.IGNORECASE,
)
PLAIN = re.compile(r"최대|최소|까지|maximum|minimum|at most|at least|up to", re.IGNORECASE)
SENTENCE = re.compile(r"(?<=[.!?。])\s+|\n+")
BESIDE = 6  # words before and after a number that say what it is
COUNTED = ("", "things", "회", "명")  # what a bare number may be


def unsupported(claim: Claim) -> list[str]:
    """The quantities of the answer that neither stand in its support nor follow from it.

    What follows may be calculated with further: 61,000원 of two amounts, and twice that.
    """
    known = list(claim.given)
    waiting = []
    for one in read(claim.answer):
        if is_given(one, claim, known):
            known.append(one)
        else:
            waiting.append(one)
    if not waiting:
        return []
    while waiting:
        stated = equated(claim, known)
        found = [one for one in waiting if one in stated or is_calculated(one, claim, known)]
        found = found or [one for one in waiting if is_restated(one, claim)]
        found = found or operands(waiting, claim, known)
        if not found:
            break
        known += found
        waiting = [one for one in waiting if one not in found]
    return [f"{LABEL.get(one.kind, 'date')} without evidence: {one.text}" for one in waiting]


def is_given(one: Quantity, claim: Claim, known: list[Quantity]) -> bool:
    """Whether a quantity of the answer stands in its support, or needs not stand there."""
    if any(map(one.agrees_with, known)):
        return True
    if one.kind == "code":
        return claim.support.has_letters(one.text)
    if one.kind == "date":
        return is_assembled(one, claim)
    if one.kind == "time":
        return False
    if one.is_spelled and (one.value == 1 or one.text.lower() in ("half", "절반")):
        return True  # 한 번, one of them
    if one.unit not in ("", "개", "단계", "명", "건", "회"):
        return False
    # "Two, since the early one is left out": nobody can look it up where the evidence counts nothing
    is_count = one.is_spelled and not any(other.kind == "amount" for other in read(claim.evidence))
    return is_count or one.value in counts(claim)


def is_assembled(date: Quantity, claim: Claim) -> bool:
    """Whether every part of a date stands in the support, the year perhaps in a heading."""
    assert isinstance(date.value, tuple)
    parts = [(date.value[0], None, None), (None, *date.value[1:])]
    wanted = [part for part in parts if any(part)]
    return len(wanted) > 1 and all(
        any(Quantity("date", part, "", "", 0, 0).agrees_with(one) for one in claim.given) for part in wanted
    )


def counts(claim: Claim) -> set[int]:
    """How many things the evidence may be said to list: its lines, or its parts between commas."""
    lines = len(LISTED.findall(claim.evidence))
    listed = {
        len([part for part in LISTING.split(line) if part.strip()]) for line in claim.evidence.split("\n")
    }
    sentences = {len([part for part in re.split(r"[:：]", claim.evidence)[-1].split(",") if part.strip()])}
    return {count for count in {lines} | listed | sentences if 1 < count <= 20}


def equated(claim: Claim, known: list[Quantity]) -> list[Quantity]:
    """The terms and results of equations of the answer that hold, with terms that are known or in the chunk.

    사업비 32억원의 절반인 16억원: the sum stands in another sentence than the share.
    """
    found = []
    for equation in arithmetic.equations(claim.answer):
        terms = [term for term in equation.terms if not any(map(term.agrees_with, known))]
        if equation.terms and equation.holds and all(stands_in_chunk(term, claim) for term in terms):
            found += [*terms, equation.result]
    return found


def operands(waiting: list[Quantity], claim: Claim, known: list[Quantity]) -> list[Quantity]:
    """A number from elsewhere in the chunk, and what the answer calculates with it and a known one: 500mg of
    "500mg짜리를 세 번 먹으니 1,500mg"."""
    for one in waiting:
        if one.kind != "amount" or rivals(one, claim) or not stands_in_chunk(one, claim):
            continue
        for result in waiting:
            is_like = result.kind == "amount" and result.scaled[0] == one.scaled[0] and result is not one
            if is_like and any(follows(result, [one, other]) for other in known if other.kind == "amount"):
                return [one, result]
    return []


def is_calculated(one: Quantity, claim: Claim, known: list[Quantity]) -> bool:
    """Whether a quantity follows from what is known; only by a calculation that somebody speaks of where the
    evidence has another value of its kind to give: 10일 of "1주에 2일, 1개월에 8일" is no sum."""
    has_rivals = one.kind == "amount" and bool(rivals(one, claim))
    if has_rivals and not is_told(one, claim):
        return False
    is_about = bool(ABOUT.search(claim.answer[: claim.answer.find(one.text)][-12:]))
    if follows(one, known, is_about) or is_months_of_days(one, claim):
        return True
    elsewhere = chunk_quantities(claim.source)
    if one.kind == "date":
        return bool(claim.days_apart) and follows(one, [*known, *claim.days_apart, *elsewhere])
    # how long from a moment of the evidence to one elsewhere in the chunk
    moments = [other for other in elsewhere if other.kind == "time"]
    return not has_rivals and one.scaled[0] == "time" and follows(one, [*read(claim.evidence), *moments])


def is_months_of_days(one: Quantity, claim: Claim) -> bool:
    """Whether months are given besides the days that they are short for: two months, or 60 days."""
    return one.scaled[0] == "months" and any(
        other.unit == "일" and other.value == 30 * one.scaled[1] for other in read(claim.answer)
    )


def is_told(one: Quantity, claim: Claim) -> bool:
    """Whether question or answer speaks of a calculation, or shows the numbers that it is made with."""
    words = PLAIN.sub(" ", f"{claim.question} {claim.answer}".replace(one.text, " "))
    if CALCULATION.search(words) or set(repeats(claim.question)) - set(repeats(claim.evidence)):
        return True
    evidence, asked = read(claim.evidence), read(claim.question)
    if any(number.kind == "amount" and not any(map(number.agrees_with, evidence)) for number in asked):
        return True
    shown = [other for other in read(claim.answer) if other.start != one.start]
    is_new = any(not any(map(other.agrees_with, asked)) for other in shown)
    return is_new and follows(one, [*shown, *asked])


def is_restated(one: Quantity, claim: Claim) -> bool:
    """Whether a quantity stands elsewhere in the chunk, and the evidence has none of its kind to give."""
    return not rivals(one, claim) and any(bool(near & claim.spoken) for near in neighbours(one, claim.source))


def neighbours(one: Quantity, source: str) -> Iterator[set[str]]:
    """The stems of the words beside each place where a quantity stands in the chunk, in the same sentence."""
    for sentence in SENTENCE.split(source):
        for other in read(sentence):
            if one.agrees_with(other):
                place = normalize(sentence).find(other.text)
                words = content(sentence)
                before = [word.stem for word in words if word.start < place][-BESIDE:]
                after = [word.stem for word in words if word.start > place][:BESIDE]
                yield {*before, *after}


def stands_in_chunk(one: Quantity, claim: Claim) -> bool:
    """Whether a quantity stands anywhere in the chunk."""
    if one.kind == "code":
        return whole_chunk(claim.source).has_letters(one.text)
    return any(map(one.agrees_with, chunk_quantities(claim.source)))


def rivals(one: Quantity, claim: Claim) -> list[Quantity]:
    """The quantities of the evidence that could stand in the place of one of the answer, which leaves them
    unsaid, as the question does."""
    said = [*read(claim.answer), *read(claim.question)]
    return [
        other
        for other in read(claim.quoted)
        if other.kind == one.kind
        and (
            other.kind != "amount"
            or other.scaled[0] == one.scaled[0]
            or (not other.unit and one.scaled[0] in COUNTED)
        )
        and not any(other.agrees_with(two) or two.agrees_with(other) for two in said)
    ]
