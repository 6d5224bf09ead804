"""The lines of a page as paragraphs, headings and list items: line breaks undone where they say nothing."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from slm_factory.parsers.line_breaks import Joiner
from slm_factory.parsers.markdown import clean, heading, list_item, paragraph
from slm_factory.parsers.pdf.headings import Headings
from slm_factory.parsers.pdf.page import Block, Box, Line

# The private characters are bullets of the fonts Symbol and Wingdings.
BULLET = re.compile(r"^\s*[\uf06c\uf06e\uf0a7\uf0b7\uf0d8\uf0fc•‣▪■□●○◦⦁∙·ㆍ❍➢✓*–-]\s+(?=\S)")
ITEM = re.compile(
    r"^\s*(?:[\uf06c\uf06e\uf0a7\uf0b7\uf0d8\uf0fc•‣▪■□●○◦⦁∙·ㆍ❍➢✓※*–-]\s+\S|[①-⑳]|\([가-하\d]{1,3}\)\s)"
)
NUMBERED = re.compile(r"^\s*((?:\d{1,3}|[가-하]|[a-zA-Z])[.)])\s+(?=\S)")
ARTICLE = re.compile(r"^\s*제\s?\d+(?:조|관|장|절)")
LETTERS = "가나다라마바사아자차카타파하"
SENTENCE_END = re.compile(r"[.!?:;。][\"'”’)\]]*\s*\Z")
LEADER = re.compile(r"\s?(?:[.·…‥]\s?){4,}")  # the dots of a table of contents
MIN_FULL = 12.0  # of its size: how long a line is that may have been broken because its column ended
INDENT = 4.0  # points by which an item stands deeper than the list it belongs to


@dataclass(frozen=True)
class Piece:
    """A paragraph, heading, list item or table, at its place."""

    kind: Literal["text", "heading", "item", "table", "note"]
    text: str
    box: Box
    size: float = 0.0
    level: int = 0
    is_open: bool = False  # its last line is full and ends no sentence: it may go on in the next column


def read_pieces(blocks: Sequence[Block], page: int, headings: Headings, joiner: Joiner) -> list[Piece]:
    """The pieces of a page; paragraphs that go on in the next column or block are put together."""
    pieces: list[Piece] = []
    for block in blocks:
        if block.table:
            pieces.append(Piece("table", "", block.box))
            continue
        right = right_edge(block, blocks)
        if block.note:
            pieces.append(read_note(block, joiner))
            continue
        for level, lines in headings.runs(block.lines, page):
            for piece in unwrap(lines, right, level, joiner):
                last = pieces[-1] if pieces else None
                if last and goes_on(last, piece):
                    pieces[-1] = replace(last, text=joiner.join(last.text, piece.text), is_open=piece.is_open)
                else:
                    pieces.append(piece)
    return pieces


def read_note(block: Block, joiner: Joiner) -> Piece:
    """The footnote that a block is."""
    text = f"[^{block.note}]: {clean_line(block.lines[0].text)}"
    for line in block.lines[1:]:
        text = joiner.join(text, clean_line(line.text))
    return Piece("note", text, block.box)


def goes_on(before: Piece, after: Piece) -> bool:
    """Whether a paragraph breaks off at the end of its column or block and goes on in `after`."""
    if not before.is_open or after.kind != "text" or before.kind not in ("text", "item"):
        return False
    white = after.box[1] - before.box[3]
    return abs(before.size - after.size) < 0.6 and (after.box[3] < before.box[3] or white < 1.5 * after.size)


def right_edge(block: Block, page: Sequence[Block]) -> float:
    """Where lines end in the column of a block: as far right as blocks of its size and left edge reach."""
    size = block.lines[0].size
    column = [
        other
        for other in page
        if len(other.lines) > 1
        and other.lines[0].size == size
        and abs(other.box[0] - block.box[0]) < 2 * size
    ]
    return max(other.box[2] for other in [block, *column])


def unwrap(lines: Sequence[Line], right: float, level: int, joiner: Joiner) -> list[Piece]:
    """The pieces that the lines of one look make: a heading, or paragraphs and list items."""
    if level:
        text = clean_line(lines[0].text)
        for line in lines[1:]:
            text = joiner.join(text, clean_line(line.text))
        return [Piece("heading", text, lines[0].box, lines[0].size, level)]
    pieces = [start_piece(lines[0], right)]
    for before, after in pairwise(lines):
        if breaks(before, after, right) or is_next_item(pieces[-1].text, after.text):
            pieces.append(start_piece(after, right))
        else:
            text = joiner.join(pieces[-1].text, clean_line(after.text))
            box = (*pieces[-1].box[:3], after.box[3])
            pieces[-1] = replace(pieces[-1], text=text, box=box, is_open=is_open(after, right))
    return pieces


def start_piece(line: Line, right: float) -> Piece:
    """A paragraph or list item that begins with a line."""
    text = clean_line(line.text)
    kind: Literal["text", "item"] = "item" if ITEM.match(text) or NUMBERED.match(text) else "text"
    return Piece(kind, text, line.box, line.size, is_open=is_open(line, right))


def is_open(line: Line, right: float) -> bool:
    """Whether a line is full and ends no sentence."""
    is_full = line.box[2] > right - 2 * line.size and line.box[2] - line.box[0] > MIN_FULL * line.size
    return is_full and not SENTENCE_END.search(line.text)


def breaks(before: Line, after: Line, right: float) -> bool:
    """Whether the break between two lines is the author's, not that of the column's end.

    It is where the next line's first word would still have fitted before `right`, where a marked item
    begins, and where a numbered one, an article or an indented line comes after the end of a sentence.
    """
    text = clean_line(after.text)
    if before.box[2] + before.size / 4 + after.first_word < right or ITEM.match(text):
        return True
    if LEADER.search(before.text) or LEADER.search(after.text):
        return True
    indent = after.box[0] - before.box[0]
    is_new = (
        NUMBERED.match(text) or ARTICLE.match(text) or (indent > 0.8 * after.size and not starts_item(before))
    )
    return bool(is_new and SENTENCE_END.search(before.text))


def is_next_item(item: str, line: str) -> bool:
    """Whether a line begins with the number or letter that comes after that of the item."""
    before, after = NUMBERED.match(item), NUMBERED.match(line)
    if not after or not before:
        return bool(after and BULLET.match(item) and after[1][:-1] == "1")
    last, this = before[1][:-1], after[1][:-1]
    if last.isdigit() and this.isdigit():
        return int(this) == int(last) + 1
    return last + this in LETTERS or (len(last) == len(this) == 1 and ord(this) == ord(last) + 1)


def starts_item(line: Line) -> bool:
    """Whether a line begins with the mark or number of a list item."""
    text = clean_line(line.text)
    return bool(ITEM.match(text) or NUMBERED.match(text))


def write_pieces(pieces: Sequence[Piece], tables: Sequence[str]) -> list[str]:
    """The pieces as Markdown blocks; `tables` are those of its tables in turn. Items are nested by indent."""
    written: list[str] = []
    indents: list[float] = []
    rest = iter(tables)
    for piece in pieces:
        if piece.kind == "item":
            while indents and piece.box[0] < indents[-1] - INDENT:
                indents.pop()
            if not indents or piece.box[0] > indents[-1] + INDENT:
                indents.append(piece.box[0])
            written.append(write_item(len(indents) - 1, piece.text))
            continue
        if piece.kind != "text":
            indents = []
        if piece.kind == "heading":
            written.append(heading(piece.level, piece.text))
        else:
            written.append(next(rest) if piece.kind == "table" else paragraph(piece.text))
    return written


def write_item(level: int, text: str) -> str:
    """A list item; marks that Markdown does not know stay with the text."""
    if BULLET.match(text):
        return list_item(level, "-", BULLET.sub("", text))
    if found := NUMBERED.match(text):
        return list_item(level, found[1], text[found.end() :])
    return paragraph(text)


def clean_line(text: str) -> str:
    """A line's text in NFC; the space at its end, if any, stays, because it tells where words end."""
    text = re.sub("\u00ad\\s*\\Z", "-", text)  # a soft hyphen is printed where a line ends
    return LEADER.sub(" … ", clean(text)).replace("\n", " ").strip() + (
        " " if text.endswith((" ", "\xa0")) else ""
    )
