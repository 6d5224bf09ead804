import random
import struct
from datetime import date

import pytest

from slm_factory.parsers.parse_file import parse_bytes
from slm_factory.parsers.parsed import Options, Parsed, Refused
from tests.parsers.builders import OPTIONS
from tests.parsers.hancom.hwp_files import (
    CONTROL,
    DISTRIBUTION,
    DRM,
    EQUATION,
    NUMBERING,
    PARA_SHAPE,
    PASSWORD,
    STYLE,
    TRACKED,
    Object,
    cell,
    deflate,
    equation,
    hwp,
    lines,
    listed,
    name_of,
    numbering,
    para_shape,
    paragraph,
    record,
    section_definition,
    style,
    summary,
    table,
    text_box,
)

OUTLINE = [
    record(NUMBERING, 0, numbering((0, "제^1장"), (8, "^2."))),
    *(record(PARA_SHAPE, 0, para_shape(*shape)) for shape in ((), (1, 0), (1, 1), (2, 1, 1), (3, 0, 1))),
    record(STYLE, 0, style("바탕글", 0)),
    record(STYLE, 0, style("개요 3", 0)),
]


def read(data: bytes) -> Parsed:
    [parsed] = parse_bytes(data, ".hwp", OPTIONS)
    return parsed


def body(*paragraphs: bytes, info: list[bytes] = OUTLINE) -> str:
    return read(hwp(b"".join(paragraphs), info=info)).markdown


def words(row: int, column: int, text: str, **span: int) -> list[tuple[int, int, bytes]]:
    return cell(row, column, lines(text), **span)


def test_paragraphs_and_tables_come_in_order_with_merged_cells_repeated() -> None:
    rows = [
        [words(0, 0, "가", rows=2), words(0, 1, "나", columns=2)],
        [words(1, 1, "다"), words(1, 2, "라")],
    ]
    assert body(paragraph("앞"), paragraph("글 ", table(rows, 3), " 뒤"), paragraph("끝")) == (
        "앞\n\n글\n\n| 가 | 나 | 나 |\n|---|---|---|\n| 가 | 다 | 라 |\n\n뒤\n\n끝\n"
    )


def test_a_caption_and_a_table_in_a_cell_are_kept() -> None:
    inner = table([[words(0, 0, "x"), words(0, 1, "y")]], 2)
    rows = [[words(0, 0, "가"), words(0, 1, "나")], [cell(1, 0, lines("앞", inner)), words(1, 1, "끝")]]
    assert body(paragraph(table(rows, 2, caption="표의 제목"))) == (
        "| 가 | 나 |\n|---|---|\n| 앞 x, y | 끝 |\n\n표의 제목\n"
    )


def test_headings_and_lists_come_from_shapes_and_styles() -> None:
    markdown = body(
        paragraph(section_definition(1), "총칙", shape=1),
        paragraph("목적", shape=2),
        paragraph("뜻", style=1),
        paragraph("하나", shape=3),
        paragraph("둘", shape=3),
        paragraph("점", shape=4),
        paragraph("글"),
    )
    assert markdown == "# 제1장 총칙\n\n## 가. 목적\n\n### 뜻\n\n나. 하나\n다. 둘\n- 점\n\n글\n"


def test_notes_go_to_the_end_and_hidden_comments_nowhere() -> None:
    number = Object(18, "atno", [(CONTROL, 0, name_of("atno") + struct.pack("<IHHHH", 1, 1, 0, 0, 41))])
    foot = listed(17, "fn  ", lines(number, " 각주"), lines("둘째 줄"))
    end = listed(17, "en  ", lines("끝 주"))
    comment = listed(15, "tcmt", lines("숨은 설명"))
    cells = [[cell(0, 0, lines("칸", end)), words(0, 1, "옆")]]
    assert body(paragraph("앞", foot, comment, " 뒤"), paragraph(table(cells, 2))) == (
        "앞[^1] 뒤\n\n| 칸[^2] | 옆 |\n|---|---|\n\n[^1]: 각주 둘째 줄\n\n[^2]: 끝 주\n"
    )


def test_headers_and_footers_come_once_without_page_numbers() -> None:
    page = Object(18, "atno", [(CONTROL, 0, name_of("atno") + struct.pack("<IHHHH", 0, 1, 0, 0, 0))])
    head, foot = listed(16, "head", lines("물빛나루")), listed(16, "foot", lines("- ", page, " -"))
    sections = [paragraph(head, foot, text) for text in ("하나", "둘")]
    assert read(hwp(*sections, info=OUTLINE)).markdown == "물빛나루\n\n하나\n\n둘\n"


def test_text_boxes_and_equations_stay_in_place() -> None:
    assert body(paragraph("앞", text_box(lines("상자 글")), "값은 ", equation("a over b"), "이다")) == (
        "앞\n\n상자 글\n\n값은 a over b이다\n"
    )


