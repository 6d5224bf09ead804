"""Words that turn a statement round: bounds, order in time, directions, permission, negation."""

import re

from slm_factory.core.text import normalize
from slm_factory.grounding.words import Support, Word, content

# Two poles each: an answer may not have one where the evidence has only the other.
POLES: tuple[tuple[str, str], ...] = (
    (
        r"이상|초과|적어도|최소|넘[는으어]|at least|more than|over(?= \d)|above|exceed|no less than|"
        r"minimum|greater than|no fewer",
        r"이하|미만|이내|최대|at most|less than|fewer than|under(?= \d)|below|up to|no more than|within|"
        r"maximum|not exceed|or less|or fewer",
    ),
    (r"이상", r"초과"),
    (r"이하", r"미만"),
    # 80%에 못 미치면 is not 80%를 초과하면 turned round: 80% itself is on the other side
    (r"이상|미만|못 미[치친]|모자라|밑[돌도]|at least|or more", r"초과|이하|넘[는으어지]|more than|exceed"),
    (
        r"금지|해서는 안|할 수 없|하지 못|아니 된다|안 된다|안 됩니다|must not|may not|cannot|shall not|"
        r"prohibited|forbidden",
        r"[하되쓰]?지 않아도|할 필요[가는]? 없|need not|(?:do|does) not (?:need|have) to|optional",
    ),
    (
        r"이전|(?<=[가-힣\d]) ?전[에까의](?![가-힣])|앞서|\bbefore\b|prior to|earlier than",
        r"이후|(?<=[가-힣\d]) ?[후뒤]에?(?![가-힣])|지나|\bafter\b|later than",
    ),
    (r"이내|안에|내에|within|at the latest|no later", r"이후|지나서|\bafter\b"),
    (
        r"증가|늘[어었리린립]|상승|올[라리린립]|높[이인여]|상향|확대|increas|rais|rise|grow|higher|"
        r"upgrade|scale up",
        r"감소|줄[어었이인입]|하락|내[려리린립]|낮[추춘춥춰]|하향|축소|decreas|lower|reduc|drop|shrink|"
        r"downgrade|scale down",
    ),
    (
        r"가능|할 수 있|허용|(?<!not )(?:allowed|permitted)",
        r"불가능|불가|할 수 없|금지|허용하지|not (?:allowed|permitted)|forbidden|prohibited",
    ),
    (
        r"해야|하여야|[여워와]야 |필수|반드시|must(?! not)|required to|has to|have to|mandatory",
        r"지 않아도|안 해도|필요[가는]? 없|필요하지 않|말아야|해서는 안|선택 사항|must not|need not|not "
        r"required|optional|do(?:es)? not (?:need|have) to",
    ),
    (
        r"켜[고다면서야진]|켭니|활성화|turn(?:ed)? on|switch(?:ed)? on|enable",
        r"끄[고다는면]|끕니|꺼[서야진]|비활성화|turn(?:ed)? off|switch(?:ed)? off|disable",
    ),
    (
        r"최대|가장 [많높큰긴]|maximum|longest|highest|largest|at most",
        r"최소|가장 [적낮작짧]|minimum|shortest|lowest|smallest|at least",
    ),
    (r"포함(?!하지|되지)|includ(?!ing but not)", r"제외|포함하지|포함되지|exclud|except"),
    (r"(?<![가-힣])성공|succe", r"실패|fail"),
    (r"자동|automatic", r"수동|manual"),
    (r"오전|\ba\.?m\b", r"오후|\bp\.?m\b"),
    (r"평일|weekday", r"주말|휴일|weekend|holiday"),
    (r"유료|charged|paid", r"무료|free of charge|for free"),
    (r"공개(?!하지)(?<!비공개)|public", r"비공개|private|confidential"),
    (r"온라인(?<!오프라인)|online", r"오프라인|offline"),
    (r"내부|internal", r"외부|external"),
    (r"의무|obligat", r"권고|권장|recommend|면제|exempt"),
    (r"승인(?!되지|하지)|approv", r"거부|거절|반려|reject|den(?:y|ied)|refus"),
    (r"전부|모든|모두|every\b|\ball\b", r"일부|some of|part of"),
    (r"매일|daily", r"매주|weekly"),
    (r"매주|weekly", r"매월|매달|monthly"),
    (r"매월|매달|monthly", r"매년|annual|yearly"),
    (r"매일|daily", r"매월|매달|monthly"),
)
COMPILED = [(re.compile(one, re.IGNORECASE), re.compile(other, re.IGNORECASE)) for one, other in POLES]
ANY_POLE = re.compile("|".join(f"(?:{pole})" for pair in POLES for pole in pair), re.IGNORECASE)
NEGATION = re.compile(
    r"않|없[다는고이습으을어]|못[하한합해]|아니[다며고하]|아닙|(?<![가-힣])안 (?=[가-힣])|금지|불가|"
    r"말아야|말[고라]|(?<=지 )(?:마|말)|"
    r"\bnot\b|n't\b|\bnever\b|\bno\b(?!,| (?:more|less|later|fewer) than)|\bcannot\b|\bwithout\b|"
    r"\bneither\b|\bnor\b|prohibit|forbid",
    re.IGNORECASE,
)
NOT_NEGATED = re.compile(
    r"뿐(?:만)? 아니라|뿐만|not only|문제[가는]? 없|이상[이은]? 없|지장[이은]? 없|없[이는] |관계없이|"
    r"상관없이|밖에",
    re.IGNORECASE,
)
SPLIT = re.compile(r"(?<=[.!?。;])\s+|\n+|(?<=[고며만])[,]?\s|,\s+(?:and|but)\s|\sbut\s")


