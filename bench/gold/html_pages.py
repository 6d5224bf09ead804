"""Pages as sites build them: one function per kind of site, each puts known content into its own clutter.

What is content: title, headings, text, lists, tables, code, captions and quotes of the page's subject, and
all posts of a forum thread. What is not: menus, tables of contents, author and date lines, counters, buttons,
attached files, related or popular pages, comments, cookie notes, footers.
"""

import html
import random
from collections.abc import Callable
from typing import NamedTuple

KOREAN = {
    "when": (
        "지난달 점검부터,매주 월요일 아침에,장애가 길어지면,새 기준에 따라,교대 시간마다,"
        "예산이 확정된 뒤,비가 오는 날에는,분기 말이 되면,고객이 요청하면,훈련 기간 동안"
    ).split(","),
    "who": (
        "관제팀은,정비반은,나루 물류의 담당자는,현장 책임자는,시설 관리과는,당직 근무자는,"
        "협력 업체는,새로 온 직원은,심사 위원회는,야간 상황실은"
    ).split(","),
    "what": (
        "예비 펌프의 압력을,창고의 재고 목록을,승인 기록과 영수증을,배송 차량의 경로를,"
        "비상 연락망을,측정값 열두 개를,교육 자료의 순서를,서버실의 온도를,출입 카드의 권한을,"
        "보관 기한이 지난 서류를"
    ).split(","),
    "does": (
        "다시 확인하고 기록한다.,두 사람이 함께 점검한다.,표에 적힌 순서대로 바꾼다.,"
        "본부에 서면으로 보고한다.,기준값과 견주어 본다.,이틀 안에 고친다.,"
        "원본과 사본을 따로 보관한다.,담당 부서에 넘겨준다.,사진으로 남긴다.,"
        "다음 회의에서 설명한다."
    ).split(","),
    "noun": (
        "점검 절차,보관 기준,비상 연락,정산 일정,안전 수칙,신청 방법,평가 결과,운영 시간,"
        "장비 현황,교육 과정,변경 내역,처리 기한"
    ).split(","),
}
ENGLISH = {
    "when": (
        "Since the last review,Every Monday morning,When an outage lasts,Under the new rule,"
        "At each shift change,After the budget is fixed,On rainy days,At the end of a quarter,"
        "On request,During the drill"
    ).split(","),
    "who": (
        "the control room,the repair crew,a clerk of the depot,the site manager,"
        "the facility office,the night guard,our supplier,each new employee,the review board,"
        "the duty engineer"
    ).split(","),
    "what": (
        "the pressure of the spare pump,the stock list of the warehouse,approvals and receipts,"
        "the routes of the vans,the emergency contacts,twelve measured values,"
        "the order of the lessons,the server room temperature,all badge permissions,"
        "files past their term"
    ).split(","),
    "does": (
        "checks and records again.,inspects in pairs.,changes in the order of the table.,"
        "reports in writing.,compares with the limits.,repairs within two days.,"
        "keeps in two places.,hands to the next office.,photographs for the archive.,"
        "explains at the next meeting."
    ).split(","),
    "noun": (
        "inspection steps,storage rules,emergency calls,settlement dates,safety rules,"
        "how to apply,review results,opening hours,equipment list,training course,change history,"
        "time limits"
    ).split(","),
}


class Block(NamedTuple):
    """A piece of content: `h2`, `h3`, `p`, `ul`, `ol`, `dl`, `table`, `code`, `quote` or `figure`.

    Items are the texts of its parts, in order: items of a list, term and definition in turn, lines of code.
    Cells of a table are rows of (text, rows spanned, columns spanned).
    """

    kind: str
    items: list[str]
    cells: list[list[tuple[str, int, int]]]


class Content(NamedTuple):
    """What a page is about, and the clutter words of its language."""

    title: str
    author: str
    date: str
    blocks: list[Block]
    links: list[str]  # titles of other pages
    remarks: list[str]  # comments of readers
    is_korean: bool

    def say(self, korean: str, english: str) -> str:
        """The text in the page's language."""
        return korean if self.is_korean else english


def sentence(random_: random.Random, is_korean: bool) -> str:
    """A sentence that is unlikely to come twice."""
    words = KOREAN if is_korean else ENGLISH
    when, who, what, does = (random_.choice(words[slot]) for slot in ("when", "who", "what", "does"))
    number = random_.randrange(10, 999)
    if is_korean:
        return f"{when} {who} {what} {does} 관리 번호는 {number}번이다."
    verb, _, rest = does.partition(" ")
    return f"{when} {who} {verb} {what} {rest.rstrip('.')}, under number {number}."


