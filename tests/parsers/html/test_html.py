import codecs
import random
import re

import pytest
from lxml import html

from slm_factory.parsers.html.blocks import blocks
from slm_factory.parsers.html.document import parse
from slm_factory.parsers.markdown import join_blocks
from slm_factory.parsers.parsed import Refused
from tests.parsers.builders import OPTIONS

PAGE = """<!DOCTYPE html><html lang="ko"><head><meta charset="{charset}"><title>임계값 - 위키</title></head>
<body><nav><ul><li><a href="/">처음</a></li><li><a href="/a">공지 사항 모음</a></li></ul></nav>
<main><article><h1>감시 임계값</h1><p>등대감시는 아래 표의 값으로 경보를 보낸다. 값은 함께 검토한다.</p>
<h2>값<a href="#v">¶</a></h2>{body}</article></main>
<footer><p>이 글은 회사 밖으로 옮길 수 없습니다.</p></footer></body></html>"""
TAGS = (
    "p div ul ol li dl dt dd table tr td th caption thead tfoot h2 blockquote pre code b sup span a section "
    "figure figcaption details summary q center"
).split()
TABLE = """<table><tr><th rowspan="2">시스템</th><th colspan="2">임계값</th></tr>
<tr><th>주의</th><th>심각</th></tr><tr><td>나루결제</td><td>1.5초</td><td>4초</td></tr></table>"""


def test_main_text_comes_without_navigation_and_footer() -> None:
    markdown = parse(PAGE.format(charset="utf-8", body="<p>끝 문장이다.</p>").encode(), OPTIONS).markdown
    assert markdown.startswith("# 감시 임계값\n\n등대감시는")
    assert "공지" not in markdown and "옮길 수" not in markdown


def test_spans_are_repeated_in_place() -> None:
    markdown = parse(PAGE.format(charset="utf-8", body=TABLE).encode(), OPTIONS).markdown
    assert (
        "## 값\n\n| 시스템 | 임계값 | 임계값 |\n|---|---|---|\n"
        "| 시스템 | 주의 | 심각 |\n| 나루결제 | 1.5초 | 4초 |\n" in markdown
    )


def test_ordered_and_nested_lists_keep_their_marks() -> None:
    nested = "<li>먼저 연다.<ul><li>천천히 연다.</li></ul></li>"
    body = f"<p>순서를 지킨다.</p><ol>{nested}<li>나중에 닫는다.</li></ol>"
    markdown = parse(PAGE.format(charset="utf-8", body=body).encode(), OPTIONS).markdown
    assert "1. 먼저 연다.\n    - 천천히 연다.\n2. 나중에 닫는다." in markdown


@pytest.mark.parametrize("charset", ["euc-kr", "utf-8"], ids=["declared", "declared wrongly"])
def test_korean_pages_are_read_in_cp949(charset: str) -> None:
    page = PAGE.format(charset=charset, body="<p>똠방각하를 찾는 사람이 많았다.</p>")
    assert "똠방각하를 찾는" in parse(page.encode("cp949"), OPTIONS).markdown


def test_a_page_without_text_is_refused() -> None:
    with pytest.raises(Refused, match="no main text"):
        parse(b"<html><head><title>x</title></head><body></body></html>", OPTIONS)


def page(body: str, head: str = "") -> bytes:
    """A page in UTF-8."""
    return f"<html lang='ko'><head><meta charset='utf-8'>{head}</head><body>{body}</body></html>".encode()


def markdown(body: str) -> str:
    """What the parser makes of a page with this body."""
    return parse(page(body), OPTIONS).markdown


def test_a_page_that_is_all_content_keeps_every_word() -> None:
    body = "<h1>설명서</h1>" + "".join(
        f"<h2>{n}장</h2><p>{n}번 글.</p><ul><li>{n}번 항목</li></ul>" for n in range(9)
    )
    found = markdown(body)
    assert all(f"## {n}장\n\n{n}번 글.\n\n- {n}번 항목" in found for n in range(9))


@pytest.mark.parametrize("body", ["<p>짧은 쪽이다.</p>", "<table><tr><td>가</td><td>나</td></tr></table>"])
def test_a_short_page_is_kept_whole(body: str) -> None:
    assert markdown(body) in ("짧은 쪽이다.\n", "| 가 | 나 |\n|---|---|\n")


