"""Statements put into words: the fact as a sentence, its questions and its answers, in Korean and English.

A small student learns these by LoRA and is asked in a wording it never saw, so every wording names the same
subject and key, every answer repeats them before the value, and all facts share the templates. Which
questions a fact gets, and in which order, follows from a hash of the fact: a wording's place tells nothing.
"""

import hashlib
import re

from slm_factory.core.errors import UserError
from slm_factory.core.korean import Noun, adnominal, polite
from slm_factory.teachers.builtin import everyday, templates
from slm_factory.teachers.builtin.statement import Statement
from slm_factory.teachers.tasks import Audience, Fact, GenerateInput, Language, Wordings

TEMPLATES: dict[tuple[Language, Audience], tuple[dict[str, templates.Templates], ...]] = {
    ("ko", "expert"): (templates.QUESTIONS_KO, templates.ANSWERS_KO),
    ("en", "expert"): (templates.QUESTIONS_EN, templates.ANSWERS_EN),
    ("ko", "plain"): (everyday.QUESTIONS_KO, everyday.ANSWERS_KO),
    ("en", "plain"): (everyday.QUESTIONS_EN, everyday.ANSWERS_EN),
}

# A value that is a sentence cannot stand before 입니다 or after "is".
CLAUSE = re.compile(
    r"[가-힣 ](다|요|오|함|음|됨)\.?$|[가-힣]다[.(]|[.!?。]\s+\S|^[A-Z]\w*(\s\S+){4,}$|^\w+\s.{40,}\w\.$"
)

# What to ask for, by the key (first match wins), then by the value.
ASKED_BY_KEY_KO = (
    (re.compile(r"(번호|내선)$"), "몇 번"),
    (re.compile(r"요일$"), "무슨 요일"),
    (re.compile(r"수량$"), "얼마"),
    (
        re.compile(r"(담당|책임|승인|진행|관리|작성|당직|신고|대상|판정)자$|(보고 대상|팀장|대표|대리인)$"),
        "누구",
    ),
    (re.compile(r"(시각|일시|일자|날짜|시기)$|(발생|만료|시행|설립|시작|종료)일$"), "언제"),
    (re.compile(r"(위치|장소|주소지|도시|지역|소재지|팀|부서|기관|센터|회사|업체|제조사|창구)$"), "어디"),
)
ASKED_BY_VALUE_KO = (
    (re.compile(r"^\d{1,2}:\d{2}( ?[~-] ?\d{1,2}:\d{2})?$"), "언제"),
    (
        re.compile(
            r"^(?:약 |최대 |최소 )?[\d,.]+\s?(?:만|천|억|백만)?\s?"
            r"(대|명|건|곳|벌|자|개|회|번|개월|년|등급|단계|층|쪽|장|권|점)(?: 이상| 이하| 미만)?$"
        ),
        "몇 {}",
    ),
    (re.compile(r"[가-힣](팀|부서|센터|본부)$"), "어디"),
    (re.compile(r"(팀장|본부장|책임자|담당자|대표이사|관리자|부장|과장|실장|센터장)$"), "누구"),
    (
        re.compile(
            r"^(약 |최대 |최소 )?\d[\d,.]*\s?"
            r"(%|초|분|시간|일|주|원|만|천|억|킬로|메가|기가|테라|바이트|미터|그램|리터|도|[A-Za-z]+)"
            r"|^(하루|이틀|사흘|나흘|일주일|반나절|반년|한 달|두 달|석 달)"
        ),
        "얼마",
    ),
)
ASKED_BLINDLY_KO = ((re.compile(r"인원$"), "몇 명"), (re.compile(r"(률|율|금액|비용|증감)$"), "얼마"))
PEOPLE_KO = ("사람", "직원", "담당자", "책임자", "관리자")
PERSON_EN = re.compile(r"\b(owner|approver|manager|lead|leader|author|contact|maintainer|reviewer|operator)$")
PLURAL_EN = re.compile(r"[^su'i]s$")
GROUP_EN = re.compile(r"^[a-z][a-z ]*\s(team|group|department|office|committee|desk|board|lead|manager)$")
DETERMINER_EN = re.compile(r"^(the|a|an|our|your|every|each|all)\s", re.IGNORECASE)


