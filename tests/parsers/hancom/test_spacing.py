import random
from importlib.util import find_spec

import pytest

from slm_factory.core.errors import UserError
from slm_factory.parsers.hancom import spacing
from slm_factory.parsers.hancom.hwpx import parse
from slm_factory.parsers.hancom.spacing import repair
from tests.parsers.builders import OPTIONS, hwpx, text

needs_kiwi = pytest.mark.skipif(find_spec("kiwipiepy") is None, reason="needs the extra [korean]")

PIECES = [
    "아버지가방에들어가신다", "이문서는장애대응절차를정한다", "보 기", "할 수 있는", "제3조", "2025. 3. 18.",
    "3 개월", "100㎡", "행정안전부", "한국어 형태소분석기", "大韓民國", "ㅎㅎ", "각", "ᄒᆞᆫ글", "\uf0e8",
    "😀", "  ", "\t", "\xa0", "\u3000", "\n", "\n\n", "# ", "- ", "| ", " |", "```\n", "~~~",
    "`코드긴한글문장`", "[이음](https://x.example/한글)", "[^1]", "$x$", "다.그리고", "A", "%", "\\",
    "*", "<b>", "가" * 30, "a b  c",
]  # fmt: skip


@needs_kiwi
def test_words_run_together_are_parted_and_spread_letters_are_joined() -> None:
    assert repair("아버지가방에들어가신다\n") == "아버지가 방에 들어가신다\n"
    assert repair("# 1. 이문서는장애대응절차를정한다[^1]") == "# 1. 이 문서는 장애 대응 절차를 정한다[^1]"
    assert repair("< 보 기 >") == "< 보기 >"


@needs_kiwi
@pytest.mark.parametrize(
    "line",
    [
        "행정안전부는 정부혁신 추진전략을 국무회의에 보고하였다.",
        "2025. 3. 18. 부터 3 개월, 제3조 제1항의 100 ㎡ 이내",
        "할 수 있는 것을 할 때 그 사람",
        "| 아버지가방에들어가신다 | 보 기 |\n|---|---|\n| 아버지가방에들어가신다 | 보 기 |",
        "```\n아버지가방에들어가신다\n```",
        "`아버지가방에들어가신다` [이음](https://x.example/아버지가방에들어가신다)",
        "An English line  with  two  spaces",
        "",
    ],
)
def test_what_may_be_meant_stays(line: str) -> None:
    assert repair(line) == line


@needs_kiwi
def test_nothing_but_spaces_ever_changes() -> None:
    random_ = random.Random(11)
    for _ in range(300):
        markdown = "".join(random_.choices(PIECES, k=random_.randint(1, 12)))
        repaired = repair(markdown)
        assert "".join(repaired.split()) == "".join(markdown.split())
        assert repaired.count("\n") == markdown.count("\n")


@needs_kiwi
def test_only_asked_for_does_it_touch_a_document() -> None:
    data = hwpx([text("아버지가방에들어가신다")])
    assert parse(data, OPTIONS).markdown == "아버지가방에들어가신다\n"
    asked = type(OPTIONS)(max_pages=1, max_expanded_bytes=2**20, korean_spacing=True)
    assert parse(data, asked).markdown == "아버지가 방에 들어가신다\n"


def test_a_missing_package_is_named_with_the_way_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spacing, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"kiwipiepy.*\n.*\[korean\]"):
        spacing.check_installed()
