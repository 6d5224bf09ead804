"""Statutes, administrative rules and local ordinances as Markdown, under headings as they are cited.

Format: open.law.go.kr, `lawService.do`, with the roots 법령 (target=law, eflaw), LawService (ordin) and
AdmRulService (admrul).

An article is one section. Where it is longer than a usual chunk, its paragraphs (항) stand under headings
of their own, as many together as fit: every chunk then knows what it cites, and none is tiny.
"""

import re
from collections.abc import Iterator
from unicodedata import numeric

from slm_factory.core.tokens import estimate
from slm_factory.parsers.law.articles import CIRCLED, DIVISION, Article, article_units, layout
from slm_factory.parsers.law.endings import addenda, annex_units, annexes, reasons
from slm_factory.parsers.law.fields import IMAGE, Record, day_of, first, line_of, raw_text
from slm_factory.parsers.markdown import heading, join_blocks
from slm_factory.parsers.parsed import Parsed, Refused

BASIC = ("기본정보", "자치법규기본정보", "행정규칙기본정보")
TITLES = ("법령명_한글", "법령명한글", "법령명", "자치법규명", "행정규칙명")
STATED = {  # what stands at the head of the document, and the fields it comes from
    "약칭": ("법령명약칭", "법령약칭명"),
    "법종구분": ("법종구분", "법종구분명", "행정규칙종류"),
    "공포번호": ("공포번호",),
    "공포일자": ("공포일자",),
    "발령번호": ("발령번호",),
    "발령일자": ("발령일자",),
    "시행일자": ("시행일자",),
    "소관부처": ("소관부처", "소관부처명", "지자체기관명"),
    "제개정구분": ("제개정구분", "제개정구분명"),
}
IDENTIFIERS = (
    *("법령ID", "법령일련번호", "자치법규ID", "자치법규일련번호", "행정규칙ID", "행정규칙일련번호"),
)
LONG_ARTICLE = 850  # tokens; with its headings, the usual chunk (`chunk.max_tokens`)


def read_statute(record: Record) -> Parsed:
    """A statute, rule or ordinance with its articles, addenda and annexes; dated by the day it takes effect.

    Raises:
        Refused: the record has no title or no text.
    """
    basic = next((first(record[name]) for name in BASIC if name in record), record)
    title = line_of(basic, *TITLES)
    stated = facts(basic)
    effective = stated.get("시행일자", "")
    text = [*articles(title, record, effective), *addenda(title, record)]
    text += list(annexes(title, record, text))
    if not title or not any(text):
        raise Refused("a law record without a title, or without articles")
    head = [heading(1, title), *(f"- {name}: {value}" for name, value in stated.items())]
    markdown = join_blocks([*head, *text, *reasons(title, record)])
    identifiers = {name: line_of(basic, name) for name in IDENTIFIERS}
    return Parsed(
        markdown,
        "law",
        title=title,
        date=effective or day_of(basic, "공포일자", "발령일자"),
        language="ko",
        meta=stated | {name: value for name, value in identifiers.items() if value},
        warnings=tuple(warnings(markdown, record)),
    )


def facts(basic: Record) -> dict[str, str]:
    """What the record states of itself and is filled, by the names of `STATED`."""
    found = {
        name: day_of(basic, *fields) if name.endswith("일자") else line_of(basic, *fields)
        for name, fields in STATED.items()
    }
    found["공포번호"] = found["공포번호"].lstrip("0")
    return {name: value for name, value in found.items() if value}


def warnings(markdown: str, record: Record) -> Iterator[str]:
    """What a reader of the Markdown misses."""
    if images := markdown.count(IMAGE):
        yield f"{images} images, which may hold formulas or tables, are not read; {IMAGE} stands for them"
    if empty := sum(1 for unit in annex_units(record) if not raw_text(unit.get("별표내용")).strip()):
        yield f"{empty} annexes or forms that the record only links to are left out"


def articles(title: str, record: Record, effective: str) -> Iterator[str]:
    """The blocks of the articles, under headings for their parts and chapters."""
    units = list(article_units(record))
    kinds = {division[1] for unit in units if (division := read_division(unit))}
    levels = {
        kind: level for level, kind in enumerate((kind for kind in "편장절관" if kind in kinds), start=2)
    }
    level = 1
    for unit in units:
        if isinstance(unit, Article):
            yield from article_blocks(title, unit, level + 1, effective)
        elif division := read_division(unit):
            level = levels[division[1]]
            yield heading(level, unit)
        elif "".join(unit.split()) == "전문":  # of the constitution
            yield heading(2, f"{title} 전문")
        else:
            yield layout(unit)


def read_division(unit: Article | str) -> re.Match[str] | None:
    """The match of a text that heads a part, chapter, section or subsection."""
    return DIVISION.fullmatch(unit) if isinstance(unit, str) else None


def article_blocks(title: str, article: Article, level: int, effective: str) -> Iterator[str]:
    """The blocks of an article under its heading: `소득세법 제20조의2(연금소득)`."""
    citation = f"{title} {article.number}"
    yield heading(level, f"{citation}({article.subject})" if article.subject else citation)
    if article.effective and article.effective != effective:
        yield f"시행일자: {article.effective}"
    if sum(map(estimate, article.paragraphs)) <= LONG_ARTICLE:
        yield "\n\n".join(article.paragraphs)
        return
    for numbers, group in grouped(article.paragraphs):
        if numbers:
            last = f"부터 제{numbers[-1]}항까지" if len(numbers) > 1 else ""
            yield heading(level + 1, f"{citation}제{numbers[0]}항{last}")
        yield "\n\n".join(group)


def grouped(paragraphs: list[str]) -> Iterator[tuple[list[int], list[str]]]:
    """The paragraphs in groups that fit into a chunk, with their numbers; a longer one is alone.

    What has no number belongs to what stands before it.
    """
    numbers: list[int] = []
    group: list[str] = []
    tokens = 0
    for paragraph in paragraphs:
        more = estimate(paragraph)
        is_numbered = bool(CIRCLED.match(paragraph))
        if group and is_numbered and (tokens + more > LONG_ARTICLE or not numbers):
            yield numbers, group
            numbers, group, tokens = [], [], 0
        numbers += [int(numeric(paragraph[0]))] if is_numbered else []
        group.append(paragraph)
        tokens += more
    if group:
        yield numbers, group
