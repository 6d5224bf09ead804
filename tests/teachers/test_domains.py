"""The kind of a document, by its metadata, title and headings."""

import pytest

from slm_factory.teachers.domains import domain_of


@pytest.mark.parametrize(
    ("format", "title", "meta", "headings", "domain"),
    [
        ("law", "소득세법", {"법령ID": "1"}, [], "statute"),
        ("md", "소득세법", {"공포번호": "1"}, [], "statute"),
        ("law", "2012두2474 상속세", {"사건번호": "2012두2474"}, [], "ruling"),
        ("law", "서면-2020", {"문서번호": "1"}, [], "ruling"),
        ("md", "공문", {"문서번호": "1"}, [], "general"),
        ("hwpx", "푸른다리 연동 장애 보고서", {}, [], "incident"),
        ("md", "Postmortem of the outage", {}, [], "incident"),
        ("md", "ADSync", {}, ["Timeline", "Lessons Learned"], "incident"),
        ("md", "결제 중단", {}, ["시간대별 경과", "재발 방지"], "incident"),
        ("md", "KubeHpaMaxedOut", {}, ["Meaning", "Impact", "Diagnosis"], "general"),
        ("html", "보안 사고 대응", {}, ["사고 유형", "대응 절차"], "general"),
        ("md", "진행 경과", {}, ["추진 경과", "진행 경과"], "general"),
    ],
)
def test_the_domain_is_told_by_the_document(
    format: str, title: str, meta: dict[str, object], headings: list[str], domain: str
) -> None:
    assert domain_of(format, title, meta, headings) == domain
