"""Writes the sample documents, in six formats, from the Markdown texts beside this script.

in:  samples/source/*.md with front matter (output, title, date, language; optional: header, encoding),
     samples/page.html
out: data/documents, or the folder given on the command line

    python samples/make.py [FOLDER]

The same sources give the same bytes: every date comes from the front matter, random ids are numbered anew,
and zip entries are stored without compression, because compressed bytes differ between builds of zlib.

A table cell `^^` repeats the cell above it and `<<` the cell to its left; HTML joins such cells into one.
"""

import io
import re
import sys
import unicodedata
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from html import escape
from pathlib import Path
from string import Template
from typing import NamedTuple

import docx
import pymupdf
import yaml
from docx.document import Document as Docx
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from hwpx.document import HwpxDocument
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

HERE = Path(__file__).resolve().parent
SOURCES = HERE / "source"
PAGE = HERE / "page.html"
DOCUMENTS = HERE.parent / "data" / "documents"

COMPANY = "물빛나루 주식회사"
UP, LEFT = "^^", "<<"

MARGIN = 56  # points
PDF_STYLE = """
@font-face { font-family: body; src: url(body.ttf); }
* { font-family: body; font-size: 10.5pt; line-height: 1.5; }
h1 { font-size: 20pt; }
h2 { font-size: 14pt; }
table { border-collapse: collapse; width: 100%; }
td, th { border: 0.7pt solid black; padding: 4pt; }
"""


class Block(NamedTuple):
    """One block of a text: `kind` is heading, paragraph, bullets, steps or table.

    `rows` holds the cells of a table; every other kind has its lines in the only row.
    """

    kind: str
    rows: list[list[str]]


class Source(NamedTuple):
    """One sample text with its front matter."""

    output: str
    title: str
    date: date
    language: str
    header: str
    encoding: str
    body: str
    blocks: list[Block]


def read_source(path: Path) -> Source:
    """The text in `path`, its front matter and its blocks, NFC throughout."""
    _, front, body = unicodedata.normalize("NFC", path.read_text(encoding="utf-8")).split("---\n", 2)
    settings = {"header": "", "encoding": "utf-8"} | yaml.safe_load(front)
    return Source(**settings, body=body, blocks=read_blocks(body))


def read_blocks(markdown: str) -> list[Block]:
    """The blocks of a Markdown text that has `##` headings, paragraphs, flat lists and tables."""
    tree = SyntaxTreeNode(MarkdownIt("commonmark").enable("table").parse(markdown))
    kinds = {"bullet_list": "bullets", "ordered_list": "steps"}
    blocks = []
    for node in tree.children:
        if node.type == "table":
            lines = [row for part in node.children for row in part.children]
            rows = [[cell_text(cell) for cell in line.children] for line in lines]
        else:
            rows = [[inline.content for inline in node.walk() if inline.type == "inline"]]
        blocks.append(Block(kinds.get(node.type, node.type), rows))
    return blocks


def cell_text(cell: SyntaxTreeNode) -> str:
    """The text of a table cell; an empty cell has none."""
    return cell.children[0].content if cell.children else ""


def fill_joined(rows: list[list[str]]) -> list[list[str]]:
    """The table with every `^^` and `<<` replaced by the text it repeats."""
    filled: list[list[str]] = []
    for row in rows:
        filled.append([])
        for column, text in enumerate(row):
            if text == UP:
                text = filled[-2][column]
            elif text == LEFT:
                text = filled[-1][-1]
            filled[-1].append(text)
    return filled


def html_body(source: Source) -> str:
    """The main text as HTML, with joined table cells as rowspan and colspan."""
    parts = [f"<h1>{escape(source.title)}</h1>"]
    for kind, rows in source.blocks:
        lines = [escape(text) for text in rows[0]]
        if kind == "table":
            parts.append(html_table(rows))
        elif kind in ("bullets", "steps"):
            tag = {"bullets": "ul", "steps": "ol"}[kind]
            items = "\n".join(f"<li>{line}</li>" for line in lines)
            parts.append(f"<{tag}>\n{items}\n</{tag}>")
        else:
            tag = {"heading": "h2", "paragraph": "p"}[kind]
            parts.append(f"<{tag}>{lines[0]}</{tag}>")
    return "\n".join(parts)


def html_table(rows: list[list[str]]) -> str:
    """A table whose first row is its header."""
    lines = []
    for index, row in enumerate(rows):
        tag = "th" if index == 0 else "td"
        cells = []
        for column, text in enumerate(row):
            if text in (UP, LEFT):
                continue
            height = count_joined([below[column] for below in rows[index + 1 :]], UP)
            width = count_joined(row[column + 1 :], LEFT)
            spans = f' rowspan="{height}"' * (height > 1) + f' colspan="{width}"' * (width > 1)
            cells.append(f"<{tag}{spans}>{escape(text)}</{tag}>")
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return "<table>\n" + "\n".join(lines) + "\n</table>"


