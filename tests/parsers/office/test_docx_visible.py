from slm_factory.parsers.office.docx import parse
from tests.parsers.builders import OPTIONS, word, word_table, wp, wr


def read(body: str, **parts: str) -> str:
    return parse(word(body, parts), OPTIONS).markdown


def field(instruction: str, result: str) -> str:
    mark = "<w:r><w:fldChar w:fldCharType='{}'/></w:r>".format
    return (
        f"{mark('begin')}<w:r><w:instrText>{instruction}</w:instrText></w:r>"
        f"{mark('separate')}{result}{mark('end')}"
    )


def test_moved_text_stands_where_it_was_moved_to() -> None:
    body = wp(f"{wr('앞')}<w:moveTo>{wr(' 옮긴 글')}</w:moveTo>") + wp(
        f"<w:moveFrom>{wr('옮긴 글')}</w:moveFrom>"
    )
    body += f"<w:moveTo>{wp('옮긴 단락')}</w:moveTo>"
    assert read(body) == "앞 옮긴 글\n\n옮긴 단락\n"


def test_a_deleted_paragraph_mark_joins_paragraphs() -> None:
    mark = "<w:rPr><w:del/></w:rPr>"
    both = "<w:rPr><w:moveFrom/><w:del/></w:rPr>"
    assert read(wp("하나 ", both) + wp("둘 ", mark) + wp("셋") + wp("넷")) == "하나 둘 셋\n\n넷\n"


def test_a_deleted_mark_before_a_table_joins_nothing() -> None:
    body = wp("앞", "<w:rPr><w:del/></w:rPr>") + word_table([["a", "b"]])
    assert read(body) == "앞\n\n| a | b |\n|---|---|\n"


def test_deleted_and_hidden_rows_are_left_out_and_inserted_ones_stay() -> None:
    table = word_table([["a", "b"], ["지움", "x"], ["넣음", "y"], ["숨김", "z"]])
    for words, mark in (("지움", "<w:del/>"), ("넣음", "<w:ins/>"), ("숨김", "<w:hidden/>")):
        before, after = table.split(words)
        head, _, tail = before.rpartition("<w:tr>")
        table = f"{head}<w:tr><w:trPr>{mark}</w:trPr>{tail}{words}{after}"
    assert read(table) == "| a | b |\n|---|---|\n| 넣음 | y |\n"


def test_a_field_shows_its_result_and_not_its_instruction() -> None:
    inner = field("PAGEREF _Ref1", wr("7"))
    body = wp(field("HYPERLINK x", wr("링크")) + wr(" 는 ") + field(f"REF {inner}", wr("3쪽")))
    assert read(body) == "링크 는 3쪽\n"


def test_a_field_without_an_end_hides_nothing() -> None:
    assert read(wp("<w:r><w:fldChar w:fldCharType='begin'/></w:r>" + wr("남는 글"))) == "남는 글\n"


def test_simple_fields_and_links_show_their_text() -> None:
    body = wp(
        f"<w:fldSimple w:instr=' AUTHOR '>{wr('가')}</w:fldSimple><w:hyperlink>{wr('나')}</w:hyperlink>"
    )
    assert read(body) == "가나\n"


def test_tables_of_contents_are_left_out() -> None:
    mark = "<w:r><w:fldChar w:fldCharType='{}'/></w:r>".format
    start = mark("begin") + "<w:r><w:instrText> TOC \\o </w:instrText></w:r>" + mark("separate")
    body = wp(start + wr("제1장 3")) + wp("제2장 5") + wp(wr("제3장 7") + mark("end")) + wp("본문")
    assert read(body) == "본문\n"
    index = mark("begin") + "<w:r><w:instrText>XE 낱말</w:instrText></w:r>" + mark("end")
    assert read(wp(wr("앞") + index) + body) == "앞\n\n본문\n", "a field without a result ends, too"
    gallery = '<w:sdtPr><w:docPartObj><w:docPartGallery w:val="Table of Contents"/></w:docPartObj></w:sdtPr>'
    control = f"<w:sdt>{gallery}<w:sdtContent>{wp('목차')}</w:sdtContent></w:sdt>"
    assert read(control + wp("본문")) == "본문\n"


def test_hidden_text_is_left_out_by_run_and_by_style() -> None:
    styles = (
        '<w:styles><w:style w:type="character" w:styleId="H"><w:rPr><w:vanish/></w:rPr></w:style>'
        '<w:style w:type="paragraph" w:styleId="P"><w:rPr><w:vanish/></w:rPr></w:style></w:styles>'
    )
    body = wp(wr("보임 ") + wr("숨김", "<w:vanish/>") + wr("숨김", '<w:rStyle w:val="H"/>'))
    body += wp(wr("숨김") + wr("드러남", '<w:vanish w:val="0"/>'), '<w:pStyle w:val="P"/>')
    assert read(body, styles=styles) == "보임\n\n드러남\n"


def test_content_controls_around_rows_and_cells_are_seen_through() -> None:
    cell = "<w:tc>{}</w:tc>".format
    row = f"<w:tr>{cell(wp('a'))}<w:sdt><w:sdtContent>{cell(wp('b'))}</w:sdtContent></w:sdt></w:tr>"
    assert (
        read(f"<w:tbl><w:sdt><w:sdtContent>{row}</w:sdtContent></w:sdt></w:tbl>") == "| a | b |\n|---|---|\n"
    )


def test_comments_and_readings_over_words_are_left_out() -> None:
    ruby = f"<w:ruby><w:rt>{wr('한자')}</w:rt><w:rubyBase>{wr('漢字')}</w:rubyBase></w:ruby>"
    body = wp(wr("앞 ") + f"<w:r>{ruby}</w:r>" + "<w:r><w:commentReference w:id='1'/></w:r>")
    comments = f'<w:comments><w:comment w:id="1">{wp("의견")}</w:comment></w:comments>'
    assert read(body, comments=comments) == "앞 漢字\n"
