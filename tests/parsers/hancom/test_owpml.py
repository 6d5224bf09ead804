import re

import pytest

from slm_factory.parsers.hancom.hwpx import parse
from tests.parsers.builders import OPTIONS, hwpx, hwpx_cell, hwpx_table, run, text

OUTLINE = """<hh:numbering id="1"><hh:paraHead level="1" numFormat="DIGIT" start="1">제^1장</hh:paraHead>
<hh:paraHead level="2" numFormat="HANGUL_SYLLABLE" start="1">^2.</hh:paraHead>
<hh:paraHead level="3" numFormat="DIGIT" start="1">(^3)</hh:paraHead></hh:numbering>
<hh:numbering id="2"><hh:paraHead level="2" start="1">^N</hh:paraHead></hh:numbering>
<hh:paraPr id="1"><hh:heading type="OUTLINE" idRef="0" level="0"/></hh:paraPr>
<hh:paraPr id="2"><hh:heading type="OUTLINE" idRef="0" level="1"/></hh:paraPr>
<hh:paraPr id="3"><hh:heading type="NUMBER" idRef="1" level="1"/></hh:paraPr>
<hh:paraPr id="4"><hh:heading type="BULLET" idRef="1" level="0"/></hh:paraPr>
<hh:paraPr id="5"><hh:heading type="NUMBER" idRef="1" level="2"/></hh:paraPr>
<hh:paraPr id="6"><hh:heading type="NUMBER" idRef="2" level="1"/></hh:paraPr>
<hh:style id="7" type="PARA" name="개요 3" paraPrIDRef="0"/>
<hh:style id="8" type="PARA" name="제목" paraPrIDRef="0"/>"""
CHAPTER = '<hp:secPr outlineShapeIDRef="1"/>'


def read(*paragraphs: str, header: str = "") -> str:
    return parse(hwpx(["".join(paragraphs)], header), OPTIONS).markdown


def control(name: str, words: str, attributes: str = "") -> str:
    """A control around a list of one paragraph: a note, a header, a comment."""
    return f"<hp:ctrl><hp:{name} {attributes}><hp:subList>{text(words)}</hp:subList></hp:{name}></hp:ctrl>"


def words(content: str) -> str:
    return f"<hp:t>{content}</hp:t>"


def cell(*paragraphs: str) -> str:
    return f"<hp:tc><hp:subList>{''.join(paragraphs)}</hp:subList></hp:tc>"


def test_outline_levels_become_headings_with_their_numbers() -> None:
    markdown = read(
        run(CHAPTER + words("총칙"), shape="1"), text("목적", shape="2"), text("뜻", style="7"), text("글"),
        header=OUTLINE,
    )  # fmt: skip
    assert markdown == "# 제1장 총칙\n\n## 가. 목적\n\n### 뜻\n\n글\n"


def test_a_style_named_title_is_a_heading_and_the_first_one_names_the_document() -> None:
    parsed = parse(hwpx([text("운영 규정", style="8") + text("끝", style="8")], OUTLINE), OPTIONS)
    assert (parsed.markdown, parsed.title) == ("# 운영 규정\n\n# 끝\n", "운영 규정")


def test_a_sentence_on_an_outline_level_is_no_heading() -> None:
    markdown = read(run(CHAPTER + words("이 규정은 점검을 정한다."), shape="2"), header=OUTLINE)
    assert markdown == "가. 이 규정은 점검을 정한다.\n"


def test_numbered_and_bullet_paragraphs_get_their_labels() -> None:
    markdown = read(
        text("하나", shape="3"), text("둘", shape="3"), text("점", shape="4"), text("셋", shape="5"),
        text("넷", shape="6"), header=OUTLINE,
    )  # fmt: skip
    assert markdown == "가. 하나\n나. 둘\n- 점\n\n(1) 셋\n\n1.1. 넷\n"


