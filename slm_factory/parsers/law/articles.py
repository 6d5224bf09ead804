"""The articles of statutes, rules and ordinances, whichever way their record holds them.

Format: open.law.go.kr, `lawService.do`. target=law, eflaw: 조문 > 조문단위 > 항 > 호 > 목, each with its text
and mark; target=ordin: 조문 > 조, an article as one text; target=admrul: 조문내용, a text or one per article.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from slm_factory.parsers.law.drawn_tables import BOX, laid_out_blocks
from slm_factory.parsers.law.fields import Record, day_of, each, first, line_of, raw_text, text_of
from slm_factory.parsers.markdown import INDENT, clean, one_line, paragraph

DIVISION = re.compile(r"제\s*\d+\s*([편장절관])(?:의\s*\d+)?(?:\s[^\n]{0,100})?")
NUMBER = r"제\s?\d+(?:-\d+)?\s?조(?:의\s?\d+)?"
SUBJECT = r"\(((?:[^()]|\([^()]*\)){0,200})\)"
HEAD = re.compile(rf"\s*({NUMBER})(?=[\s(]|\Z)\s*(?:{SUBJECT})?\s*")
WRITTEN_HEAD = re.compile(
    rf"({NUMBER})\s?(?:{SUBJECT}|(?=삭\s*제))\s*"
)  # where a line may also begin with a reference
CIRCLED = re.compile(r"\s*[①-⑳㉑-㉟㊱-㊿]")


class Article(NamedTuple):
    """An article: its number as cited (`제20조의2`), its subject, and its paragraphs (항) as Markdown."""

    number: str
    subject: str
    effective: str  # ISO date, "" where the record tells none
    paragraphs: list[str]


def article_units(record: Record) -> Iterator[Article | str]:
    """The articles in order, and as texts what stands between them: divisions, preambles."""
    container = first(record.get("조문"))
    for unit in [*each(container.get("조문단위")), *each(container.get("조"))]:
        content = text_of(unit.get("조문내용") or unit.get("조내용"))
        if raw_text(unit.get("조문여부")).strip() in ("전문", "N"):
            yield clean(content).strip()
        else:
            yield read_article(unit, content)
    yield from written_units(text_of(record.get("조문내용")))


def written_units(text: str) -> Iterator[Article | str]:
    """The articles of a rule that is one text, told by how their lines begin."""
    unit: list[str] = []
    for line in [*clean(text).split("\n"), "제0조()"]:
        words = line.strip()
        if unit and (WRITTEN_HEAD.match(words) or DIVISION.fullmatch(words) or DIVISION.fullmatch(unit[0])):
            content = "\n".join(unit)
            yield read_article({}, content) if WRITTEN_HEAD.match(content) else content
            unit = []
        if words:
            unit.append(words)


def read_article(unit: Record, content: str) -> Article:
    """An article; its number is read from the fields where the text does not begin with it."""
    head = HEAD.match(content)
    paragraphs = split_paragraphs(content[head.end() :] if head else content)
    for clause in [*each(unit.get("항")), {"호": unit.get("호")}]:
        lead = layout(text_of(clause.get("항내용")))
        items = list(item_blocks(clause))
        if not lead and paragraphs:
            lead = paragraphs.pop()
        paragraphs += filter(None, [stack([lead, *items])])
    paragraphs += filter(None, [layout(text_of(unit.get("조문참고자료")))])
    number = "".join(head[1].split()) if head else number_of(unit)
    subject = line_of(unit, "조문제목", "조제목") or one_line((head and head[2]) or "")
    return Article(number, subject, day_of(unit, "조문시행일자"), paragraphs)


def number_of(unit: Record) -> str:
    """`제20조의2` from the fields: number and branch, or the six digits of ordinances (`002002`)."""
    number, branch = line_of(unit, "조문번호"), line_of(unit, "조문가지번호")
    if re.fullmatch(r"\d{6}", number):
        number, branch = number[:4], number[4:]
    branch = branch.lstrip("0")
    return f"제{number.lstrip('0') or '0'}조" + (f"의{branch}" if branch else "")


def split_paragraphs(text: str) -> list[str]:
    """The paragraphs (항) of a text, each of which begins with its circled number."""
    parts: list[list[str]] = [[]]
    for line in clean(text).split("\n"):
        if CIRCLED.match(line):
            parts.append([])
        parts[-1].append(line)
    return [block for lines in parts if (block := layout("\n".join(lines)))]


def item_blocks(clause: Record) -> Iterator[str]:
    """The blocks of 호, each with its 목 and what these hold on the levels below it."""
    for item in each(clause.get("호")):
        yield layout(text_of(item.get("호내용")))
        for part in each(item.get("목")):
            first_line, _, rest = clean(text_of(part.get("목내용"))).strip("\n").partition("\n")
            yield indented(layout(first_line), 1)
            yield indented(layout(rest), 2)


def layout(text: str) -> str:
    """A text as Markdown, line by line; tables drawn in it as tables."""
    if BOX.search(text):
        return "\n\n".join(filter(None, laid_out_blocks(text)))
    return "\n".join(line for line in paragraph(text).split("\n") if line)


def indented(block: str, level: int) -> str:
    """The block's lines moved in; one that holds a table stays where tables are read."""
    if "\n|" in block:
        return block
    return "\n".join(f"{INDENT * level}{line}" for line in block.split("\n")) if block else ""


def stack(blocks: Iterable[str]) -> str:
    """The blocks on neighbouring lines, tables apart from their neighbours."""
    text = ""
    for block in filter(None, blocks):
        is_apart = "\n|" in block or block.startswith(("|", "`")) or text.endswith(("|", "`"))
        text += ("\n\n" if is_apart else "\n") + block if text else block
    return text
