"""Small documents made in memory, one builder per format."""

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence

import pymupdf

from slm_factory.parsers.parsed import Options

OPTIONS = Options(max_pages=100, max_expanded_bytes=50 * 2**20)

HP = "http://www.hancom.co.kr/hwpml/2011/paragraph"
HS = "http://www.hancom.co.kr/hwpml/2011/section"
HH = "http://www.hancom.co.kr/hwpml/2011/head"


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    """An archive of `parts`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def hwpx(sections: Sequence[str], header: str = "", parts: Mapping[str, str] | None = None) -> bytes:
    """A package with the given paragraphs (XML) per section; the parts are stored in reverse order."""
    names = {f"Contents/section{number}.xml": body for number, body in enumerate(sections)}
    files = {
        name: f'<hs:sec xmlns:hs="{HS}" xmlns:hp="{HP}">{body}</hs:sec>'
        for name, body in reversed(names.items())
    }
    head = f'<hh:head xmlns:hh="{HH}" xmlns:hp="{HP}">{header}</hh:head>'
    return zipped(
        {"mimetype": "application/hwp+zip", "Contents/header.xml": head} | files | dict(parts or {})
    )


def run(content: str, shape: str = "0", style: str = "0") -> str:
    """A paragraph with one run of XML."""
    return f'<hp:p paraPrIDRef="{shape}" styleIDRef="{style}"><hp:run>{content}</hp:run></hp:p>'


def text(words: str, shape: str = "0", style: str = "0") -> str:
    """A paragraph of words."""
    return run(f"<hp:t>{words}</hp:t>", shape, style)


def hwpx_cell(words: str, rows: int = 1, columns: int = 1) -> str:
    """A table cell."""
    span = f'<hp:cellSpan colSpan="{columns}" rowSpan="{rows}"/>'
    return f"<hp:tc><hp:subList>{text(words)}</hp:subList>{span}</hp:tc>"


def hwpx_table(rows: Iterable[Iterable[str]]) -> str:
    """A table of cells."""
    lines = "".join(f"<hp:tr>{''.join(row)}</hp:tr>" for row in rows)
    return f"<hp:tbl>{lines}</hp:tbl>"


Words = tuple[float, float, float, str]  # x, y of the base line in points, font size, text


def pdf(pages: Sequence[Sequence[Words]], **save: object) -> bytes:
    """An A4 document with the given words on each page."""
    document = pymupdf.open()
    for words in pages:
        page = document.new_page()
        for x, y, size, content in words:
            page.insert_text((x, y), content, fontname="korea", fontsize=size)
    return document.tobytes(**save)


def pdf_table(page: pymupdf.Page, top: float, rows: Sequence[Sequence[str | None]]) -> None:
    """Draws a ruled table; None joins a cell to the one above it."""
    width, height, left = 120, 24, 60
    for row, cells in enumerate(rows):
        for column, words in enumerate(cells):
            x, y = left + column * width, top + row * height
            page.draw_line((x, y), (x, y + height))
            page.draw_line((x + width, y), (x + width, y + height))
            if words is not None:
                page.draw_line((x, y), (x + width, y))
                page.insert_text((x + 6, y + 16), words, fontname="korea", fontsize=10)
            if row == len(rows) - 1:
                page.draw_line((x, y + height), (x + width, y + height))


OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
WORD_NAMES = " ".join(
    f'xmlns:{prefix}="http://schemas.openxmlformats.org/{path}"'
    for prefix, path in {
        "w": "wordprocessingml/2006/main",
        "r": "officeDocument/2006/relationships",
        "m": "officeDocument/2006/math",
        "mc": "markup-compatibility/2006",
        "a": "drawingml/2006/main",
        "c": "drawingml/2006/chart",
        "dgm": "drawingml/2006/diagram",
        "pic": "drawingml/2006/picture",
        "wp": "drawingml/2006/wordprocessingDrawing",
    }.items()
)


def word_parts(body: str, parts: Mapping[str, str] | None = None) -> dict[str, str]:
    """The parts of a Word document with this XML in its body.

    `parts` are roots by name, without namespaces: `styles`, `footnotes`, `header1`, ... The document refers
    to each by its name.
    """
    others = dict(parts or {})
    links = "".join(
        f'<Relationship Id="{name}" Type="{OFFICE}/{name.rstrip("0123456789")}" Target="{name}.xml"/>'
        for name in others
    )
    start = "http://schemas.openxmlformats.org/package/2006"
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    return {
        "[Content_Types].xml": f'<Types xmlns="{start}/content-types">'
        f'<Override PartName="/word/document.xml" ContentType="{main}"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{start}/relationships">'
        f'<Relationship Id="main" Type="{OFFICE}/officeDocument" Target="word/document.xml"/>'
        "</Relationships>",
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{start}/relationships">{links}'
        "</Relationships>",
        "word/document.xml": f"<w:document {WORD_NAMES}><w:body>{body}</w:body></w:document>",
    } | {f"word/{name}.xml": root.replace(">", f" {WORD_NAMES}>", 1) for name, root in others.items()}


def word(body: str, parts: Mapping[str, str] | None = None) -> bytes:
    """A Word document; see `word_parts`."""
    return zipped(word_parts(body, parts))


def wp(content: str, properties: str = "") -> str:
    """A Word paragraph: words, or runs and other XML."""
    runs = content if content.startswith("<") else f"<w:r><w:t xml:space='preserve'>{content}</w:t></w:r>"
    return f"<w:p><w:pPr>{properties}</w:pPr>{runs}</w:p>"


def wr(content: str, properties: str = "") -> str:
    """A Word run: words, or XML."""
    inner = content if content.startswith("<") else f"<w:t xml:space='preserve'>{content}</w:t>"
    return f"<w:r><w:rPr>{properties}</w:rPr>{inner}</w:r>"


def word_table(rows: Iterable[Iterable[str | tuple[str, str]]]) -> str:
    """A Word table of words, or of words and the XML of the cell's properties."""
    lines = []
    for row in rows:
        cells = (cell if isinstance(cell, tuple) else (cell, "") for cell in row)
        inner = "".join(f"<w:tc><w:tcPr>{shape}</w:tcPr>{wp(words)}</w:tc>" for words, shape in cells)
        lines.append(f"<w:tr>{inner}</w:tr>")
    return f"<w:tbl>{''.join(lines)}</w:tbl>"
