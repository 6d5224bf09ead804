import pytest

from slm_factory.parsers.html import parse
from slm_factory.parsers.parsed import Refused
from tests.parsers.builders import LIMITS

PAGE = """<!DOCTYPE html><html lang="ko"><head><meta charset="{charset}"><title>임계값 - 위키</title></head>
<body><nav><ul><li><a href="/">처음</a></li><li><a href="/a">공지 사항 모음</a></li></ul></nav>
<main><article><h1>감시 임계값</h1><p>등대감시는 아래 표의 값으로 경보를 보낸다. 값은 함께 검토한다.</p>
<h2>값<a href="#v">¶</a></h2>{body}</article></main>
<footer><p>이 글은 회사 밖으로 옮길 수 없습니다.</p></footer></body></html>"""
TABLE = """<table><tr><th rowspan="2">시스템</th><th colspan="2">임계값</th></tr>
<tr><th>주의</th><th>심각</th></tr><tr><td>나루결제</td><td>1.5초</td><td>4초</td></tr></table>"""


def test_main_text_comes_without_navigation_and_footer() -> None:
    markdown = parse(PAGE.format(charset="utf-8", body="<p>끝 문장이다.</p>").encode(), LIMITS).markdown
    assert markdown.startswith("# 감시 임계값\n\n등대감시는")
    assert "공지" not in markdown and "옮길 수" not in markdown


def test_spans_are_repeated_in_place() -> None:
    markdown = parse(PAGE.format(charset="utf-8", body=TABLE).encode(), LIMITS).markdown
    assert (
        "## 값\n\n| 시스템 | 임계값 | 임계값 |\n|---|---|---|\n"
        "| 시스템 | 주의 | 심각 |\n| 나루결제 | 1.5초 | 4초 |\n" in markdown
    )


def test_ordered_and_nested_lists_keep_their_marks() -> None:
    nested = "<li>먼저 연다.<ul><li>천천히 연다.</li></ul></li>"
    body = f"<p>순서를 지킨다.</p><ol>{nested}<li>나중에 닫는다.</li></ol>"
    markdown = parse(PAGE.format(charset="utf-8", body=body).encode(), LIMITS).markdown
    assert "1. 먼저 연다.\n    - 천천히 연다.\n2. 나중에 닫는다." in markdown


@pytest.mark.parametrize("charset", ["euc-kr", "utf-8"], ids=["declared", "declared wrongly"])
def test_korean_pages_are_read_in_cp949(charset: str) -> None:
    page = PAGE.format(charset=charset, body="<p>똠방각하를 찾는 사람이 많았다.</p>")
    assert "똠방각하를 찾는" in parse(page.encode("cp949"), LIMITS).markdown


def test_a_page_without_text_is_refused() -> None:
    with pytest.raises(Refused, match="no main text"):
        parse(b"<html><head><title>x</title></head><body></body></html>", LIMITS)
