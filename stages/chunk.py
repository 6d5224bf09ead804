"""Cuts every document into chunks that follow its headings and articles and lose nothing.

in:  data/parse.parquet
out: data/chunk.parquet, metrics/chunk.json

The spans `start`-`end` of a document's chunks cover its Markdown from first to last character, in order;
they overlap only where a section had to be cut, by at most `overlap_characters`. `text` is that span,
letter by letter, with one exception: a chunk that begins inside a table has the table's header rows before
it.
"""

import logging
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple, Self

from pydantic import Field, model_validator

from slm_factory.core import files, params, text
from slm_factory.core.errors import UserError, run_stage
from slm_factory.core.params import Settings
from slm_factory.core.records import CHUNK, identifier

log = logging.getLogger(__name__)

DOCUMENTS = Path("data/parse.parquet")
ROWS = Path("data/chunk.parquet")
METRICS = Path("metrics/chunk.json")

HEADING = re.compile(r"(#{1,6})[ \t]+(.+?)[ \t]*#*$")
# An article without heading marks, as in contracts: `제3조(목적) ...`, or `제3조 목적` alone on its line.
ARTICLE = re.compile(r"(제\d+조(?:의\d+)?[ ]?\([^()]{1,60}\))|(제\d+조(?:의\d+)?[ ][^\n.]{1,40})$")
LETTER = re.compile(r"[^\W\d_]")
ARTICLE_LEVEL = 7  # below every heading
FENCE = re.compile(r"[ ]{0,3}(```+|~~~+)")
TABLE_RULE = re.compile(r"\|[ :|-]*-[ :|-]*\|?$")
BOUNDARIES = (  # where a long section may be cut, the best first: behind blocks, lines, sentences, words
    re.compile(r"\n\n+"),
    re.compile(r"\n"),
    re.compile(r"[.!?。…][\"'”’)\]]*\s+"),
    re.compile(r"\s+"),
)


class Params(Settings):
    """`chunk:` in params.yaml."""

    max_characters: int = Field(ge=100)
    overlap_characters: int = Field(ge=0)

    @model_validator(mode="after")
    def check_overlap(self) -> Self:
        """More than half a chunk of overlap would repeat most of the document."""
        if self.overlap_characters > self.max_characters // 2:
            raise ValueError("overlap_characters must be at most half of max_characters")
        return self


class Section(NamedTuple):
    """A span of the Markdown under one heading path."""

    headings: tuple[str, ...]
    start: int
    end: int


class Table(NamedTuple):
    """A Markdown table: where it starts, where its first body row starts, and where it ends."""

    start: int
    body: int
    end: int


class Piece(NamedTuple):
    """A span of the Markdown and the table header that its text repeats before it, "" for none."""

    start: int
    end: int
    header: str


def split_sections(markdown: str) -> list[Section]:
    """The sections in order, together the whole text; a heading with nothing under it opens the next one."""
    sections: list[Section] = []
    path: list[tuple[int, str]] = []
    start, has_content = 0, False
    headings: tuple[str, ...] = ()
    for offset, line, is_code in lines_of(markdown):
        level, title = (0, "") if is_code else read_heading(line)
        if level:
            if has_content:
                sections.append(Section(headings, start, offset))
                start, has_content = offset, False
            path = [(depth, name) for depth, name in path if depth < level] + [(level, title)]
            headings = tuple(name for _, name in path)
        has_content |= bool(line.strip()) and level in (0, ARTICLE_LEVEL)
    return [*sections, Section(headings, start, len(markdown))] if markdown else []


def lines_of(markdown: str) -> Iterator[tuple[int, str, bool]]:
    """Each line with its offset and whether it belongs to a fenced code block."""
    offset, fence = 0, ""
    for line in markdown.split("\n"):
        mark = FENCE.match(line)
        yield offset, line, bool(fence or mark)
        if mark:
            fence = "" if fence and mark[1].startswith(fence) else fence or mark[1]
        offset += len(line) + 1


def read_heading(line: str) -> tuple[int, str]:
    """The level and title of a heading or article line, level 0 for any other line."""
    heading = HEADING.match(line)
    if heading:
        return len(heading[1]), heading[2]
    article = ARTICLE.match(line)
    return (ARTICLE_LEVEL, article[0]) if article else (0, "")


def find_tables(markdown: str) -> list[Table]:
    """The tables outside of code, in order."""
    tables: list[Table] = []
    lines = [(offset, line) for offset, line, is_code in lines_of(markdown) if not is_code]
    for (start, head), (rule_start, rule) in pairwise(lines):
        if head.startswith("|") and TABLE_RULE.match(rule) and not (tables and start < tables[-1].end):
            body = rule_start + len(rule) + 1
            end = body
            while markdown.startswith("|", end):
                end = line_end(markdown, end)
            tables.append(Table(start, min(body, len(markdown)), end))
    return tables


def line_end(markdown: str, offset: int) -> int:
    """The offset behind the line break that ends the line at `offset`."""
    found = markdown.find("\n", offset)
    return len(markdown) if found < 0 else found + 1


