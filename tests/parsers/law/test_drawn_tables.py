"""Tables drawn with box characters, and lines broken at a width."""

from slm_factory.parsers.law.drawn_tables import laid_out_blocks
from slm_factory.parsers.line_breaks import Joiner

MERGED = """\
┌───┬────┬─────────┐
│위반  │근거    │과태료            │
│행위  │법조문  ├────┬────┤
│      │        │1차     │2차     │
├───┼────┼────┼────┤
│가. 갑│제1조   │50      │100     │
│      ├────┼────┴────┤
│      │제2조   │없음              │
└───┴────┴─────────┘"""


def test_merged_cells_are_repeated_in_what_they_span() -> None:
    assert list(laid_out_blocks(f"앞\n{MERGED}\n뒤")) == [
        "앞",
        "| 위반 행위 | 근거 법조문 | 과태료 | 과태료 |\n|---|---|---|---|\n"
        "| 위반 행위 | 근거 법조문 | 1차 | 2차 |\n"
        "| 가. 갑 | 제1조 | 50 | 100 |\n| 가. 갑 | 제2조 | 없음 | 없음 |",
        "뒤",
    ]


def test_heavy_lines_are_lines_too() -> None:
    drawn = MERGED.translate(str.maketrans("─│┌┐└┘├┤┬┴┼", "━┃┏┓┗┛┣┫┳┻╋"))
    assert list(laid_out_blocks(drawn)) == list(laid_out_blocks(MERGED))


def test_a_drawing_that_is_no_table_is_kept_as_drawn() -> None:
    assert list(laid_out_blocks("─────")) == ["```\n─────\n```"]


def test_a_table_of_too_many_columns_or_lines_is_kept_as_drawn() -> None:
    wide = f"┌{'─┬' * 100}─┐\n│{'가│' * 100}가│"
    long = "┌─┐\n" + "│가│\n" * 20_001 + "└─┘"
    for drawn in (wide, long):
        (block,) = laid_out_blocks(drawn)
        assert block.startswith("```\n┌")


def test_broken_words_and_citations_are_joined_and_labels_begin_lines() -> None:
    joiner = Joiner(["건축물의 건축", "건축물을 짓는다", "건축물에 대한 허가"] * 20)
    first = "1. 위반행위를 여러 번 한 경우로서 그 건\n축물의 건축 허가에 관한 같은 법 제14조제1\n항에 따른다."
    lines = f"{first}\n2. 끝."
    assert list(laid_out_blocks(lines, joiner)) == [
        "1. 위반행위를 여러 번 한 경우로서 그 건축물의 건축 허가에 관한 같은 법 제14조제1항에 따른다.",
        "2. 끝.",
    ]


def test_a_short_line_ends_its_paragraph() -> None:
    joiner = Joiner([])
    lines = "짧은 제목\n아주 긴 줄이어서 여기까지 모두 채우고 나서야 끝나는 줄이다\n그리고 이어진다"
    assert len(list(laid_out_blocks(lines, joiner))) == 2
