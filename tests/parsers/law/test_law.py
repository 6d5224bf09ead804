"""Which values are law records, and what is refused by name."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from slm_factory.parsers.law import is_record, parse, read_record
from slm_factory.parsers.parsed import Refused
from tests.parsers.builders import OPTIONS

STATUTE = {
    "법령": {
        "기본정보": {"법령명_한글": "가상세법", "시행일자": "20240915"},
        "조문": {"조문단위": {"조문번호": "1", "조문여부": "조문", "조문내용": "제1조(목적) 글."}},
    }
}
RULING = {"사건번호": "2023구합1", "사건명": "가상처분취소", "판결요지": "처분은 위법하다."}
INTERPRETATION = {"안건번호": "23-0001", "안건명": "가상 해석", "질의요지": "되는가?", "회답": "된다."}
RECORDS: list[dict[str, Any]] = [
    STATUTE,
    STATUTE["법령"],
    {
        "LawService": {
            "자치법규기본정보": {"자치법규명": "가상 조례"},
            "조문": {"조": {"조내용": "제1조(목적) 글."}},
        }
    },
    {"AdmRulService": {"행정규칙기본정보": {"행정규칙명": "가상 훈령"}, "조문내용": "제1조(목적) 글."}},
    {"PrecService": RULING},
    {"DetcService": RULING | {"사건번호": "2020헌바1"}},
    RULING,
    {"ExpcService": INTERPRETATION},
    {"CgmExpcService": INTERPRETATION},
    INTERPRETATION,
    {"문서번호": "서면-2026-1", "질의": "되는가?", "회신": "된다."},
    {"dcmDVO": {"ntstDcmDscmCntn": "서면-2026-1", "ntstDcmCntn": "된다."}},
]
FAULTS = [
    ({"LawSearch": {"totalCnt": "1", "law": []}}, "list of search results of the national law API"),
    ({"Expc": {"totalCnt": "1", "expc": []}}, "list of search results of the national law API"),
    ({"body": [], "wnSessionUuid": []}, "list of search results of the tax law site"),
    ({"exeBaseDVOList": []}, "list of search results of the tax law site"),
    ({"Law": "일치하는 법령이 없습니다."}, "error answer of the national law API: 일치하는"),
    ({"result": "사용자 정보 검증에 실패하였습니다.", "msg": "IP"}, "error answer .*: 사용자 정보"),
]
OTHERS: list[Any] = [
    {"text": "글", "title": "제목"}, {"질의": "되는가?"}, {"사건번호": "1"}, {"조문": {}}, {"법령": None},
    {"page": 1}, [STATUTE], [], "법령", 1, None,
]  # fmt: skip


@pytest.mark.parametrize("record", RECORDS)
def test_every_kind_of_record_is_recognised_and_read(record: dict[str, Any]) -> None:
    assert is_record(record)
    parsed = read_record(record)
    assert parsed.markdown.startswith(f"# {parsed.title}\n") and parsed.title
    assert (parsed.format, parsed.language) == ("law", "ko")
    assert parse(json.dumps(record).encode(), OPTIONS) == parsed


@pytest.mark.parametrize(("value", "reason"), FAULTS)
def test_answers_that_are_no_documents_are_refused_by_name(value: dict[str, Any], reason: str) -> None:
    assert is_record(value)
    with pytest.raises(Refused, match=reason):
        read_record(value)


@pytest.mark.parametrize("value", OTHERS)
def test_other_values_are_no_law_records(value: Any) -> None:
    assert not is_record(value)
    with pytest.raises(Refused, match="no law record"):
        read_record(value)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("<a><b/></a>", r"XML \(<a>\) that is no law record; read are statutes"),
        ("<PrecSearch><totalCnt>1</totalCnt><prec/></PrecSearch>", "list of search results"),
        ("<Expc><totalCnt>1</totalCnt><page>1</page></Expc>", "list of search results"),
        ("<Law>일치하는 판례가 없습니다.</Law>", "error answer of the national law API: 일치하는"),
        ("<Response><result>실패</result><msg>등록</msg></Response>", "error answer .*: 실패"),
        ("<법령><기본정보/></법령>", "without a title"),
        ('{"a": 1}', "JSON that is no law record"),
        ("[]", "JSON that is no law record"),
        ("<a>", "damaged XML"),
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
    ],
)
def test_anything_else_is_refused_with_a_reason(data: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        parse(data.encode(), OPTIONS)


def test_a_record_under_another_root_is_told_by_what_is_in_it() -> None:
    basic = "<기본정보><법령명_한글>가상법</법령명_한글></기본정보>"
    data = f"<law>{basic}<조문><조문단위><조문번호>1</조문번호></조문단위></조문></law>"
    assert "## 가상법 제1조" in parse(data.encode(), OPTIONS).markdown


def test_fields_of_the_wrong_type_raise_nothing_else() -> None:
    for wrong in (1, None, [], [[["가"]]], {"content": {"content": 1}}, "\ud800", [{}, "나", 3]):
        for record in RECORDS:
            for changed in with_one_field(record, wrong):
                with suppress(Refused):
                    read_record(changed)


def with_one_field(value: Any, wrong: Any) -> Iterator[Any]:
    """The value with each of its fields in turn, on every level, replaced."""
    for name in value if isinstance(value, dict) else ():
        yield {**value, name: wrong}
        yield from ({**value, name: inner} for inner in with_one_field(value[name], wrong))


def test_declared_entities_are_refused() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    outside = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'
    for data in (bomb, outside):
        with pytest.raises(Refused, match="entities"):
            parse(data, OPTIONS)
