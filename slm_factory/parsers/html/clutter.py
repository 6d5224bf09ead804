"""What on a page is no text of it: hidden elements, menus, advertisements, comments, lists of links."""

import re
from dataclasses import dataclass
from itertools import islice

from lxml import etree

INVISIBLE = (  # never text; `noscript` repeats what scripts put on the page
    "//script | //style | //template | //noscript | //iframe | //object | //embed | //svg | //canvas"
    "| //audio | //video | //select | //textarea | //button | //datalist | //input | //dialog[not(@open)]"
    "| //*[@hidden and @hidden != 'until-found'] | //*[@aria-hidden = 'true']"
)
HIDING = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
LINE_NUMBERS = re.compile(
    r"(?:^|\s)(?:linenos?|linenodiv|line-?numbers?|lnt|gutter|headerlink)(?:\s|$)", re.IGNORECASE
)
PERMALINKS = ("#", "¶", "§", "🔗")  # a link to the heading that it stands at

TAGS = ("nav", "footer")
ROLES = "navigation banner contentinfo search dialog alertdialog menu menubar toolbar".split()
# Words in a class or id that name clutter on sites of any kind ...
NAMES = frozenset(
    "nav navbar navigation navbox subnav menu submenu gnb lnb snb breadcrumb breadcrumbs toc pagination "
    "pager paging paginate skip skipnav cookie cookies consent gdpr ad ads advert advertisement adsense "
    "sponsor sponsored promo outbrain taboola newsletter subscribe share sharing shares sns social "
    "sociable sharedaddy addthis related recommend recommended similar popular trending comment "
    "comments disqus reply replies respond footer copyright editsection catlinks signature feedback "
    "satisfaction survey login signin search searchbox toolbar masthead prevnext sitemap noprint "
    "colophon".split()
)
# ... and words that name it only where little stands there and trafilatura does not want it.
DOUBTFUL = frozenset(
    "sidebar side aside widget meta byline author writer reporter date time tags tag category "
    "categories rating btn buttons button tool tools location path file files attach attachment foot "
    "popup modal banner views hit profile prev next util quick top bottom header charge manager".split()
)
NAMED_TAGS = frozenset(
    "div section ul ol dl table p span aside header footer form nav article li address a center".split()
)
LINK_TAGS = frozenset("div section ul ol dl table aside center form header".split())
# Cells of the table above or below an entry on a Korean notice board.
BOARD_LABELS = {"조회", "조회수", "추천", "추천수", "이전글", "다음글", "이전 글", "다음 글"}
BOARD_LETTERS = 300
BOARD_CELLS = 30
FEW_LETTERS = 120
FEW_LINKS = 3
LINK_SHARE = 0.7  # of letters; a list of links leads elsewhere
WANTED_SHARE = 0.5  # of letters that trafilatura took
MAIN_SHARE = 0.3  # of all that trafilatura took; what holds as much is the text, whatever it is called
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


@dataclass
class Weight:
    """How many letters an element holds, and how many of these are of which kind."""

    letters: int = 0
    linked: int = 0  # in links
    plain: int = 0  # neither in links nor in what names itself clutter
    found: float = 0  # in what trafilatura takes for the main text


def remove_invisible(page: etree._Element) -> None:
    """Takes out what no reader sees, line numbers of code, and the marks that link to a heading."""
    hidden = [element for element in page.xpath("//*[@style]") if HIDING.search(element.get("style"))]
    numbers = [element for element in page.xpath("//*[@class]") if LINE_NUMBERS.search(element.get("class"))]
    marks = [link for link in page.iter("a") if "".join(link.itertext()).strip() in PERMALINKS]
    for element in (*page.xpath(INVISIBLE), *hidden, *marks):
        drop(element)
    for element in numbers:
        if element.tag in ("td", "span", "div", "pre", "a"):
            drop(element)


def remove_clutter(main: etree._Element, weights: dict[etree._Element, Weight]) -> None:
    """Takes out of the main element what is clutter by its name, or little more than links."""
    waiting = list(main)
    while waiting:
        element = waiting.pop()
        if element.tag in ("pre", "code"):
            continue
        if is_clutter(element, weights[element], weights[main]):
            drop(element)
        else:
            waiting.extend(element)


def is_clutter(element: etree._Element, own: Weight, total: Weight) -> bool:
    """Whether an element within the main one is no text of it. Most of the text is never clutter."""
    if own.found > MAIN_SHARE * total.found > 0 or is_all(own, total):
        return False
    if names_clutter(element):
        return True
    if element.tag not in NAMED_TAGS or own.found > WANTED_SHARE * own.letters:
        return False
    if own.letters <= FEW_LETTERS and words_of(element) & DOUBTFUL:
        return True
    if element.tag == "table" and own.letters <= BOARD_LETTERS:
        cells = islice(element.iter("th", "td"), BOARD_CELLS)
        return any((cell.text or "").strip() in BOARD_LABELS for cell in cells)
    if element.tag not in LINK_TAGS or own.linked <= LINK_SHARE * own.letters:
        return False
    return len(list(islice(element.iter("a"), FEW_LINKS))) == FEW_LINKS


def is_all(own: Weight, total: Weight) -> bool:
    """Whether hardly anything would be left: the page is a list of links."""
    return own.letters > total.letters / 2 and total.plain - own.plain < FEW_LETTERS


def names_clutter(element: etree._Element) -> bool:
    """Whether an element says by its tag, role, class or id that it is clutter."""
    if element.tag in TAGS or element.get("role") in ROLES:
        return True
    return element.tag in NAMED_TAGS and not NAMES.isdisjoint(words_of(element))


def words_of(element: etree._Element) -> set[str]:
    """The words in an element's class and id, in lower case: `postMeta` and `post-meta` have two."""
    return {word.lower() for word in WORD.findall(f"{element.get('class', '')} {element.get('id', '')}")}


def drop(element: etree._Element) -> None:
    """Removes an element and keeps the text behind it; a whole page is never removed."""
    parent = element.getparent()
    if parent is None or element.tag in ("body", "html"):
        return
    if element.tail:
        before = element.getprevious()
        if before is None:
            parent.text = (parent.text or "") + element.tail
        else:
            before.tail = (before.tail or "") + element.tail
    parent.remove(element)
