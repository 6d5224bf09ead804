"""Documents of the text formats, each with as much of its format as fits on a page."""

MARKDOWN = """---
title: 점검 절차
date: 2025-03-18
tags: [a, b]
---

# 점검 절차

본문입니다. [링크](http://example.com) **굵게** `code`[^1]

## 1. 준비

- 하나
    - 둘
1. 셋

| 항목 | 값 |
|---|---:|
| 압력 | 3.2 |
| 온도 \\| 습도 | `a|b` |

```python
# no heading
```

[^1]: 각주
"""
PLAIN = """제1장 총칙

제1조(목적) 이 규정은 점검을 정한다.
 1. 하나
 가. 둘

담당: 관제팀\t전화 없음
2025. 3. 18.
"""
HTML = """<!DOCTYPE html><html lang="ko"><head><meta charset="utf-8"><title>점검 절차</title>
<meta property="article:published_time" content="2025-03-18"><base href="/x"></head><body>
<nav><ul><li><a href="/">처음</a></li></ul></nav><main><article><h1>점검 절차</h1>
<p>예비 펌프의 압력을 매주 확인하고 기록한다. 기준을 넘으면 담당자에게 알린다.
<b>중요</b> <a href="#a">링크</a></p>
<ul><li>하나<ol start="3"><li>안</li></ol></li><li>둘</li></ul><dl><dt>말</dt><dd>뜻</dd></dl>
<table><caption>표</caption><tr><th rowspan="2">항목</th><th colspan="2">값</th></tr>
<tr><td>가</td><td>나</td></tr>
<tr><td>1</td><td><table><tr><td>속</td><td>표</td></tr></table></td><td>3</td></tr></table>
<pre><code class="language-sh">ls -l | wc</code></pre><blockquote>인용</blockquote>
<figure><img alt="그림"><figcaption>설명</figcaption></figure><math><mi>x</mi></math>
<details><summary>더</summary>글</details></article></main><footer>바닥글</footer></body></html>
"""
TABLE = """이름,값,비고
압력,3.2,"쉼표, 따옴표 ""안"\""
온도,20,"두
줄"
습도,,
"""
RECORD = {
    "id": "k1",
    "title": "점검 절차",
    "date": "20250318",
    "text": "예비 펌프의 압력을 확인한다.\n\n둘째 문단.",
    "meta": {"author": "관제팀", "tags": ["a", "b"], "pages": 3, "is_open": True, "none": None, "share": 0.5},
    "rows": [{"a": 1, "b": 2}, {"a": 3, "b": [4, 5]}],
}
STATUTE = """<?xml version="1.0" encoding="UTF-8"?>
<법령>
<기본정보><법령ID>1</법령ID><공포일자>20250101</공포일자><공포번호>00001</공포번호><법종구분>법률</법종구분>
<법령명_한글><![CDATA[점검법]]></법령명_한글><시행일자>20250701</시행일자>
<소관부처 소관부처코드="1">점검부</소관부처></기본정보>
<조문>
<조문단위 조문키="0001000"><조문번호>1</조문번호><조문여부>전문</조문여부>
<조문내용>제1장 총칙</조문내용></조문단위>
<조문단위 조문키="0001001"><조문번호>1</조문번호><조문여부>조문</조문여부><조문제목>목적</조문제목>
<조문시행일자>20250701</조문시행일자>
<조문내용><![CDATA[제1조(목적) 이 법은 점검을 정한다. <개정 2025.1.1>]]></조문내용></조문단위>
<조문단위 조문키="0002001"><조문번호>2</조문번호><조문가지번호>2</조문가지번호><조문여부>조문</조문여부>
<조문제목>정의</조문제목><조문내용>제2조의2(정의)</조문내용>
<항><항번호>①</항번호><항내용>① 뜻은 다음과 같다.</항내용><호><호번호>1.</호번호><호내용>1. 점검</호내용>
<목><목번호>가.</목번호><목내용>가. 정기 점검</목내용></목></호></항></조문단위>
</조문>
<부칙><부칙단위><부칙공포일자>20250101</부칙공포일자><부칙공포번호>1</부칙공포번호>
<부칙내용>제1조(시행일) 공포한 날부터 시행한다.</부칙내용></부칙단위></부칙>
<별표><별표단위 별표키="000100"><별표번호>0001</별표번호><별표제목>기준</별표제목>
<별표내용>┌─┬─┐\n│가│나│\n└─┴─┘</별표내용></별표단위></별표>
</법령>
"""
RULING = """<?xml version="1.0" encoding="UTF-8"?>
<PrecService><판례정보일련번호>1</판례정보일련번호><사건명>점검취소</사건명><사건번호>2024두1</사건번호>
<선고일자>20250318</선고일자><법원명>대법원</법원명><판시사항>[1] 점검의 뜻</판시사항>
<판결요지>[1] 점검이란<br/>살피는 것이다.</판결요지><참조조문>점검법 제1조</참조조문><참조판례></참조판례>
<판례내용>【주 문】 기각한다.<br/>【이 유】 이유 없다.</판례내용></PrecService>
"""
INTERPRETATION = {
    "ExpcService": {
        "법령해석례일련번호": "1",
        "안건명": "점검의 범위",
        "안건번호": "25-0001",
        "해석일자": "20250318",
        "질의요지": "가. 포함되는지?",
        "회답": "포함됩니다.",
        "이유": "제1조에 따라\n그렇습니다.",
    }
}
MAIL = """From: =?UTF-8?B?6rSA7KCc?= <a@example.com>
To: b@example.com
Subject: =?euc-kr?B?waGwyw==?= check
Date: Tue, 18 Mar 2025 10:00:00 +0900
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="outer"

--outer
Content-Type: multipart/alternative; boundary="inner"

--inner
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: quoted-printable

=EC=A0=90=EA=B2=80 done.

> old words
--inner
Content-Type: text/html; charset="utf-8"

<html><body><p>점검 done.</p><table><tr><td>a</td><td>b</td></tr></table></body></html>
--inner--
--outer
Content-Type: text/csv; name="a.csv"
Content-Disposition: attachment; filename*=UTF-8''a.csv
Content-Transfer-Encoding: base64

YSxiCjEsMgo=
--outer--
"""
