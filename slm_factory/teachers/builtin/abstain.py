"""Questions that a text seems to answer and does not: it states a property, and not what readers ask next.

Which question comes next depends on the property: of a deadline, how to extend it; of an approver, who stands
in. None is asked of which a word stands in the text.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from slm_factory.teachers.builtin.statement import Statement
from slm_factory.teachers.builtin.tables import DEPENDENT
from slm_factory.teachers.tasks import GenerateInput, Language

# How the key of a stated property ends, and what is asked next of it (after the key). The first match holds.
NEXT: dict[Language, tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]] = {
    "ko": (
        (re.compile(r"(팀|부서)$"), ("소속 인원", "변경 이력")),
        (re.compile(r"(서버|장비|차량)$"), ("제조사", "구입 시기")),
        (re.compile(r"(내선|전화) ?번호$"), ("통화 가능 시간",)),
        (re.compile(r"(전자우편|이메일)$"), ("회신 기한",)),
        (re.compile(r"(복구 목표|해결 목표|응답) ?시간$"), ("달성률", "초과 시 제재")),
        (re.compile(r"기한$"), ("연장 절차", "위반 시 제재")),
        (re.compile(r"기간$"), ("연장 절차", "재검토 시기")),
        (re.compile(r"(시각|요일|주기)$"), ("개정 책임자", "재검토 시기")),
        (re.compile(r"(승인자|책임자|진행자|담당자|보고 대상)$"), ("부재 시 대리인",)),
        (re.compile(r"인원$"), ("증원 계획",)),
        (re.compile(r"(금액|비용|예산|보증금|가격|요금)$"), ("산정 방법",)),
        (re.compile(r"(임계값|기준|한도|제한|목표|길이)$"), ("개정 책임자", "재검토 시기")),
        (re.compile(r"원인$"), ("조사 책임자",)),
        (re.compile(r"등급$"), ("판정자",)),
        (re.compile(r"(실패한 결제|가맹점)$"), ("보상 금액",)),
        (re.compile(r"(크기|용량)$"), ("증설 계획",)),
        (re.compile(r"(방식|도구)$"), ("도입 시기",)),
        (re.compile(r"수$"), ("전년 대비 증감",)),
    ),
    "en": (
        (re.compile(r"(owner|team|department)$"), ("phone number", "office")),
        (re.compile(r"(level|threshold|limit|lag|target)$"), ("approver", "history")),
        (re.compile(r"(lifetime|retention|period|deadline)$"), ("extension procedure", "approver")),
        (re.compile(r"(issuer|vendor|supplier)$"), ("contract number",)),
        (re.compile(r"(tool|software)$"), ("version", "licence cost")),
    ),
}


def abstentions(found: Sequence[Statement], task: GenerateInput) -> list[Statement]:
    """At most `max_abstentions` statements of kind `abstain`, each about another subject.

    Drawn by the hash of the question, so that another run draws the same.
    """
    drawn: dict[str, Statement] = {}
    for candidate in sorted(candidates(found, task), key=lot):
        if len(drawn) < task.max_abstentions:
            drawn.setdefault(candidate.subject, candidate)
    return list(drawn.values())


def candidates(found: Sequence[Statement], task: GenerateInput) -> Iterator[Statement]:
    """A statement for everything that could be asked next and is not in the text."""
    for statement in found:
        is_named = not DEPENDENT.match(statement.subject) and not statement.key[:1].isdigit()
        if statement.form != "attribute" or not is_named:
            continue
        key = statement.key if task.language == "ko" else statement.key.lower()
        nexts = next((nexts for pattern, nexts in NEXT[task.language] if pattern.search(key)), ())
        for asked in nexts:
            if not any(word in task.text.casefold() for word in asked.split() if len(word) > 1):
                yield replace(statement, kind="abstain", key=f"{key} {asked}", value="", category="")


def lot(candidate: Statement) -> bytes:
    """What decides which candidates are drawn."""
    return hashlib.sha256(f"{candidate.subject}\n{candidate.key}".encode()).digest()
