import re
from collections.abc import Iterator

import pymupdf
import pytest

from slm_factory.parsers.line_breaks import Joiner
from slm_factory.parsers.parsed import Options, Parsed, Refused
from slm_factory.parsers.pdf import ocr, page_reader
from slm_factory.parsers.pdf.document import parse
from tests.parsers.builders import OPTIONS, pdf, pdf_table

AES_256 = 5  # pymupdf.PDF_ENCRYPT_AES_256, which its stubs do not know
PROSE = "사람을 탓하지 않고 일이 일어난 순서와 배운 점을 적는다. "


def html_page(*boxes: tuple[tuple[float, float, float, float], str], size: float = 10) -> bytes:
    """A page with HTML set into boxes."""
    document = pymupdf.open()
    page = document.new_page()
    for place, html in boxes:
        page.insert_htmlbox(place, html, css=f"* {{ font-size: {size}px; }} p {{ margin: 0 0 6px 0; }}")
    return bytes(document.tobytes())


def blocks(data: bytes) -> list[str]:
    """The Markdown of a document, cut at blank lines."""
    return parse(data, OPTIONS).markdown.strip().split("\n\n")


def first_lines(parsed: Parsed) -> list[str]:
    """What stands where each page begins."""
    return [parsed.markdown[start:].split("\n")[0] for start in parsed.page_starts]


def test_headings_come_from_font_sizes() -> None:
    page = [
        (60, 90, 20, "장애 등급"),
        (60, 130, 14, "정의"),
        (60, 160, 10, "장애는 서비스가 멈춘 상태를 말하며 모두 기록한다."),
    ]
    parsed = parse(pdf([page]), OPTIONS)
    assert parsed.markdown == "# 장애 등급\n\n## 정의\n\n장애는 서비스가 멈춘 상태를 말하며 모두 기록한다.\n"
    assert parsed.title == "장애 등급"


@pytest.mark.parametrize(("stated", "title"), [("2024_규정.pdf", ""), ("야간 점검 규정", "야간 점검 규정")])
def test_the_name_of_a_source_file_is_no_title(stated: str, title: str) -> None:
    document = pymupdf.open("pdf", pdf([[(60, 100, 10, "제21조 경기 시간")]]))
    document.set_metadata({"title": stated})
    assert parse(document.tobytes(), OPTIONS).title == title


def test_headings_of_the_outline_have_its_levels() -> None:
    document = pymupdf.open()
    page = document.new_page()
    lines = (
        (90, 10, "Chapter"),
        (120, 20, "Part of it"),
        (150, 10, "The text is as large as the first line."),
    )
    for y, size, text in lines:
        page.insert_text((60, y), text, fontsize=size)
    document.set_toc([[1, "Chapter", 1], [2, "Part  of it", 1]])
    assert blocks(document.tobytes()) == [
        "# Chapter",
        "## Part of it",
        "The text is as large as the first line.",
    ]


def test_bold_lines_that_stand_alone_are_headings_and_bold_words_are_not() -> None:
    text = f"<p>{'An outage is what stops our customers. ' * 5}</p>"
    data = html_page(
        ((60, 60, 400, 500), f"<p><b>Severity</b></p>{text}<p><b>Note</b>: it counts.</p>{text}")
    )
    found = blocks(data)
    assert found[0] == "# Severity" and found[2] == "Note: it counts."


def test_running_heads_go_and_numbers_in_the_text_stay() -> None:
    pages = [
        [
            (60, 40, 9, "내부 문서"),
            (60, 300, 10, f"본문 {number}"),
            (60, 340, 10, "42"),
            (290, 810, 9, f"- {number} -"),
        ]
        for number in range(1, 5)
    ]
    markdown = parse(pdf(pages), OPTIONS).markdown
    assert "내부 문서" not in markdown and "- 1 -" not in markdown
    assert markdown.count("42") == 4 and "본문 3" in markdown


def test_the_head_of_a_chapter_goes_though_most_pages_have_another() -> None:
    pages = [
        [(60, 40, 9, f"{chapter}장"), (60, 300, 10, f"본문 {number}")]
        for number, chapter in enumerate("가가가가나나나나다다다다")
    ]
    assert "장" not in parse(pdf(pages), OPTIONS).markdown


