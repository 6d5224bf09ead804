"""Statements from the law: what a paragraph of an article lays down, and what the parts of a ruling say."""

import re
from collections.abc import Iterator

from slm_factory.teachers.builtin.markdown import Block, ItemList, Paragraph, plain
from slm_factory.teachers.builtin.section import Section
from slm_factory.teachers.builtin.statement import Statement, attribute

ARTICLE = re.compile(r"제\s?\d+조(의\s?\d+)?(\([^()]*\))?$")
AMENDED = re.compile(r"\s*[<\[〈](개정|신설|본조신설|전문개정|제목개정|단서|시행일)[^>\]〉]*[>\]〉]")
# What goes on in a list is not whole without it.
GOES_ON = re.compile(r"다음 (각|의|사항)|다음과 같|아래와 같|별표")
RULING_PARTS = ("주문", "판시사항", "판결요지", "결정요지", "참조조문", "질의요지", "회답", "회신", "요지")
# A ruling is known by its number; names such as 부가가치세부과처분취소 belong to hundreds.
CASE_NUMBER = re.compile(r"\d{2,4}[가-힣]{1,3}\d+|제?\d{4}-\d+호?|[가-힣]+과-\d+")
CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"
MAX_CHARACTERS = 300  # a longer paragraph is too much for one answer


def law(blocks: list[Block], section: Section) -> Iterator[Statement]:
    """The statements of the blocks below one heading, if that is an article or a part of a ruling."""
    if ARTICLE.search(section.innermost):
        yield from article(blocks, section)
    elif section.innermost in RULING_PARTS and CASE_NUMBER.search(section.title):
        texts = [block.text for block in blocks if isinstance(block, Paragraph)]
        if len(texts) == len(blocks) == 1 and len(texts[0]) <= MAX_CHARACTERS:
            yield attribute(section.title, section.innermost, plain(texts[0]), texts[0])


def article(blocks: list[Block], section: Section) -> Iterator[Statement]:
    """One statement per paragraph (항) that is whole, or for an article that has but one."""
    name = section.innermost
    if name.startswith("제"):
        name = f"{section.title} {name}"
    for place, block in enumerate(blocks):
        if isinstance(block, ItemList):
            for item in block.items:
                if item.line.lstrip()[0] in CIRCLED:
                    yield from rule(f"{name} 제{item.number}항", item.text, item.line)
        elif isinstance(block, Paragraph) and place == 0 and len(blocks) == 1:
            yield from rule(name, block.text, block.text)


def rule(subject: str, text: str, evidence: str) -> Iterator[Statement]:
    """The statement that `subject` lays down `text`, if that is whole sentences."""
    said = AMENDED.sub("", plain(text)).strip()
    if said.endswith("다.") and len(said) <= MAX_CHARACTERS and not GOES_ON.search(said):
        yield Statement("article", "fact", subject, "", said, evidence)
