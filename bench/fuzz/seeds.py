"""Small documents of every format to mutate: made here, from the benchmark's gold, or from a folder."""

import io
import json
import re
import tempfile
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import openpyxl
import pptx
import pyarrow as pa
import pymupdf
from pyarrow import parquet

from bench.fuzz import texts
from bench.fuzz.packages import read_parts, write_archive
from slm_factory.parsers.parse_file import FORMATS
from tests.parsers import builders
from tests.parsers.hancom import hwp_files

SPREADSHEET = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
MAX_BYTES = 60_000  # a larger document mutates slowly and hides what was changed
PER_SOURCE = 12


def pdf_documents() -> list[bytes]:
    """Columns, a table, links, an outline, a form; streams stay plain, so that mutations reach the text."""
    words = [
        [
            (60, 80, 18, "1. 점검 절차"),
            (60, 120, 10, "예비 펌프의 압력을 확인한다."),
            (60, 134, 10, "둘째 줄-"),
        ]
    ]
    table = pymupdf.open()
    page = table.new_page()
    page.insert_text((60, 60), "Inspection steps", fontsize=16)
    builders.pdf_table(page, 100, [["a", "b", "c"], ["1", "2", None], ["4", "5", "6"]])
    page.insert_link(
        {"kind": pymupdf.LINK_URI, "from": pymupdf.Rect(60, 50, 90, 70), "uri": "http://example.com"}
    )
    table.new_page().insert_textbox((60, 60, 280, 700), "left column of words " * 30, fontsize=9)
    table[1].insert_textbox((300, 60, 520, 700), "right column of words " * 30, fontsize=9)
    table.set_toc([[1, "Inspection", 1], [2, "Words", 2]])
    form = pymupdf.open()
    form.new_page().show_pdf_page(pymupdf.Rect(0, 0, 300, 400), table, 0)
    return [builders.pdf(words), *(document.tobytes(garbage=3, expand=255) for document in (table, form))]


def docx_documents() -> list[bytes]:
    """A heading, a list, a table with merged cells, a note, a text box, changes, a field, a formula."""
    wp, wr = builders.wp, builders.wr
    numbered = '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>'
    note = wr('<w:footnoteReference w:id="2"/>')
    box = (
        "<w:pict><v:textbox xmlns:v='urn:schemas-microsoft-com:vml'><w:txbxContent>{}</w:txbxContent>"
        "</v:textbox></w:pict>"
    )
    changes = f"<w:del>{wr('<w:delText>앞</w:delText>')}</w:del><w:ins>{wr('뒤')}</w:ins>"
    field = wr('<w:fldChar w:fldCharType="begin"/>') + wr("<w:instrText>PAGE</w:instrText>")
    field += wr('<w:fldChar w:fldCharType="separate"/>') + wr("3") + wr('<w:fldChar w:fldCharType="end"/>')
    x = "<m:r><m:t>x</m:t></m:r>"
    formula = f"<m:oMath><m:f><m:num>{x}</m:num><m:den>{x}</m:den></m:f></m:oMath>"
    rows = [
        [("가", '<w:gridSpan w:val="2"/>'), ("나", '<w:vMerge w:val="restart"/>')],
        ["다", "라", ("", "<w:vMerge/>")],
    ]
    body = [
        wp("점검 절차", '<w:pStyle w:val="1"/>'),
        wp(wr("본문") + note + wr("끝", "<w:b/>")),
        *(wp(text, numbered) for text in ("하나", "둘")),
        builders.word_table(rows),
        wp(wr(box.format(wp("상자")))),
        wp(changes + field + formula),
        '<w:sectPr><w:headerReference w:type="default" r:id="header1"/></w:sectPr>',
    ]
    level = '<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="ganada"/><w:lvlText w:val="%1."/></w:lvl>'
    parts = {
        "styles": '<w:styles><w:style w:type="paragraph" w:styleId="1"><w:name w:val="heading 1"/>'
        '<w:pPr><w:outlineLvl w:val="0"/></w:pPr></w:style></w:styles>',
        "numbering": f'<w:numbering><w:abstractNum w:abstractNumId="0">{level}</w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>',
        "footnotes": f'<w:footnotes><w:footnote w:id="2">{wp("각주")}</w:footnote></w:footnotes>',
        "header1": f"<w:hdr>{wp('머리말')}</w:hdr>",
    }
    return [builders.word("".join(body), parts), builders.word(wp("글"))]


