import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace

import pytest
from lxml import etree
from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.presentation import Presentation as Deck
from pptx.slide import Slide
from pptx.util import Inches

from slm_factory.parsers.office.pptx import parse
from slm_factory.parsers.parsed import Parsed, Refused
from tests.parsers.builders import OPTIONS, zipped

TITLE, CONTENT, TITLE_ONLY, BLANK = 0, 1, 5, 6  # layouts of python-pptx's template
NAMES = (
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
)


def saved(deck: Deck) -> bytes:
    buffer = io.BytesIO()
    deck.save(buffer)
    return buffer.getvalue()


def read(deck: Deck) -> Parsed:
    return parse(saved(deck), OPTIONS)


def rewritten(deck: Deck, change: Callable[[str, bytes], bytes | None]) -> bytes:
    """The saved deck with each part changed, or left out for None."""
    with zipfile.ZipFile(io.BytesIO(saved(deck))) as archive:
        parts = {name: change(name, archive.read(name)) for name in archive.namelist()}
    return zipped({name: part for name, part in parts.items() if part is not None})


def add(deck: Deck, layout: int, title: str = "") -> Slide:
    slide = deck.slides.add_slide(deck.slide_layouts[layout])
    if title:
        slide.shapes.title.text = title
    return slide


def write(slide: Slide, words: str, left: float, top: float, width: float = 2) -> None:
    box = slide.shapes.add_textbox(Inches(left), Inches(top), Inches(width), Inches(0.5))
    box.text_frame.text = words


def test_slides_are_pages_with_their_titles_as_headings() -> None:
    deck = Presentation()
    add(deck, TITLE, "교육 자료").placeholders[1].text = "부제"
    add(deck, TITLE_ONLY, "절차")
    parsed = read(deck)
    assert parsed.markdown == "# 교육 자료\n\n부제\n\n## 절차\n"
    assert (parsed.pages, parsed.title) == (2, "교육 자료")
    assert [parsed.markdown[start:].split("\n")[0] for start in parsed.page_starts] == [
        "# 교육 자료",
        "## 절차",
    ]


def test_bullets_come_from_the_layout_and_levels_from_the_paragraph() -> None:
    deck = Presentation()
    slide = add(deck, CONTENT)
    frame = slide.placeholders[1].text_frame
    frame.text = "하나"
    for words, level in (("하나의 아래", 1), ("둘", 0)):
        paragraph = frame.add_paragraph()
        paragraph.text, paragraph.level = words, level
    plain = frame.add_paragraph()
    plain.text = "점이 없는 글"
    etree.SubElement(plain._p.get_or_add_pPr(), f"{{{plain._p.nsmap['a']}}}buNone")
    write(slide, "상자의 글", 1, 6)
    assert read(deck).markdown == "- 하나\n    - 하나의 아래\n- 둘\n\n점이 없는 글\n\n상자의 글\n"


@pytest.mark.parametrize(
    ("scheme", "labels"),
    [
        ("arabicPeriod", "1. 2."),
        ("arabicParenBoth", "(1) (2)"),
        ("alphaUcPeriod", "A. B."),
        ("romanLcParenR", "i) ii)"),
        ("circleNumDbPlain", "① ②"),
        ("unheard of", "1. 2."),
    ],
)
def test_numbered_paragraphs_show_their_numbers(scheme: str, labels: str) -> None:
    deck = Presentation()
    slide = add(deck, BLANK)
    write(slide, "가\n나", 1, 1)
    for paragraph in slide.shapes[0].text_frame.paragraphs:
        mark = etree.SubElement(paragraph._p.get_or_add_pPr(), f"{{{paragraph._p.nsmap['a']}}}buAutoNum")
        mark.set("type", scheme)
    words = read(deck).markdown.split()
    assert words == [part for pair in zip(labels.split(), "가나", strict=True) for part in pair]


def test_shapes_are_read_column_by_column_and_groups_as_a_whole() -> None:
    deck = Presentation()
    slide = add(deck, TITLE_ONLY)
    for words, left, top in (("오른쪽 1", 5, 2), ("왼쪽 2", 1, 3), ("오른쪽 2", 5, 3), ("왼쪽 1", 1, 2)):
        write(slide, words, left, top)
    group = slide.shapes.add_group_shape()
    for words, left in (("모임 둘", 5), ("모임 하나", 1)):
        box = group.shapes.add_textbox(Inches(left), Inches(6), Inches(2), Inches(0.5))
        box.text_frame.text = words
    title = slide.shapes.title
    title.text = "제목"
    title.left, title.top, title.width, title.height = Inches(1), Inches(7), Inches(8), Inches(0.4)
    expected = ["## 제목", "왼쪽 1", "왼쪽 2", "오른쪽 1", "오른쪽 2", "모임 하나", "모임 둘"]
    assert read(deck).markdown.strip().split("\n\n") == expected


def test_merged_cells_are_repeated() -> None:
    deck = Presentation()
    shape = add(deck, BLANK).shapes.add_table(3, 3, 0, 0, Inches(6), Inches(2))
    table = shape.table
    for row in range(3):
        for column in range(3):
            table.cell(row, column).text = f"{row}{column}"
    for corner, opposite, words in (((0, 1), (0, 2), "넓음"), ((1, 0), (2, 0), "높음")):
        table.cell(*corner).merge(table.cell(*opposite))
        table.cell(*corner).text = words
    assert (
        read(deck).markdown == "| 00 | 넓음 | 넓음 |\n|---|---|---|\n| 높음 | 11 | 12 |\n| 높음 | 21 | 22 |\n"
    )


