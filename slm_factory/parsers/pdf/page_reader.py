"""One page of a PDF read into blocks: tables, and the lines outside of them."""

import re
from collections import Counter
from dataclasses import replace
from math import isfinite
from statistics import median
from typing import Any, NamedTuple

import pymupdf

from slm_factory.parsers.markdown import clean
from slm_factory.parsers.pdf import ocr
from slm_factory.parsers.pdf.aligned_tables import read_aligned_tables
from slm_factory.parsers.pdf.footnotes import CLOSE, raised
from slm_factory.parsers.pdf.layout_model import is_confirmed
from slm_factory.parsers.pdf.page import Block, Box, Grid, Line, Rule, Word, around, contains
from slm_factory.parsers.pdf.ruled_tables import read_ruled_tables
from slm_factory.parsers.pdf.rules import read_rules
from slm_factory.parsers.reading_order import MIN_GUTTER, cut, in_reading_order, merge_bands

# Without pictures; ligatures are spelled out.
FLAGS = pymupdf.TEXTFLAGS_DICT & ~(pymupdf.TEXT_PRESERVE_IMAGES | pymupdf.TEXT_PRESERVE_LIGATURES)
TURNS = {(0, -1): 90, (-1, 0): 180, (0, 1): 270}  # clockwise, by the direction in which lines run
MAX_SCANNED_CHARACTERS = 40  # a stamp or a page number on a scan
MIN_PICTURE_SHARE = 0.5  # of a scanned page that has such text
MAX_UNKNOWN = 0.3  # of a page's characters, beyond which its text is useless
RAISED, BOLD = 1, 16  # bits of a span's flags
BOLD_NAME = re.compile("bold|black|heavy", re.IGNORECASE)


class Printed(NamedTuple):
    """A line as MuPDF finds it, with its words; `block` numbers the block that it is in."""

    line: Line
    words: list[Word]
    block: int

    @property
    def box(self) -> Box:
        """Where it stands."""
        return self.line.box


def read_page(page: pymupdf.Page, ocr_languages: str) -> tuple[list[Block], str]:
    """The tables of a page and the blocks of its other lines, in reading order, and where they come from.

    That is `text`, `ocr` for a scanned page that was read with Tesseract, and `picture` for one that was not.
    """
    text = upright(page)
    printed = read_lines(text)
    if not is_scanned(page, printed):
        return read_blocks(page, printed), "text"
    recognised = ocr.read_picture(page, ocr_languages, FLAGS)
    if recognised is None:
        return read_blocks(page, printed), "picture"
    blocks = read_blocks(page, read_lines(recognised))
    return blocks, "ocr" if blocks else "picture"


def upright(page: pymupdf.Page) -> pymupdf.TextPage:
    """The text of a page, which is turned so that most of it can be read; a page without text as it shows."""
    text = page.get_textpage(flags=FLAGS)  # of the page without its rotation
    directions: Counter[int] = Counter()
    for block in text.extractDICT()["blocks"]:
        for line in block.get("lines", ()):
            turn = TURNS.get((round(line["dir"][0]), round(line["dir"][1])), 0)
            directions[0 if line["wmode"] else turn] += sum(len(span["text"]) for span in line["spans"])
    if directions:
        page.set_rotation(directions.most_common(1)[0][0])
    if page.rotation:
        page.remove_rotation()
        text = page.get_textpage(flags=FLAGS)
    return text


def is_scanned(page: pymupdf.Page, printed: list[Printed]) -> bool:
    """Whether what is to be read on a page is in its pictures, or its text has no known characters."""
    text = "".join(word.text for one in printed for word in one.words)
    if text.count("\ufffd") > MAX_UNKNOWN * len(text):
        return True
    if len(text) > MAX_SCANNED_CHARACTERS:
        return False
    shown = (pymupdf.Rect(image["bbox"]) & page.rect for image in page.get_image_info())
    covered = sum(abs(box) for box in shown)
    return covered > (MIN_PICTURE_SHARE if text else 0.0) * abs(page.rect)


def read_blocks(page: pymupdf.Page, printed: list[Printed]) -> list[Block]:
    """The tables and blocks that the lines of a page make."""
    across, down = read_rules(page)
    words = [word for one in printed for word in one.words]
    tables = read_ruled_tables(across, down, words)
    rest = [one for one in printed if not any(contains(box, one.box) for box, _ in tables)]
    tables += read_columns(page, rest, across)
    rest = [one for one in rest if not any(contains(box, one.box) for box, _ in tables)]
    blocks = [Block(box, table=grid) for box, grid in tables]
    held: dict[int, list[Line]] = {}
    for one in rest:
        held.setdefault(one.block, []).append(one.line)
    for lines in map(merge_lines, held.values()):
        if lines:
            blocks.append(Block(around(line.box for line in lines), tuple(lines)))
    return in_reading_order(blocks)


