"""Marks by rule: a pair beside its source, and a student's answer beside the reference.

Words are compared as stems in jamo, so 정한다 and 정합니다 meet; numbers are compared with their units.
"""

import re
import unicodedata

from slm_factory.core.text import HANGUL, bare, language, normalize
from slm_factory.teachers.builtin.read import statements
from slm_factory.teachers.tasks import (
    GenerateInput,
    JudgeAnswer,
    JudgeInput,
    Language,
    ScoreAnswer,
    ScoreInput,
)

ENOUGH, SOME = 0.8, 0.4  # shares of an answer's words; below SOME it is not supported

NUMBER = re.compile(r"(\d[\d,]*(?:[.:]\d+)*)\s?(%|[A-Za-z]+|[가-힣]+)?")
LARGE_UNIT = re.compile(r"^[백천만억조]")
WORD = re.compile(r"[^\W_]+(?:[-.@'’][^\W_]+)*")
# Particles and verb endings, longest first; ㅂ and ㄴ are final consonants that belong to the ending.
ENDING_WORDS = """
    입니다 이에요 습니다 입니까 인가요 에서는 이라고 이다 예요 는다 에서 에는 에게 까지 부터 으로 라고 이란
    ㅂ니다 ㄴ다 다 란 은 는 이 가 을 를 의 에 로 와 과 도 요 며 고 's ’s
"""
FINALS = str.maketrans("ㅂㄴ", "ᆸᆫ")
ENDINGS = [unicodedata.normalize("NFD", ending).translate(FINALS) for ending in ENDING_WORDS.split()]
# The frame of an answer: says nothing about the document.
FRAME_WORDS = """
    것 일 할 하는 바로 말하 말해요 설명하면 말씀드리면 있 있어요 되어 모두 이루어져 이라고 라고 단계 수 네
    the a an is are to of in for by as we mean means has have there all its it and defined meaning number
    action procedure you can be that this with on at do does from or yes short
"""
POINTING = re.compile(
    r"(?<![가-힣])(?:(이|본|해당|위|아래|앞) ?(문서|표|글|절|내용|자료|그림|항목)"
    r"|위의 |위에서|아래의 |앞에서 말한)"
    r"|\b(this|the above|the following) (document|section|table|text|page|list|figure)\b"
    r"|\b(mentioned|shown|listed) above\b",
    re.IGNORECASE,
)


def score(task: ScoreInput) -> ScoreAnswer:
    """The mark of a pair: 1 or 2 for what is certainly wrong, 3 or 4 for what is doubtful, else 5."""
    checks = ((1, empty_or_echo), (2, unsupported), (2, other_language), (3, dependent), (3, half_supported))
    for mark, check in checks:
        reason = check(task)
        if reason:
            return ScoreAnswer(score=mark, reason=reason)
    covered = coverage(task)
    if covered < 1:
        return ScoreAnswer(score=4, reason="the evidence supports most words of the answer")
    return ScoreAnswer(score=5, reason="the evidence supports every number and word of the answer")


def empty_or_echo(task: ScoreInput) -> str:
    """Why nothing is said at all, or an empty string."""
    question, answer = bare(task.question), bare(task.answer)
    if not question or not answer:
        return "the question or the answer is empty"
    return "the answer repeats the question" if answer == question else ""


def unsupported(task: ScoreInput) -> str:
    """What in the answer the source does not say, or an empty string."""
    if not bare(task.evidence) or bare(task.evidence) not in bare(task.source):
        return "the evidence does not stand in the source"
    support = f"{task.evidence}\n{task.question}"
    for number, unit in quantities(task.answer):
        if not is_supported(number, unit, support):
            return f"the evidence does not say {number}{unit}"
    said = other_value(task)
    if said:
        return f"the evidence says {said}"
    return "the evidence does not support the answer" if coverage(task) < SOME else ""


def other_language(task: ScoreInput) -> str:
    """Why the answer is in the wrong language, or an empty string; names may be in any."""
    wanted: Language = task.language
    is_right = bool(HANGUL.search(task.answer)) if wanted == "ko" else language(task.answer) == "en"
    is_quoted = bare(task.answer) in bare(task.evidence)
    return "" if is_right or is_quoted else f"the answer is not in the language of the document ({wanted})"


def dependent(task: ScoreInput) -> str:
    """Why the pair cannot stand without its document, or an empty string."""
    is_pointing = POINTING.search(task.question) or POINTING.search(task.answer)
    return "the pair points at its document" if is_pointing else ""