def test_clutter_without_telling_names_is_left_out() -> None:
    links = "".join(f'<li><a href="/{n}">다른 글의 제목 {n}</a></li>' for n in range(8))
    text = "".join(f"<p>{n}번째 문단은 펌프의 압력을 어떻게 재는지 차례로 설명한다.</p>" for n in range(8))
    found = markdown(f'<div class="x1"><ul>{links}</ul></div><div class="x2">{text}</div>')
    assert "다른 글" not in found and found.count("문단은") == 8


def test_every_post_of_a_thread_is_kept() -> None:
    posts = "".join(
        f"<div class='p'><p>{n}번 글에서는 다른 방법을 자세히 설명한다. 값은 {n}이다.</p></div>"
        for n in range(6)
    )
    assert markdown(f"<div>{posts}</div>").count("번 글에서는") == 6


def test_the_title_is_kept_where_it_stands_outside_of_the_main_text() -> None:
    text = "<p>펌프의 압력은 매주 월요일 아침에 다시 확인하고 기록한다.</p>" * 5
    body = f"<div><span>압력 점검</span></div><div><article>{text}</article></div>"
    parsed = parse(page(body, "<title>압력 점검 - 사내 위키</title>"), OPTIONS)
    assert parsed.markdown.startswith("# 압력 점검\n\n펌프의") and parsed.title == "압력 점검"


def test_hidden_elements_are_left_out_and_the_text_behind_them_is_not() -> None:
    hidden = '<b style="Display : none">하나</b><b hidden>둘</b><b aria-hidden="true">셋</b>'
    hidden += "<template>넷</template>"
    assert markdown(f"<p>보인다{hidden}<script>var x</script> 끝.</p>") == "보인다 끝.\n"


def test_lists_keep_their_numbers_levels_and_paragraphs() -> None:
    body = "<ol start=3><li>하나<p>이어서</p><ul><li>가<li>나</ul></li><li value=7>둘</ol>"
    assert markdown(body) == "3. 하나\n    이어서\n    - 가\n    - 나\n7. 둘\n"


def test_definitions_stand_below_their_terms() -> None:
    body = "<dl><dt>용어<dd>뜻 하나<dd>뜻 둘<dt>말<dd>뜻</dl>"
    assert markdown(body) == "- 용어\n    뜻 하나\n    뜻 둘\n- 말\n    뜻\n"


def test_code_keeps_its_lines_and_names_its_language() -> None:
    code = '<pre><code class="language-bash"># 주석\n<span>ls</span>  -l</code></pre>'
    assert markdown(f"<p>글</p>{code}") == "글\n\n```bash\n# 주석\nls  -l\n```\n"


def test_quotes_captions_and_powers_say_what_they_said() -> None:
    body = "<blockquote><p>하나</p><p>둘</p></blockquote><figure><figcaption>그림 1</figcaption></figure>"
    power = "<p>10<sup>6</sup>번<sup>[1]</sup> <del>옛</del></p>"
    assert markdown(body + power) == "> 하나\n>\n> 둘\n\n그림 1\n\n10^6번[1] ~~옛~~\n"


def test_a_table_keeps_caption_foot_and_inner_table() -> None:
    inner = "<table><tr><td>1<td>2<tr><td>3<td>4</table>"
    head = "<caption>표 1</caption><tfoot><tr><td>합<td>9</tfoot><tr><th>가<th>나"
    assert (
        markdown(f"<table>{head}<tr><td>다<td>{inner}</table>")
        == "표 1\n\n| 가 | 나 |\n|---|---|\n| 다 | 1, 2; 3, 4 |\n| 합 | 9 |\n"
    )


def test_a_table_that_lays_out_a_page_is_no_table() -> None:
    cell = "<h1>안내</h1><p>글이 있다.</p><table><tr><th>가</th></tr><tr><td>1</td></tr></table>"
    assert (
        markdown(f"<table><tr><td>{cell}</td></tr></table>")
        == "# 안내\n\n글이 있다.\n\n| 가 |\n|---|\n| 1 |\n"
    )


@pytest.mark.parametrize("seed", range(60))
def test_no_word_is_lost_or_repeated_however_elements_are_nested(seed: int) -> None:
    random_ = random.Random(seed)
    words: list[str] = []

    def content(depth: int) -> str:
        parts = []
        for _ in range(random_.randint(1, 4)):
            if depth > 6 or random_.random() < 0.5:
                words.append(f"w{len(words)}z")
                parts.append(words[-1])
            else:
                tag = random_.choice(TAGS)
                parts.append(f"<{tag}>{content(depth + 1)}{random_.choice([f'</{tag}>', ''])}")
        return " ".join(parts)

    body = html.document_fromstring(f"<body>{content(0)}</body>").find("body")
    known = re.findall(r"w\d+z", body.text_content())
    assert sorted(re.findall(r"w\d+z", join_blocks(blocks(body)))) == sorted(known)


