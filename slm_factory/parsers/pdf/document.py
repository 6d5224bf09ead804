"""PDF through PyMuPDF: reading order, headings, tables in place, running heads removed, scans read by OCR."""

import re
from dataclasses import replace
from typing import NamedTuple

import pymupdf

from slm_factory.parsers.line_breaks import Joiner
from slm_factory.parsers.markdown import join_blocks, one_line
from slm_factory.parsers.parsed import Options, Parsed, Refused
from slm_factory.parsers.pdf.continued_tables import join_tables, write_tables
from slm_factory.parsers.pdf.footnotes import mark_notes
from slm_factory.parsers.pdf.headings import Headings, read_outline
from slm_factory.parsers.pdf.page import DAMAGE, Block
from slm_factory.parsers.pdf.page_reader import read_page
from slm_factory.parsers.pdf.paragraphs import clean_line, goes_on, read_pieces, write_pieces
from slm_factory.parsers.pdf.running_heads import remove_running_heads

MAX_OBJECTS = 1_000_000  # ten thousand pages have fewer
WARNINGS = {
    "ocr": "{pages} scanned: read with OCR, which makes mistakes",
    "picture": "no text on {pages}: scanned? Tesseract with the languages of ocr_languages may read them",
    "damaged": "{pages} cannot be read: damaged",
}
EMPTY = {
    "damaged": "damaged PDF: none of its pages can be read",
    "picture": "the PDF holds no text; its pages are scanned; Tesseract with the languages of "
    "ocr_languages may read them",
    "": "the PDF holds no text; its pages are empty",
}
JOINED = "\0"  # marks a page that goes on with the last paragraph of the page before


def parse(data: bytes, options: Options) -> Parsed:
    """The document as Markdown, page by page.

    Raises:
        Refused: it is encrypted, damaged, too long, or holds no text (scanned).
    """
    with open_document(data, options) as document:
        read = read_pages(document, options)
        metadata = document.metadata or {}
        outline = read_outline(document)
    if not any(read.pages):
        raise Refused(next(reason for source, reason in EMPTY.items() if source in read.how or not source))
    warnings = [
        text.format(pages=name_pages(read.how[source]))
        for source, text in WARNINGS.items()
        if source in read.how
    ]
    markdown, starts = write_pages(join_tables(remove_running_heads(read.pages)), outline)
    title = one_line(metadata.get("title") or "")
    found = re.search(r"^# (.+)$", markdown, re.MULTILINE)
    return Parsed(
        markdown,
        "pdf",
        title=title if is_title(title) else found[1] if found else "",
        pages=len(read.pages),
        page_starts=starts,
        meta=read_meta(metadata),
        warnings=tuple(warnings),
    )


def open_document(data: bytes, options: Options) -> pymupdf.Document:
    """The document in `data`.

    Raises:
        Refused: it is encrypted, damaged or too large.
    """
    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.set_small_glyph_heights(True)  # boxes as tall as the font, so that lines do not overlap
    try:
        document = pymupdf.open(stream=data, filetype="pdf")
        needs_password, objects = document.needs_pass, document.xref_length()
        pages = 0 if needs_password else document.page_count
    except DAMAGE as error:
        raise Refused(f"damaged PDF: {error}") from error
    if needs_password:
        raise Refused("the PDF is encrypted; save it without a password")
    if pages > options.max_pages:
        raise Refused(f"{pages} pages, more than max_pages ({options.max_pages})")
    if objects > MAX_OBJECTS:
        raise Refused(f"a PDF of {objects} objects, more than any document needs")
    return document


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


class Pages(NamedTuple):
    """The blocks of each page in reading order, and the numbers of pages by how they were read."""

    pages: list[list[Block]]
    how: dict[str, list[int]]


def read_pages(document: pymupdf.Document, options: Options) -> Pages:
    """The pages of a document; damaged ones are empty."""
    pages: list[list[Block]] = []
    how: dict[str, list[int]] = {}
    for number in range(document.page_count):
        try:
            blocks, source = read_page(document[number], options.ocr_languages)
        except DAMAGE:
            blocks, source = [], "damaged"
        pages.append(blocks)
        how.setdefault(source, []).append(number + 1)
    return Pages(pages, how)


def write_pages(pages: list[list[Block]], outline: dict[int, dict[str, int]]) -> tuple[str, tuple[int, ...]]:
    """The document's Markdown, and where each page begins in it."""
    taken: set[str] = set()
    pages = [mark_notes(blocks, taken) for blocks in pages]
    lines = [line for blocks in pages for block in blocks for line in block.lines]
    joiner = Joiner([clean_line(line.text) for line in lines])
    headings = Headings(lines, outline)
    pieces = [read_pieces(blocks, number, headings, joiner) for number, blocks in enumerate(pages)]
    between = ["\n"] * len(pages)  # what stands before each page, after the line end of the one before
    for number in range(1, len(pages)):
        if not pieces[number] or not pieces[number - 1]:
            continue
        before, after = pieces[number - 1][-1], pieces[number][0]
        if pages[number][0].is_continued:
            between[number] = ""
        elif goes_on(before, replace(after, box=(0.0, 0.0, 0.0, 0.0))):
            joined = joiner.join(before.text, after.text)
            start = joined.removesuffix(after.text)
            pieces[number - 1][-1] = replace(before, text=start.rstrip())
            between[number] = JOINED + " " * (start != start.rstrip())
    tables = write_tables(pages)
    texts = [join_blocks(write_pieces(*page)) for page in zip(pieces, tables, strict=True)]
    return join_pages(texts, between)


def join_pages(texts: list[str], between: list[str]) -> tuple[str, tuple[int, ...]]:
    """The pages' Markdown as one, and where each begins in it; an empty one begins where the next does."""
    markdown, starts = "", []
    for text, white in zip(texts, between, strict=True):
        if white.startswith(JOINED):
            markdown, white = markdown.rstrip("\n"), white[1:]
        starts.append(len(markdown) + len(white) * bool(markdown))
        if text:
            markdown += white * bool(markdown) + text
    return markdown, tuple(min(start, max(len(markdown) - 1, 0)) for start in starts)


def name_pages(numbers: list[int]) -> str:
    """`page 3` or `pages 1, 2, 5`."""
    return f"page{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"