def fact(statement: Statement, task: GenerateInput) -> Fact:
    """The statement in words: for each audience exactly as many questions and answers as `task` asks for.

    Raises:
        UserError: more wordings are asked for than there are templates.
    """
    is_korean = task.language == "ko"
    fields = korean_fields(statement) if is_korean else english_fields(statement, task.text)
    form: str = statement.form
    if statement.kind == "abstain":
        form = "abstain"
    elif form == "attribute" and CLAUSE.search(statement.value):
        form = "clause"
    elif form == "step" and not fields["action"]:
        form = "named step"
    said = (templates.STATEMENTS_KO if is_korean else templates.STATEMENTS_EN)[form]
    return Fact(
        kind=statement.kind,
        category=statement.category,
        statement=sentence(said, fields, task.language),
        evidence=statement.evidence,
        wordings=tuple(wordings(statement, form, fields, task, audience) for audience in task.audiences),
    )


def wordings(
    statement: Statement, form: str, fields: dict[str, Noun], task: GenerateInput, audience: Audience
) -> Wordings:
    """The questions and answers for one audience."""
    asked, answered = TEMPLATES[task.language, audience]
    questions = chosen(asked[statement.form], task.question_wordings, "question", statement)
    answers = chosen(answered[form], task.answer_wordings, "answer")
    return Wordings(
        audience=audience,
        questions=tuple(sentence(template, fields, task.language) for template in questions),
        answers=tuple(sentence(template, fields, task.language) for template in answers),
    )


def chosen(
    choices: tuple[str, ...], count: int, what: str, statement: Statement | None = None
) -> tuple[str, ...]:
    """`count` of `choices`: the first ones, or for a statement an order and choice that its hash decides.

    Raises:
        UserError: there are fewer.
    """
    if count > len(choices):
        raise UserError(
            f"error: generate.{what}_wordings is {count}, the builtin teacher knows {len(choices)}",
            f"hint: set generate.{what}_wordings to {len(choices)} or less in params.yaml",
        )
    if statement is None:
        return choices[:count]
    seed = f"{statement.subject}\n{statement.key}\n{statement.form}"

    def place(template: str) -> bytes:
        return hashlib.sha256(f"{seed}\n{template}".encode()).digest()

    return tuple(sorted(choices, key=place)[:count])


def sentence(template: str, fields: dict[str, Noun], language: Language) -> str:
    """The template filled, with one final mark, and in English a capital at its start."""
    text = template.format(**fields)
    text = re.sub(r"([.!?])\.$", r"\1", text)
    return capitalized(text) if language == "en" else text


def korean_fields(statement: Statement) -> dict[str, Noun]:
    """What the Korean templates need: subject, its genitive, key, value, the word to ask with, verb forms."""
    subject, key, value = Noun(statement.subject), Noun(statement.key), Noun(statement.value)
    # 푸른다리가 맡은 일, 연동 장애에서 14시에 일어난 일: not 푸른다리의 맡은 일
    is_event = key.endswith("에 일어난 일")
    is_doing = re.match(r"(맡은|맡는|담당하는|하는|쓰는|사용하는|제공하는|다루는|보관하는)\s", key)
    action = adnominal(value)
    fields = {
        "subject": subject,
        "about": f"{subject}에서는" if is_event else f"{subject:은}",
        "of": f"{subject}에서" if is_event else f"{subject:이}" if is_doing else f"{subject}의",
        "key": key,
        "value": value.rstrip(".") if CLAUSE.search(value) else value,
        "asked": asked_korean(key, value),
        "plain": re.sub("^무엇$", "뭐", asked_korean(key, value)),
        "head": korean_head(value),
        "what": "누구" if korean_head(value) in PEOPLE_KO else "무엇",
        "what_plain": "누구" if korean_head(value) in PEOPLE_KO else "뭐",
        "action": action or "",
        "adnominal": action or "",
        "polite": polite(value) or "",
    }
    return {name: Noun(text) for name, text in fields.items()}