def test_what_control_characters_carry_is_no_text() -> None:
    tab = Object(9, "가나다라".encode("utf-16-le").decode("latin-1")[:4])
    tab.characters = struct.pack("<H", 9) + "가나다라마바".encode("utf-16-le") + struct.pack("<H", 9)
    assert body(paragraph("이름", tab, "값\n둘째 줄\x18\x1e\x1f끝")) == "이름 값\n둘째 줄- 끝\n"


def test_hanja_old_hangul_and_private_characters_survive() -> None:
    text = "大韓民國 ᄒᆞᆫ글 𠀋 \uf0e8 \U000f02b1"
    assert body(paragraph(text)) == f"{text}\n"


def test_a_text_longer_than_a_record_header_can_say_is_read() -> None:
    assert body(paragraph("가나" * 9000)) == "가나" * 9000 + "\n"


def test_sections_come_in_numeric_order_compressed_or_not() -> None:
    for flags in (0, 1):
        sections = [paragraph(f"구역 {number}") for number in range(12)]
        markdown = read(hwp(*sections, info=OUTLINE, flags=flags)).markdown
        assert markdown.split("\n\n") == [*(f"구역 {number}" for number in range(11)), "구역 11\n"]


def test_tracked_changes_are_read_as_accepted() -> None:
    tags = struct.pack("<III", 1, 3, 17 << 24 | 1) + struct.pack("<III", 3, 4, 16 << 24 | 2)
    changed = paragraph("앞옛글새뒤", tags=tags)
    streams = {"ViewText/Section0": deflate(changed)}
    data = hwp(paragraph("대신"), info=OUTLINE, flags=1 | TRACKED, streams=streams)
    assert read(data).markdown == "앞새뒤\n"


@pytest.mark.parametrize(
    ("flag", "reason"), [(PASSWORD, "encrypted"), (DISTRIBUTION, "배포용"), (DRM, "DRM")]
)
def test_protected_documents_are_refused_by_name(flag: int, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        read(hwp(paragraph("글"), flags=1 | flag))


def test_title_author_and_day_come_from_the_summary() -> None:
    saved = (date(2025, 3, 18) - date(1601, 1, 1)).days * 24 * 3600 * 10**7
    streams = {"\x05HwpSummaryInformation": summary("점검 보고", "관제팀", saved)}
    parsed = read(hwp(paragraph("글"), streams=streams))
    assert (parsed.title, parsed.meta) == ("점검 보고", {"author": "관제팀", "modified": "2025-03-18"})


def test_streams_that_expand_beyond_the_limit_are_refused() -> None:
    data = hwp(*[paragraph("가" * 40_000)] * 3)
    with pytest.raises(Refused, match="expands"):
        parse_bytes(data, ".hwp", Options(max_pages=1, max_expanded_bytes=200_000))


def test_a_damaged_object_costs_only_itself_and_is_named() -> None:
    short = Object(11, "eqed", [(CONTROL, 0, name_of("eqed")), (EQUATION, 1, b"\0")])
    parsed = read(hwp(paragraph("앞", short, "뒤"), info=OUTLINE))
    assert (parsed.markdown, parsed.warnings) == ("앞뒤\n", ("cannot be read: damaged eqed (1 times)",))


def test_damaged_styles_or_one_damaged_section_do_not_cost_the_rest() -> None:
    sections = [paragraph("하나"), b"\xff" * 9, paragraph("셋")]
    parsed = read(hwp(*sections, info=[record(PARA_SHAPE, 0, b"\0")], flags=0))
    assert parsed.markdown == "하나\n\n셋\n"
    assert [warning.split(" ")[0] for warning in parsed.warnings] == ["styles", "BodyText/Section1"]


def test_records_nested_without_end_are_refused() -> None:
    inner = lines("속")
    for _ in range(250):
        inner = lines(table([[cell(0, 0, inner)]], 1))
    records = b"".join(record(tag, min(level, 1023), payload) for tag, level, payload in inner)
    with pytest.raises(Refused):
        read(hwp(records))


def test_damage_anywhere_is_refused_or_read_never_raised() -> None:
    rows = [[words(0, 0, "가"), words(0, 1, "나")]]
    note = listed(17, "fn  ", lines("주"))
    data = hwp(paragraph("글", table(rows, 2), note, equation("x")), info=OUTLINE, flags=0)
    random_ = random.Random(5)
    for _ in range(100):
        damaged = bytearray(data)
        for _ in range(random_.choice((1, 3, 30))):
            damaged[random_.randrange(len(data))] = random_.choice((0, 1, 127, 255, random_.randrange(256)))
        for broken in (bytes(damaged), data[: random_.randrange(600, len(data))]):
            try:
                read(broken)
            except Refused as error:
                assert error.reason
