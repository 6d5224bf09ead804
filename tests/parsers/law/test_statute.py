"""Statutes, rules and ordinances with invented texts, in the forms of the API."""

import json
from typing import Any

from slm_factory.parsers.law import parse, read_record
from slm_factory.parsers.law.statute import LONG_ARTICLE
from stages.chunk import Params, chunk_document
from tests.parsers.builders import OPTIONS

STATUTE = """<?xml version="1.0" encoding="UTF-8"?><법령 법령키="1"><기본정보><법령ID>001</법령ID>
<법령명_한글><![CDATA[가상세법]]></법령명_한글><법종구분 법종구분코드="A0002">법률</법종구분>
<공포일자>20230914</공포일자><공포번호>01973</공포번호><시행일자>20240915</시행일자></기본정보><조문>
<조문단위><조문번호>1</조문번호><조문여부>전문</조문여부>
<조문내용>    제1장 총칙</조문내용></조문단위>
<조문단위><조문번호>1</조문번호><조문여부>조문</조문여부><조문제목>목적</조문제목>
<조문시행일자>20240915</조문시행일자>
<조문내용><![CDATA[제1조(목적) 이 법은 「가상기본법」 제2조에 따라 세금을 정한다.]]></조문내용></조문단위>
<조문단위><조문번호>20</조문번호><조문가지번호>2</조문가지번호><조문여부>조문</조문여부>
<조문제목>세율(기본)</조문제목><조문시행일자>20250101</조문시행일자>
<조문내용>제20조의2(세율(기본))</조문내용>
<항><항번호>①</항번호><항내용>① 세율은 다음과 같다.</항내용>
<호><호번호>1.</호번호><호내용>1.  낮은 세율: 6퍼센트</호내용>
<목><목번호>가.</목번호><목내용>가.  소액
  1)  아주 적은 것</목내용></목></호></항>
<항><항번호>②</항번호><항내용>②세율은 바뀔 수 있다.</항내용></항>
<조문참고자료><![CDATA[[전문개정 2023.9.14]]]></조문참고자료></조문단위>
<조문단위><조문번호>21</조문번호><조문여부>조문</조문여부>
<조문내용>제21조 삭제 &lt;2020.2.4&gt;</조문내용></조문단위>
</조문>
<부칙><부칙단위><부칙공포일자>20230914</부칙공포일자><부칙공포번호>01973</부칙공포번호>
<부칙내용><![CDATA[부칙 <제1973호,2023.9.14>]]>
<![CDATA[
]]>
<![CDATA[제1조(시행일) 이 법은 공포한 날부터 시행한다.]]>
<![CDATA[
]]>
<![CDATA[제2조(다른 법률의 개정) 다른 법을 고친다.]]>
<![CDATA[
]]>
<![CDATA[제9조(인용) 중 "갑"을 "을"로 한다.]]></부칙내용></부칙단위></부칙>
<제개정이유><제개정이유내용>◇ 개정이유</제개정이유내용></제개정이유></법령>"""

EXPECTED = """# 가상세법

- 법종구분: 법률
- 공포번호: 1973
- 공포일자: 2023-09-14
- 시행일자: 2024-09-15

## 제1장 총칙

### 가상세법 제1조(목적)

이 법은 「가상기본법」 제2조에 따라 세금을 정한다.

### 가상세법 제20조의2(세율(기본))

시행일자: 2025-01-01

① 세율은 다음과 같다.
1. 낮은 세율: 6퍼센트
    가. 소액
        1) 아주 적은 것

②세율은 바뀔 수 있다.

[전문개정 2023.9.14]

### 가상세법 제21조

삭제 <2020.2.4>

## 가상세법 부칙 <제1973호,2023.9.14>

### 가상세법 부칙 <제1973호,2023.9.14> 제1조(시행일)

이 법은 공포한 날부터 시행한다.

### 가상세법 부칙 <제1973호,2023.9.14> 제2조(다른 법률의 개정)

다른 법을 고친다.
제9조(인용) 중 "갑"을 "을"로 한다.

## 가상세법 제개정이유

◇ 개정이유
"""


