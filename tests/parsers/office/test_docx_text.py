import pytest

from slm_factory.parsers.office.docx import parse
from slm_factory.parsers.parsed import Refused
from tests.parsers.builders import OPTIONS, word, word_table, wp, wr


def read(body: str, **parts: str) -> str:
    return parse(word(body, parts), OPTIONS).markdown


def test_breaks_tabs_and_hyphens_keep_words_apart() -> None:
    inner = (
        "<w:t>가</w:t><w:tab/><w:t>나</w:t><w:br/><w:t>A</w:t><w:noBreakHyphen/><w:t>B</w:t><w:softHyphen/>"
    )
    assert read(wp(f"<w:r>{inner}</w:r>")) == "가 나\nA-B\n"


@pytest.mark.parametrize(
    ("font", "code", "text"),
    [
        ("Symbol", "F061", "α"),
        ("Wingdings", "F0FC", "✓"),
        ("Wingdings", "00FC", "✓"),
        ("Unknown", "F041", "\uf041"),
    ],
)
def test_symbols_become_unicode_where_the_font_is_known(font: str, code: str, text: str) -> None:
    assert read(wp(f'<w:r><w:sym w:font="{font}" w:char="{code}"/></w:r>')) == f"{text}\n"


def test_private_characters_of_a_symbol_font_become_unicode() -> None:
    assert read(wp(wr("\uf0b3 5", '<w:rFonts w:ascii="Symbol"/>'))) == "≥ 5\n"


def test_old_form_fields_show_their_state() -> None:
    box = "<w:checkBox><w:default w:val='0'/><w:checked/></w:checkBox>"
    choice = "<w:ddList><w:result w:val='1'/><w:listEntry w:val='가'/><w:listEntry w:val='나'/></w:ddList>"
    begin = "<w:r><w:fldChar w:fldCharType='begin'><w:ffData>{}</w:ffData></w:fldChar></w:r>".format
    end = "<w:r><w:fldChar w:fldCharType='end'/></w:r>"
    assert read(wp(begin(box) + end + wr(" ") + begin(choice) + end)) == "☑ 나\n"


def test_equations_stand_in_their_line() -> None:
    letter = "<m:r><m:t>{}</m:t></m:r>".format
    fraction = f"<m:f><m:num>{letter('a')}</m:num><m:den>{letter('b')}</m:den></m:f>"
    assert read(wp(wr("값 ") + f"<m:oMath>{fraction}</m:oMath>")) == "값 a/b\n"


def picture(words: str) -> str:
    placed = f'<wp:inline><wp:docPr id="1" name="그림" descr="{words}"/><pic:pic/></wp:inline>'
    return wp(f"<w:r><w:drawing>{placed}</w:drawing></w:r>")


def test_a_picture_is_described_in_the_words_of_its_author_only() -> None:
    assert read(picture("서버실 배치를 보여 주는 도면")) == "![서버실 배치를 보여 주는 도면]()\n"
    assert read(picture("도면.png 파일") + picture("logo") + wp("x")) == "x\n"
    assert read(picture("A screenshot of a page Description automatically generated") + wp("x")) == "x\n"


def cached(name: str, *values: str) -> str:
    points = (f'<c:pt idx="{index}"><c:v>{value}</c:v></c:pt>' for index, value in enumerate(values))
    return f"<c:{name}><c:strRef><c:strCache>{''.join(points)}</c:strCache></c:strRef></c:{name}>"


def chart(series: str) -> str:
    title = "<c:title><c:tx><c:rich><a:p><a:r><a:t>월별 매출</a:t></a:r></a:p></c:rich></c:tx></c:title>"
    plot = f"<c:plotArea><c:barChart>{series}</c:barChart></c:plotArea>"
    return f"<c:chartSpace><c:chart>{title}{plot}</c:chart></c:chartSpace>"


ANCHORED = "<w:r><w:drawing><wp:inline>{}</wp:inline></w:drawing></w:r>"


def test_a_chart_becomes_a_table_under_its_title() -> None:
    values = cached("cat", "1월", "2월") + cached("val", "4.2999999999999998", "5")
    body = wp(ANCHORED.format('<c:chart r:id="chart1"/>'))
    found = read(body, chart1=chart(f"<c:ser>{cached('tx', '매출')}{values}</c:ser>"))
    assert found == "월별 매출\n\n|  | 매출 |\n|---|---|\n| 1월 | 4.3 |\n| 2월 | 5 |\n"


