"""HTML pages whose main text is known."""

import hashlib
import random
import re
from pathlib import Path

from lxml import etree
from lxml import html as lxml_html

from bench.gold.document import Gold
from bench.gold.html_pages import Block, Content, make_content
from bench.gold.html_sites import SITES

PAGES_PER_SITE = 7
SEED = 20250118
RICH = "h p p ul ol dl table code quote figure"
KINDS = {  # what stands on a site's pages, where not everything does
    "news": "h p p p quote figure",
    "forum": "p p p code quote ul",
    "notice_board": "h p p ol ul table",
    "government": "h p p ol table table",
    "shop": "h p p ul ol table",
}
CHARSETS = {"government": "euc-kr", "intranet": "euc-kr"}
# Where the main text is in the pages of known programs, and what is no text in there.
MAIN = (
    # Sphinx, three themes
    "//article[@id='pytorch-article']/article | //article[@itemprop='articleBody' and @id='pytorch-article']",
    "//div[@role='main' and @class='body'] | //div[@id='docs-body']",
    "//div[@id='page-content']",  # Apache
    "//body[div[@class='navheader']] | //body[div[@id='banner']] | //div[@class='refentry']",  # DocBook
    "//body[@class='article' or @class='manpage' or @class='book']",  # AsciiDoc
)
NO_TEXT = (
    "self::script or self::style or self::form or @id='quickview' or @id='banner' or @id='footer'"
    " or @id='toc' or @id='comments_section' or @class='headerlink' or @class='up' or @class='top'"
    " or @class='toc' or @class='toplang' or @class='bottomlang' or @class='navheader' or @class='navfooter'"
    " or contains(@class, 'docnav') or contains(@class, 'sphx-glr-footer')"
    " or contains(@class, 'prev-next-area') or contains(@class, 'sphx-glr-download-link-note')"
)
TEXT_BLOCKS = {"p", "li", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "figcaption", "summary"}
NAMES = re.compile(r'\b(class|id)="([^"]*)"')


def make(folder: Path) -> list[Gold]:
    """Writes pages of every kind of site, a third of them with meaningless class names, and two odd ones."""
    golds = []
    for site, write in SITES.items():
        for number in range(PAGES_PER_SITE):
            random_ = random.Random(f"{SEED} {site} {number}")
            content = make_content(random_, number % 2 == 0, 1 + number, KINDS.get(site, RICH))
            charset = CHARSETS.get(site, "utf-8") if content.is_korean else "utf-8"
            page = write(content)
            if number % 3 == 2:
                page = NAMES.sub(hide, page)
            golds.append(save(folder / f"{site}_{number}.html", page, charset, content))
    for name, block in (("one_paragraph", "p"), ("one_table", "table")):
        content = make_content(random.Random(f"{SEED} {name}"), True, 1, f"h {block}")
        blocks = [one for one in content.blocks if one.kind == block][-1:]
        content = content._replace(blocks=blocks)
        golds.append(save(folder / f"{name}.html", SITES["export"](content), "utf-8", content))
    return golds


def hide(name: re.Match[str]) -> str:
    """A class or id as build tools write them, which tells nothing."""
    return f'{name[1]}="css-{hashlib.sha256(name[2].encode()).hexdigest()[:6]}"'


def save(path: Path, page: str, charset: str, content: Content) -> Gold:
    """Writes the page and returns what is known about it."""
    path.write_bytes(page.replace("{charset}", charset).encode("cp949" if charset == "euc-kr" else charset))
    paragraphs = [content.title, *(text for block in content.blocks for text in known_texts(block))]
    tables = [known_table(block.cells) for block in content.blocks if block.kind == "table"]
    return Gold(path, paragraphs, tables)


def known_texts(block: Block) -> list[str]:
    """The paragraphs of a block; code is one."""
    return ["\n".join(block.items)] if block.kind == "code" else block.items


def known_table(cells: list[list[tuple[str, int, int]]]) -> list[list[str]]:
    """The grid of a table, merged cells repeated."""
    grid: dict[tuple[int, int], str] = {}
    for row, line in enumerate(cells):
        column = 0
        for text, down, across in line:
            while (row, column) in grid:
                column += 1
            grid |= {(row + y, column + x): text for y in range(down) for x in range(across)}
    width = 1 + max(column for _, column in grid)
    return [[grid.get((row, column), "") for column in range(width)] for row in range(len(cells))]


def read(samples: Path) -> list[Gold]:
    """What stands in the known main element of the pages below the folder that known programs wrote."""
    golds = []
    for path in sorted(samples.rglob("*.htm*")):
        data = path.read_bytes()
        encoding = "cp949" if re.search(rb"(?i)charset=\"?euc-kr", data[:1000]) else "utf-8"
        tree = lxml_html.document_fromstring(data, lxml_html.HTMLParser(encoding=encoding))
        found = next((element for xpath in MAIN for element in tree.xpath(xpath)), None)
        if found is None:
            continue
        for element in found.xpath(f".//*[{NO_TEXT}]"):
            element.drop_tree()
        golds.append(Gold(path, real_paragraphs(found), [real_table(table) for table in found.iter("table")]))
    return golds


def real_paragraphs(element: etree._Element) -> list[str]:
    """The texts of an element outside of tables, one per block."""
    texts = [""]
    for event, child in etree.iterwalk(element, events=("start", "end")):
        outside = not any(parent.tag == "table" for parent in (child, *child.iterancestors()))
        if child.tag in TEXT_BLOCKS or child.tag in ("table", "div"):
            texts.append("")
        if event == "start" and isinstance(child.tag, str) and outside:
            texts[-1] += child.text or ""
        if (
            event == "end"
            and child is not element
            and not any(up.tag == "table" for up in child.iterancestors())
        ):
            texts[-1] += child.tail or ""
    return [" ".join(text.split()) for text in texts if text.strip()]


def real_table(table: etree._Element) -> list[list[str]]:
    """A table's grid."""
    rows = [[cell for cell in row if cell.tag in ("td", "th")] for row in table.iter("tr")]
    cells = [
        [
            (" ".join(cell.text_content().split()), int(cell.get("rowspan", 1)), int(cell.get("colspan", 1)))
            for cell in row
        ]
        for row in rows
    ]
    return known_table(cells) if any(cells) else []
