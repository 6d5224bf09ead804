"""Cuts every document into chunks that follow its headings and articles and lose nothing.

in:  data/parse.parquet, prompts/ (their length)
out: data/chunk.parquet, metrics/chunk.json

The spans `start`-`end` of a document's chunks cover its Markdown from first to last character, in order;
they overlap only where a section had to be cut, by at most `overlap_tokens`. `text` is that span, letter by
letter, with what a reader of it alone would miss: a chunk that begins inside a table or code has the table's
header or the opening line before it, one that ends inside code has its end mark behind it, and the footnotes
that it cites follow.

Chunks fit the teacher: none is longer than what its context leaves beside the prompt and the answer.

No section is joined with its neighbour, however small: a chunk's heading path is what its facts are cited by,
and an edit then renames only the chunks it touches.
"""

import logging
import re
import sys
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, Self

from pydantic import Field, model_validator

from slm_factory.core import files, outline, params, text
from slm_factory.core.errors import UserError, run_stage
from slm_factory.core.outline import Block, Citation, Section, block_at, line_end
from slm_factory.core.params import Settings
from slm_factory.core.records import CHUNK, identifier
from slm_factory.core.tokens import TokenCounts, estimate
from slm_factory.teachers.room import chunk_room
from slm_factory.teachers.teacher import TeacherSettings

log = logging.getLogger(__name__)

DOCUMENTS = Path("data/parse.parquet")
PROMPTS = Path("prompts")
ROWS = Path("data/chunk.parquet")
METRICS = Path("metrics/chunk.json")

LETTER = re.compile(r"[^\W\d_]")
BOUNDARIES = (  # where a long section may be cut, the best first
    re.compile(r"\n\n(?=\S)"),  # before a block
    re.compile(r"\n(?=(?:[-*+]|\d{1,3}[.)]|[가-하][.)]|[①-⑳])\s)"),  # before an outer list item
    re.compile(r"\n\n+"),
    re.compile(r"\n"),
    re.compile(r"[.!?。…][\"'”’)\]]{0,3}\s+"),  # behind a sentence
    re.compile(r"\s+"),
)
# A table row is never cut, up to this many times `max_tokens`. A longer one is a page laid out as a table,
# more than a teacher may be able to read: it is cut like prose.
LONGEST_ROW = 4
ROWS_IN_MEMORY = 4096


class Params(Settings):
    """`chunk:` in params.yaml."""

    max_tokens: int = Field(ge=100)
    overlap_tokens: int = Field(ge=0)

    @model_validator(mode="after")
    def check_overlap(self) -> Self:
        """More than half a chunk of overlap would repeat most of the document."""
        if self.overlap_tokens > self.max_tokens // 2:
            raise ValueError("overlap_tokens must be at most half of max_tokens")
        return self


class Piece(NamedTuple):
    """A span of the Markdown, and what its text has before and behind it."""

    start: int
    end: int
    before: str
    behind: str