def asked_korean(key: str, value: str) -> str:
    """The question word for a property: 누구, 언제, 어디, 몇 대, 얼마, else 무엇; `value` "" is not known."""
    if re.search(r"(운영|업무|근무) 시간$", key) and not re.fullmatch(r"[\d.]+시간", value):
        return "언제"
    for pattern, word in (*ASKED_BY_KEY_KO, *(() if value else ASKED_BLINDLY_KO)):
        if pattern.search(key):
            return "무엇" if word == "몇 번" and not re.search(r"\d", value) else word
    for pattern, word in ASKED_BY_VALUE_KO:
        if match := pattern.search(value):
            return word.format(match[1])
    return "무엇"


def korean_head(gloss: str) -> str:
    """The noun that a gloss ends with (…를 승인하는 시스템: 시스템), `것` where it is none in Hangul."""
    last = gloss.split()[-1] if gloss else ""
    return last if re.fullmatch(r"[가-힣]{1,5}", last) else "것"


def english_fields(statement: Statement, text: str) -> dict[str, Noun]:
    """What the English templates need: subject with its article, possessive, key, value, verbs."""
    # "2019-12-05 12:15 event": the column after the row's time
    key = re.sub(r"(?<=\d )([A-Z])(?=[a-z])", lambda letter: letter[1].lower(), lowered(statement.key))
    value = statement.value
    if statement.form == "attribute" and PLURAL_EN.search(key) and re.fullmatch(r"[\d,.]+", value):
        key = f"number of {key}"
    verb = "are" if PLURAL_EN.search(key) and not key.startswith("number of") else "is"
    subject = english_subject(statement, text)
    asked = "Who" if PERSON_EN.search(key) and not re.search(r"[@\d]", value) else "What"
    if GROUP_EN.match(value):
        value = f"the {value}"
    action = ""
    # "Check the names" is an action; "Disk: replace it", "If it fails, stop" and "Contention on it" are not.
    is_action = re.match(
        r"(?!(If|When|After|Before|Once|Optional|Note)\b|\w+(ing|tion)\b)[A-Z][a-z]+\s(?!.*(: | - ))", value
    )
    if statement.form == "step" and is_action:
        action = value = lowered(value)
    fields = {
        "subject": subject,
        "owner": f"{subject}'" if subject.endswith("s") else f"{subject}'s",
        "key": key,
        "value": value,
        "asked": asked,
        "asked_low": asked.lower(),
        "asked_short": f"{asked}'s" if verb == "is" else f"{asked} {verb}",
        "verb": verb,
        "be": "are" if statement.key == "are" else "is",
        "action": action,
    }
    return {name: Noun(field) for name, field in fields.items()}


def english_subject(statement: Statement, text: str) -> str:
    """The subject within a sentence: `the gateway certificate`, `a backlog`, `Redis`, `"Clear the queue"`."""
    subject = statement.subject
    if statement.form in ("step", "count"):
        return f'"{subject}"'
    if DETERMINER_EN.match(subject):
        return subject[0].lower() + subject[1:]
    first, words = subject.split()[0], subject.split()
    # A capital may belong to a name: it goes only where the chunk writes the word small as well.
    if first == first.capitalize() and re.search(rf"\b{re.escape(first.lower())}\b", text):
        subject = lowered(subject)
    is_known = re.search(rf"\b(the|an?)\s{re.escape(subject)}\b", text)
    is_common = words[-1].isalpha() and words[-1].islower() and 1 < len(words) < 6
    return f"the {subject}" if statement.form == "attribute" and (is_common or is_known) else subject


def lowered(text: str) -> str:
    """`text` with a small first letter, unless its first word is an abbreviation or has capitals inside."""
    first = text.split(" ")[0] if text else ""
    is_word = first[1:] == first[1:].lower() and (len(first) > 1 or first == "A") and first.isascii()
    return text[0].lower() + text[1:] if is_word and first else text


def capitalized(text: str) -> str:
    """`text` with a capital first letter, where the first word is plain lower case."""
    first = text.split(" ")[0]
    return text[0].upper() + text[1:] if first.rstrip(",'s").isalpha() and first.islower() else text
