import codecs

import pytest

from slm_factory.parsers.parsed import Refused
from slm_factory.parsers.text.document import decode, parse_markdown, parse_text
from tests.parsers.builders import OPTIONS

KOREAN = "장애 소통 규칙\n고객에게 먼저 알린다. 똠방각하도 읽는다."


@pytest.mark.parametrize(
    "data",
    [
        KOREAN.encode(),
        KOREAN.encode("utf-8-sig"),
        KOREAN.encode("cp949"),
        codecs.BOM_UTF16_LE + KOREAN.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + KOREAN.encode("utf-16-be"),
        KOREAN.encode("utf-16-le"),
    ],
    ids=["utf-8", "utf-8 with mark", "cp949", "utf-16-le", "utf-16-be", "utf-16 without mark"],
)
def test_korean_is_read_in_every_usual_encoding(data: bytes) -> None:
    assert decode(data)[0] == KOREAN


def test_one_broken_byte_does_not_turn_cp949_into_latin() -> None:
    text, warnings = decode((KOREAN * 10).encode("cp949") + b"\xff\n")
    assert text.startswith(KOREAN)
    assert warnings == ("1 bytes are not cp949 and were replaced",)


def test_a_stray_zero_byte_is_left_out() -> None:
    assert parse_text(KOREAN.encode() * 5 + b"\0", OPTIONS).markdown.strip() == (KOREAN * 5)


def test_western_text_is_not_read_as_korean() -> None:
    assert "é" in decode("Le café est fermé jusqu'à l'été, répète le gérant.".encode("latin-1") * 5)[0]


def test_binary_bytes_are_refused() -> None:
    with pytest.raises(Refused, match="neither text"):
        parse_text(bytes(range(256)) * 20, OPTIONS)


def test_underlined_headings_become_markdown_headings() -> None:
    parsed = parse_text("제목\n====\n\n글\n\n둘째\n------\n\n\n\n끝\n".encode("cp949"), OPTIONS)
    assert parsed.markdown == "# 제목\n\n글\n\n## 둘째\n\n끝\n"
    assert parsed.title == "제목"


def test_lines_of_plain_text_stay_lines() -> None:
    assert parse_text("가: 1\r\n나: 2\r\n\r\n12\r\n".encode(), OPTIONS).markdown == "가: 1\n나: 2\n\n12\n"


def test_front_matter_goes_to_meta_title_and_date() -> None:
    parsed = parse_markdown("---\ntitle: 백업\ndate: 2025-01-02\nn: 3\n---\n\n# 글\n".encode(), OPTIONS)
    assert (parsed.title, parsed.date, parsed.meta["n"]) == ("백업", "2025-01-02", "3")
    assert parsed.markdown == "# 글\n"


def test_an_alias_bomb_in_front_matter_is_not_written_out() -> None:
    levels = "\n".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9))
    parsed = parse_markdown(f"---\na0: &a0 [lol]\n{levels}\n---\nx\n".encode(), OPTIONS)
    assert parsed.meta == {"a0": "lol"}


def test_comments_go_but_stay_inside_code() -> None:
    parsed = parse_markdown(
        b"a\n\n<!-- hidden -->\n```\n<!-- shown -->\n\n\n# no heading\n```\n\nb\n", OPTIONS
    )
    assert parsed.markdown == "a\n\n```\n<!-- shown -->\n\n\n# no heading\n```\n\nb\n"
    assert parsed.title == ""


def test_a_rule_below_a_list_or_table_makes_no_heading() -> None:
    source = "| a |\n|---|\n| 1 |\n\n- x\n---\n"
    assert parse_markdown(source.encode(), OPTIONS).markdown == source


def test_toml_front_matter_is_read_and_lists_are_joined() -> None:
    parsed = parse_markdown(
        '+++\ntitle = "T"\nauthors = ["가", "나"]\ndate = 2024-03-04\n+++\n# x\n'.encode(), OPTIONS
    )
    assert (parsed.title, parsed.date, parsed.meta["author"]) == ("T", "2024-03-04", "가, 나")
    assert parsed.markdown == "# x\n"


def test_a_rule_at_the_beginning_is_no_front_matter() -> None:
    assert parse_markdown(b"---\ntext\n\n---\n", OPTIONS).markdown == "---\ntext\n\n---\n"


def test_html_in_markdown_becomes_markdown() -> None:
    table = "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>"
    source = f'<a name="x"></a>one<br/>two `<br>`\n\n{table}\n\n| c<br>d | e |\n|---|---|\n'
    assert parse_markdown(source.encode(), OPTIONS).markdown == (
        "one\ntwo `<br>`\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n| c d | e |\n|---|---|\n"
    )


def test_shortcodes_leave_what_they_show() -> None:
    source = '{{< note >}}\na {{< glossary_tooltip text="pod" term_id="x" >}}\n{{< /note >}}\n'
    assert parse_markdown(source.encode(), OPTIONS).markdown == "a pod\n"


def test_a_fence_that_is_never_closed_reaches_the_end() -> None:
    source = "a\n\n````\n<!-- x -->\n```\n# no\n"
    assert parse_markdown(source.encode(), OPTIONS).markdown == source
    assert parse_markdown(source.encode(), OPTIONS).title == ""


def test_a_title_loses_the_marks_that_close_its_heading_and_keeps_its_own() -> None:
    assert parse_markdown(b"# Notes on C# ##\n\nx\n", OPTIONS).title == "Notes on C#"
