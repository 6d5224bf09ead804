"""Rulings with invented texts."""

from slm_factory.parsers.law import parse, read_record
from tests.parsers.builders import OPTIONS

RULING = """<PrecService><판례정보일련번호>77</판례정보일련번호><사건명><![CDATA[가상처분취소]]></사건명>
<사건번호>2016두12345</사건번호><선고일자>20171222</선고일자><법원명>대법원</법원명><사건종류명>세무</사건종류명>
<판결유형>판결 : 확정</판결유형><판시사항><![CDATA[[1] 첫째 쟁점<br/>[2] 둘째 쟁점]]></판시사항>
<판결요지>요지는 &lt;b&gt;이렇다&lt;/b&gt;.</판결요지><참조조문>가상세법 제20조 제1항</참조조문><참조판례/>
<판례내용><![CDATA[【원고, 상고인】 갑<br/>【주    문】<br/>  상고를 기각한다.<br/><br/>【이    유】  이유는
     가상소송법 제8조,
     제9조에 따른다.<br/>  1. 처분의 경위]]></판례내용></PrecService>"""

EXPECTED = """# 2016두12345 가상처분취소

- 사건번호: 2016두12345
- 사건명: 가상처분취소
- 선고일자: 2017-12-22
- 법원명: 대법원
- 사건종류명: 세무
- 판결유형: 판결 : 확정
- 인용: 대법원 2017. 12. 22. 선고 2016두12345 판결

## 판시사항

[1] 첫째 쟁점

[2] 둘째 쟁점

## 판결요지

요지는 이렇다.

## 참조조문

가상세법 제20조 제1항

## 판례내용

【원고, 상고인】 갑

## 주문

상고를 기각한다.

## 이유

이유는 가상소송법 제8조, 제9조에 따른다.

1. 처분의 경위
"""


def test_a_ruling_has_a_heading_for_each_of_its_parts() -> None:
    parsed = parse(RULING.encode(), OPTIONS)
    assert parsed.markdown == EXPECTED
    assert (parsed.title, parsed.date) == ("2016두12345 가상처분취소", "2017-12-22")
    assert parsed.meta["판례정보일련번호"] == "77" and parsed.meta["법원명"] == "대법원"


def test_a_decision_of_the_constitutional_court_is_cited_as_such() -> None:
    record = {
        "사건번호": "2011헌바1", "사건명": "가상법 위헌소원", "종국일자": "20130725", "결정요지": "합헌이다.",
        "전문": "[당사자]\n청구인 갑\n[주 문]\n합헌.\n[이 유]\n1. 사건개요", "심판대상조문": "가상법 제1조",
    }  # fmt: skip
    parsed = read_record({"DetcService": record})
    assert "- 인용: 헌재 2013. 7. 25. 2011헌바1\n" in parsed.markdown
    found = [line[3:] for line in parsed.markdown.split("\n") if line.startswith("## ")]
    assert found == ["결정요지", "심판대상조문", "당사자", "주문", "이유"]


def test_a_date_of_the_old_calendar_is_the_same_day_in_ours() -> None:
    record = {"사건번호": "4289행5", "선고일자": "42890525", "법원명": "가상고법", "판결요지": "글."}
    assert read_record({"PrecService": record}).date == "1956-05-25"


def test_a_ruling_without_its_court_or_day_has_no_citation() -> None:
    parsed = read_record({"PrecService": {"사건번호": "1가1", "선고일자": "00010101", "판결요지": "글."}})
    assert "인용" not in parsed.markdown and parsed.date == ""


def test_lines_that_only_mention_a_mark_are_no_headings() -> None:
    parsed = read_record(
        {"PrecService": {"사건번호": "1", "판례내용": "원심의 이유 설시는 옳다.\n【이유】 끝."}}
    )
    assert "## 판례내용\n\n원심의 이유 설시는 옳다.\n\n## 이유\n\n끝.\n" in parsed.markdown
