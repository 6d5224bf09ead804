"""What a chunk says before it is put into words: a statement, and what can be its key and its value."""

import re
from dataclasses import dataclass
from typing import Literal

from slm_factory.core.korean import sound

Form = Literal["attribute", "definition", "step", "count", "article"]

MAX_VALUE_CHARACTERS = 160  # longer values are prose, not something to ask for
MAX_KEY_WORDS = 5

CALLOUT_WORDS = """
    참고 주의 주 비고 예 예시 경고 중요 팁 출처 그림 표 링크 쪽 페이지 작성일 작성자 개정일 문서번호 문서·번호
    예를·들면 최종·수정 마지막·수정 저자 역자 번역 감수 구분 붙임 첨부 별첨 서명 인
    note notes warning caution important tip example examples see source figure table link page copyright tags
    remarks remark comments comment translator
    todo optional required default ex do don't date author http https last·updated see·also for·example
"""
CALLOUTS = frozenset(word.replace("·", " ") for word in CALLOUT_WORDS.split())
CONTACT = re.compile(r"^\S+@\S+\.\w+$|^(\+\d{1,3}[-. ])?\d{2,4}[-. ]\d{3,4}[-. ]\d{4}$|^\d{4}-\d{4}$")
CONTACT_KEY = re.compile(
    r"연락처|전화|내선|이메일|전자우편|메일 주소|phone|e-?mail|extension|contact", re.IGNORECASE
)
BULLETS = " \t\xa0·•․ㆍㅇ○∙▪"
LINK = re.compile(r"\s*\((링크|link)\)$", re.IGNORECASE)
DATE = re.compile(r"^[\d\s.년월일/~-]+$")
EMPTY = re.compile(
    r"^[\W_]*$|^(n/?a|없음|해당 ?없음|미정|tbd|unknown|<<|\^\^)$"
    # what a form leaves to be filled in
    r"|\((인|서명|서명 또는 인|생 ?략|현행과 같음)\)|0000년|^년\s*(월|개월)"
    r"|입력(해 주세요|하세요|하십시오)|클릭하여"
    r"|\b(lorem ipsum|click here|insert \w+ here)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Statement:
    """One thing that the chunk says, before it is put into words.

    `key` is the property of an attribute, the place of a step (`3단계`, `step 3`, `마지막 단계`), the verb of
    an English definition, the paragraph of an article (`제1항`), and empty otherwise.
    """

    form: Form
    kind: str  # fact, definition, procedure, contact
    subject: str
    key: str
    value: str
    evidence: str
    heading: str = ""  # innermost heading over the line
    category: str = ""  # of the fixed question that it answers


def is_key(text: str) -> bool:
    """Whether `text` can be the name of a property."""
    is_whole = text[:1] not in ("", "(", "[", '"', "'") and text.count("(") == text.count(")")
    is_name = any(character.isalpha() for character in text) and text.casefold() not in CALLOUTS
    is_date = bool(DATE.match(text))
    return is_whole and is_name and not is_date and len(text.split()) <= MAX_KEY_WORDS


def is_value(text: str) -> bool:
    """Whether `text` is short enough to be asked for, and says something."""
    return len(text) <= MAX_VALUE_CHARACTERS and not EMPTY.search(text)


def attribute(subject: str, key: str, value: str, evidence: str) -> Statement:
    """The statement that `key` of `subject` is `value`."""
    key, value = key.strip(f"{BULLETS}-"), LINK.sub("", value.lstrip(BULLETS))
    is_contact = bool(CONTACT.match(value) or CONTACT_KEY.search(key))
    bare = value.rstrip(".") if sound(value) is not None else value
    return Statement("attribute", "contact" if is_contact else "fact", subject, key, bare, evidence)
