"""PDF through PyMuPDF: reading order, headings by size, ruled tables in place, running heads removed."""

import re
from collections import Counter
from itertools import groupby, pairwise
from typing import Any

import pymupdf

from slm_factory.parsers.line_breaks import Joiner
from slm_factory.parsers.markdown import clean, heading, join_blocks, one_line, paragraph
from slm_factory.parsers.page import Block, Line, around, contains
from slm_factory.parsers.parsed import Limits, Parsed, Refused
from slm_factory.parsers.reading_order import in_reading_order
from slm_factory.parsers.ruled_tables import read_tables
from slm_factory.parsers.running_heads import remove_running_heads

HEADING_RATIO = 1.12  # a line so much larger than the body text is a heading
MAX_HEADING_CHARACTERS = 120
BULLET = re.compile(r"^\s*[•‣▪■□●○◦⦁∙·ㆍ❍➢✓-]\s+(?=\S)")
ITEM = re.compile(
    r"^\s*(?:[•‣▪■□●○◦⦁∙·ㆍ❍➢✓※*-]\s+\S|\(?(?:\d{1,3}|[가-하]|[a-zA-Z])[.)]\s+\S|[①-⑳]|제\s?\d+조)"
)


def parse(data: bytes, limits: Limits) -> Parsed:
    """The document as Markdown, page by page.

    Raises:
        Refused: it is encrypted, damaged, too long, or holds no text (scanned).
    """
    pymupdf.TOOLS.mupdf_display_errors(False)
    try:
        document = pymupdf.open(stream=data, filetype="pdf")
    except (pymupdf.FileDataError, pymupdf.EmptyFileError, pymupdf.mupdf.FzErrorBase) as error:
        raise Refused(f"damaged PDF: {error}") from error
    with document:
        if document.needs_pass:
            raise Refused("the PDF is encrypted; save it without a password")
        if document.page_count > limits.max_pages:
            raise Refused(f"{document.page_count} pages, more than max_pages ({limits.max_pages})")
        pages, damaged, scanned = read_pages(document)
        metadata = document.metadata or {}
    if not any(pages):
        raise Refused(
            "the PDF holds no text; its pages are scanned or empty" if not damaged else "damaged PDF"
        )
    texts = write_pages(remove_running_heads(pages))
    markdown, starts = join_pages(texts)
    warnings = [f"no text on {name_pages(scanned)}: scanned?"] if scanned else []
    warnings += [f"{name_pages(damaged)} cannot be read: damaged"] if damaged else []
    title = one_line(metadata.get("title") or "")
    found = re.search(r"^# (.+)$", markdown, re.MULTILINE)
    return Parsed(
        markdown,
        "pdf",
        title=found[1] if found and not is_title(title) else title,
        pages=len(pages),
        page_starts=starts,
        meta=read_meta(metadata),
        warnings=tuple(warnings),
    )


def read_meta(metadata: dict[str, str]) -> dict[str, str]:
    """Author and day of the last change."""
    stamp = re.match(r"D:(\d{4})(\d\d)(\d\d)", metadata.get("modDate") or metadata.get("creationDate") or "")
    meta = {
        "author": one_line(metadata.get("author") or ""),
        "modified": "-".join(stamp.groups()) if stamp else "",
    }
    return {key: value for key, value in meta.items() if value}


def is_title(text: str) -> bool:
    """Whether a title in the metadata was written by a person: not empty, not the name of the source file."""
    return bool(text) and not re.search(
        r"\.(docx?|hwpx?|pptx?|xlsx?|indd|pdf)$|^Microsoft Word - |^untitled", text, re.I
    )


def read_pages(document: pymupdf.Document) -> tuple[list[list[Block]], list[int], list[int]]:
    """The blocks of each page in reading order, and the numbers of damaged pages and of image-only pages."""
    pages: list[list[Block]] = []
    damaged: list[int] = []
    scanned: list[int] = []
    for number in range(document.page_count):
        try:
            page = document[number]
            blocks = in_reading_order(read_page(page))
            if not blocks and page.get_images():
                scanned.append(number + 1)
        except (pymupdf.mupdf.FzErrorBase, ValueError, IndexError):  # what MuPDF raises on damaged pages
            blocks = []
            damaged.append(number + 1)
        pages.append(blocks)
    return pages, damaged, scanned


