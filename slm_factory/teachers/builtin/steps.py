"""Statements from numbered lists: each step of a procedure, the last one, and how many there are."""

import re
from collections.abc import Iterator
from dataclasses import replace

from slm_factory.core.korean import polite
from slm_factory.teachers.builtin import markdown
from slm_factory.teachers.builtin.definitions import definition
from slm_factory.teachers.builtin.markdown import Item, plain
from slm_factory.teachers.builtin.section import Section, is_generic
from slm_factory.teachers.builtin.statement import Statement, is_value
from slm_factory.teachers.tasks import GenerateInput

MIN_STEPS = 2
# A list that ends a long chunk may go on in the next one: its length and its last step are not known.
LIKELY_CUT_CHARACTERS = 1000

# Numbered sentences are steps only where a heading promises some; a ruling numbers its reasons, too.
PROCEDURE_KO = re.compile(
    r"절차|방법|순서|단계|요령|조치|대응|복구|설치|전환|복귀|갱신|점검|실행|처리|신청|배포|교체"
    r"|하기$|가이드|매뉴얼"
)
# What is so, or may be so, is nothing to do.
STATE_KO = re.compile(
    r"(수 있|수 없|있|없|이|아니|같|되었|않|였|았|었)(다|습니다|ㅂ니다)$|입니다$|(이|한|된|는)다는? ?(것|점)"
)
ACTION_EN = re.compile(r"^(?!The|A|An|This|That|If|It|When|Each|All|Some|There|No|One|You|We)[A-Z][a-z]+\s")


def procedure_steps(items: tuple[Item, ...], section: Section, task: GenerateInput) -> list[Item]:
    """The items numbered 1, 2, 3, ... that say what to do; empty for any other list."""
    numbered = [item for item in items if item.number and item.indent == items[0].indent]
    if [item.number for item in numbered] != list(range(1, len(numbered) + 1)) or len(numbered) < MIN_STEPS:
        return []
    if task.language == "ko":
        if not any(PROCEDURE_KO.search(name) for name in (section.innermost, section.subject, section.title)):
            return []
        actions = [item for item in numbered if is_action(plain(item.text))]
    else:
        actions = [item for item in numbered if ACTION_EN.match(plain(item.text)) and ": " not in item.text]
    return numbered if len(actions) * 2 > len(numbered) else []


def is_action(text: str) -> bool:
    """Whether a Korean item says what to do, and not what something is."""
    first = markdown.sentences(text)[0].rstrip(".") if text else ""
    return bool(polite(text)) and not STATE_KO.search(first) and not definition(text, "ko")


def procedure(steps: list[Item], section: Section, task: GenerateInput, is_cut: bool) -> Iterator[Statement]:
    """One statement per step, one for the last step and one for the number of steps."""
    if not steps:
        return
    is_korean = task.language == "ko"
    subject = section.innermost if not is_generic(section.innermost) else section.subject
    if is_korean and not re.search(r"(절차|방법|순서|단계|요령|경우|때)$", subject):
        subject += " 절차"
    for item in steps:
        text = plain(item.text)
        first = markdown.sentences(text)[0].rstrip(".:")
        key = f"{item.number}단계" if is_korean else f"step {item.number}"
        step = Statement("step", "procedure", subject, key, first, item.line)
        if is_value(first):
            yield step
        if item is steps[-1] and not is_cut and len(steps) > MIN_STEPS and is_value(first):
            yield replace(step, key="마지막 단계" if is_korean else "the last step")
    if not is_cut and len(steps) > MIN_STEPS:
        count = f"{len(steps)}단계" if is_korean else f"{len(steps)} steps"
        yield Statement("count", "procedure", subject, "", count, whole(steps, task.text))


def whole(steps: list[Item], text: str) -> str:
    """The lines from the first step to the last, as they stand in `text`."""
    start = text.find(steps[0].line)
    end = text.find(steps[-1].line, start)
    return text[start : end + len(steps[-1].line)] if 0 <= start <= end else steps[-1].line
