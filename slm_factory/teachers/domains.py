"""What kind of document a teacher reads: the domain whose prompt it is told to follow."""

import re
from collections.abc import Iterable, Mapping

from slm_factory.teachers.tasks import Domain

# Keys of the metadata that law records and collections of them carry.
RULING_KEYS = {"사건번호", "안건번호", "선고일자"}
STATUTE_KEYS = {"법령ID", "법령구분", "법종구분", "공포번호", "공포일자"}
INTERPRETATION_KEYS = {"문서번호", "회신일자", "회답일자", "해석일자"}

INCIDENT_TITLE = re.compile(
    r"(장애|사고|침해|중단|유출)\s?(보고|경위|분석|회고|기록|일지|내역)|포스트\s?모템|사후\s?(분석|검토)"
    r"|post-?\s?mortem|\b(incident|outage) (report|review|summary|analysis)\b|\broot cause analysis\b",
    re.IGNORECASE,
)
# Parts of which a record of an incident has several, and hardly any other document two.
INCIDENT_PARTS = (
    re.compile(r"경과|타임라인|\btimeline\b", re.IGNORECASE),
    re.compile(r"근본 ?원인|(장애|사고|발생) ?원인|\broot causes?\b|\bwhat went wrong\b", re.IGNORECASE),
    re.compile(r"재발 ?방지|후속 ?조치|\b(action items|follow-?up|prevention)\b", re.IGNORECASE),
    re.compile(r"배운 ?점|교훈|\blessons learned\b", re.IGNORECASE),
    re.compile(r"영향 ?범위|피해 ?(범위|현황)|\b(user|customer|business) impact\b", re.IGNORECASE),
)


def domain_of(format: str, title: str, meta: Mapping[str, object], headings: Iterable[str]) -> Domain:
    """The domain of a document, told by its format and metadata, else by its title and headings."""
    keys = meta.keys()
    if RULING_KEYS & keys or (format == "law" and INTERPRETATION_KEYS & keys):
        return "ruling"
    if format == "law" or STATUTE_KEYS & keys:
        return "statute"
    if INCIDENT_TITLE.search(title):
        return "incident"
    named = set(headings)
    parts = sum(any(part.search(heading) for heading in named) for part in INCIDENT_PARTS)
    return "incident" if parts >= 2 else "general"
