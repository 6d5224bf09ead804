"""Names in a text: Latin names and identifiers, Korean teams, people, places, products, weekdays."""

import re
import unicodedata
from collections.abc import Iterator

from slm_factory.core.text import normalize
from slm_factory.grounding.words import LIGHT_EN, Support, jamo, particle_stem

LATIN = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[&./_:+#@-]+[A-Za-z0-9]+)*")
# Kinds of bodies, posts and places at the end of a Korean name; what comes before makes it a name.
BODY = (
    "팀 부서 본부 센터 지점 지사 지부 공단 공사 은행 병원 대학교 대학 학교 위원회 협회 재단 연구소 "
    "연구원 회사 그룹 사무소 사무국 법원 "
    "지방청 국세청 세무서 경찰서 소방서 시청 구청 파트 조직 지원단 사업단 사업부 영업소 공장 창고 기관 "
    "서버 데이터센터 상황실 관제실 전산실 기획실 "
    "팀장 부장 본부장 센터장 실장 과장 소장 대리 차장 이사 대표 사장 원장 위원장 책임자 담당자 관리자 부문 "
    "요일 법 시행령 시행규칙 규정 지침 고시"
).split()
BODY_END = re.compile(
    rf"^(?P<front>[가-힣]{{1,10}}?)(?P<body>{'|'.join(sorted(BODY, key=len, reverse=True))})$"
)
COMMON = frozenset(
    jamo(word)
    for word in "담당 해당 관련 각 주관 소속 상위 하위 다른 전체 책임 관리 운영 방법 어느 이 그 본 우리 "
    "사용 문법 기법 부서 대응 작업 접수 승인 현장 시스템 업무 주무 소관 유관 요 불 합 적 위 당사 자 "
    "국가 공공".split()
)
SURNAMES = (
    "김이박최정강조윤장임한오서신권황안송류전홍고문양손배백허유남심노하곽성차주우구민진나지엄채원천방공현함"
    "변염여추도소석선설마길연위표명기반왕금옥육인맹제모탁국어은편용예경봉사부"
)
TITLES = (
    "씨 님 팀장 과장 부장 차장 대리 사원 주임 선임 책임 수석 이사 상무 전무 대표 사장 본부장 센터장 "
    "실장 교수 변호사 판사 검사 의사 위원 기사 매니저 담당 주무관 사무관"
).split()
PERSON = re.compile(rf"(?<![가-힣])([{SURNAMES}][가-힣]{{2}})(?=\s?(?:{'|'.join(TITLES)}))")
POSSESSIVE = re.compile(r"['’]s\b")
HANGUL_RUN = re.compile(r"[가-힣]+")
ENGLISH_BODY = re.compile(
    r"(?P<front>[A-Za-z-]+) (?P<body>team|department|division|office|desk|center|centre|committee|board|"
    r"manager|director|officer|lead|unit|bank|agency|group|squad|crew|engineer|administrator|analyst|"
    r"coordinator|supervisor|president|owner|server|database|cluster|queue|gateway|region|warehouse|"
    r"site|building|room)\b",
    re.IGNORECASE,
)
WEEKDAY = re.compile(r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b", re.IGNORECASE)


# Posts and kinds that paraphrases are made with; a name they are only in the place of another.
GENERIC = re.compile(
    r"(?:조직|기관|회사|법|규정|지침|고시|서버|창고|공장|학교|담당자|책임자|관리자|대표|이사|대리|부서|"
    r"그룹|파트|부문)$"
)
METHOD = re.compile(r"(?:방|용|문|기|해|수|불|합|위|편|요|어|화)법$")
COMMON_LATIN = frozenset("pc tv it ok sms fax url id pdf app web ai qr".split())
MIXED = re.compile(r"([가-힣]{1,6})([A-Z][A-Za-z0-9]*)")


def unknown(answer: str, evidence: str, support: Support, chunk: Support) -> list[str]:
    """The names of the answer that stand neither in its support nor anywhere in the chunk."""
    found = [name for name in named(answer) if not support.has_letters(name) and not chunk.has_letters(name)]
    if any(map(GENERIC.search, found)):
        has_rival = any(GENERIC.search(name) for name in named(evidence) if name not in answer)
        found = [name for name in found if has_rival or not GENERIC.search(name)]
    return list(dict.fromkeys([*found, *renamed(answer, evidence)]))


def renamed(answer: str, evidence: str) -> list[str]:
    """Names of two scripts whose Korean part is another one than in the evidence: 새길ON for 다솜ON."""
    own = {match[2]: match[1] for match in MIXED.finditer(evidence)}
    return [
        match[0]
        for match in MIXED.finditer(answer)
        if own and match[2] in own and match[0] not in evidence and own[match[2]] not in answer
    ]


def named(text: str) -> Iterator[str]:
    """What in `text` names somebody or something by its form."""
    normal = POSSESSIVE.sub("", normalize(text))
    is_korean = bool(HANGUL_RUN.search(normal))
    for match in LATIN.finditer(normal):
        is_word = (
            match[0].casefold() in LIGHT_EN | COMMON_LATIN
            or len(match[0]) == 1
            or is_after_digit(normal, match)
        )
        if not is_word and (is_korean or is_capital(normal, match)):
            yield match[0]
    yield from (match[0] for match in WEEKDAY.finditer(normal))
    if not is_korean:
        for match in ENGLISH_BODY.finditer(normal):
            if match["front"].casefold() not in LIGHT_EN | GENERAL_EN:
                yield f"{match['front']}"
        return
    yield from (match[1] for match in PERSON.finditer(normal))
    for word in HANGUL_RUN.findall(normal):
        stem = unicodedata.normalize("NFC", particle_stem_of_noun(word))
        body = BODY_END.match(stem)
        if body and jamo(body["front"]) not in COMMON and not METHOD.search(stem):
            yield stem


GENERAL_EN = frozenset(
    "responsible new same main other whole entire next first second right relevant given specific "
    "separate dedicated responsible".split()
)


def is_after_digit(text: str, match: re.Match[str]) -> bool:
    """Whether a Latin run is a unit or the rest of a number: 30s, 4GB."""
    before = text[: match.start()].rstrip()
    return bool(before) and before[-1].isdigit()


def is_capital(text: str, match: re.Match[str]) -> bool:
    """Whether a word of an English text is a name by its capitals, digits or inner marks."""
    word = match[0]
    if any(letter.isdigit() for letter in word) or re.search(r"[_@./:]|[a-z][A-Z]", word):
        return True
    if word.isupper() and len(word) > 1:
        return True
    before = text[: match.start()].rstrip(" \"'“‘(*")
    begins_sentence = not before or before[-1] in ".!?:;\n"
    return word[0].isupper() and not begins_sentence and word not in ("I", "Step", "Yes", "No")


ENDINGS = sorted(
    (jamo(e) for e in "입니다 이며 이고 이다 이에요 예요 이라고 이었습니다 였습니다 입니까 인".split()),
    key=len,
    reverse=True,
)


def particle_stem_of_noun(word: str) -> str:
    """A Korean noun in jamo without copula and particle."""
    whole = jamo(word)
    for ending in ENDINGS:
        if whole.endswith(ending) and len(whole) > len(ending) + 2:
            return whole[: -len(ending)]
    return particle_stem(word)
