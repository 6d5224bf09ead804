"""Sentences that say what something is (`X은 Y이다`, `X란 Y을 말한다`, `X is a Y that ...`), taken apart."""

import re
from dataclasses import dataclass

from slm_factory.core.korean import sound
from slm_factory.teachers.tasks import Language


@dataclass(frozen=True)
class Definition:
    """`subject` is `value`; a gloss explains the subject, anything else is the value of a property."""

    subject: str
    verb: str  # English: is, are, means, refers to; Korean: empty
    value: str
    is_gloss: bool


MEANS_KO = re.compile(
    r"^(?P<subject>.{1,60}?)(?P<mark>\(이\)란|이란|란|이라 함은|라 함은|은|는)\s+(?P<value>.+?)(?:을|를)\s*"
    r"(?:말한다|말합니다|뜻한다|뜻합니다|의미한다|의미합니다|가리킨다|가리킵니다)$"
)
IS_KO = re.compile(r"^(?P<subject>.{1,40}?)(?P<mark>이란|란|은|는)\s+(?P<value>.+?)(?:이다|입니다)$")
MAX_SUBJECT_WORDS = 5

POINTER_KO = re.compile(
    r"^(이|그|저|위|본|해당|각|모든|어느|이것|그것|여기|다음|아래|이러한|그러한|이런|그런|이때|그때"
    r"|여기서|대신|필요한|주요|중요한|가능한|일반적인|지금까지|전항|원고|원고들|피고|논지|선택적|단|다만|또|또한|그리고|그러나)(\s|$)"
)
CLAUSE_KO = re.compile(
    r"(을|를|에|에서|에게|으로|지만|하|되|시키|\s것|\s때|\s경우|\s이유|\s까닭|\s점)$"
    r"|,|(을|를|에서|에게|하는|되는|하면|하고)\s"
)
NO_GLOSS_KO = re.compile(
    r"^(매우|아주|너무|더|가장|이제)\s|다음 각|각 호|다음과 같|\S적$|(고|며|면서|지만|는데|므로),\s"
    r"|(것|때문|편|뿐|중|정도|셈|예정|마찬가지|경우|필요|만)$"
)
# A word in the adnominal form: "바뀐 자료만 복사하는 방식", "작은 결함", "물빛나루의 본사".
ADNOMINAL_KO = re.compile(r"[는은한된할될던인의운춘린킨낸진친온간]\s+\S")

IS_EN = re.compile(
    r"^(?P<subject>(?:an?\s|the\s)?[\w`\"'()/-]+(?:\s[\w`\"'()/-]+){0,4}?)\s"
    r"(?P<verb>is|are|means|refers to)\s(?P<value>[^.]+)\.?$",
    re.IGNORECASE,
)
POINTER_EN = re.compile(
    r"\b(this|that|these|those|it|its|there|they|we|you|your|our|my|he|she|here|what|which|who|if|when|where|as|in|on|for|"
    r"at|to|of|reason|problem|goal|purpose|first|next|following|example|way|result|step|one|some|all|"
    r"most|both|each|above|below|or|and|but|so|then|also|if|while|because|only|note|not)\b",
    re.IGNORECASE,
)
GLOSS_EN = re.compile(r"^(an?|the)\s\w+.*\s\w+", re.IGNORECASE)
RELATIVE_EN = re.compile(r"^\w+(\s\w+){0,2}\s(that|which|who|whose|where)\s", re.IGNORECASE)
HARD_TO_PLACE_EN = re.compile(
    r"^(an?|the)\s(same|only|first|next|last|following|most|few|lot|number|reason|problem|case|result)\b",
    re.IGNORECASE,
)


def definition(sentence: str, language: Language) -> Definition | None:
    """What `sentence` (plain text) defines; None for most, such as those about `이 문서` or `this page`."""
    return korean(sentence.strip().rstrip(".")) if language == "ko" else english(sentence.strip())


def korean(sentence: str) -> Definition | None:
    """The definition in a Korean sentence without its full stop."""
    means = MEANS_KO.match(sentence)
    match = means or IS_KO.match(sentence)
    if match is None:
        return None
    subject, value = match["subject"].strip(" \"'“”‘’"), match["value"].strip()
    if not is_subject(subject, match["mark"]) or NO_GLOSS_KO.search(value) or len(value) < 2:
        return None
    is_number = bool(re.match(r"^\d", value)) and len(value.split()) <= 3
    is_gloss = bool(means) or (not is_number and (ADNOMINAL_KO.search(value) is not None or " " in value))
    if "의 " in subject and not ADNOMINAL_KO.search(value):
        is_gloss = False
    if not is_gloss and not is_number and "의 " not in subject:
        return None
    return Definition(subject, "", value, is_gloss)


def is_subject(text: str, mark: str) -> bool:
    """Whether `text` before the particle `mark` is a noun phrase that stands for itself.

    A noun takes 은 after a consonant and 는 after a vowel; verbs before a noun (받는) often break that.
    """
    ending = sound(text)
    if mark in ("은", "는") and ending is not None and (ending == "vowel") != (mark == "는"):
        return False
    words = text.split()
    is_short = len(words) <= MAX_SUBJECT_WORDS and len(words[-1]) >= 2 if words else False
    is_pointing = POINTER_KO.search(text) or "해당" in words
    return is_short and not is_pointing and not CLAUSE_KO.search(text)


def english(sentence: str) -> Definition | None:
    """The definition in an English sentence: a short subject, then a noun with its article or a clause."""
    match = IS_EN.match(sentence)
    if match is None:
        return None
    subject, verb, value = match["subject"], match["verb"].lower(), match["value"].strip()
    if POINTER_EN.search(subject) or HARD_TO_PLACE_EN.match(value):
        return None
    is_gloss = RELATIVE_EN.search(value) if verb == "are" else GLOSS_EN.match(value)
    return Definition(subject, verb, value, True) if is_gloss else None
