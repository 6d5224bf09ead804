import io
from datetime import datetime

import docx
import pytest
from docx.document import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn

from slm_factory.parsers.office.docx import parse
from slm_factory.parsers.parsed import Options, Refused
from tests.parsers.builders import OPTIONS, zipped


def read(document: Document) -> str:
    buffer = io.BytesIO()
    document.save(buffer)
    return parse(buffer.getvalue(), OPTIONS).markdown


def test_text_tables_and_headings_come_in_body_order() -> None:
    document = docx.Document()
    document.add_heading("제목", 1)
    document.add_paragraph("앞")
    table = document.add_table(2, 2)
    for cell, words in zip(table._cells, ["가", "나", "1", "2"], strict=True):
        cell.text = words
    document.add_paragraph("뒤")
    assert read(document) == "# 제목\n\n앞\n\n| 가 | 나 |\n|---|---|\n| 1 | 2 |\n\n뒤\n"


def test_merged_cells_are_repeated_and_nested_tables_stay_in_their_cell() -> None:
    document = docx.Document()
    table = document.add_table(3, 3)
    for row in range(3):
        for column in range(3):
            table.cell(row, column).text = f"{row}{column}"
    table.cell(0, 1).merge(table.cell(0, 2)).text = "넓음"
    table.cell(1, 0).merge(table.cell(2, 0)).text = "높음"
    nested = table.cell(2, 2).add_table(1, 2)
    nested.cell(0, 0).text, nested.cell(0, 1).text = "x", "y"
    assert read(document) == (
        "| 00 | 넓음 | 넓음 |\n|---|---|---|\n| 높음 | 11 | 12 |\n| 높음 | 21 | 22 x, y |\n"
    )


def test_numbers_and_bullets_are_rendered_and_each_numbering_counts_alone() -> None:
    document = docx.Document()
    for words in ("하나", "둘"):
        document.add_paragraph(words, style="List Number")
    document.add_paragraph("사이")
    document.add_paragraph("점", style="List Bullet")
    numbering = document.part.numbering_part.element
    shared = numbering.num_having_numId(document.styles["List Number"].element.pPr.numPr.numId.val)
    own = numbering.add_num(shared.abstractNumId.val)
    own.add_lvlOverride(ilvl=0).add_startOverride(1)
    properties = document.add_paragraph("다시 하나")._p.get_or_add_pPr().get_or_add_numPr()
    properties.get_or_add_ilvl().val, properties.get_or_add_numId().val = 0, own.numId
    assert read(document) == "1. 하나\n2. 둘\n\n사이\n\n- 점\n1. 다시 하나\n"


def test_insertions_are_read_and_deletions_are_not() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("앞 ")
    for tag, content in (("ins", "<w:t>새 글</w:t>"), ("del", "<w:delText>옛 글</w:delText>")):
        paragraph._p.append(parse_xml(f"<w:{tag} {nsdecls('w')}><w:r>{content}</w:r></w:{tag}>"))
    assert read(document) == "앞 새 글\n"


def test_content_controls_and_text_boxes_are_read_once() -> None:
    document = docx.Document()
    form = "<w:sdtContent><w:p><w:r><w:t>양식</w:t></w:r></w:p></w:sdtContent>"
    document.element.body.insert(0, parse_xml(f"<w:sdt {nsdecls('w')}>{form}</w:sdt>"))
    box = "<w:txbxContent><w:p><w:r><w:t>상자</w:t></w:r></w:p></w:txbxContent>"
    compatibility = "http://schemas.openxmlformats.org/markup-compatibility/2006"
    document.add_paragraph("닻")._p.append(
        parse_xml(
            f"<w:r {nsdecls('w')}><mc:AlternateContent xmlns:mc='{compatibility}'>"
            f"<mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback></mc:AlternateContent></w:r>"
        )
    )
    assert read(document) == "양식\n\n닻\n\n상자\n"


def test_a_style_based_on_a_heading_is_a_heading() -> None:
    document = docx.Document()
    style = document.styles.add_style("회사 제목", 1)
    style.base_style = document.styles["Heading 2"]
    document.add_paragraph("개요", style=style)
    assert read(document) == "## 개요\n"
    style.element.get_or_add_pPr().append(parse_xml(f'<w:outlineLvl {nsdecls("w")} w:val="9"/>'))
    assert read(document) == "개요\n", "level 9 is body text"


def test_title_and_day_come_from_the_properties() -> None:
    document = docx.Document()
    document.add_paragraph("글")
    document.core_properties.title = "속성 제목"
    document.core_properties.modified = datetime(2025, 3, 18)
    buffer = io.BytesIO()
    document.save(buffer)
    parsed = parse(buffer.getvalue(), OPTIONS)
    assert parsed.title == "속성 제목"
    assert (parsed.date, parsed.meta["modified"]) == ("", "2025-03-18")


def test_damaged_and_foreign_archives_are_refused() -> None:
    for data in (b"PK\x03\x04 no archive", zipped({"word/document.xml": "<a/>"}), zipped({"a": "b"})):
        with pytest.raises(Refused):
            parse(data, OPTIONS)


def test_a_zip_bomb_is_refused_by_its_expanded_size() -> None:
    bomb = zipped({"word/document.xml": b"\0" * 2**20})
    with pytest.raises(Refused, match="unsafe archive"):
        parse(bomb, Options(max_pages=1, max_expanded_bytes=2**19))


def test_breaks_and_tabs_do_not_glue_words() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("앞")
    paragraph.add_run().add_break()
    paragraph.add_run("뒤")
    paragraph._p.find(qn("w:r")).addnext(parse_xml(f"<w:r {nsdecls('w')}><w:tab/></w:r>"))
    assert read(document) == "앞\n뒤\n"