def pptx_documents() -> list[bytes]:
    """A title, bullets, a table, a group, notes."""
    slides = pptx.Presentation()
    for number in (10, 9, 8, 7, 6, 4, 3, 2, 0):  # what no slide here uses only costs time
        slides.slide_layouts.remove(slides.slide_layouts[number])
    slide = slides.slides.add_slide(slides.slide_layouts[0])
    slide.shapes.title.text = "점검 절차"
    slide.placeholders[1].text = "하나\n둘"
    slide.notes_slide.notes_text_frame.text = "설명"
    slide = slides.slides.add_slide(slides.slide_layouts[1])
    table = slide.shapes.add_table(3, 2, 0, 0, 900, 900).table
    for row in range(3):
        for column in range(2):
            table.cell(row, column).text = f"{row}{column}"
    table.cell(0, 0).merge(table.cell(0, 1))
    slide.shapes.add_group_shape().shapes.add_textbox(0, 0, 9, 9).text_frame.text = "안"
    buffer = io.BytesIO()
    slides.save(buffer)
    return [buffer.getvalue()]


def xlsx_documents() -> list[bytes]:
    """Two sheets with numbers, dates, a formula, merged cells and a hidden row."""
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (["이름", "값", "날짜"], ["압력", 3.2, "2025-03-18"], ["온도", "=B2*2", True]):
        sheet.append(row)
    sheet.merge_cells("A4:C5")
    sheet["A4"] = "합친 칸"
    sheet.row_dimensions[3].hidden = True
    sheet["B2"].number_format = "0.00%"
    book.create_sheet("둘째").append([1, None, 3])
    buffer = io.BytesIO()
    book.save(buffer)
    return [buffer.getvalue(), share_strings(buffer.getvalue())]


def share_strings(data: bytes) -> bytes:
    """The workbook with the strings of its first sheet in a part of their own, as Excel writes them."""
    parts = dict(read_parts(data))
    sheet, links, types = "xl/worksheets/sheet1.xml", "xl/_rels/workbook.xml.rels", "[Content_Types].xml"
    strings = re.findall(rb'"inlineStr"><is>(.*?)</is>', parts[sheet])
    for number, string in enumerate(strings):
        parts[sheet] = parts[sheet].replace(b'"inlineStr"><is>%b</is>' % string, b'"s"><v>%d</v>' % number, 1)
    items = b"".join(b"<si>%b</si>" % string for string in strings)
    kind = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
    link = b'<Relationship Id="rId99" Type="%b" Target="sharedStrings.xml"/></Relationships>' % kind
    content = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    type_ = b'<Override PartName="/xl/sharedStrings.xml" ContentType="%b"/></Types>' % content
    return write_archive(
        parts
        | {
            "xl/sharedStrings.xml": b'<sst xmlns="%b">%b</sst>' % (SPREADSHEET, items),
            links: parts[links].replace(b"</Relationships>", link),
            types: parts[types].replace(b"</Types>", type_),
        }
    )


def hwpx_documents() -> list[bytes]:
    """Two sections with paragraphs, a nested table with merged cells, a note and an outline."""
    inner = builders.hwpx_table([[builders.hwpx_cell("안")]])
    cells = [[builders.hwpx_cell("가", rows=2), builders.hwpx_cell("나")], [builders.hwpx_cell(inner)]]
    note = f'<hp:footNote number="1"><hp:subList>{builders.text("각주")}</hp:subList></hp:footNote>'
    styles = """<hh:refList><hh:styles itemCnt="1">
        <hh:style id="0" type="PARA" name="개요 1" engName="Outline 1" paraPrIDRef="0"/></hh:styles>
        <hh:paraProperties itemCnt="1"><hh:paraPr id="0"><hh:heading type="OUTLINE" idRef="0" level="0"/>
        </hh:paraPr></hh:paraProperties></hh:refList>"""
    first = builders.text("점검 절차") + builders.run(
        f"<hp:t>본문<hp:tab/>글</hp:t><hp:ctrl>{note}</hp:ctrl><hp:t>끝</hp:t>"
    )
    second = builders.run(builders.hwpx_table(cells))
    return [builders.hwpx([first, second], styles), builders.hwpx([builders.text("글")])]