class Cutter:
    """Cuts the sections of one document into pieces of at most `max_tokens`.

    A table row is longer where it must be, but no piece passes `room`, in tokens too.
    """

    def __init__(self, markdown: str, settings: Params, room: int) -> None:
        self.markdown, self.settings = markdown, settings
        before_row = (
            settings.max_tokens // 3 + settings.overlap_tokens
        )  # a header (see `is_long`), and overlap
        self.longest_row = min(LONGEST_ROW * settings.max_tokens, room - before_row)
        code = outline.find_code(markdown)
        notes, self.citations = outline.find_notes(markdown, code)
        self.notes = {note.label: note for note in notes}
        # A longer note would leave too little room for the text that cites it.
        self.note_texts = {
            note.label: markdown[note.start : note.end]
            for note in notes
            if estimate(markdown[note.start : note.end]) < settings.max_tokens // 4
        }
        costs = {label: estimate(note) + 2 for label, note in self.note_texts.items()}  # with line breaks
        self.counts = TokenCounts(
            markdown, {cited.start: costs[cited.label] for cited in self.citations if cited.label in costs}
        )
        tables = outline.find_tables(markdown, code)
        parts = chain.from_iterable(self.without_giant_rows(table) for table in tables)
        self.blocks = sorted([*parts, *(block for block in code if not self.is_long(block))])
        sections = outline.split_sections(markdown, code)
        self.sections = outline.set_notes_apart(markdown, sections, notes, self.citations)

    def without_giant_rows(self, table: Block) -> Iterator[Block]:
        """The table, or its parts around rows (the header is one) that are too long to stay whole."""
        rows = outline.table_rows(self.markdown, table)
        giants = [(start, end) for start, end in rows if self.counts.between(start, end) > self.longest_row]
        opening = "" if self.is_long(table) else table.opening
        start = table.start
        for giant, end in [*giants, (table.end, table.end)]:
            if start < giant:
                yield Block(start, max(start, table.body), giant, opening, "")
            start = end

    def is_long(self, block: Block) -> bool:
        """Whether what is repeated of a cut block would take more than a third of a chunk."""
        return self.counts.between(block.start, block.body) > self.settings.max_tokens // 3

    def cut(self, section: Section) -> list[Piece]:
        """The pieces of a section."""
        content_end = section.start + len(self.markdown[section.start : section.end].rstrip())
        pieces: list[Piece] = []
        covered = section.start
        while covered < section.end:
            block = self.block_of(covered)
            before = block.opening if block and covered >= block.body else ""
            start = covered if before or not pieces else self.overlap_start(covered, pieces[-1].start)
            room = self.settings.max_tokens - estimate(before) - self.counts.between(start, covered)
            end = self.cut_position(covered, room, section.end)
            end = section.end if end >= content_end else end  # no chunk of empty lines
            pieces.append(Piece(start, end, before, self.ending(start, end)))
            covered = end
        return pieces

    def block_of(self, position: int) -> Block | None:
        """The block that the character at `position` belongs to."""
        index = bisect_right(self.blocks, position, key=lambda block: block.start) - 1
        return self.blocks[index] if index >= 0 and position < self.blocks[index].end else None

    def overlap_start(self, covered: int, earliest: int) -> int:
        """The first offset within `overlap_tokens` before `covered` where a word begins outside of blocks."""
        start = max(self.counts.reach_back(covered, self.settings.overlap_tokens), earliest)
        if 0 < start < covered and not self.markdown[start - 1].isspace():
            space = BOUNDARIES[-1].search(self.markdown, start, covered)
            start = space.end() if space else covered
        block = block_at(self.blocks, start)
        return min(block.end, covered) if block else start

    def cut_position(self, covered: int, room: int, section_end: int) -> int:
        """Where the piece that begins at `covered` ends: the best boundary in the second half of its room.

        Code that fits into a chunk is not cut. A table is cut only between body rows; a row that needs more
        room stays whole.
        """
        limit = self.counts.reach(covered, room)
        if limit >= section_end:
            return section_end
        block = block_at(self.blocks, limit)
        if block and block.closing:
            limit = max(self.counts.reach(covered, room - estimate(block.closing)), covered + 1)
        spare: int | None = None
        for boundary in BOUNDARIES:
            ends = [match.end() for match in boundary.finditer(self.markdown, covered, limit)]
            end = next((end for end in reversed(ends) if covered < end and self.is_cut_allowed(end)), None)
            if end is not None and end >= (covered + limit) // 2:
                return end
            spare = end if spare is None else spare
        if spare is not None:
            return spare
        block = block_at(self.blocks, limit)
        if block is None or block.closing:
            return limit
        first_row = block.body + bool(block.opening)
        return min(line_end(self.markdown, max(limit, first_row) - 1), section_end)

    def is_cut_allowed(self, position: int) -> bool:
        """Whether a piece may end at `position`: in a table or code only behind a line of its body."""
        block = block_at(self.blocks, position)
        if block is None:
            return True
        fits = self.settings.max_tokens - self.settings.overlap_tokens
        if block.closing and self.counts.between(block.start, block.end) <= fits:
            return False
        return position >= block.body + bool(block.opening) and self.markdown[position - 1] == "\n"

    def ending(self, start: int, end: int) -> str:
        """What follows a span: the end mark of code that was cut, and the footnotes that it cites."""
        block = block_at(self.blocks, end)
        closing = ""
        if block and block.closing:
            closing = block.closing if self.markdown[end - 1] == "\n" else "\n" + block.closing
        first = bisect_left(self.citations, start, key=lambda cited: cited.start)
        last = bisect_left(self.citations, end, key=lambda cited: cited.start)
        notes = self.notes_of(self.citations[first:last], start, end)
        if not notes:
            return closing
        tail = (self.markdown[max(end - 2, start) : end] + closing)[-2:]
        blank_line = "\n" * (2 - len(tail) + len(tail.rstrip("\n")))
        return closing + blank_line + "\n".join(notes) + "\n"

    def notes_of(self, citations: Sequence[Citation], start: int, end: int) -> list[str]:
        """The footnotes that are cited, each once, without those that stand in the span."""
        labels = dict.fromkeys(cited.label for cited in citations if cited.label in self.note_texts)
        return [self.note_texts[label] for label in labels if not start <= self.notes[label].start < end]