def test_a_chart_is_a_table_under_its_title() -> None:
    deck = Presentation()
    data = CategoryChartData()
    data.categories = ["1분기", "2분기"]
    data.add_series("매출", (4.3, None))
    data.add_series("비용", (2, 3))
    frame = add(deck, BLANK).shapes.add_chart(XL_CHART_TYPE.BAR_CLUSTERED, 0, 0, Inches(5), Inches(3), data)
    frame.chart.has_title = True
    frame.chart.chart_title.text_frame.text = "금액"
    table = "|  | 매출 | 비용 |\n|---|---|---|\n| 1분기 | 4.3 | 2 |\n| 2분기 |  | 3 |\n"
    assert read(deck).markdown == f"금액\n\n{table}"


@pytest.mark.parametrize(
    ("words", "head"), [("천천히 읽는다.", "발표자 노트"), ("Go slowly.", "Speaker notes")]
)
def test_notes_follow_their_slide(words: str, head: str) -> None:
    deck = Presentation()
    add(deck, TITLE_ONLY, words).notes_slide.notes_text_frame.text = words
    add(deck, TITLE_ONLY, "x")
    assert read(deck).markdown == f"## {words}\n\n### {head}\n\n{words}\n\n## x\n"


def test_hidden_slides_and_shapes_are_left_out_and_pages_still_count() -> None:
    deck = Presentation()
    add(deck, TITLE_ONLY, "하나")
    add(deck, TITLE_ONLY, "숨김")._element.set("show", "0")
    slide = add(deck, TITLE_ONLY, "셋")
    write(slide, "숨긴 상자", 1, 3)
    slide.shapes[-1]._element.nvSpPr.cNvPr.set("hidden", "1")
    parsed = read(deck)
    assert parsed.markdown == "## 하나\n\n## 셋\n"
    assert parsed.warnings == ("hidden slides are left out: 2",)
    assert (parsed.pages, len(parsed.page_starts)) == (3, 3)


def test_numbers_dates_and_footers_of_slides_are_left_out() -> None:
    deck = Presentation()
    slide = add(deck, BLANK)
    for kind in ("sldNum", "dt", "ftr"):
        write(slide, f"running {kind}", 1, 1)
        mark = etree.fromstring(f'<p:ph {NAMES} type="{kind}"/>')
        slide.shapes[-1]._element.nvSpPr.nvPr.append(mark)
    write(slide, "- ", 1, 2)
    field = f'<a:fld {NAMES} id="{{0}}" type="slidenum"><a:t>7</a:t></a:fld>'
    slide.shapes[-1].text_frame.paragraphs[0]._p.append(etree.fromstring(field))
    write(slide, "본문", 1, 3)
    assert read(deck).markdown == "본문\n"


def test_line_breaks_and_equations_stay_in_their_paragraph() -> None:
    deck = Presentation()
    slide = add(deck, BLANK)
    write(slide, "가\v나 ", 1, 1)
    paragraph = slide.shapes[0].text_frame.paragraphs[0]._p
    math = "http://schemas.openxmlformats.org/officeDocument/2006/math"
    paragraph.append(
        etree.fromstring(
            '<a14:m xmlns:a14="http://schemas.microsoft.com/office/drawing/2010/main">'
            f'<oMath xmlns="{math}"><sSup><e><r><t>x</t></r></e><sup><r><t>2</t></r></sup></sSup></oMath>'
            "</a14:m>"
        )
    )
    assert read(deck).markdown == "가\n나 x^2\n"


def test_strict_presentations_and_shows_are_read() -> None:
    deck = Presentation()
    add(deck, TITLE_ONLY, "엄격한 제목")

    def strict(name: str, part: bytes) -> bytes:
        part = part.replace(b"presentationml.presentation.main", b"presentationml.slideshow.main")
        pattern = rb"http://schemas\.openxmlformats\.org/(presentationml|drawingml|officeDocument)/2006/"
        return re.sub(pattern, rb"http://purl.oclc.org/ooxml/\1/", part)

    assert parse(rewritten(deck, strict), OPTIONS).markdown == "## 엄격한 제목\n"


def test_a_missing_slide_is_named_and_the_others_are_read() -> None:
    deck = Presentation()
    add(deck, TITLE_ONLY, "하나")
    add(deck, TITLE_ONLY, "둘")
    parsed = parse(rewritten(deck, lambda name, part: None if name.endswith("slide1.xml") else part), OPTIONS)
    assert parsed.markdown == "## 둘\n"
    assert parsed.warnings == ("slides that are missing in the file: 1",)


def test_a_damaged_slide_is_read_as_far_as_possible() -> None:
    deck = Presentation()
    slide = add(deck, BLANK)
    write(slide, "앞", 1, 1)
    write(slide, "뒤", 1, 2)

    def cut(name: str, part: bytes) -> bytes:
        return part[:-200] if name.endswith("slides/slide1.xml") else part

    parsed = parse(rewritten(deck, cut), OPTIONS)
    assert parsed.markdown.startswith("앞\n")
    assert parsed.warnings == ("damaged XML, read as far as possible: ppt/slides/slide1.xml",)


def test_too_many_slides_and_other_packages_are_refused() -> None:
    deck = Presentation()
    for _ in range(3):
        add(deck, TITLE_ONLY, "x")
    with pytest.raises(Refused, match="max_pages"):
        parse(saved(deck), replace(OPTIONS, max_pages=2))
    for data in (b"PK\x03\x04 no archive", zipped({"ppt/presentation.xml": "<a/>"})):
        with pytest.raises(Refused):
            parse(data, OPTIONS)
