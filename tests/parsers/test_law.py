import json

import pytest

from slm_factory.parsers.law import parse
from slm_factory.parsers.parsed import Refused
from tests.parsers.builders import LIMITS

STATUTE = """<?xml version="1.0" encoding="UTF-8"?><법령><기본정보>
<법령명_한글><![CDATA[가상세법]]></법령명_한글><법종구분 법종구분코드="A0002">법률</법종구분>
<공포일자>20230914</공포일자><공포번호>01973</공포번호><시행일자>20240915</시행일자></기본정보><조문>
<조문단위><조문번호>1</조문번호><조문여부>전문</조문여부>
<조문내용>    제1장 총칙</조문내용></조문단위>
<조문단위><조문번호>1</조문번호><조문여부>조문</조문여부><조문제목>목적</조문제목>
<조문시행일자>20240915</조문시행일자>
<조문내용><![CDATA[제1조(목적) 이 법은 세금을 정한다.]]></조문내용></조문단위>
<조문단위><조문번호>20</조문번호><조문가지번호>2</조문가지번호><조문여부>조문</조문여부>
<조문제목>세율(기본)</조문제목><조문시행일자>20250101</조문시행일자>
<조문내용>제20조의2(세율(기본))</조문내용>
<항><항번호>①</항번호><항내용>① 세율은 다음과 같다.</항내용>
<호><호번호>1.</호번호><호내용>1.  낮은 세율: 6퍼센트</호내용>
<목><목번호>가.</목번호><목내용>가.  소액</목내용></목></호>
</항></조문단위></조문>
<부칙><부칙단위><부칙공포일자>20230914</부칙공포일자><부칙공포번호>01973</부칙공포번호>
<부칙내용>부칙 &lt;제1973호&gt;
이 법은 공포한 날부터 시행한다.</부칙내용></부칙단위></부칙></법령>"""

EXPECTED = """# 가상세법

- 법종구분: 법률
- 공포번호: 1973
- 공포일자: 2023-09-14
- 시행일자: 2024-09-15

## 제1장 총칙

### 가상세법 제1조(목적)

이 법은 세금을 정한다.

### 가상세법 제20조의2(세율(기본))

- 시행일자: 2025-01-01
① 세율은 다음과 같다.
1. 낮은 세율: 6퍼센트
    가. 소액

## 부칙 제1973호 (2023-09-14)

이 법은 공포한 날부터 시행한다.
"""


def test_a_statute_has_one_heading_per_article_and_all_its_levels() -> None:
    parsed = parse(STATUTE.encode(), LIMITS)
    assert parsed.markdown == EXPECTED
    assert (parsed.title, parsed.date, parsed.language) == ("가상세법", "2024-09-15", "ko")


def test_the_json_form_says_the_same() -> None:
    record = {
        "법령": {
            "기본정보": {
                "법령명_한글": "가상세법",
                "법종구분": {"content": "법률", "법종구분코드": "A0002"},
                "공포일자": "20230914",
                "공포번호": "01973",
                "시행일자": "20240915",
            },
            "조문": {
                "조문단위": [
                    {"조문번호": "1", "조문여부": "전문", "조문내용": "    제1장 총칙"},
                    {
                        "조문번호": "1",
                        "조문여부": "조문",
                        "조문제목": "목적",
                        "조문시행일자": "20240915",
                        "조문내용": "제1조(목적) 이 법은 세금을 정한다.",
                    },
                    {
                        "조문번호": "20",
                        "조문가지번호": "2",
                        "조문여부": "조문",
                        "조문제목": "세율(기본)",
                        "조문시행일자": "20250101",
                        "조문내용": "제20조의2(세율(기본))",
                        "항": {
                            "항내용": "① 세율은 다음과 같다.",
                            "호": {"호내용": "1.  낮은 세율: 6퍼센트", "목": [{"목내용": [["가.  소액"]]}]},
                        },
                    },
                ]
            },
            "부칙": {
                "부칙단위": {
                    "부칙공포일자": "20230914",
                    "부칙공포번호": "01973",
                    "부칙내용": [["부칙 <제1973호>", "이 법은 공포한 날부터 시행한다."]],
                }
            },
        }
    }
    assert parse(json.dumps(record).encode(), LIMITS).markdown == EXPECTED


@pytest.mark.parametrize("data", [b"<a><b/></a>", b'{"a": 1}', b"[]", b"<a>", b"{"])
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(Refused):
        parse(data, LIMITS)


def test_declared_entities_are_refused() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    outside = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'
    for data in (bomb, outside):
        with pytest.raises(Refused, match="entities"):
            parse(data, LIMITS)