def count_joined(following: list[str], mark: str) -> int:
    """How many cells a cell covers: itself and the marks that directly follow it."""
    count = 1
    for text in following:
        if text != mark:
            break
        count += 1
    return count


def make_html(source: Source) -> bytes:
    """A wiki page: the text inside navigation, side links and a footer that are not part of it."""
    fields = {"title": escape(source.title), "date": source.date.isoformat(), "language": source.language}
    page = Template(PAGE.read_text(encoding="utf-8"))
    return page.substitute(fields, body=html_body(source)).encode()


def make_markdown(source: Source) -> bytes:
    """The text as it is, below its title."""
    return f"# {source.title}\n\n{source.body}".encode(source.encoding)


def make_text(source: Source) -> bytes:
    """Plain text with underlined headings; CP949 files have the line ends of Windows."""
    parts = [underlined(source.title, "=")]
    for kind, rows in source.blocks:
        if kind == "table":
            raise ValueError(f"{source.output}: plain text has no tables")
        numbered = [f"{number}. {line}" for number, line in enumerate(rows[0], start=1)]
        lines = {"bullets": [f"- {line}" for line in rows[0]], "steps": numbered}.get(kind, rows[0])
        parts.append(underlined(lines[0], "-") if kind == "heading" else "\n".join(lines))
    text = "\n\n".join(parts) + "\n"
    return (text.replace("\n", "\r\n") if source.encoding == "cp949" else text).encode(source.encoding)


def underlined(text: str, mark: str) -> str:
    """A heading over a line as wide as a terminal shows it; Korean letters take two columns."""
    width = sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
    return text + "\n" + mark * width


def make_pdf(source: Source) -> bytes:
    """A4 pages with ruled tables, page numbers and, where the source has one, a header on every page.

    The font is the one for Korean that MuPDF carries, cut down to the letters used.
    """
    font = pymupdf.Font("korea")
    html = html_body(source).replace(LEFT, "").replace(UP, "")
    story = pymupdf.Story(html=html, user_css=PDF_STYLE, archive=pymupdf.Archive(font.buffer, "body.ttf"))
    paper = pymupdf.paper_rect("a4")
    frame = pymupdf.Rect(MARGIN, MARGIN + 14, paper.width - MARGIN, paper.height - MARGIN - 14)
    pages = io.BytesIO()
    writer = pymupdf.DocumentWriter(pages)
    story.write(writer, lambda number, filled: (paper, frame, None))
    writer.close()
    with pymupdf.open("pdf", pages.getvalue()) as document:
        for page in document:
            page.insert_font(fontname="running", fontbuffer=font.buffer)
            number = f"{page.number + 1} / {document.page_count}"
            bottom = (paper.width / 2 - font.text_length(number, 9) / 2, paper.height - MARGIN / 2)
            page.insert_text(bottom, number, fontname="running", fontsize=9)
            page.insert_text((MARGIN, MARGIN * 0.75), source.header, fontname="running", fontsize=9)
        document.subset_fonts()
        stamp = source.date.strftime("D:%Y%m%d000000Z")
        document.set_metadata(
            {"title": source.title, "author": COMPANY, "creationDate": stamp, "modDate": stamp}
        )
        return document.tobytes(garbage=4, deflate=True, no_new_id=True)


def make_docx(source: Source) -> bytes:
    """A Word document with heading styles, numbered lists that each start at 1, and gridded tables."""
    document = docx.Document()
    document.styles["Normal"].element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), "맑은 고딕")
    document.add_heading(source.title, level=1)
    for kind, rows in source.blocks:
        if kind == "heading":
            document.add_heading(rows[0][0], level=2)
        elif kind == "table":
            add_docx_table(document, fill_joined(rows))
        elif kind == "steps":
            add_docx_steps(document, rows[0])
        else:
            for line in rows[0]:
                document.add_paragraph(line, style="List Bullet" if kind == "bullets" else None)
    core = document.core_properties
    core.title, core.author, core.last_modified_by, core.comments = source.title, COMPANY, COMPANY, ""
    core.language, core.revision = source.language, 1
    core.created = core.modified = datetime(source.date.year, source.date.month, source.date.day)
    for link in list(document.part.rels.values()):
        # Half of the file is a second copy of the styles, which only Word 2010 reads.
        if link.reltype.endswith("/stylesWithEffects"):
            del document.part.rels[link.rId]
    packed = io.BytesIO()
    document.save(packed)
    return rezipped(packed.getvalue(), source.date)