def test_repeated_rows_in_the_margin_stay_if_their_numbers_do_not_count_the_pages() -> None:
    for totals in ([500, 90, 700], [90, 500, 700]):
        pages = [
            [(60, 300, 10, f"본문 {number}"), (60, 800, 9, f"합계 {total}원")]
            for number, total in enumerate(totals)
        ]
        assert parse(pdf(pages), OPTIONS).markdown.count("합계") == 3


def test_the_only_page_loses_its_number_but_no_other_last_line() -> None:
    page = [(60, 100, 10, "본문"), (60, 400, 10, "글")]
    assert parse(pdf([[*page, (290, 810, 9, "1 / 1")]]), OPTIONS).markdown == "본문\n\n글\n"
    assert parse(pdf([[*page, (290, 810, 9, "7")]]), OPTIONS).markdown.endswith("7\n")


def test_page_starts_point_to_the_text_of_each_page() -> None:
    parsed = parse(pdf([[(60, 100, 10, "첫째")], [], [(60, 100, 10, "셋째")]]), OPTIONS)
    assert parsed.pages == 3
    assert first_lines(parsed) == ["첫째", "셋째", "셋째"]


def test_a_paragraph_that_a_page_cuts_is_whole_and_its_page_begins_within_it() -> None:
    document = pymupdf.open()
    lines = ["the report names what happened, in the order in which it", "happened, and what was learned."]
    for line in lines:
        document.new_page().insert_text((60, 100), line, fontsize=10)
    parsed = parse(document.tobytes(), OPTIONS)
    assert parsed.markdown == " ".join(lines) + "\n"
    assert parsed.markdown[parsed.page_starts[1] :] == lines[1] + "\n"


def test_columns_are_read_one_after_the_other_whatever_the_order_in_the_file() -> None:
    head = "머리말은 두 단에 걸쳐 길게 이어지는 한 줄의 문장으로서 가운데를 지난다"
    left = [(60, 120 + 40 * row, 10, f"왼쪽 {row}") for row in range(5)]
    right = [(320, 120 + 40 * row, 10, f"오른쪽 {row}") for row in range(5)]
    markdown = parse(pdf([[*right, (60, 80, 10, head), *left]]), OPTIONS).markdown
    lines = [line for line in markdown.split("\n") if line]
    assert lines == [head, *(f"{side} {row}" for side in ("왼쪽", "오른쪽") for row in range(5))]


def test_two_columns_of_one_size_are_wrapped_each_on_its_own() -> None:
    paragraphs = [f"{side} begins. " + "It tells what was done and what was learned. " * 6 for side in "ABCD"]
    halves = ["".join(f"<p>{text}</p>" for text in paragraphs[half : half + 2]) for half in (0, 2)]
    data = html_page(((60, 60, 290, 500), halves[0]), ((310, 60, 540, 500), halves[1]))
    assert blocks(data) == [text.strip() for text in paragraphs]


def test_blocks_in_no_clear_order_end_in_some_order() -> None:
    words = [(60 + 97 * row % 400, 80 + 61 * row % 700, 10, f"글 {row}") for row in range(40)]
    markdown = parse(pdf([words]), OPTIONS).markdown
    assert set(map(int, re.findall(r"\d+", markdown))) == set(range(40))


def test_broken_lines_are_joined_and_short_lines_are_not() -> None:
    data = html_page(((60, 60, 400, 400), f"<p>{PROSE * 4}</p><p>이름: 가<br>번호: 나</p>"), size=16)
    lines = [line for line in parse(data, OPTIONS).markdown.split("\n") if line]
    assert len(lines) == 3 and lines[1:] == ["이름: 가", "번호: 나"]


def test_a_number_at_the_start_of_a_line_begins_no_item_within_a_sentence() -> None:
    lines = ["새 규정에 따라 훈련을 마쳤고 그 규정의 관리 번호는 모두", "858. 이 그 끝이다."]
    page = [(60, 100 + 14 * row, 10, line) for row, line in enumerate(lines)]
    assert parse(pdf([page]), OPTIONS).markdown == " ".join(lines) + "\n"


