import pytest

from slm_factory.parsers.hwpx import parse
from slm_factory.parsers.parsed import Refused
from tests.parsers.builders import LIMITS, hwpx, hwpx_cell, hwpx_table, run, text, zipped

OUTLINE = """<hh:numbering id="1"><hh:paraHead level="1" numFormat="DIGIT" start="1">제^1장</hh:paraHead>
<hh:paraHead level="2" numFormat="HANGUL_SYLLABLE" start="1">^2.</hh:paraHead></hh:numbering>
<hh:paraPr id="1"><hh:heading type="OUTLINE" idRef="0" level="0"/></hh:paraPr>
<hh:paraPr id="2"><hh:heading type="OUTLINE" idRef="0" level="1"/></hh:paraPr>
<hh:paraPr id="3"><hh:heading type="NUMBER" idRef="1" level="1"/></hh:paraPr>
<hh:paraPr id="4"><hh:heading type="BULLET" idRef="1" level="0"/></hh:paraPr>
<hh:style id="7" type="PARA" name="개요 3" paraPrIDRef="0"/>"""


def read(*paragraphs: str, header: str = "") -> str:
    return parse(hwpx(["".join(paragraphs)], header), LIMITS).markdown


def test_all_sections_come_in_numeric_order() -> None:
    markdown = parse(hwpx([text(f"구역 {number}") for number in range(12)]), LIMITS).markdown
    assert markdown.split("\n\n") == [*(f"구역 {number}" for number in range(11)), "구역 11\n"]


def test_outline_styles_become_headings_and_only_naming_labels_are_kept() -> None:
    section = run('<hp:secPr outlineShapeIDRef="1"/><hp:t>총칙</hp:t>', shape="1")
    markdown = read(section, text("목적", shape="2"), text("뜻", style="7"), text("글"), header=OUTLINE)
    assert markdown == "# 제1장 총칙\n\n## 목적\n\n### 뜻\n\n글\n"


def test_numbered_and_bullet_paragraphs_get_their_labels() -> None:
    markdown = read(text("하나", shape="3"), text("둘", shape="3"), text("점", shape="4"), header=OUTLINE)
    assert markdown == "가. 하나\n나. 둘\n\n- 점\n".replace("\n\n", "\n")


def test_a_table_stands_where_it_stands_in_its_paragraph() -> None:
    table = hwpx_table([[hwpx_cell("가"), hwpx_cell("나")], [hwpx_cell("1"), hwpx_cell("2")]])
    markdown = read(run(f"<hp:t>앞</hp:t>{table}<hp:t>뒤</hp:t>"), text("끝"))
    assert markdown == "앞\n\n| 가 | 나 |\n|---|---|\n| 1 | 2 |\n\n뒤\n\n끝\n"


def test_merged_cells_are_repeated_and_cells_are_not_glued() -> None:
    rows = [[hwpx_cell("가", rows=2), hwpx_cell("나", columns=2)], [hwpx_cell("다"), hwpx_cell("라")]]
    assert read(run(hwpx_table(rows))) == "| 가 | 나 | 나 |\n|---|---|---|\n| 가 | 다 | 라 |\n"


def test_a_table_in_a_cell_stays_on_the_line_of_its_cell() -> None:
    inner = hwpx_table([[hwpx_cell("x"), hwpx_cell("y")]])
    outer = f"<hp:tc><hp:subList>{run(inner)}</hp:subList></hp:tc>"
    rows = [[hwpx_cell("가"), hwpx_cell("나")], [outer, hwpx_cell("끝")]]
    assert read(run(hwpx_table(rows))) == "| 가 | 나 |\n|---|---|\n| x, y | 끝 |\n"


def test_a_frame_of_one_cell_is_its_content() -> None:
    cell = f"<hp:tc><hp:subList>{text('첫째')}{text('둘째')}</hp:subList></hp:tc>"
    assert read(run(hwpx_table([[cell]]))) == "첫째\n\n둘째\n"


def test_hidden_comments_and_deleted_text_are_left_out_and_shapes_are_kept() -> None:
    comment = (
        f"<hp:ctrl><hp:hiddenComment><hp:subList>{text('숨음')}</hp:subList></hp:hiddenComment></hp:ctrl>"
    )
    shape = f"<hp:rect><hp:drawText><hp:subList>{text('도형')}</hp:subList></hp:drawText></hp:rect>"
    changed = (
        "<hp:t>앞<hp:deleteBegin/>옛<hp:deleteEnd/><hp:insertBegin/>새<hp:insertEnd/><hp:lineBreak/>뒤</hp:t>"
    )
    assert read(run(comment + changed), run(shape)) == "앞새\n뒤\n\n도형\n"


def test_hanja_and_wide_spaces_survive() -> None:
    assert read(run("<hp:t>大韓民國<hp:fwSpace/>헌법<hp:tab/>끝</hp:t>")) == "大韓民國 헌법 끝\n"


def test_title_and_day_come_from_the_package() -> None:
    package = """<p xmlns:opf="http://www.idpf.org/2007/opf/"><opf:title>보고서</opf:title>
    <opf:meta name="ModifiedDate">2025-03-25T00:00:00Z</opf:meta></p>"""
    parsed = parse(hwpx([text("글")], parts={"Contents/content.hpf": package}), LIMITS)
    assert (parsed.title, parsed.meta) == ("보고서", {"modified": "2025-03-25"})


def test_encrypted_and_damaged_packages_are_refused() -> None:
    manifest = {"META-INF/manifest.xml": "<m><encryption-data/></m>"}
    with pytest.raises(Refused, match="encrypted"):
        parse(hwpx([text("x")], parts=manifest), LIMITS)
    for data in (b"PK\x03\x04", zipped({"Contents/section0.xml": "<a>"}), zipped({"Contents/a": ""})):
        with pytest.raises(Refused):
            parse(data, LIMITS)


def test_entities_in_a_section_are_refused() -> None:
    section = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
    with pytest.raises(Refused):
        parse(zipped({"Contents/section0.xml": section}), LIMITS)
