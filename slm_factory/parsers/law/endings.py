"""What follows the articles of a statute, rule or ordinance: addenda, annexes, reasons of its revision."""

import re
from collections.abc import Iterator

from slm_factory.parsers.law.articles import NUMBER, SUBJECT, layout
from slm_factory.parsers.law.drawn_tables import laid_out_blocks
from slm_factory.parsers.law.fields import Record, day_of, each, first, line_of, lines_of
from slm_factory.parsers.line_breaks import Joiner
from slm_factory.parsers.markdown import clean, heading, one_line

ADDENDUM_HEAD = re.compile(r"\s*부\s*칙(?:\s*[<(〈][^\n]{0,200})?\s*")
ADDENDUM_ARTICLE = re.compile(rf"\s*({NUMBER})\s?({SUBJECT})\s*")


def addenda(title: str, record: Record) -> Iterator[str]:
    """The addenda, each under a heading with its number and day, and their articles under theirs."""
    for unit in addendum_units(record):
        lines = [line for line in clean(lines_of(unit.get("부칙내용"))).split("\n") if line.strip()]
        if lines and ADDENDUM_HEAD.fullmatch(lines[0]):
            name = one_line(lines.pop(0)).replace("부 칙", "부칙")
        else:
            number, day = line_of(unit, "부칙공포번호").lstrip("0"), day_of(unit, "부칙공포일자")
            name = " ".join(filter(None, ("부칙", number and f"제{number}호", day and f"({day})")))
        if lines:
            yield heading(2, f"{title} {name}")
            yield from addendum_blocks(f"{title} {name}", lines)


def addendum_units(record: Record) -> Iterator[Record]:
    """The addenda as records: units of statutes, or the parallel lists of rules and ordinances."""
    for container in each(record.get("부칙")):
        texts, days = container.get("부칙내용"), container.get("부칙공포일자")
        if units := each(container.get("부칙단위")):
            yield from units
        elif isinstance(texts, list) and isinstance(days, list) and len(texts) == len(days) > 1:
            for text, day in zip(texts, days, strict=True):
                yield {"부칙내용": text, "부칙공포일자": day}
        else:
            yield container


def addendum_blocks(name: str, lines: list[str]) -> Iterator[str]:
    """The text of an addendum with a heading per article.

    An addendum may amend other laws and quote their articles: only those count that go on its own numbers,
    from which some are left out in words (`제2조부터 제10조까지 생략`).
    """
    number = 0
    text: list[str] = []
    for line in lines:
        head = ADDENDUM_ARTICLE.match(line)
        found = int(re.sub(r"\D.*", "", head[1].lstrip("제 "))) if head else 0
        is_skipping = found > number and bool(text) and text[-1].rstrip().endswith("생략")
        if head and (is_skipping or found == number + 1 or (found == number and "의" in head[1])):
            yield layout("\n".join(text))
            yield heading(3, f"{name} {''.join(head[1].split())}{head[2]}")
            number, text, line = found, [], line[head.end() :]
        text.append(line)
    yield layout("\n".join(text))


def annex_units(record: Record) -> list[Record]:
    """The annexes and forms as records."""
    container = record.get("별표")
    return [unit for one in each(container) for unit in each(one.get("별표단위")) or [one]]


def annexes(title: str, record: Record, articles: list[str]) -> Iterator[str]:
    """The annexes that hold text, under headings; the tables drawn in them as tables.

    Their lines are broken at a width; how the words of `articles` are spaced tells how to mend them.
    """
    joiner: Joiner | None = None  # made where it is needed: it takes longer than all the rest
    for unit in annex_units(record):
        text = lines_of(unit.get("별표내용"))
        if not text.strip():
            continue
        joiner = joiner or Joiner(line for block in articles for line in block.split("\n"))
        number, branch = (line_of(unit, field).lstrip("0") for field in ("별표번호", "별표가지번호"))
        kind, subject = line_of(unit, "별표구분") or "별표", line_of(unit, "별표제목")
        name = " ".join(filter(None, (kind, number + (f"의{branch}" if branch else ""), subject)))
        yield heading(2, f"{title} {name}")
        for block in laid_out_blocks(text, joiner):
            if bare(block) != bare(subject):  # most annexes repeat their title
                yield block


def reasons(title: str, record: Record) -> Iterator[str]:
    """Why the statute was made or last revised, as the ministry tells it."""
    text = layout(lines_of(first(record.get("제개정이유")).get("제개정이유내용")))
    if text:
        yield heading(2, f"{title} 제개정이유")
        yield text


def bare(text: str) -> str:
    """The text without white space, to compare by."""
    return "".join(text.split())