def cut_section(markdown: str, section: Section, tables: list[Table], settings: Params) -> list[Piece]:
    """The pieces of a section, each at most `max_characters` of text unless a single table row is longer."""
    pieces: list[Piece] = []
    covered = section.start
    while covered < section.end:
        table = table_at(tables, covered)
        header = markdown[table.start : table.body] if table and covered >= table.body else ""
        start = covered
        if pieces and not header:
            earliest = max(covered - settings.overlap_characters, pieces[-1].start)
            start = overlap_start(markdown, earliest, covered, tables)
        room = max(settings.max_characters - len(header) - (covered - start), settings.max_characters // 2)
        end = cut_position(markdown, covered, min(covered + room, section.end), section.end, tables)
        if not markdown[end : section.end].strip():
            end = section.end  # no chunk of empty lines
        pieces.append(Piece(start, end, header))
        covered = end
    return pieces


def table_at(tables: list[Table], position: int) -> Table | None:
    """The table that `position` lies in, behind its first character."""
    index = bisect_right(tables, position, key=lambda table: table.start) - 1
    return tables[index] if index >= 0 and tables[index].start < position < tables[index].end else None


def overlap_start(markdown: str, earliest: int, covered: int, tables: list[Table]) -> int:
    """The first offset from `earliest` to `covered` where a word begins outside of tables."""
    start = earliest
    if start < covered and start > 0 and not markdown[start - 1].isspace():
        space = re.compile(r"\s+").search(markdown, start, covered)
        start = space.end() if space else covered
    table = table_at(tables, start)
    return min(table.end, covered) if table else start


def cut_position(markdown: str, covered: int, limit: int, section_end: int, tables: list[Table]) -> int:
    """Where the piece that begins at `covered` ends: at the best boundary in the second half up to `limit`.

    A table is cut only between body rows; a row that reaches beyond `limit` stays whole.
    """
    if limit >= section_end:
        return section_end
    spare: int | None = None
    for boundary in BOUNDARIES:
        ends = [match.end() for match in boundary.finditer(markdown, covered, limit)]
        ends = [end for end in ends if end > covered and is_cut_allowed(markdown, tables, end)]
        if ends and ends[-1] >= (covered + limit) // 2:
            return ends[-1]
        if ends and spare is None:
            spare = ends[-1]
    if spare is not None:
        return spare
    table = table_at(tables, limit)
    if table is None:
        return limit
    return min(line_end(markdown, max(limit - 1, table.body)), section_end)


def is_cut_allowed(markdown: str, tables: list[Table], position: int) -> bool:
    """Whether a piece may end at `position`: in a table only behind a body row, elsewhere anywhere."""
    table = table_at(tables, position)
    return table is None or (position > table.body and markdown[position - 1] == "\n")


def chunk_document(document: files.Row, settings: Params) -> list[files.Row]:
    """The chunk rows of one document, in order.

    A chunk's identifier depends on its headings and text alone: an edit renames only the chunks it touches.
    """
    markdown, page_starts = document["markdown"], document["page_starts"]
    tables = find_tables(markdown)
    seen: Counter[tuple[tuple[str, ...], str]] = Counter()
    rows: list[files.Row] = []
    for section in split_sections(markdown):
        for piece in cut_section(markdown, section, tables, settings):
            content = piece.header + markdown[piece.start : piece.end]
            key = (section.headings, content)
            last = piece.start + max(len(markdown[piece.start : piece.end].rstrip()) - 1, 0)
            rows.append(
                {
                    "chunk_id": identifier(document["doc_id"], section.headings, content, seen[key]),
                    "doc_id": document["doc_id"],
                    "index": len(rows),
                    "headings": list(section.headings),
                    "text": content,
                    "start": piece.start,
                    "end": piece.end,
                    "first_page": bisect_right(page_starts, piece.start),
                    "last_page": bisect_right(page_starts, last),
                    "language": text.language(content) if LETTER.search(content) else document["language"],
                }
            )
            seen[key] += 1
    return rows


def measure(rows: list[files.Row], documents: list[files.Row]) -> dict[str, Any]:
    """The content of metrics/chunk.json; lengths are of `text`, in characters."""
    lengths = [len(row["text"]) for row in rows]
    per_document = Counter(row["doc_id"] for row in rows)
    return {
        "chunks": len(rows),
        "mean_characters": round(mean(lengths), 1),
        "max_characters": max(lengths),
        "documents": {document["doc_id"]: per_document[document["doc_id"]] for document in documents},
    }


def main() -> None:
    """Writes data/chunk.parquet, sorted by document and position.

    Raises:
        UserError: data/parse.parquet is missing or holds no documents.
    """
    settings = params.load("chunk", Params)
    documents = sorted(files.read_rows(DOCUMENTS), key=lambda document: document["doc_id"])
    rows = [row for document in documents for row in chunk_document(document, settings)]
    if not rows:
        raise UserError(f"error: {DOCUMENTS} holds no documents", "hint: dvc repro parse")
    files.write_rows(ROWS, rows, CHUNK)
    files.write_json(METRICS, measure(rows, documents))
    log.info("chunk: %d chunks of %d documents -> %s", len(rows), len(documents), ROWS)


if __name__ == "__main__":
    run_stage(main)
