"""Where in the document a line stands, and the name under which a reader elsewhere would know that place."""

import re

from slm_factory.teachers.builtin.markdown import Heading, title
from slm_factory.teachers.tasks import GenerateInput

# Headings that name a part of a document and not a thing: what they stand under is the subject.
GENERIC_WORDS = """
    개요 소개 연락처 연락망 절차 기준 목적 범위 정의 용어 참고 비고 기타 일정 담당 담당자 내용
    방법 순서 조치 대응 현황 요약 배경 원인 결과 영향 상세 설정 문의 부록 표 목록 경과 이력 일지
    정보 사양 규격 목표 한도 항목 속성 구성 단계 점검표 기본·정보 상세·정보 용어·정의 주요·내용
    주의·사항 통계
    overview introduction contacts contact steps step procedure procedures terms definitions definition
    glossary notes note summary background details settings limits impact meaning mitigation diagnosis
    scope purpose general information references configuration parameters appendix checklist schedule
    thresholds alerts metrics owners roles facts timeline properties specification requirements
    prerequisites description attributes targets stats statistics info miscellaneous key·facts
    at·a·glance basic·information
"""
GENERIC = frozenset(word.replace("·", " ") for word in GENERIC_WORDS.split())
# "시스템별 임계값", "시간대별 경과" say how a table is ordered.
ORDERED_BY = re.compile(r"^\S+별\s|^(list|table) of\s", re.IGNORECASE)
DOCUMENT_WORD = re.compile(
    r"\s+(보고서|문서|매뉴얼|안내서|안내|가이드|지침서|설명서"
    r"|runbook|guide|manual|document|handbook|report)$",
    re.IGNORECASE,
)


class Section:
    """The heading path at the current line of a chunk: the chunk's own, then what its text adds."""

    def __init__(self, task: GenerateInput) -> None:
        self.title = title(task.title.replace("_", " "))
        # The level of a heading is known once the text shows it.
        self.path: list[Heading] = [Heading(0, title(heading)) for heading in task.headings]
        self.is_criterion = False  # whether the lines at hand are limits, and not what the heading names

    def enter(self, heading: Heading) -> None:
        """Goes to `heading`: out of everything as deep or deeper."""
        texts = [outer.text for outer in self.path]
        if heading.text in texts:
            del self.path[texts.index(heading.text) :]
        while self.path and self.path[-1].level >= heading.level:
            self.path.pop()
        self.path.append(heading)

    @property
    def subject(self) -> str:
        """The innermost heading that names a thing, else the document's title."""
        subject = self.subject_in(self.path)
        return f"{subject} 기준" if self.is_criterion and not subject.endswith("기준") else subject

    def subject_in(self, path: list[Heading]) -> str:
        """The last heading of `path` that names a thing, else the document's title."""
        for heading in reversed(path):
            if heading.text and not is_generic(heading.text):
                return DOCUMENT_WORD.sub("", heading.text)
        return DOCUMENT_WORD.sub("", self.title)

    def topic_of(self, column: str) -> str:
        """What a table's values are about where its heading says so: 백업 under 데이터베이스별 백업."""
        match = re.match(r"^(\S+)별 (\S+)$", self.innermost)
        return match[2] if match and match[1] == column and not is_generic(match[2]) else ""

    @property
    def outer_subject(self) -> str:
        """The subject of what this section is a part of."""
        return self.subject_in(self.path[:-1])

    @property
    def innermost(self) -> str:
        """The innermost heading, else the title."""
        return self.path[-1].text if self.path else self.title


def is_generic(heading: str) -> bool:
    """Whether `heading` names a part of a document and not a thing."""
    return heading.casefold() in GENERIC or bool(ORDERED_BY.match(heading))