def make_content(random_: random.Random, is_korean: bool, parts: int, kinds: str) -> Content:
    """Content of `parts` sections made of blocks of the named kinds."""
    words = KOREAN if is_korean else ENGLISH

    def noun() -> str:
        return f"{random_.choice(words['noun'])} {random_.randrange(2, 99)}"

    def say(count: int) -> str:
        return " ".join(sentence(random_, is_korean) for _ in range(count))

    blocks = [Block("p", [say(random_.randint(1, 3))], []) for _ in range(random_.randint(1, 3))]
    for _ in range(parts):
        if "h" in kinds.split():
            blocks.append(Block(random_.choice(["h2", "h2", "h3"]), [noun()], []))
        for kind in random_.sample(kinds.replace("h ", "").split(), k=min(3, len(kinds.split()) - 1)):
            blocks.append(make_block(random_, kind, noun, say))
    return Content(
        title=f"{noun()}, {noun()}",
        author=random_.choice(
            ["한바람", "이나루", "박이슬"] if is_korean else ["Ada Reed", "Tom Brook", "Eva Lake"]
        ),
        date=f"20{random_.randint(18, 25)}-{random_.randint(1, 12):02}-{random_.randint(1, 28):02}",
        blocks=blocks,
        links=[f"{noun()} {noun()}" for _ in range(12)],
        remarks=[say(1) for _ in range(random_.randint(2, 5))],
        is_korean=is_korean,
    )


def make_block(
    random_: random.Random, kind: str, noun: Callable[[], str], say: Callable[[int], str]
) -> Block:
    """A block of the kind with invented words."""
    if kind in ("ul", "ol"):
        return Block(kind, [random_.choice([noun(), say(1)]) for _ in range(random_.randint(2, 6))], [])
    if kind == "dl":
        return Block(kind, [words for _ in range(random_.randint(2, 4)) for words in (noun(), say(1))], [])
    if kind == "code":
        lines = [f"for step in range({random_.randint(2, 9)}):", f"    check('{noun()}')", "", "report()"]
        return Block(kind, lines, [])
    if kind == "table":
        return Block(kind, [], make_cells(random_, noun))
    return Block(kind, [say(1 if kind in ("quote", "figure") else random_.randint(1, 4))], [])


def make_cells(random_: random.Random, noun: Callable[[], str]) -> list[list[tuple[str, int, int]]]:
    """A table with a header; sometimes its first two rows share a cell, or its last row has one wide cell."""
    columns = random_.randint(2, 5)
    rows = [[(noun(), 1, 1) for _ in range(columns)] for _ in range(random_.randint(3, 8))]
    if random_.random() < 0.5:
        rows[1][0] = (rows[1][0][0], 2, 1)
        del rows[2][0]
    if random_.random() < 0.4:
        rows[-1] = [rows[-1][0], (noun(), 1, columns - 1)]
    return rows


def article(blocks: list[Block], heading: str = "<{0}>{1}</{0}>", code: str = "") -> str:
    """The blocks in plain HTML; `heading` and `code` say how a site writes these."""
    return "\n".join(
        write_block(block, heading, code or '<pre><code class="language-python">{}</code></pre>')
        for block in blocks
    )


def write_block(block: Block, heading: str, code: str) -> str:
    """One block in HTML."""
    texts = [html.escape(text) for text in block.items]
    match block.kind:
        case "h2" | "h3":
            return heading.format(block.kind, texts[0])
        case "ul" | "ol":
            return f"<{block.kind}>{''.join(f'<li>{text}</li>' for text in texts)}</{block.kind}>"
        case "dl":
            pairs = zip(texts[::2], texts[1::2], strict=True)
            return f"<dl>{''.join(f'<dt>{term}</dt><dd>{text}</dd>' for term, text in pairs)}</dl>"
        case "code":
            return code.format("\n".join(texts))
        case "quote":
            return f"<blockquote><p>{texts[0]}</p></blockquote>"
        case "figure":
            return f'<figure><img src="a.png" alt=""><figcaption>{texts[0]}</figcaption></figure>'
        case "table":
            return write_table(block.cells)
    return f"<p>{texts[0]}</p>"


def write_table(rows: list[list[tuple[str, int, int]]]) -> str:
    """A table whose first row is its head."""
    lines = []
    for number, row in enumerate(rows):
        tag = "td" if number else "th"
        cells = (
            f"<{tag}{f' rowspan={down}' if down > 1 else ''}{f' colspan={across}' if across > 1 else ''}>"
            f"{html.escape(text)}</{tag}>"
            for text, down, across in row
        )
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table border=1>{''.join(lines)}</table>"


def links(titles: list[str], tag: str = "li") -> str:
    """Links to other pages, each in its own element."""
    return "".join(f'<{tag}><a href="/p/{number}">{title}</a></{tag}>' for number, title in enumerate(titles))