def statute(*units: dict[str, Any], **parts: Any) -> str:
    """The Markdown of a statute with these 조문단위."""
    record = {
        "기본정보": {"법령명_한글": "가상법", "시행일자": "20240101"},
        "조문": {"조문단위": list(units)},
    }
    return read_record({"법령": record | parts}).markdown


def article(number: int, content: str, **fields: Any) -> dict[str, Any]:
    return {"조문번호": str(number), "조문여부": "조문", "조문내용": content, **fields}


def headings(markdown: str) -> list[str]:
    return [line for line in markdown.split("\n") if line.startswith("#")]


def test_a_statute_has_one_heading_per_article_and_all_its_levels() -> None:
    parsed = parse(STATUTE.encode(), OPTIONS)
    assert parsed.markdown == EXPECTED
    assert (parsed.title, parsed.date, parsed.language) == ("가상세법", "2024-09-15", "ko")
    assert parsed.meta["법령ID"] == "001" and parsed.meta["공포번호"] == "1973"


def test_the_json_form_says_the_same() -> None:
    units = [
        {"조문번호": "1", "조문여부": "전문", "조문내용": "    제1장 총칙"},
        article(
            1,
            "제1조(목적) 이 법은 「가상기본법」 제2조에 따라 세금을 정한다.",
            조문제목="목적",
            조문시행일자="20240915",
        ),
        article(
            20,
            "제20조의2(세율(기본))",
            조문가지번호="2",
            조문제목="세율(기본)",
            조문시행일자="20250101",
            항=[
                {
                    "항내용": "① 세율은 다음과 같다.",
                    "호": {
                        "호내용": "1.  낮은 세율: 6퍼센트",
                        "목": [{"목내용": [["가.  소액", "  1)  아주 적은 것"]]}],
                    },
                },
                {"항내용": "②세율은 바뀔 수 있다."},
            ],
            조문참고자료=[["[전문개정 2023.9.14]"]],
        ),
        article(21, "제21조 삭제 <2020.2.4>"),
    ]
    addendum = [
        "부칙 <제1973호,2023.9.14>", "제1조(시행일) 이 법은 공포한 날부터 시행한다.",
        "제2조(다른 법률의 개정) 다른 법을 고친다.", '제9조(인용) 중 "갑"을 "을"로 한다.',
    ]  # fmt: skip
    record = {
        "기본정보": {
            **{"법령ID": "001", "법령명_한글": "가상세법", "공포일자": "20230914", "공포번호": "01973"},
            **{"법종구분": {"content": "법률", "법종구분코드": "A0002"}, "시행일자": "20240915"},
        },
        "조문": {"조문단위": units},
        "부칙": {"부칙단위": {"부칙내용": [addendum]}},
        "제개정이유": {"제개정이유내용": [["◇ 개정이유"]]},
    }
    assert parse(json.dumps({"법령": record}).encode(), OPTIONS) == parse(STATUTE.encode(), OPTIONS)


def test_parts_chapters_and_sections_nest_as_far_as_the_statute_has_them() -> None:
    divisions = ["제1편 총론", "제1장 통칙", "제1절 목적", "제2장 <신설 2020.1.1>"]
    units = [{"조문여부": "전문", "조문내용": words} for words in divisions]
    markdown = statute(*units[:3], article(1, "제1조 글."), units[3], article(2, "제2조 글."))
    assert headings(markdown)[1:] == [
        *("## 제1편 총론", "### 제1장 통칙", "#### 제1절 목적", "##### 가상법 제1조"),
        *("### 제2장 <신설 2020.1.1>", "#### 가상법 제2조"),
    ]