def test_a_numbered_paragraph_without_text_counts() -> None:
    assert read(text("", shape="3"), text("둘", shape="3"), header=OUTLINE) == "나. 둘\n"


def test_a_paragraph_that_an_object_cuts_has_one_number() -> None:
    table = hwpx_table([[hwpx_cell("가"), hwpx_cell("나")]])
    markdown = read(
        run(words("앞") + table + words("뒤"), shape="3"), text("다음", shape="3"), header=OUTLINE
    )
    assert markdown == "가. 앞\n\n| 가 | 나 |\n|---|---|\n\n뒤\n\n나. 다음\n"


def test_merged_cells_are_repeated_and_cells_are_not_glued() -> None:
    rows = [[hwpx_cell("가", rows=2), hwpx_cell("나", columns=2)], [hwpx_cell("다"), hwpx_cell("라")]]
    assert read(run(hwpx_table(rows))) == "| 가 | 나 | 나 |\n|---|---|---|\n| 가 | 다 | 라 |\n"


def test_a_table_in_a_cell_stays_on_the_line_of_its_cell() -> None:
    inner = hwpx_table([[hwpx_cell("x"), hwpx_cell("y")], [hwpx_cell("z", columns=2)]])
    rows = [[hwpx_cell("가"), hwpx_cell("나")], [cell(text("앞"), run(inner)), hwpx_cell("끝")]]
    assert read(run(hwpx_table(rows))) == "| 가 | 나 |\n|---|---|\n| 앞 x, y; z | 끝 |\n"


def test_nested_spans_do_not_multiply_text() -> None:
    inner = text("글")
    for _ in range(30):
        high = f'<hp:tc><hp:subList>{inner}</hp:subList><hp:cellSpan colSpan="9" rowSpan="9"/></hp:tc>'
        inner = run(hwpx_table([[high, hwpx_cell("x")], *[[hwpx_cell("y")]] * 2]))
    assert len(read(inner)) < 5000


def test_lists_in_a_cell_keep_their_labels_and_headings_are_plain() -> None:
    rows = [[cell(text("점", shape="4"), text("장", shape="1"), text("둘", shape="4")), hwpx_cell("b")]]
    assert read(run(hwpx_table(rows)), header=OUTLINE) == "| - 점 장 - 둘 | b |\n|---|---|\n"


def test_a_frame_is_its_content() -> None:
    assert read(run(hwpx_table([[cell(text("첫째"), text("둘째"))]]))) == "첫째\n\n둘째\n"
    titled = [[hwpx_cell(""), hwpx_cell("보기"), hwpx_cell("")], [cell(text("ㄱ"), text("ㄴ"))]]
    assert read(run(hwpx_table(titled))) == "보기\n\nㄱ\n\nㄴ\n"


def test_a_row_of_several_paragraphs_interrupts_its_table() -> None:
    wide = f'{cell(text("글 하나"), text("글 둘"))[:-8]}<hp:cellSpan colSpan="2" rowSpan="1"/></hp:tc>'
    rows = [[hwpx_cell("이름"), hwpx_cell("값")], [wide], [hwpx_cell("a"), hwpx_cell("b")]]
    assert read(run(hwpx_table(rows))) == (
        "| 이름 | 값 |\n|---|---|\n\n글 하나\n\n글 둘\n\n| a | b |\n|---|---|\n"
    )


def test_the_rows_of_a_form_do_not_repeat_its_fine_grid() -> None:
    widths = [(1, 5, 6), (3, 6, 3), (5, 2, 5), (4, 4, 4), (2, 7, 3)]
    rows = [[hwpx_cell(f"{n}-{width}", columns=width) for width in row] for n, row in enumerate(widths)]
    rows[4][2] = hwpx_cell("4-7", columns=3)  # as its neighbour
    lines = read(run(hwpx_table(rows))).split("\n")
    assert (lines[0], lines[2], lines[5]) == (
        "| 0-1 | 0-5 | 0-6 |",
        "| 1-3 | 1-6 | 1-3 |",
        "| 4-2 | 4-7 |  |",
    )