def read_page(page: pymupdf.Page) -> list[Block]:
    """The tables of a page, and the blocks of the lines outside of them."""
    flags = pymupdf.TEXTFLAGS_DICT & ~pymupdf.TEXT_PRESERVE_IMAGES
    found = [block for block in page.get_text("dict", flags=flags)["blocks"] if block.get("lines")]
    tables = read_tables(page) if found and page.get_cdrawings() else []
    blocks = [Block(box, table=text) for box, text in tables]
    for block in found:
        lines = merge_lines(
            [
                Line(line["bbox"], "".join(span["text"] for span in line["spans"]), max_size(line))
                for line in block["lines"]
                if line["spans"] and not any(contains(box, line["bbox"]) for box, _ in tables)
            ]
        )
        if lines:
            blocks.append(Block(around(line.box for line in lines), tuple(lines)))
    return blocks


def max_size(line: dict[str, Any]) -> float:
    """The size in points of the largest visible text of a line, to the half point."""
    return max((round(span["size"] * 2) / 2 for span in line["spans"] if span["text"].strip()), default=0.0)


def merge_lines(lines: list[Line]) -> list[Line]:
    """Lines with the pieces that stand on one base line put together; lines without visible text left out."""
    merged: list[Line] = []
    for line in lines:
        last = merged[-1] if merged else None
        if last and abs(line.box[3] - last.box[3]) < line.size / 3 and line.box[0] >= last.box[2] - 1:
            text = f"{last.text.rstrip()} {line.text.lstrip()}"
            merged[-1] = Line(around([last.box, line.box]), text, max(last.size, line.size))
        else:
            merged.append(line)
    return [line for line in merged if clean_line(line.text).strip()]


def write_pages(pages: list[list[Block]]) -> list[str]:
    """The Markdown of each page."""
    lines = [line for blocks in pages for block in blocks for line in block.lines]
    levels = heading_levels(lines)
    joiner = Joiner([clean_line(line.text) for line in lines])
    return [
        join_blocks(
            text for block in blocks for text in write_block(block, levels, right_edge(block, blocks), joiner)
        )
        for blocks in pages
    ]


def right_edge(block: Block, page: list[Block]) -> float:
    """Where lines end in the column of a block: as far right as blocks of its size and left edge reach."""
    if block.table:
        return block.box[2]
    size = block.lines[0].size
    column = [
        other
        for other in page
        if len(other.lines) > 1
        and other.lines[0].size == size
        and abs(other.box[0] - block.box[0]) < 2 * size
    ]
    return max(other.box[2] for other in [block, *column])


def heading_levels(lines: list[Line]) -> dict[float, int]:
    """The heading level of each font size that is larger than the body's, the largest first, 4 at most."""
    weights: Counter[float] = Counter()
    for line in lines:
        weights[line.size] += len(line.text)
    body = weights.most_common(1)[0][0] if weights else 0.0
    sizes = sorted((size for size in weights if size > body * HEADING_RATIO), reverse=True)
    return {size: min(level, 4) for level, size in enumerate(sizes, start=1)}


def write_block(block: Block, levels: dict[float, int], right: float, joiner: Joiner) -> list[str]:
    """The Markdown of a block: runs of large lines as headings, the rest as paragraphs and list items."""
    if block.table:
        return [block.table]
    written: list[str] = []
    for level, run in groupby(block.lines, key=lambda line: levels.get(line.size, 0)):
        lines = unwrap(list(run), right, joiner)
        if level and len(" ".join(lines)) <= MAX_HEADING_CHARACTERS:
            written.append(heading(level, " ".join(lines)))
        else:
            written += [paragraph(BULLET.sub("- ", line)) for line in lines]
    return written


def unwrap(lines: list[Line], right: float, joiner: Joiner) -> list[str]:
    """The lines with those put together that were broken only because the column ended.

    A break is the author's when the next line's first word would still have fitted before `right`, or the
    next line begins a list item.
    """
    texts = [clean_line(lines[0].text)]
    for before, after in pairwise(lines):
        text = clean_line(after.text)
        word = len(text.split()[0]) * (after.box[2] - after.box[0]) / len(text.rstrip())
        if ITEM.match(text) or before.box[2] + word + before.size / 4 < right:
            texts.append(text)
        else:
            texts[-1] = joiner.join(texts[-1], text)
    return texts


def clean_line(text: str) -> str:
    """A line's text in NFC; the space at its end, if any, stays, because it tells where words end."""
    return clean(text).replace("\n", " ").strip() + (" " if text.endswith((" ", "\xa0")) else "")


def join_pages(texts: list[str]) -> tuple[str, tuple[int, ...]]:
    """The document's Markdown and where each page begins in it; an empty one begins where the next does."""
    markdown, starts = "", []
    for text in texts:
        starts.append(len(markdown) + bool(markdown))
        if text:
            markdown += "\n" * bool(markdown) + text
    return markdown, tuple(min(start, max(len(markdown) - 1, 0)) for start in starts)


def name_pages(numbers: list[int]) -> str:
    """`page 3` or `pages 1, 2, 5`."""
    return f"page{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"