def hwp_documents() -> list[bytes]:
    """Numbered headings, a table in a table with merged cells, a note, a text box, an equation, a summary."""
    lines, cell, paragraph = hwp_files.lines, hwp_files.cell, hwp_files.paragraph
    inner = hwp_files.table([[cell(0, 0, lines("x")), cell(0, 1, lines("y"))]], 2)
    rows = [
        [cell(0, 0, lines("가"), rows=2), cell(0, 1, lines("나", inner), columns=2)],
        [cell(1, 1, lines("다")), cell(1, 2, lines("라"))],
    ]
    info = [
        hwp_files.record(hwp_files.NUMBERING, 0, hwp_files.numbering((0, "제^1장"), (8, "^2."))),
        *(hwp_files.record(hwp_files.PARA_SHAPE, 0, hwp_files.para_shape(kind, 0, 1)) for kind in range(4)),
        *(hwp_files.record(hwp_files.STYLE, 0, hwp_files.style(name, 0)) for name in ("바탕글", "개요 1")),
    ]
    first = [
        paragraph(hwp_files.section_definition(1), "총칙", shape=1),
        paragraph("글 ", hwp_files.listed(17, "fn  ", lines("각주")), " 뒤"),
        paragraph(hwp_files.table(rows, 3, caption="표의 제목")),
        *(paragraph(text, shape=shape) for text, shape in (("하나", 2), ("둘", 2), ("점", 3))),
    ]
    second = [
        paragraph(hwp_files.text_box(lines("상자 글"))),
        paragraph(hwp_files.equation("x over y"), "끝"),
    ]
    told = {"\x05HwpSummaryInformation": hwp_files.summary("점검", "관제팀", 133_000_000_000_000_000)}
    return [
        hwp_files.hwp(b"".join(first), b"".join(second), info=info, streams=told),
        hwp_files.hwp(paragraph("글"), flags=0),
    ]


def parquet_documents() -> list[bytes]:
    """Records, and a table with nested and odd types."""
    records = pa.table(
        {"id": ["a", "b"], "title": ["하나", "둘"], "text": ["글", None], "date": ["20250318", ""]}
    )
    odd = pa.table(
        {
            "text": pa.array(["x", "y"]).dictionary_encode(),
            "id": [1, 2],
            "date": pa.array([0, 10**9], pa.timestamp("s")),
            "title": [b"\xff", b"b"],
            "list": [[1], None],
            "object": [{"a": "b"}, {"a": None}],
            "share": [1.5, float("nan")],
        }
    )
    found = []
    for table in (records, odd):
        for compression in ("none", "snappy"):
            buffer = io.BytesIO()
            parquet.write_table(table, buffer, compression=compression)
            found.append(buffer.getvalue())
    return found


def written(*documents: str) -> Callable[[], list[bytes]]:
    """A maker of these texts."""
    return lambda: [document.encode() for document in documents]


MAKERS: dict[str, Callable[[], list[bytes]]] = {
    "pdf": pdf_documents,
    "hwpx": hwpx_documents,
    "hwp": hwp_documents,
    "docx": docx_documents,
    "pptx": pptx_documents,
    "xlsx": xlsx_documents,
    "csv": written(texts.TABLE, texts.TABLE.replace(",", "\t"), "id;text;title\n1;글;제목\n"),
    "json": written(*map(json.dumps, (texts.RECORD, [texts.RECORD] * 2, {"items": [texts.RECORD]}))),
    "jsonl": written("\n".join(json.dumps(texts.RECORD | {"id": f"k{number}"}) for number in range(3))),
    "parquet": parquet_documents,
    "eml": written(texts.MAIL, texts.MAIL.replace("base64", "8bit")),
    "html": written(texts.HTML, re.sub("</?(article|main|nav)>", "", texts.HTML)),
    "md": written(texts.MARKDOWN),
    "txt": written(texts.PLAIN, texts.PLAIN.replace("\n", "\r\n")),
    "law": written(texts.STATUTE, texts.RULING, json.dumps(texts.INTERPRETATION, ensure_ascii=False)),
}


def documents_of(format_name: str, samples: list[Path]) -> list[bytes]:
    """The documents to mutate in a fixed order: made ones, and small ones of the gold and the folders.

    Made ones are three of four, because they are the smallest: most mutations hit what they are about.
    """
    made, others = MAKERS[format_name](), []
    if find_spec(f"bench.gold.{format_name}"):
        with tempfile.TemporaryDirectory() as temporary:
            golds = import_module(f"bench.gold.{format_name}").make(Path(temporary))
            others += smallest([gold.path for gold in golds])
    for folder in samples:
        others += smallest(
            [path for path in folder.rglob("*") if FORMATS.get(path.suffix.lower()) == format_name]
        )
    return made * max(1, 3 * len(others) // len(made)) + others


def smallest(paths: list[Path]) -> list[bytes]:
    """The contents of the smallest files that are small enough."""
    contents = sorted(
        (path.read_bytes() for path in paths if path.is_file()), key=lambda data: (len(data), data)
    )
    return [data for data in contents if 0 < len(data) <= MAX_BYTES][:PER_SOURCE]