def test_a_long_article_has_headings_for_as_many_paragraphs_as_fit() -> None:
    clauses = [f"{mark} {'글 ' * 500}" for mark in "①②③"] + [f"④ {'글 ' * 2 * LONG_ARTICLE}"]
    units = [article(7, "제7조(긴 것)", 항=[{"항내용": words} for words in clauses])]
    assert headings(statute(*units))[1:] == [
        "## 가상법 제7조(긴 것)",
        *("### 가상법 제7조제1항부터 제2항까지", "### 가상법 제7조제3항", "### 가상법 제7조제4항"),
    ]


def test_every_chunk_of_a_statute_knows_the_article_it_cites() -> None:
    clauses = [{"항내용": f"{mark} {mark * 5}{'글 ' * 600}"} for mark in "①②③④"]
    markdown = statute(article(1, "제1조(짧은 것) 글."), article(2, "제2조(긴 것)", 항=clauses))
    document = {"doc_id": "x", "markdown": markdown, "page_starts": [], "language": "ko"}
    chunks = chunk_document(document, Params.model_validate({"max_tokens": 1000, "overlap_tokens": 0}))
    cited = {row["headings"][-1]: row["text"] for row in chunks}
    assert list(cited)[1:] == [
        *("가상법 제1조(짧은 것)", "가상법 제2조제1항부터 제2항까지", "가상법 제2조제3항부터 제4항까지"),
    ]
    assert "③③③" in cited["가상법 제2조제3항부터 제4항까지"]


def test_definitions_without_paragraphs_stand_below_their_lead() -> None:
    items = [{"호내용": '1. "갑"이란 을을 말한다.'}, {"호내용": '2. "병"이란 정을 말한다.'}]
    markdown = statute(article(2, "제2조(정의) 뜻은 다음과 같다.", 항={"호": items}))
    assert '뜻은 다음과 같다.\n1. "갑"이란 을을 말한다.\n2. "병"이란' in markdown


def test_a_number_that_the_service_put_into_a_text_is_kept() -> None:
    markdown = statute(article(3, "제3조년 3월 31일 현재의 자격"))
    assert "## 가상법 제3조\n\n제3조년 3월 31일 현재의 자격" in markdown


def test_a_table_drawn_in_a_paragraph_becomes_a_table() -> None:
    lines = ["① 세율은 다음과 같다.", "┌──┬──┐", "│과표│세율│", "├──┼──┤", "│1억 │6%  │", "└──┴──┘"]
    markdown = statute(article(5, "제5조(세율)", 항={"항내용": [lines], "호": {"호내용": "1. 다음"}}))
    assert "① 세율은 다음과 같다.\n\n| 과표 | 세율 |\n|---|---|\n| 1억 | 6% |\n\n1. 다음" in markdown


def test_images_leave_a_mark_and_a_warning() -> None:
    record = {
        "기본정보": {"법령명_한글": "가상법"},
        "조문": {"조문단위": article(1, '제1조(계산) 식은 <img src="x" alt="y"></img>와 같다.<br/>끝.')},
    }
    parsed = read_record({"법령": record})
    assert "식은 [그림]와 같다.\n끝." in parsed.markdown
    assert "1 images" in parsed.warnings[0]


def test_annexes_stand_under_their_names_with_broken_lines_mended() -> None:
    text = [
        "■ 가상법 [별표 1의2] <개정 2024.1.1>", "", "  부과기준(제3조 관련)", "",
        "  1. 위반행위가 둘 이상인 경우로서 그에 해당하는 각각의 처분기준이 다른 경우에는 제",
        "  20조에 따른다.", "  2. 끝.",
    ]  # fmt: skip
    unit = {
        "별표번호": "0001", "별표가지번호": "02", "별표구분": "별표", "별표제목": "부과기준(제3조 관련)",
        "별표내용": [text],
    }  # fmt: skip
    form = {"별표번호": "0001", "별표구분": "서식", "별표제목": "신청서"}
    record = {
        "기본정보": {"법령명_한글": "가상법"},
        "조문": {"조문단위": article(1, "제1조 글.")},
        "별표": {"별표단위": [unit, form]},
    }
    parsed = read_record({"법령": record})
    assert parsed.markdown.endswith(
        "## 가상법 별표 1의2 부과기준(제3조 관련)\n\n■ 가상법 [별표 1의2] <개정 2024.1.1>\n\n"
        "1. 위반행위가 둘 이상인 경우로서 그에 해당하는 각각의 처분기준이 다른 경우에는 제20조에 따른다.\n"
        "2. 끝.\n"
    )
    assert parsed.warnings == ("1 annexes or forms that the record only links to are left out",)