def test_boxes_of_a_form_make_a_table() -> None:
    box = cell(run('<hp:checkBtn caption="예" value="CHECKED"/>'))
    assert read(run(hwpx_table([[hwpx_cell("동의"), box]]))) == "| 동의 | ☑ 예 |\n|---|---|\n"


def test_captions_stand_on_their_side_and_show_their_number() -> None:
    number = '<hp:autoNum num="3" numType="TABLE"><hp:autoNumFormat type="ROMAN_CAPITAL"/></hp:autoNum>'
    words_ = run(words("표 ") + f"<hp:ctrl>{number}</hp:ctrl>" + words(" 차례"))
    rows = hwpx_table([[hwpx_cell("가"), hwpx_cell("나")]]).removeprefix("<hp:tbl>")
    for side, expected in (("TOP", "표 III 차례\n\n{}\n"), ("BOTTOM", "{}\n\n표 III 차례\n")):
        caption = f'<hp:caption side="{side}"><hp:subList>{words_}</hp:subList></hp:caption>'
        assert read(run(f"<hp:tbl>{caption}{rows}")) == expected.format("| 가 | 나 |\n|---|---|")


def test_notes_are_marked_where_they_stand_and_written_at_the_end() -> None:
    table = hwpx_table([[cell(run(words("가") + control("endNote", "끝 주"))), hwpx_cell("나")]])
    number = '<hp:ctrl><hp:autoNum num="1" numType="FOOTNOTE"/></hp:ctrl>'
    note = control("footNote", "").replace(text(""), run(f"{number}{words('각주 글')}"))
    assert read(run(words("앞") + note + words(" 뒤")), run(table), text("다음")) == (
        "앞[^1] 뒤\n\n| 가[^2] | 나 |\n|---|---|\n\n다음\n\n[^1]: 각주 글\n\n[^2]: 끝 주\n"
    )


def test_headers_and_footers_come_once_and_without_page_numbers() -> None:
    page = '<hp:ctrl><hp:autoNum num="1" numType="PAGE"/></hp:ctrl>'
    numbered = control("footer", "").replace(text(""), run(words("- ") + page + words(" 쪽 -")))
    head = control("header", "").replace(text(""), run(words("물빛나루 ") + page))
    sections = [run(head + control("footer", "대외비") + numbered + words(name)) for name in ("하나", "둘")]
    assert parse(hwpx(sections), OPTIONS).markdown == "물빛나루\n\n하나\n\n둘\n\n대외비\n"


def test_hidden_comments_and_memos_are_left_out_and_text_in_shapes_is_kept() -> None:
    memo = (
        '<hp:ctrl><hp:fieldBegin type="MEMO"><hp:subList>'
        + text("메모")
        + "</hp:subList></hp:fieldBegin></hp:ctrl>"
    )
    shape = f"<hp:rect><hp:drawText><hp:subList>{text('도형')}</hp:subList></hp:drawText></hp:rect>"
    group = f"<hp:container>{shape}{shape.replace('도형', '묶음')}</hp:container>"
    assert read(
        run(control("hiddenComment", "숨음") + words("글") + memo), run(shape), run(words("앞") + group)
    ) == ("글\n\n도형\n\n앞\n\n도형\n\n묶음\n")


def test_tracked_deletions_are_left_out_within_and_across_runs_and_paragraphs() -> None:
    begin, end = '<hp:deleteBegin Id="1" TcId="1"/>', '<hp:deleteEnd Id="1" TcId="1" paraend="0"/>'
    new = '<hp:insertBegin Id="2"/>새<hp:insertEnd Id="2"/>'
    assert read(run(words(f"앞{begin}옛{end}{new}<hp:lineBreak/>뒤"))) == "앞새\n뒤\n"
    assert read(run(words(f"앞{begin}옛") + words("옛") + words(f"{end}뒤"))) == "앞뒤\n"
    table = hwpx_table([[hwpx_cell("옛"), hwpx_cell("옛")]])
    deleted = [run(words(f"앞{begin}옛") + table), text("옛"), run(words("옛") + end + words("뒤"))]
    assert read(*deleted) == "앞\n\n뒤\n"