def test_metadata_come_from_what_the_page_says() -> None:
    record = '{"@type": "Article", "headline": "점검", "author": [{"name": "한바람"}],'
    record += '"datePublished": "2024-05-06"}'
    head = f'<title>점검</title><script type="application/ld+json">{record}</script>'
    parsed = parse(page("<h1>점검</h1><p>글이다.</p>", head), OPTIONS)
    assert (parsed.title, parsed.date, parsed.language) == ("점검", "2024-05-06", "ko")
    assert parsed.meta == {"author": "한바람"}


def test_a_declared_encoding_that_fits_any_bytes_is_not_believed() -> None:
    source = "<meta charset=iso-8859-1><p>한글로 쓴 글이다. 이것은 잘 읽힌다.</p>"
    assert "한글로 쓴" in parse(source.encode("cp949"), OPTIONS).markdown


@pytest.mark.parametrize("mark", [codecs.BOM_UTF16_LE, b""])
def test_utf_16_is_read_with_and_without_mark(mark: bytes) -> None:
    assert "한글" in parse(mark + page("<p>한글이다.</p>").decode().encode("utf-16-le"), OPTIONS).markdown


def test_archives_and_frames_are_refused_by_name() -> None:
    mail = b"From: <Saved>\r\nContent-Type: multipart/related;\r\n type=x\r\n\r\n<html>"
    with pytest.raises(Refused, match="MHTML"):
        parse(mail, OPTIONS)
    with pytest.raises(Refused, match="frames"):
        parse(b"<html><frameset><frame src=a></frameset></html>", OPTIONS)


def test_formatting_that_is_never_closed_costs_no_text() -> None:
    found = markdown("<font size=2>줄<br>" * 3000 + "<p>끝이다.</p>")
    assert found.count("줄") == 3000 and found.endswith("끝이다.\n")


@pytest.mark.parametrize(
    "tag",
    ["div", "ul><li", "table><tr><td", "blockquote", "b", "dl><dd", "ul", "ul><ul", "dl><div", "table><form"],
)
def test_deep_nesting_is_read_without_recursion(tag: str) -> None:
    assert markdown(f"<{tag}>깊은 " * 400).count("깊은") == 400


def test_too_deep_nesting_is_named() -> None:
    with pytest.raises(Refused, match="too deeply"):
        parse(page("<div>" * 9000 + "끝"), OPTIONS)


def test_spans_that_would_fill_the_memory_are_not_drawn() -> None:
    row = "<tr><td colspan=1000 rowspan=60000>가</td></tr>"
    assert markdown(f"<p>글</p><table>{row * 300}</table>").count("가") == 300


def test_entities_of_a_bomb_are_not_expanded() -> None:
    bomb = b'<!DOCTYPE html [<!ENTITY a "lol"><!ENTITY b "&a;&a;">]><html><body><p>x &b; y</p></body></html>'
    assert parse(bomb, OPTIONS).markdown == "x &b; y\n"


def paragraphs(count: int) -> str:
    """Paragraphs that are unmistakably text."""
    return "".join(f"<p>{n}번째 문단은 펌프 압력을 재는 법을 차례로 설명한다.</p>" for n in range(count))


@pytest.mark.parametrize("name", ["related-posts", "commentList", "cookie_consent"])
def test_clutter_within_the_text_is_told_by_its_name(name: str) -> None:
    clutter = f"<div class='{name}'><p>딸린 글은 여기에 길게 쓰여 있어 본문처럼 보인다.</p></div>"
    found = markdown(f"<article>{paragraphs(4)}{clutter}{paragraphs(4)}</article>")
    assert "딸린" not in found and found.count("문단은") == 8


def test_a_list_of_links_within_the_text_is_left_out_and_a_link_in_a_sentence_is_not() -> None:
    links = "".join(f'<a href="/{n}">갈 곳 {n}</a>' for n in range(5))
    sentence = '<p>값은 <a href="/v">표</a>에 있다.</p>'
    found = markdown(f"<article>{paragraphs(4)}<div>{links}</div>{paragraphs(4)}{sentence}</article>")
    assert "갈 곳" not in found and found.endswith("값은 표에 있다.\n")
