"""What a Markdown document is made of, by character offsets: sections, code, tables, footnotes.

Everything takes time linear in the document, whatever it holds.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

HEADING = re.compile(r"^(#{1,6})[ \t]+(\S[^\n]*)$", re.MULTILINE)
LONGEST_HEADING = 300  # characters; a longer line is a paragraph that begins with a mark
# An article without heading marks, as in contracts: `제3조(목적) ...`, or `제3조 목적` alone on its line.
ARTICLE = re.compile(
    r"^(제\d{1,5}조(?:의\d{1,3})?[ ]?\([^()\n]{1,60}\))|^(제\d{1,5}조(?:의\d{1,3})?[ ][^\n.]{1,40})$",
    re.MULTILINE,
)
ARTICLE_LEVEL = 7  # below every heading
FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})([^\n]*)$", re.MULTILINE)
TABLE_RULE = re.compile(r"^\|[ :|-]+$", re.MULTILINE)
NOTE = re.compile(r"^\[\^([^\]\s]{1,64})\]:[^\n]*(?:\n+[ \t]+\S[^\n]*)*", re.MULTILINE)
CITATION = re.compile(r"\[\^([^\]\s]{1,64})\]")


class Section(NamedTuple):
    """A span of the Markdown under one heading path."""

    headings: tuple[str, ...]
    start: int
    end: int


class Block(NamedTuple):
    """A table or fenced code from `start` to `end`, with its first row or line of code at `body`.

    A text that begins behind `body` is read as what it is only with `opening` before it: the table's header
    and rule, the line that opens the code; one that ends before `end` only with `closing`, "" for tables.
    """

    start: int
    body: int
    end: int
    opening: str
    closing: str


class Note(NamedTuple):
    """A footnote `[^label]: ...`."""

    label: str
    start: int
    end: int


class Citation(NamedTuple):
    """A place that cites a footnote of the document."""

    label: str
    start: int


def find_code(markdown: str) -> list[Block]:
    """The fenced code in order; code that nothing closes goes on to the end (CommonMark 0.31, 4.5)."""
    blocks: list[Block] = []
    opening: re.Match[str] | None = None
    for fence in FENCE.finditer(markdown):
        if opening is None:
            is_inline = fence[1][0] == "`" and "`" in fence[2]
            opening = None if is_inline else fence
        elif fence[1].startswith(opening[1]) and not fence[2].strip():
            blocks.append(code_block(markdown, opening, fence.end()))
            opening = None
    return blocks if opening is None else [*blocks, code_block(markdown, opening, len(markdown))]


def code_block(markdown: str, opening: re.Match[str], end: int) -> Block:
    """The code between the line `opening` and the line that ends at `end`."""
    start, body = opening.start(), line_end(markdown, opening.start())
    return Block(start, body, line_end(markdown, end), opening[0] + "\n", opening[1] + "\n")


def find_tables(markdown: str, code: Sequence[Block]) -> list[Block]:
    """The tables outside of code, in order."""
    tables: list[Block] = []
    for rule in TABLE_RULE.finditer(markdown):
        start = markdown.rfind("\n", 0, max(rule.start() - 1, 0)) + 1
        is_table = start < rule.start() and markdown[start] == "|" and "-" in rule[0]
        if not is_table or block_at(code, rule.start()) or (tables and start < tables[-1].end):
            continue
        body = end = line_end(markdown, rule.end())
        while markdown.startswith("|", end):
            end = line_end(markdown, end)
        tables.append(Block(start, body, end, markdown[start:body], ""))
    return tables


def table_rows(markdown: str, table: Block) -> Iterator[tuple[int, int]]:
    """Start and end of the rows of a table, the header with its rule first."""
    start, end = table.start, table.body
    while start < table.end:
        yield start, end
        start, end = end, line_end(markdown, end)


def line_end(markdown: str, offset: int) -> int:
    """The offset behind the line break that ends the line at `offset`."""
    found = markdown.find("\n", offset)
    return len(markdown) if found < 0 else found + 1


def block_at(blocks: Sequence[Block], position: int) -> Block | None:
    """The one of the sorted `blocks` that holds the characters on both sides of `position`."""
    index = bisect_right(blocks, position, key=lambda block: block.start) - 1
    return blocks[index] if index >= 0 and blocks[index].start < position < blocks[index].end else None


def split_sections(markdown: str, code: Sequence[Block]) -> list[Section]:
    """The sections in order, together the whole text; a heading with nothing under it opens the next one."""
    sections: list[Section] = []
    path: list[tuple[int, str]] = []
    start = content = 0  # where the section and the text under its last heading begin
    for offset, end, level, title in find_headings(markdown, code):
        if markdown[content:offset].strip():
            sections.append(Section(tuple(name for _, name in path), start, offset))
            start = offset
        content = offset if level == ARTICLE_LEVEL else end  # the line of an article is text, too
        path = [(depth, name) for depth, name in path if depth < level] + [(level, title)]
    headings = tuple(name for _, name in path)
    return [*sections, Section(headings, start, len(markdown))] if markdown else []


def find_headings(markdown: str, code: Sequence[Block]) -> list[tuple[int, int, int, str]]:
    """Start, end, level and title of the headings and articles outside of code, in order."""
    found = [
        (match.start(), match.end(), len(match[1]), heading_title(match[2]))
        for match in HEADING.finditer(markdown)
        if len(match[0]) <= LONGEST_HEADING
    ]
    found += [
        (match.start(), match.end(), ARTICLE_LEVEL, match[0].rstrip()) for match in ARTICLE.finditer(markdown)
    ]
    return sorted(heading for heading in found if not block_at(code, heading[0]))


def heading_title(text: str) -> str:
    """The text of a heading without the marks that may close it: `## Title ##`, but not `## C#`."""
    text = text.rstrip()
    unclosed = text.rstrip("#")
    return unclosed.rstrip() if unclosed.endswith((" ", "\t")) and unclosed.strip() else text


def find_notes(markdown: str, code: Sequence[Block]) -> tuple[list[Note], list[Citation]]:
    """The footnotes and the places that cite them, in order; of two notes with one label the first counts."""
    notes: dict[str, Note] = {}
    defined: set[int] = set()
    for match in NOTE.finditer(markdown):
        if not block_at(code, match.start() + 1):
            notes.setdefault(match[1], Note(match[1], match.start(), match.end()))
            defined.add(match.start())
    citations = [
        Citation(match[1], match.start())
        for match in (CITATION.finditer(markdown) if notes else ())
        if match[1] in notes and match.start() not in defined and not block_at(code, match.start())
    ]
    return list(notes.values()), citations


def set_notes_apart(
    markdown: str, sections: list[Section], notes: Sequence[Note], citations: Sequence[Citation]
) -> list[Section]:
    """The sections, with the footnotes that end the document as one of their own under no heading.

    They stay in the last section where only that one cites them: there its headings are true for them.
    """
    start = len(markdown)
    for note, following in pairwise([*notes, Note("", start, start)]) if notes else ():
        if markdown[note.end : following.start].strip():
            start = len(markdown)
        elif start == len(markdown):
            start = note.start
    if start == len(markdown) or all(citation.start >= sections[-1].start for citation in citations):
        return sections
    *rest, last = sections
    kept = [last._replace(end=start)] if last.start < start else []
    return [*rest, *kept, Section((), start, len(markdown))]