def test_a_deletion_without_an_end_takes_only_its_paragraph() -> None:
    assert read(run(words('앞<hp:deleteBegin Id="1"/>옛')), text("뒤")) == "앞\n\n뒤\n"
    late = '<hp:deleteEnd Id="1"/>글<hp:deleteBegin Id="1"/>옛'
    assert read(run(words(late)), text("뒤")) == "글\n\n뒤\n"


def test_fields_links_and_buttons_keep_their_text() -> None:
    target = "<hp:parameters><hp:stringParam>https://x.example</hp:stringParam></hp:parameters>"
    link = f'<hp:ctrl><hp:fieldBegin type="HYPERLINK">{target}</hp:fieldBegin></hp:ctrl>'
    assert read(run(link + words("누리집") + "<hp:ctrl><hp:fieldEnd/></hp:ctrl>")) == "누리집\n"
    box = '<hp:checkBtn caption="R&amp;&amp;D &amp;과제" value="{}"/>'
    assert read(run(box.format("CHECKED") + box.format("UNCHECKED"))) == "☑ R&D 과제 ☐ R&D 과제\n"
    lines = "".join(f'<hp:listItem value="{n}" displayText="{line}"/>' for n, line in enumerate("가나"))
    combo = f'<hp:comboBox selectedValue="1">{lines}</hp:comboBox>'
    assert read(run(combo + "<hp:edit><hp:text>적은 글</hp:text></hp:edit>")) == "나적은 글\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<hp:equation><hp:script>a over b</hp:script></hp:equation>", "a over b"),
        ("<hp:dutmal><hp:mainText>주문</hp:mainText><hp:subText>注文</hp:subText></hp:dutmal>", "주문(注文)"),
        ('<hp:compose composeText="12"><hp:charPr prIDRef="1"/></hp:compose>', "12"),
        ('<hp:textart text="글맵시"/>', "글맵시"),
        ("<hp:t>大韓民國<hp:fwSpace/>ᄒᆞᆫ글\uf0e8<hp:tab/>끝<hp:nbSpace/>-</hp:t>", "大韓民國 ᄒᆞᆫ글\uf0e8 끝 -"),
        ("<hp:pic><hp:shapeComment>강의 다리 전경</hp:shapeComment></hp:pic>", "![강의 다리 전경]()"),
        ("<hp:rect><hp:shapeComment>사각형입니다.</hp:shapeComment></hp:rect><hp:t>글</hp:t>", "글"),
        (f"<hp:new><hp:subList>{text('모르는 틀')}</hp:subList></hp:new>", "모르는 틀"),
    ],
)  # fmt: skip
def test_other_content_reads_as_it_looks(content: str, expected: str) -> None:
    assert read(run(content)) == f"{expected}\n"


@pytest.mark.parametrize("level", ["-1", "²", "10000000", "9" * 5000, "x", ""])
def test_absurd_levels_and_spans_do_no_harm(level: str) -> None:
    header = re.sub(r'level="\d"', f'level="{level}"', OUTLINE)
    wide = hwpx_cell("가").replace('colSpan="1"', f'colSpan="{level}"')
    markdown = read(
        text("글", shape="3"),
        text("점", shape="4"),
        run(hwpx_table([[wide, hwpx_cell("나")]])),
        header=header,
    )
    assert "글" in markdown and "나" in markdown and len(markdown) < 20_000


def test_tables_nested_to_the_limit_of_xml_are_read() -> None:
    inner = text("속")
    for _ in range(38):
        inner = run(hwpx_table([[f"<hp:tc><hp:subList>{inner}</hp:subList></hp:tc>", hwpx_cell("x")]]))
    assert "속" in read(inner)