def read_lines(text: pymupdf.TextPage) -> list[Printed]:
    """The lines of a page that hold visible text."""
    words: dict[tuple[int, int], list[Word]] = {}
    for x0, y0, x1, y1, word, block, line, _ in text.extractWORDS():
        words.setdefault((block, line), []).append(Word((x0, y0, x1, y1), word))
    printed = [
        Printed(
            read_line(line, words[block["number"], index][0].box),
            words[block["number"], index],
            block["number"],
        )
        for block in text.extractDICT()["blocks"]
        for index, line in enumerate(block.get("lines", ()))
        if (block["number"], index) in words
    ]
    return join_raised(printed)


def join_raised(printed: list[Printed]) -> list[Printed]:
    """The lines, those put together that MuPDF cuts at a raised mark, the mark marked as such."""
    joined: list[Printed] = []
    for one in printed:
        last, line = joined[-1] if joined else None, one.line
        if last and is_raised(line, last.line):
            text = last.line.text.rstrip() + raised(line.text)
        elif last and last.line.text.endswith(CLOSE) and follows(line, last.line):
            text = last.line.text + " " * (line.box[0] - last.box[2] > 0.15 * line.size) + line.text
        else:
            joined.append(one)
            continue
        box = around([last.box, line.box])
        joined[-1] = Printed(replace(last.line, text=text, box=box), last.words + one.words, last.block)
    return joined


def follows(line: Line, last: Line) -> bool:
    """Whether a line goes on where the one before it ends, on the same base line."""
    return abs(line.box[3] - last.box[3]) < line.size / 3 and -1 < line.box[0] - last.box[2] < line.size


def read_line(line: dict[str, Any], word: Box) -> Line:
    """A line of MuPDF's, the box of whose first word is given; its size is rounded to the half point."""
    visible = [span for span in line["spans"] if span["text"].strip()]
    return Line(
        line["bbox"],
        "".join(raised(span["text"]) if span["flags"] & RAISED else span["text"] for span in line["spans"]),
        max((round(span["size"] * 2) / 2 for span in visible if isfinite(span["size"])), default=0.0),
        all(span["flags"] & BOLD or BOLD_NAME.search(span["font"]) for span in visible),
        word[2] - word[0],
    )


def read_columns(page: pymupdf.Page, lines: list[Printed], rules: list[Rule]) -> list[tuple[Box, Grid]]:
    """The tables without vertical rules, looked for in each column of text on its own."""
    tables: list[tuple[Box, Grid]] = []
    for column in text_columns(lines):
        for found in read_aligned_tables([word for line in column for word in line.words], rules):
            if not found.is_doubtful or is_confirmed(page, found.box):
                tables.append((found.box, found.grid))
    return tables


def text_columns(lines: list[Printed]) -> list[list[Printed]]:
    """The lines column by column where text runs in columns; tables stay whole."""
    regions: list[list[Printed]] = [[]]
    for band in merge_bands(cut(lines, 1, 0.0)):
        columns = cut(band, 0, MIN_GUTTER)
        if sum(map(is_prose, columns)) > 1:
            regions += [region for column in columns for region in text_columns(column)] + [[]]
        else:
            regions[-1] += band
    return [region for region in regions if region]


def is_prose(lines: list[Printed]) -> bool:
    """Whether lines that fill their column, as those of running text do, are half of it or more."""
    box = around(line.box for line in lines)
    tall = median(line.line.size for line in lines)
    full = sum(line.box[2] - line.box[0] > 0.75 * (box[2] - box[0]) for line in lines)
    rows = len(cut(lines, 1, -0.2 * tall))
    return full > 2 and 2 * full >= rows and box[2] - box[0] > 14 * tall


def is_raised(line: Line, last: Line) -> bool:
    """Whether a line is but a small mark at the upper end of the one before it."""
    return (
        line.size < 0.8 * last.size
        and abs(line.box[0] - last.box[2]) < 0.4 * last.size
        and last.box[1] - last.size / 2 < line.box[1]
        and line.box[3] < last.box[3]
    )


def merge_lines(lines: list[Line]) -> list[Line]:
    """Lines with the pieces that stand on one base line put together; lines without visible text left out."""
    merged: list[Line] = []
    for line in lines:
        last = merged[-1] if merged else None
        if last and abs(line.box[3] - last.box[3]) < line.size / 3 and line.box[0] >= last.box[2] - 1:
            text = f"{last.text.rstrip()} {line.text.lstrip()}"
            box = around([last.box, line.box])
            merged[-1] = Line(
                box, text, max(last.size, line.size), last.is_bold and line.is_bold, last.first_word
            )
        else:
            merged.append(line)
    return [line for line in merged if clean(line.text).strip()]