def half_supported(task: ScoreInput) -> str:
    """What keeps the answer from being good, or an empty string."""
    if coverage(task) < ENOUGH:
        return "the evidence supports only part of the answer"
    adds_nothing = not new_words(task.answer, task.question) and not quantities(task.answer)
    return "the answer adds nothing to the question" if adds_nothing else ""


def coverage(task: ScoreInput) -> float:
    """The share (0-1) of the words that the answer adds to the question which stand in the evidence."""
    new = new_words(task.answer, task.question)
    support = f"{task.evidence}\n{task.question}"
    return sum(is_in(word, support) for word in new) / len(new) if new else 1.0


def other_value(task: ScoreInput) -> str:
    """What the quoted line gives as the property that is asked for, where the answer says something else."""
    reading = GenerateInput(
        text=task.source,
        title="",
        headings=(),
        language=task.language,
        question_wordings=1,
        answer_wordings=1,
        max_facts=1,
    )
    question, answer = normalize(task.question).casefold(), normalize(task.answer).casefold()
    asked = [
        found
        for found in statements(reading)
        if found.form == "attribute"
        and normalize(found.evidence) == normalize(task.evidence)
        and normalize(found.key).casefold() in question
    ]
    longest = max((len(found.key) for found in asked), default=0)
    meant = [found for found in asked if len(found.key) == longest]
    if not meant or any(normalize(found.value).casefold() in answer for found in meant):
        return ""
    # A sentence may be said in other words; a name or an amount may not.
    return "" if len(meant[0].value.split()) > 4 else f"{meant[0].key}: {meant[0].value}"


def judge(task: JudgeInput) -> JudgeAnswer:
    """Whether the answer has all numbers and most words that the reference adds, and no other number."""
    known = f"{task.reference}\n{task.question}"
    for number, unit in quantities(task.reference):
        if not is_supported(number, unit, task.answer):
            return JudgeAnswer(is_correct=False, reason=f"{number}{unit} is missing")
    for number, unit in quantities(task.answer):
        if not is_supported(number, unit, known):
            return JudgeAnswer(is_correct=False, reason=f"{number}{unit} is not in the reference")
    new = new_words(task.reference, task.question)
    said = stems(task.answer)
    missing = [word for word in new if not any(other.startswith(word) for other in said)]
    if len(missing) > (1 - ENOUGH) * len(new):
        return JudgeAnswer(is_correct=False, reason=f"{unicodedata.normalize('NFC', missing[0])} is missing")
    if not new and not quantities(task.reference) and bare(task.answer) != bare(task.reference):
        return JudgeAnswer(is_correct=False, reason="the answer is not the reference")
    return JudgeAnswer(is_correct=True, reason="every number and name of the reference is there")


def quantities(text: str) -> list[tuple[str, str]]:
    """The numbers of `text` without thousands separators, each with its unit ("" for none)."""
    found = []
    for number, word in NUMBER.findall(normalize(text).casefold()):
        unit = unicodedata.normalize("NFC", stem(word, least=0))
        found.append((number.replace(",", ""), "" if word in FRAME_WORDS.split() else unit))
    return found


def is_supported(number: str, unit: str, text: str) -> bool:
    """Whether `text` has the number with the same unit; a number without a unit fits any."""
    for other, other_unit in quantities(text):
        is_part = LARGE_UNIT.match(unit) and (unit.startswith(other_unit) or other_unit.startswith(unit))
        if number == other and (unit == other_unit or not unit or not other_unit or is_part):
            return True
    return False


def new_words(answer: str, question: str) -> list[str]:
    """The stems of the words that `answer` adds to `question`; frame words and numbers are left out."""
    asked = set(stems(question))
    return [
        word for word in stems(answer) if word not in asked and word not in FRAME and not word[0].isdigit()
    ]


def stems(text: str) -> list[str]:
    """The words of `text` in lower case as stems, without particles that stand alone (after a bracket)."""
    words = WORD.findall(normalize(text).casefold())
    return [stem(word) for word in words if unicodedata.normalize("NFD", word) not in ENDINGS]


def stem(word: str, least: int = 2) -> str:
    """`word` in jamo (NFD) without its particle or verb ending; at least `least` jamo stay."""
    jamo = unicodedata.normalize("NFD", word)
    for ending in ENDINGS:
        if jamo.endswith(ending) and len(jamo) - len(ending) >= least:
            return jamo[: len(jamo) - len(ending)]
    return jamo


def is_in(stem_of_word: str, text: str) -> bool:
    """Whether the stem stands anywhere in `text`."""
    return stem_of_word in unicodedata.normalize("NFD", text.casefold())


# Down here because it needs `stem`.
FRAME = frozenset(stem(word) for word in FRAME_WORDS.split())