def test_bullets_become_list_items() -> None:
    page = [(60, 100, 10, "• 이름: 가"), (60, 114, 10, "• 번호: 나"), (60, 128, 10, "1. 연다")]
    assert parse(pdf([page]), OPTIONS).markdown == "- 이름: 가\n- 번호: 나\n1. 연다\n"


def test_items_are_nested_by_their_indent_and_go_on_over_lines() -> None:
    long = "일어난 일을 차례대로 빠짐없이 적고 배운 점은 따로 모아 반드시"
    page = [
        (60, 100, 10, f"1. {long}"),
        (74, 114, 10, "남긴다."),
        (80, 128, 10, "• first"),
        (80, 142, 10, "• second"),
        (60, 156, 10, "2. Send it."),
    ]
    assert parse(pdf([page]), OPTIONS).markdown == (
        f"1. {long} 남긴다.\n    - first\n    - second\n2. Send it.\n"
    )


def test_ligatures_are_spelled_out_and_the_text_of_links_stays() -> None:
    data = html_page(
        ((60, 60, 400, 200), '<p>The <a href="https://example.org">office files</a> are fixed.</p>')
    )
    assert parse(data, OPTIONS).markdown == "The office files are fixed.\n"


def test_footnotes_are_marked_in_the_text_and_stand_at_the_foot() -> None:
    document = pymupdf.open()
    for month in ("May", "June"):
        page = document.new_page()
        text = f"The exercise of {month}"
        page.insert_text((60, 100), text, fontsize=10)
        page.insert_text((61 + pymupdf.get_text_length(text, fontsize=10), 96), "1", fontsize=6)
        page.insert_text((60, 130), f"was repeated after {month}.", fontsize=10)
        page.insert_text((60, 780), f"1) the drill of {month}", fontsize=8)
    markdown = parse(document.tobytes(), OPTIONS).markdown
    assert "The exercise of May[^1]\n" in markdown and "[^1]: the drill of May" in markdown
    assert "The exercise of June[^1-2]\n" in markdown and "[^1-2]: the drill of June" in markdown


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_turned_pages_read_like_upright_ones(turn: int) -> None:
    document = pymupdf.open()
    page = document.new_page()
    page.insert_text((60, 100), "first line of the page", fontsize=10)
    page.insert_text((60, 130), "second line of the page", fontsize=10)
    pdf_table(page, 200, [["a", "b"], ["1", "2"]])
    upright = parse(document.tobytes(), OPTIONS).markdown
    page.set_rotation(turn)
    assert "| a | b |" in upright and parse(document.tobytes(), OPTIONS).markdown == upright
    page.remove_rotation()  # the text itself is turned now
    page.set_rotation(0)
    assert parse(document.tobytes(), OPTIONS).markdown == upright


def test_an_encrypted_file_is_refused() -> None:
    data = pdf([[(60, 100, 10, "x")]], encryption=AES_256, user_pw="a", owner_pw="b")
    with pytest.raises(Refused, match="encrypted"):
        parse(data, OPTIONS)


def scanned(rotation: int = 0) -> bytes:
    """A page with text and one that is the picture of a page, turned by `rotation` degrees."""
    drawn = pymupdf.open()
    page = drawn.new_page()
    lines = [
        "The control room writes a report",
        "within two days after each outage,",
        "and keeps it for five years.",
    ]
    for row, line in enumerate(lines):
        page.insert_text((60, 100 + 40 * row), line, fontsize=24)
    page.set_rotation(rotation)
    pixels = page.get_pixmap(dpi=150)
    document = pymupdf.open()
    document.new_page().insert_text((60, 100), "text")
    document.new_page(width=pixels.width / 2, height=pixels.height / 2)
    document[1].insert_image(document[1].rect, pixmap=pixels)
    return bytes(document.tobytes())


@pytest.fixture
def no_tesseract(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path_factory.mktemp("empty")))
    ocr.installed.cache_clear()
    yield
    ocr.installed.cache_clear()


@pytest.mark.usefixtures("no_tesseract")
def test_without_tesseract_scanned_pages_are_named_and_a_scanned_file_is_refused() -> None:
    assert ocr.installed("eng") == ""
    (warning,) = parse(scanned(), OPTIONS).warnings
    assert "no text on page 2: scanned?" in warning
    document = pymupdf.open(stream=scanned())
    document.delete_page(0)
    with pytest.raises(Refused, match="scanned"):
        parse(document.tobytes(), OPTIONS)