def test_categories_of_a_chart_on_two_levels_are_put_together() -> None:
    def level(*points: tuple[int, str]) -> str:
        inner = (f'<c:pt idx="{index}"><c:v>{value}</c:v></c:pt>' for index, value in points)
        return f"<c:lvl>{''.join(inner)}</c:lvl>"

    names = level((0, "1월"), (1, "2월"), (2, "1월")) + level((0, "2024년"), (2, "2025년"))
    series = f"<c:ser><c:cat>{names}</c:cat>{cached('val', '1', '2', '3')}</c:ser>"
    found = read(wp(ANCHORED.format('<c:chart r:id="chart1"/>')), chart1=chart(series))
    assert "| 2024년 1월 | 1 |\n| 2024년 2월 | 2 |\n| 2025년 1월 | 3 |" in found


def test_a_diagram_becomes_a_list_in_the_order_of_its_tree() -> None:
    def point(number: int, words: str, kind: str = "node") -> str:
        text = f"<dgm:t><a:p><a:r><a:t>{words}</a:t></a:r></a:p></dgm:t>"
        return f'<dgm:pt modelId="{number}" type="{kind}">{text}</dgm:pt>'

    links = "".join(
        f'<dgm:cxn srcId="{source}" destId="{target}" srcOrd="{order}"/>'
        for source, target, order in ((0, 2, 2), (0, 1, 0), (0, 4, 1), (1, 3, 0))
    )
    points = (
        point(0, "", "doc")
        + point(2, "복구")
        + point(1, "탐지")
        + point(3, "확인")
        + point(4, "전파")
        + point(9, "x", "pres")
    )
    lists = f"<dgm:ptLst>{points}</dgm:ptLst><dgm:cxnLst>{links}</dgm:cxnLst>"
    found = read(
        wp(ANCHORED.format('<dgm:relIds r:dm="diagramData1"/>')),
        diagramData1=f"<dgm:dataModel>{lists}</dgm:dataModel>",
    )
    assert found == "- 탐지\n    - 확인\n- 전파\n- 복구\n"


def test_rows_may_begin_late_and_cells_may_go_on_below() -> None:
    wide, down, on = '<w:gridSpan w:val="2"/>', '<w:vMerge w:val="restart"/>', "<w:vMerge/>"
    table = word_table([[("a", wide), ("b", down)], ["c", "d", ("x", on)], ["f", ("y", on)]])
    head, row, last = table.rpartition("<w:tr>")
    late = f"{head}{row}<w:trPr><w:gridBefore w:val='1'/></w:trPr>{last}"
    assert read(late) == "| a | a | b |\n|---|---|---|\n| c | d | b |\n|  | f | b |\n"


def test_a_cell_that_goes_on_from_nothing_keeps_its_text() -> None:
    assert read(word_table([[("a", "<w:vMerge/>"), "b"]])) == "| a | b |\n|---|---|\n"


def test_a_hostile_span_is_bounded() -> None:
    table = word_table([[("a", '<w:gridSpan w:val="999999999"/>'), "b"], ["c", "d"]])
    assert len(read(table)) < 1000


def test_headings_and_lists_in_a_cell_are_plain_words() -> None:
    title = wp("제목", '<w:outlineLvl w:val="0"/>')
    cell = f"<w:tc>{title}{wp('글')}</w:tc>"
    assert read(f"<w:tbl><w:tr>{cell}<w:tc>{wp('b')}</w:tc></w:tr></w:tbl>") == "| 제목 글 | b |\n|---|---|\n"


def test_a_frame_of_one_cell_keeps_the_blocks_in_it() -> None:
    inner = wp("머리", '<w:outlineLvl w:val="0"/>') + word_table([["a", "b"]])
    assert read(f"<w:tbl><w:tr><w:tc>{inner}</w:tc></w:tr></w:tbl>") == "# 머리\n\n| a | b |\n|---|---|\n"


def test_a_box_in_a_box_is_read_once() -> None:
    box = "<w:r><w:pict><w:txbxContent>{}</w:txbxContent></w:pict></w:r>".format
    assert read(wp(wr("닻") + box(wp(wr("밖") + box(wp("안")))))) == "닻\n\n밖\n\n안\n"


def test_what_only_word_can_fetch_is_named() -> None:
    parsed = parse(word(wp("글") + '<w:altChunk r:id="x"/>'), OPTIONS)
    assert parsed.warnings == ("1 documents embedded in it are not read",)


def test_equations_nested_beyond_reason_are_refused_or_read() -> None:
    deep = "<m:sSup><m:e>" * 120 + "<m:r><m:t>x</m:t></m:r>" + "</m:e><m:sup/></m:sSup>" * 120
    try:
        assert "x" in read(wp(f"<m:oMath>{deep}</m:oMath>"))
    except Refused as refused:
        assert "nested too deeply" in refused.reason


def test_tables_nested_beyond_reason_are_refused_or_read() -> None:
    inner = wp("속")
    for _ in range(60):
        inner = f"<w:tbl><w:tr><w:tc>{inner}</w:tc><w:tc>{wp('x')}</w:tc></w:tr></w:tbl>"
    assert "속" in read(inner)
