from slm_factory.parsers.office.docx import parse
from tests.parsers.builders import OPTIONS, word, word_table, wp, wr

PAGE = "<w:fldSimple w:instr=' PAGE '><w:r><w:t>1</w:t></w:r></w:fldSimple>"


def read(body: str, **parts: str) -> str:
    return parse(word(body, parts), OPTIONS).markdown


def note(kind: str, identifier: int, *paragraphs: str) -> str:
    return f'<w:{kind} w:id="{identifier}">{"".join(map(wp, paragraphs))}</w:{kind}>'


def mark(kind: str, identifier: int) -> str:
    return f'<w:r><w:{kind}Reference w:id="{identifier}"/></w:r>'


def test_notes_stand_at_the_end_in_the_order_of_their_marks() -> None:
    two = note("footnote", 2, "첫째 각주", "둘째 줄")
    footnotes = f"<w:footnotes>{two}{note('footnote', 1, '다음')}</w:footnotes>"
    endnotes = (
        f"<w:endnotes>{note('endnote', 1, '미주')}{note('endnote', 9, '아무도 부르지 않음')}</w:endnotes>"
    )
    body = wp(wr("가") + mark("footnote", 2) + wr("나") + mark("endnote", 1)) + wp(
        wr("다") + mark("footnote", 1)
    )
    assert read(body, footnotes=footnotes, endnotes=endnotes) == (
        "가[^1]나[^2]\n\n다[^3]\n\n[^1]: 첫째 각주 둘째 줄\n\n[^2]: 미주\n\n[^3]: 다음\n"
    )


def test_a_note_of_a_table_stands_behind_it() -> None:
    table = word_table([["값", "b"]]).replace("값</w:t></w:r>", f"값</w:t></w:r>{mark('footnote', 1)}")
    footnotes = f"<w:footnotes>{note('footnote', 1, '단위: 원')}</w:footnotes>"
    assert read(table, footnotes=footnotes) == "| 값[^1] | b |\n|---|---|\n\n[^1]: 단위: 원\n"


def test_a_title_is_told_without_the_mark_of_its_note() -> None:
    footnotes = f"<w:footnotes>{note('footnote', 1, '개정')}</w:footnotes>"
    title = wp(wr("규정") + mark("footnote", 1), '<w:outlineLvl w:val="0"/>')
    parsed = parse(word(title, {"footnotes": footnotes}), OPTIONS)
    assert (parsed.markdown, parsed.title) == ("# 규정[^1]\n\n[^1]: 개정\n", "규정")


def test_a_deleted_note_is_left_out() -> None:
    footnotes = f"<w:footnotes>{note('footnote', 1, '지운 각주')}</w:footnotes>"
    body = wp(wr("글") + f"<w:del>{mark('footnote', 1)}</w:del>")
    assert read(body, footnotes=footnotes) == "글\n"


def section(*references: str, more: str = "") -> str:
    inner = "".join(
        f'<w:{name.rstrip("0123456789")}Reference w:type="{use}" r:id="{name}"/>'
        for name, _, use in (reference.partition(":") for reference in references)
    )
    return f"<w:sectPr>{inner}{more}</w:sectPr>"


def test_headers_come_first_and_footers_last_each_text_once() -> None:
    parts = {
        "header1": f"<w:hdr>{wp('운영 규정')}</w:hdr>",
        "header2": f"<w:hdr>{wp('운영 규정')}{wp('제2부')}</w:hdr>",
        "footer1": f"<w:ftr>{wp(wr('대외비 - ') + PAGE + wr(' -'))}</w:ftr>",
    }
    body = wp("본문", section("header1:default")) + section("header2:default", "footer1:default")
    assert read(body, **parts) == "운영 규정\n\n제2부\n\n본문\n\n대외비\n"


def test_a_line_with_only_the_number_of_the_page_is_left_out() -> None:
    total = PAGE.replace("PAGE", "NUMPAGES")
    footer = f"<w:ftr>{wp(wr('Page ') + PAGE + wr(' of ') + total)}{wp(wr('- ') + PAGE + wr(' -'))}</w:ftr>"
    assert read(wp("본문") + section("footer1:default"), footer1=footer) == "본문\n"


def test_headers_that_no_page_shows_are_left_out() -> None:
    parts = {f"header{number}": f"<w:hdr>{wp(f'머리 {number}')}</w:hdr>" for number in (1, 2)}
    references = section("header1:first", "header2:even")
    assert read(wp("본문") + references, **parts) == "본문\n"
    shown = section("header1:first", "header2:even", more="<w:titlePg/>")
    settings = "<w:settings><w:evenAndOddHeaders/></w:settings>"
    assert read(wp("본문") + shown, settings=settings, **parts) == "머리 1\n\n머리 2\n\n본문\n"
