"""Marks by rule: each pair of a fact beside its own source, by quotation, numbers, words and form."""

import re
import unicodedata

from slm_factory.core.text import HANGUL, bare, language, normalize
from slm_factory.teachers.builtin.read import statements
from slm_factory.teachers.builtin.statement import Statement
from slm_factory.teachers.builtin.stems import (
    ASKING,
    FRAME,
    is_in,
    is_supported,
    new_words,
    quantities,
    stems,
)
from slm_factory.teachers.tasks import GenerateInput, Mark, ScoreAnswer, ScoreInput, Turn

ENOUGH, SOME = 0.8, 0.4  # shares of an answer's words; below SOME it is not supported

ASKED_WHETHER = re.compile(r"\S+인지(?= )")  # 얼마인지, 대인지
POINTING = re.compile(
    r"(?<![가-힣])(?:(이|본|해당|위|아래|앞) ?(문서|표|글|절|내용|자료|그림|항목)"
    r"|위의 |위에서|아래의 |앞에서 말한)"
    r"|\b(this|the above|the following) (document|section|table|text|page|list|figure)\b"
    r"|\b(mentioned|shown|listed) above\b",
    re.IGNORECASE,
)


def score(task: ScoreInput) -> ScoreAnswer:
    """The marks of each pair: 1 or 2 for what is certainly wrong, 3 or 4 for what is doubtful, else 5."""
    if task.is_abstention:
        return ScoreAnswer(marks=tuple(abstention_mark(task, pair) for pair in task.pairs))
    stated = quoted_values(task)
    return ScoreAnswer(marks=tuple(mark(task, pair, stated) for pair in task.pairs))


def mark(task: ScoreInput, pair: Turn, stated: list[Statement]) -> Mark:
    """The marks of one pair, with the reason for the lowest; `stated`: see `quoted_values`."""
    if not bare(pair.question) or not bare(pair.answer):
        return lowest((1, "the question or the answer is empty"), *((1, ""),) * 2)
    meant = asked_values(stated, pair)
    return lowest(faithfulness(task, pair, meant), completeness(pair, meant), usefulness(task, pair))


def abstention_mark(task: ScoreInput, pair: Turn) -> Mark:
    """The marks of a refusal: wrong where the source has every word of the question."""
    asked = [word for word in stems(ASKED_WHETHER.sub("", pair.question)) if word not in FRAME | ASKING]
    missing = [word for word in asked if not is_in(word, task.source)]
    if not missing:
        return lowest((2, "the source has every word of the question"), *((5, ""),) * 2)
    reason = f"the source does not say {unicodedata.normalize('NFC', missing[-1])}"
    return lowest((5, reason), *((5, ""),) * 2)


def lowest(*marks: tuple[int, str]) -> Mark:
    """Faithfulness, completeness and usefulness as one `Mark`, with the reason for the lowest of them."""
    values = [value for value, _ in marks]
    return Mark(
        **dict(zip(("faithfulness", "completeness", "usefulness"), values, strict=True)),
        reason=marks[values.index(min(values))][1],
    )


def faithfulness(task: ScoreInput, pair: Turn, meant: list[Statement]) -> tuple[int, str]:
    """Whether the source says what the answer says, by quotation, numbers and words."""
    if not bare(task.evidence) or bare(task.evidence) not in bare(task.source):
        return 2, "the evidence does not stand in the source"
    support = f"{task.evidence}\n{pair.question}"
    for number, unit in quantities(pair.answer):
        if not is_supported(number, unit, support):
            return 2, f"the evidence does not say {number}{unit}"
    if said := other_value(meant, pair):
        return 2, f"the evidence says {said}"
    covered = coverage(task, pair)
    if covered < SOME:
        return 2, "the evidence does not support the answer"
    if covered < ENOUGH:
        return 3, "the evidence supports only part of the answer"
    if covered < 1:
        return 4, "the evidence supports most words of the answer"
    return 5, "the evidence supports every number and word of the answer"


def completeness(pair: Turn, meant: list[Statement]) -> tuple[int, str]:
    """Whether the answer says something, and the whole value where the evidence gives the one asked for."""
    if bare(pair.answer) == bare(pair.question):
        return 1, "the answer repeats the question"
    if not new_words(pair.answer, pair.question) and not quantities(pair.answer):
        return 2, "the answer adds nothing to the question"
    said = set(stems(pair.answer))
    for found in meant:
        words = [word for word in stems(found.value) if word not in FRAME]
        missing = [word for word in words if not any(other.startswith(word) for other in said)]
        if len(missing) > (1 - ENOUGH) * len(words):
            return 3, f"the answer leaves out {unicodedata.normalize('NFC', missing[0])}"
    return 5, ""


def usefulness(task: ScoreInput, pair: Turn) -> tuple[int, str]:
    """Whether the pair stands without its document, in the document's language."""
    if POINTING.search(pair.question) or POINTING.search(pair.answer):
        return 2, "the pair points at its document"
    is_right = bool(HANGUL.search(pair.answer)) if task.language == "ko" else language(pair.answer) == "en"
    if not is_right and bare(pair.answer) not in bare(task.evidence):  # names may be in any language
        return 2, f"the answer is not in the language of the document ({task.language})"
    return 5, ""


def coverage(task: ScoreInput, pair: Turn) -> float:
    """The share (0-1) of the words that the answer adds to the question which stand in the evidence."""
    new = new_words(pair.answer, pair.question)
    support = f"{task.evidence}\n{pair.question}"
    return sum(is_in(word, support) for word in new) / len(new) if new else 1.0


def quoted_values(task: ScoreInput) -> list[Statement]:
    """The properties with their values that the quoted line states, as `read` finds them in the source."""
    reading = GenerateInput(
        text=task.source,
        title="",
        headings=(),
        language=task.language,
        question_wordings=1,
        answer_wordings=1,
        max_facts=1,
    )
    quoted = normalize(task.evidence)
    return [
        found
        for found in statements(reading)
        if found.form == "attribute" and normalize(found.evidence) == quoted
    ]


def asked_values(stated: list[Statement], pair: Turn) -> list[Statement]:
    """Those of `stated` that the question asks for: whose key is the longest that stands in it."""
    question = normalize(pair.question).casefold()
    asked = [found for found in stated if normalize(found.key).casefold() in question]
    longest = max((len(found.key) for found in asked), default=0)
    return [found for found in asked if len(found.key) == longest]


def other_value(meant: list[Statement], pair: Turn) -> str:
    """What the evidence gives as the property that is asked for, where the answer says something else."""
    answer = normalize(pair.answer).casefold()
    if not meant or any(normalize(found.value).casefold() in answer for found in meant):
        return ""
    # A sentence may be said in other words; a name or an amount may not.
    return "" if len(meant[0].value.split()) > 4 else f"{meant[0].key}: {meant[0].value}"