def test_addenda_that_skip_numbers_in_words_keep_their_articles_apart() -> None:
    lines = [
        "부칙(가상조직법) <제9호>",
        "제1조(시행일) 시행한다.",
        "제2조부터 제5조까지 생략",
        "제6조(개정) 고친다.",
    ]
    markdown = statute(article(1, "제1조 글."), 부칙={"부칙단위": {"부칙내용": [lines]}})
    assert headings(markdown)[-2:] == [
        "### 가상법 부칙(가상조직법) <제9호> 제1조(시행일)",
        "### 가상법 부칙(가상조직법) <제9호> 제6조(개정)",
    ]


def test_the_articles_of_an_ordinance_are_found_in_its_texts() -> None:
    units = [
        {"조문번호": "000000", "조문여부": "N", "조내용": "제1장 총칙"},
        {
            "조문번호": "000201",
            "조문여부": "Y",
            "조제목": "기준",
            "조내용": "제2조의1(기준) ① 갑.\n1. 을\n② 병.",
        },
        {"조문번호": "000300", "조문여부": "Y", "조내용": "글만 있다."},
    ]
    basic = {"자치법규명": "가상시 조례", "지자체기관명": "가상시", "시행일자": "20240101", "자치법규ID": "7"}
    addendum = {"부칙내용": ["부칙 <1호>\n갑.", "부칙 <2호>\n을."], "부칙공포일자": ["20200101", "20240101"]}
    record = {"자치법규기본정보": basic, "조문": {"조": units}, "부칙": addendum}
    parsed = read_record({"LawService": record})
    assert headings(parsed.markdown) == [
        *("# 가상시 조례", "## 제1장 총칙", "### 가상시 조례 제2조의1(기준)", "### 가상시 조례 제3조"),
        *("## 가상시 조례 부칙 <1호>", "## 가상시 조례 부칙 <2호>"),
    ]
    assert "① 갑.\n1. 을\n\n② 병." in parsed.markdown
    assert parsed.meta["소관부처"] == "가상시" and parsed.meta["자치법규ID"] == "7"


def test_the_articles_of_a_rule_are_told_by_how_its_lines_begin() -> None:
    text = [
        "제1장 총칙",
        "제1조(목적) 목적을 정한다.\n제3조 제1항에 따른다.",
        "제2-1조(범위)\n① 갑.",
        "제3조 삭제 <2020.1.1>",
    ]
    basic = {
        "행정규칙명": "가상 고시",
        "행정규칙종류": "고시",
        "발령번호": "제2024-1호",
        "발령일자": "20240504",
    }
    parsed = read_record({"AdmRulService": {"행정규칙기본정보": basic, "조문내용": text}})
    assert parsed.markdown.endswith(
        "## 제1장 총칙\n\n### 가상 고시 제1조(목적)\n\n목적을 정한다.\n제3조 제1항에 따른다.\n\n"
        "### 가상 고시 제2-1조(범위)\n\n① 갑.\n\n### 가상 고시 제3조\n\n삭제 <2020.1.1>\n"
    )
    assert (parsed.date, parsed.meta["발령번호"]) == ("2024-05-04", "제2024-1호")


def test_a_rule_without_articles_keeps_its_text() -> None:
    basic = {"행정규칙명": "가상 고시"}
    text = "□ 목적\n ㅇ 이 고시는 글이다."
    parsed = read_record({"AdmRulService": {"행정규칙기본정보": basic, "조문내용": text}})
    assert parsed.markdown == "# 가상 고시\n\n□ 목적\nㅇ 이 고시는 글이다.\n"