def flips(answer: str, evidence: str, question: str) -> list[str]:
    """The words of the answer whose opposite, and not themselves, the evidence has."""
    said, given, asked = normalize(answer), normalize(evidence), normalize(question)
    found = []
    for one, other in COMPILED if ANY_POLE.search(said) else ():
        for pole, opposite in ((one, other), (other, one)):
            match = pole.search(said)
            if (
                match
                and not is_denied(said, match)
                and not pole.search(given)
                and opposite.search(given)
                and not opposite.search(said)
                and not pole.search(asked)
            ):
                found.append(match[0].strip())
    if not found and (negated := negation(answer, evidence, question)):
        found.append(negated)
    return found[:1]


REPLY = re.compile(
    r"no\b|아니|안 [되됩돼]|못 ", re.IGNORECASE
)  # denies what the question asks, not what follows
DENIED_AFTER = re.compile(r"[가-힣]{0,3} ?(?:(?:서는|면|[고은는]|지는|지|할 수|수)? ?(?:안 |않|못|없|말))")
DENIED_BEFORE = re.compile(r"(?:\b(?:not|no|never|without|cannot)|n't)(?: \w+){0,2} ?$", re.IGNORECASE)


def is_denied(text: str, match: re.Match[str]) -> bool:
    """Whether the words found are denied where they stand: 30분을 넘지 않는다, "never more than"."""
    return bool(DENIED_AFTER.match(text, match.end()) or DENIED_BEFORE.search(text[: match.start()]))


def negation(answer: str, evidence: str, question: str) -> str | None:
    """The clause of the answer that is negated where its evidence is not, or the other way round; None
    if none.

    Only where both use the same words: "all data survived" is what "no data was lost" says.
    """
    if is_negated(question) or REPLY.match(answer) or is_negated(answer) == is_negated(evidence):
        return None
    given = [(clause, positive(clause)) for clause in SPLIT.split(evidence) if clause.strip()]
    for clause in SPLIT.split(normalize(answer)):
        words = positive(clause)
        if len(words) < 2:
            continue
        support = Support(clause, question)
        scored = [
            (sum(map(support.has, theirs)) / len(theirs), text) for text, theirs in given if len(theirs) > 1
        ]
        if not scored:
            continue
        share, nearest = max(scored)
        here = Support(nearest, question)
        if share == 1 and all(map(here.has, words)) and is_negated(clause) != is_negated(nearest):
            return clause
    return None


def positive(text: str) -> list[Word]:
    """The words of `text` that say something, without those that deny it."""
    return [word for word in content(text) if not NEGATION.search(word.text)]


def is_negated(text: str) -> bool:
    """Whether `text` denies something."""
    return bool(NEGATION.search(NOT_NEGATED.sub(" ", text)))