def add_docx_table(document: Docx, rows: list[list[str]]) -> None:
    """Appends a gridded table whose first row is centred and marked as its header."""
    table = document.add_table(len(rows), len(rows[0]), style="Table Grid")
    for row, texts in zip(table.rows, rows, strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    for cell in table.rows[0].cells:
        cell.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.CENTER
    properties = table.rows[0]._tr.get_or_add_trPr()
    properties.append(properties.makeelement(qn("w:tblHeader"), {}))


def add_docx_steps(document: Docx, steps: list[str]) -> None:
    """Appends a numbered list with a numbering of its own, because Word counts on through a shared one."""
    numbering = document.part.numbering_part.element
    style = document.styles["List Number"]
    shared = numbering.num_having_numId(style.element.pPr.numPr.numId.val)
    own = numbering.add_num(shared.abstractNumId.val)
    own.add_lvlOverride(ilvl=0).add_startOverride(1)
    for step in steps:
        properties = document.add_paragraph(step, style=style)._p.get_or_add_pPr().get_or_add_numPr()
        properties.get_or_add_ilvl().val = 0
        properties.get_or_add_numId().val = own.numId


def make_hwpx(source: Source) -> bytes:
    """A Hancom document with outline headings and tables; lists have typed marks, as most such files do."""
    document = HwpxDocument.new()
    # The first paragraph holds the section settings and cannot be removed, so it becomes the title.
    title = document.paragraphs[0]
    heading = document.add_heading("", level=1)
    title.text = source.title
    title.para_pr_id_ref, title.style_id_ref = heading.para_pr_id_ref, heading.style_id_ref
    heading.remove()
    for kind, rows in source.blocks:
        if kind == "heading":
            document.add_heading(rows[0][0], level=2)
        elif kind == "table":
            filled = fill_joined(rows)
            table = document.add_table(len(filled), len(filled[0]))
            for row, texts in enumerate(filled):
                for column, text in enumerate(texts):
                    table.set_cell_text(row, column, text)
        else:
            for number, line in enumerate(rows[0], start=1):
                mark = {"bullets": "- ", "steps": f"{number}. "}.get(kind, "")
                document.add_paragraph(mark + line, style="바탕글")
    return rezipped(document.to_bytes(), source.date, lambda name, data: fix_hwpx(name, data, source))


def fix_hwpx(name: str, data: bytes, source: Source) -> bytes:
    """One part of a Hancom document with its random ids numbered in order and its properties set."""
    if name.startswith("Contents/section"):
        ids = iter(range(1, sys.maxsize))
        pattern = rb'(<hp:(?:p|tbl)\b[^>]*?\sid=")\d+"'
        return re.sub(pattern, lambda match: match[1] + b'%d"' % next(ids), data)
    if name == "Contents/content.hpf":
        stamp = f"{source.date.isoformat()}T00:00:00Z"
        properties = {"creator": COMPANY, "lastsaveby": COMPANY, "CreatedDate": stamp, "ModifiedDate": stamp}
        text = data.decode().replace("<opf:title/>", f"<opf:title>{escape(source.title)}</opf:title>")
        for key, value in (properties | {"date": source.date.isoformat()}).items():
            text = re.sub(rf'(<opf:meta name="{key}" content="text")>[^<]*<', rf"\g<1>>{value}<", text)
        return text.encode()
    if name == "Preview/PrvText.txt":
        lines = [" ".join(row) for block in source.blocks for row in fill_joined(block.rows)]
        return "\r\n".join([source.title, *lines]).encode()
    return data


def rezipped(data: bytes, day: date, fix: Callable[[str, bytes], bytes] = lambda name, part: part) -> bytes:
    """The archive with every part passed through `fix`, stored and dated `day`, in the same order."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as new:
        for entry in old.infolist():
            dated = zipfile.ZipInfo(entry.filename, (day.year, day.month, day.day, 0, 0, 0))
            dated.create_system = 0  # the default names the operating system
            new.writestr(dated, fix(entry.filename, old.read(entry)))
    return target.getvalue()


WRITERS: dict[str, Callable[[Source], bytes]] = {
    ".pdf": make_pdf,
    ".docx": make_docx,
    ".hwpx": make_hwpx,
    ".html": make_html,
    ".md": make_markdown,
    ".txt": make_text,
}


def main() -> None:
    """Writes every sample into the folder of the first argument."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DOCUMENTS
    sources = [read_source(path) for path in sorted(SOURCES.glob("*.md"))]
    for source in sources:
        target = folder / source.output
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(WRITERS[target.suffix](source))
    print(f"make: {len(sources)} documents -> {folder}")


if __name__ == "__main__":
    main()