@pytest.mark.skipif(not ocr.installed("eng"), reason="no Tesseract with English here")
@pytest.mark.parametrize("rotation", [0, 180])
def test_scanned_pages_are_read_whichever_way_they_lie(rotation: int) -> None:
    english = Options(max_pages=9, max_expanded_bytes=1, ocr_languages="eng")
    parsed = parse(scanned(rotation), english)
    assert "The control room writes a report within two days" in parsed.markdown
    assert first_lines(parsed)[0] == "text" and parsed.warnings[0].startswith("page 2 scanned")


def test_no_languages_mean_no_ocr() -> None:
    off = Options(max_pages=9, max_expanded_bytes=1, ocr_languages="")
    assert "no text on page 2" in parse(scanned(), off).warnings[0]


def test_too_many_pages_and_garbage_are_refused() -> None:
    with pytest.raises(Refused, match="max_pages"):
        parse(pdf([[(60, 100, 10, "x")]] * 3), Options(max_pages=2, max_expanded_bytes=1))
    with pytest.raises(Refused):
        parse(b"%PDF-1.7\n" + bytes(range(256)) * 40, OPTIONS)


def test_too_many_objects_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slm_factory.parsers.pdf.document.MAX_OBJECTS", 5)
    with pytest.raises(Refused, match="objects"):
        parse(pdf([[(60, 100, 10, "x")]] * 3), OPTIONS)


def test_a_form_that_draws_itself_ends() -> None:
    document = pymupdf.open(stream=pdf([[(60, 100, 10, "text")]]))
    form = document.get_new_xref()
    document.update_object(
        form, f"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</F {form} 0 R>>>>>>"
    )
    document.update_stream(form, b"/F Do /F Do", new=True)
    page = document[0]
    resources = int(document.xref_get_key(page.xref, "Resources")[1].split()[0])
    document.xref_set_key(resources, "XObject", f"<</F {form} 0 R>>")
    contents = page.get_contents()[0]
    document.update_stream(contents, document.xref_stream(contents) + b" /F Do")
    assert parse(document.tobytes(), OPTIONS).markdown == "text\n"


def test_a_page_that_fails_is_named_and_the_others_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks_of = page_reader.read_blocks

    def fail_on_first(page: pymupdf.Page, printed: list[page_reader.Printed]) -> object:
        if page.number == 0:
            raise ValueError("not a page")
        return blocks_of(page, printed)

    monkeypatch.setattr(page_reader, "read_blocks", fail_on_first)
    parsed = parse(pdf([[(60, 100, 10, "첫째")], [(60, 100, 10, "둘째")]]), OPTIONS)
    assert parsed.markdown == "둘째\n" and parsed.warnings == ("page 1 cannot be read: damaged",)


def test_hyphens_are_mended_and_the_spaces_of_the_file_decide_about_korean() -> None:
    joiner = Joiner(["사실이 밝혀", "지면 낮춘다. ", "모두 ", "a well-known rule"])
    assert joiner.join("config-", "uration file") == "configuration file"
    assert joiner.join("a well-", "known rule") == "a well-known rule"
    assert joiner.join("one", "two") == "one two"
    assert joiner.join("사실이 밝혀", "지면") == "사실이 밝혀지면"
    assert joiner.join("다루는 ", "것") == "다루는 것"


def test_without_spaces_at_line_ends_the_text_itself_decides() -> None:
    joiner = Joiner(["끝날 때까지 지우지 않는다", "고객이 겪는 불편을 기준으로", "번호는 이렇다"])
    assert joiner.join("지우지 않는", "다.") == "지우지 않는다."
    assert joiner.join("걸린 시간을", "목표로") == "걸린 시간을 목표로"
    assert joiner.join("성공할 때까지", "지우지") == "성공할 때까지 지우지"
    assert joiner.join("성공할 때까지", "는 둔다") == "성공할 때까지는 둔다"
    assert joiner.join("번호는 47", "번이다.") == "번호는 47번이다."
