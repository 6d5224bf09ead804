"""Statutes of the national law OpenAPI (XML or JSON) as Markdown, one citable heading per article.

Format: open.law.go.kr, `lawService.do?target=law`: 법령 > 조문 > 조문단위 > 항 > 호 > 목, then 부칙 and 별표.
The JSON form of the API has the same names, with single children in place of lists.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from slm_factory.parsers.hostile import read_xml
from slm_factory.parsers.markdown import clean, heading, join_blocks, one_line, paragraph
from slm_factory.parsers.parsed import Limits, Parsed, Refused

DIVISION = re.compile(r"제\s*\d+\s*([편장절관])")
DIVISION_LEVELS = {"편": 2, "장": 2, "절": 3, "관": 4}
ARTICLE_HEAD = re.compile(r"\A\s*제\d+조(?:의\d+)?\s*(?:\([^()]*(?:\([^()]*\)[^()]*)*\))?\s*")


def parse(data: bytes, limits: Limits) -> Parsed:
    """A statute with its articles, addenda and annexes; the date is the day it takes effect.

    Raises:
        Refused: the file is no statute record.
    """
    statute = read_record(data)
    basic = first(statute.get("기본정보"))
    title = one_line(text_of(basic.get("법령명_한글") or basic.get("법령명한글")))
    effective = iso_date(text_of(basic.get("시행일자")))
    facts = {
        "법종구분": text_of(basic.get("법종구분")),
        "공포번호": text_of(basic.get("공포번호")).lstrip("0"),
        "공포일자": iso_date(text_of(basic.get("공포일자"))),
        "시행일자": effective,
        "소관부처": text_of(basic.get("소관부처") or basic.get("소관부처명")),
    }
    facts = {key: one_line(value) for key, value in facts.items() if value.strip()}
    blocks = [heading(1, title), *(f"- {key}: {value}" for key, value in facts.items())]
    blocks += articles(title, each(first(statute.get("조문")).get("조문단위")), effective)
    blocks += addenda(each(first(statute.get("부칙")).get("부칙단위")))
    blocks += annexes(each(first(statute.get("별표")).get("별표단위")))
    return Parsed(join_blocks(blocks), "law", title, effective, "ko", meta=facts)


def read_record(data: bytes) -> dict[str, Any]:
    """The statute in the API's JSON form, whichever of the two forms the file has.

    Raises:
        Refused: the file is no statute record.
    """
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        record = as_record(read_xml(data))
    else:
        try:
            record = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise Refused(f"no JSON: {error}") from error
    if isinstance(record, dict) and isinstance(record.get("법령"), dict):
        record = record["법령"]
    if not isinstance(record, dict) or "조문" not in record or "기본정보" not in record:
        raise Refused("no statute record of the national law API (법령 with 기본정보 and 조문)")
    return record


def as_record(element: etree._Element) -> Any:
    """An XML element as the API's JSON has it: a string, or its children by name, lists where they repeat."""
    if len(element) == 0:
        return element.text or ""
    record: dict[str, Any] = {}
    for child in element:
        if isinstance(child.tag, str):
            record.setdefault(child.tag, []).append(as_record(child))
    if element.text and element.text.strip():
        record["content"] = element.text
    return {
        key: value[0] if isinstance(value, list) and len(value) == 1 else value
        for key, value in record.items()
    }


def articles(title: str, units: list[dict[str, Any]], effective: str) -> Iterator[str]:
    """The blocks of the articles, under headings for their parts and chapters."""
    level = 1
    for unit in units:
        content = text_of(unit.get("조문내용"))
        if text_of(unit.get("조문여부")).strip() == "전문":
            division = DIVISION.match(content.strip())
            if division:
                level = DIVISION_LEVELS[division[1]]
                yield heading(level, content)
            else:
                yield paragraph(content)  # preambles
            continue
        yield heading(level + 1, article_name(title, unit))
        day = iso_date(text_of(unit.get("조문시행일자")))
        if day and day != effective:
            yield f"- 시행일자: {day}"
        yield paragraph(ARTICLE_HEAD.sub("", content, count=1))
        for clause in each(unit.get("항")):
            yield paragraph(text_of(clause.get("항내용")))
            yield from subparagraphs(clause)
        yield paragraph(text_of(unit.get("조문참고자료")))


def article_name(title: str, unit: dict[str, Any]) -> str:
    """How the article is cited, with its title: `소득세법 제20조의2(연금소득)`."""
    branch = text_of(unit.get("조문가지번호")).strip()
    name = f"{title} 제{text_of(unit.get('조문번호')).strip()}조" + (
        f"의{branch}" if branch not in ("", "0") else ""
    )
    subject = one_line(text_of(unit.get("조문제목")))
    return f"{name}({subject})" if subject else name


def subparagraphs(clause: dict[str, Any]) -> Iterator[str]:
    """The lines of 호, each with its 목 under it."""
    for item in each(clause.get("호")):
        lines = [one_line(text_of(item.get("호내용")))]
        lines += [f"    {one_line(text_of(part.get('목내용')))}" for part in each(item.get("목"))]
        yield "\n".join(lines)


def addenda(units: list[dict[str, Any]]) -> Iterator[str]:
    """The addenda, each under a heading with its number and day."""
    for unit in units:
        number, day = (
            text_of(unit.get("부칙공포번호")).strip().lstrip("0"),
            iso_date(text_of(unit.get("부칙공포일자"))),
        )
        lines = [line for line in text_of(unit.get("부칙내용")).split("\n") if line.strip()]
        if lines and lines[0].strip().startswith("부칙"):
            lines = lines[1:]
        yield heading(2, "부칙" + (f" 제{number}호" if number else "") + (f" ({day})" if day else ""))
        yield paragraph("\n".join(lines))


def annexes(units: list[dict[str, Any]]) -> Iterator[str]:
    """The annexes, in code blocks that keep their columns: tables in them are drawn with characters."""
    for unit in units:
        number = text_of(unit.get("별표번호")).strip().lstrip("0")
        kind = text_of(unit.get("별표구분")).strip() or "별표"
        yield heading(2, f"{kind} {number} {text_of(unit.get('별표제목'))}")
        drawn = clean(text_of(unit.get("별표내용"))).strip("\n")
        if drawn.strip():
            yield f"```\n{drawn.replace('```', '')}\n```"


def each(value: Any) -> list[dict[str, Any]]:
    """The dictionaries in a value that may be one, a list of them, or nothing."""
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]


def first(value: Any) -> dict[str, Any]:
    """The dictionary in a value, an empty one if there is none."""
    return next(iter(each(value)), {})


def text_of(value: Any) -> str:
    """The text in a value: a string, an element with attributes (`content`), or nested lists of lines."""
    if isinstance(value, dict):
        return text_of(value.get("content"))
    if isinstance(value, list):
        return "\n".join(text_of(item) for item in value)
    return "" if value is None else str(value)


def iso_date(digits: str) -> str:
    """`20240814` as `2024-08-14`, "" for anything else."""
    match = re.fullmatch(r"\s*(\d{4})(\d\d)(\d\d)\s*", digits)
    return "-".join(match.groups()) if match else ""