def fitted(settings: Params, room: int) -> Params:
    """The settings with no more tokens for a chunk than the teacher has room for."""
    limit = min(settings.max_tokens, room)
    overlap = min(settings.overlap_tokens, limit // 2)
    return settings.model_copy(update={"max_tokens": limit, "overlap_tokens": overlap})


def chunk_document(document: files.Row, settings: Params, room: int = sys.maxsize) -> list[files.Row]:
    """The chunk rows of one document, in order; none has more than `room` tokens.

    A chunk's identifier depends on its headings and text alone: an edit renames only the chunks it touches.
    """
    markdown, page_starts = document["markdown"], document["page_starts"]
    cutter = Cutter(markdown, settings, room)
    seen: Counter[tuple[tuple[str, ...], str]] = Counter()
    rows: list[files.Row] = []
    for section in cutter.sections:
        for piece in cutter.cut(section):
            span = markdown[piece.start : piece.end]
            content = piece.before + span + piece.behind
            key = (section.headings, content)
            last = piece.start + max(len(span.rstrip()) - 1, 0)
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


class Tally:
    """Counts chunks as they pass."""

    def __init__(self) -> None:
        self.documents: dict[str, int] = {}
        self.tokens = self.characters = self.max_tokens = 0

    def count(self, doc_id: str, rows: list[files.Row]) -> list[files.Row]:
        """The rows of a document."""
        tokens = [estimate(row["text"]) for row in rows]
        self.documents[doc_id] = len(rows)
        self.tokens += sum(tokens)
        self.characters += sum(len(row["text"]) for row in rows)
        self.max_tokens = max([self.max_tokens, *tokens])
        return rows

    def metrics(self, limit: int) -> dict[str, Any]:
        """The content of metrics/chunk.json; sizes are of `text`, `limit` is what they were cut by."""
        chunks = sum(self.documents.values())
        return {
            "chunks": chunks,
            "mean_characters": round(self.characters / chunks, 1),
            "mean_tokens": round(self.tokens / chunks, 1),
            "max_tokens": self.max_tokens,
            "limit_tokens": limit,
            "documents": self.documents,
        }


def main() -> None:
    """Writes data/chunk.parquet, in the order of the documents.

    Raises:
        UserError: data/parse.parquet is missing or holds no documents; the teacher has no room for a chunk.
    """
    room = chunk_room(params.load("teacher", TeacherSettings), PROMPTS)
    settings = fitted(params.load("chunk", Params), room)
    tally = Tally()
    rows = chain.from_iterable(
        tally.count(document["doc_id"], chunk_document(document, settings, room))
        for document in files.stream_rows(DOCUMENTS)
    )
    first = next(rows, None)
    if first is None:
        raise UserError(f"error: {DOCUMENTS} holds no documents", "hint: dvc repro parse")
    files.write_rows(ROWS, chain([first], rows), CHUNK, group=ROWS_IN_MEMORY)
    files.write_json(METRICS, tally.metrics(settings.max_tokens))
    chunks = sum(tally.documents.values())
    log.info("chunk: %d chunks of %d documents -> %s", chunks, len(tally.documents), ROWS)


if __name__ == "__main__":
    run_stage(main)
