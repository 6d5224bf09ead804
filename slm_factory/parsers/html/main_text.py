"""Where the main text of a page is: trafilatura points at it, the page's own structure completes it.

trafilatura is good at telling text from clutter, but it drops captions, cells, list items and whole parts
of pages that are no articles. So its text is not taken: the element that holds it is, and in it stays all
that is no clutter.
"""

import logging
from configparser import ConfigParser
from copy import deepcopy

import trafilatura
from lxml import etree
from trafilatura.settings import DEFAULT_CONFIG, Document

from slm_factory.parsers.html.clutter import (
    WANTED_SHARE,
    Weight,
    names_clutter,
    remove_clutter,
    remove_invisible,
)
from slm_factory.parsers.html.metadata import page_names, squeezed
from slm_factory.parsers.html.tables import is_layout

# Above one of these, trafilatura takes minutes or fails; then the structure alone decides.
MAX_ELEMENTS, MAX_DEPTH, MAX_CHARACTERS = 100_000, 100, 3_000_000
CONTAINERS = (
    "main",
    "article",
    "section",
    "div",
    "form",
    "center",
    "font",
    "span",
    "table",
    "tbody",
    "tr",
    "td",
)
TITLES = ("h1", "h2", "h3", "h4", "div", "p", "td", "th", "strong", "b", "font", "span", "dt", "dd")
FOUND_SHARE = 0.9  # of what trafilatura found has to be in the main element ...
PLAIN_SHARE = 0.7  # ... and this much of all text that is neither linked nor clutter
TITLE_LETTERS = 200
WANTED_LETTERS = 40  # of text that trafilatura found beside it, which it must not leave out

Words = tuple[str, str, str]


def find_main(page: etree._Element) -> etree._Element:
    """The element that holds the main text, without clutter, the page's title before it; changes the page."""
    remove_invisible(page)
    body = page.find("body")
    body = page if body is None else body
    weights = weigh(body, trafilatura_words(page))
    main = descend(body, weights)
    title = find_title(body, main, weights)
    remove_clutter(main, weights)
    if title and not holds(main, title):
        element = etree.Element("h1")
        element.text, element.tail, main.text = title, main.text, None
        main.insert(0, element)
    return main


def trafilatura_words(page: etree._Element) -> set[Words]:
    """Every three neighbouring words of what trafilatura takes for the main text, which may be nothing."""
    elements, depth, characters = size_of(page)
    if elements > MAX_ELEMENTS or depth > MAX_DEPTH or characters > MAX_CHARACTERS:
        return set()
    config = ConfigParser()
    config.read_dict(DEFAULT_CONFIG)
    # Below 250 characters it would return the whole page; a short page is just a short page.
    config["DEFAULT"]["MIN_EXTRACTED_SIZE"] = "1"
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    copy = deepcopy(page)
    etree.strip_attributes(copy, "colspan", "rowspan")  # it would draw the widest table that a page asks for
    # Of its modes, recall found most of our gold pages, and without its fallbacks as much in less time.
    found = trafilatura.bare_extraction(
        copy, fast=True, favor_recall=True, include_comments=False, config=config
    )
    if not isinstance(found, Document) or found.body is None:
        return set()
    return neighbours(" ".join(found.body.itertext()).split())


def size_of(page: etree._Element) -> tuple[int, int, int]:
    """How many elements, levels of them, and characters of text the page has."""
    elements = deepest = level = 0
    for event, _ in etree.iterwalk(page, events=("start", "end")):
        level += 1 if event == "start" else -1
        deepest = max(deepest, level)
        elements += 1
    return elements // 2, deepest, sum(map(len, page.itertext()))


def neighbours(words: list[str]) -> set[Words]:
    """Every three neighbouring words."""
    return set(zip(words, words[1:], words[2:], strict=False))


def weigh(body: etree._Element, wanted: set[Words]) -> dict[etree._Element, Weight]:
    """The weight of the body and of every element in it, from one walk."""
    weights: dict[etree._Element, Weight] = {}
    links = 0
    for event, element in etree.iterwalk(body, events=("start", "end")):
        if element.tag == "a" and element.get("href") is not None:
            links += 1 if event == "start" else -1
        if event == "start":
            weights[element] = Weight()
            add(weights[element], element.text, links > 0, wanted)
        elif element is not body:
            own, above = weights[element], weights[element.getparent()]
            add(above, element.tail, links > 0, wanted)
            above.letters += own.letters
            above.linked += own.linked
            above.plain += 0 if names_clutter(element) else own.plain
            above.found += own.found
    return weights


def add(weight: Weight, text: str | None, is_link: bool, wanted: set[Words]) -> None:
    """Adds a text node to the weight of its element; fewer than three words are too few to be found."""
    words = text.split() if text else []
    letters = sum(map(len, words))
    weight.letters += letters
    if is_link:
        weight.linked += letters
    else:
        weight.plain += letters
    if wanted and len(words) > 2:
        triples = list(zip(words, words[1:], words[2:], strict=False))
        weight.found += letters * sum(triple in wanted for triple in triples) / len(triples)


def descend(body: etree._Element, weights: dict[etree._Element, Weight]) -> etree._Element:
    """The innermost container with nearly all that trafilatura found, and most of the other text."""
    main, total = body, weights[body]
    if not total.found:  # nothing tells one part from another; then all of it is text
        return body
    while inner := [child for child in main if child.tag in CONTAINERS]:
        best = max(inner, key=lambda child: (weights[child].found, weights[child].plain))
        held = weights[best]
        holds_most = held.found >= FOUND_SHARE * total.found and held.plain >= PLAIN_SHARE * total.plain
        is_data = best.tag == "table" and not is_layout(best)
        if is_data or not holds_most or any(is_wanted(weights[child]) for child in main if child is not best):
            break
        main = best
    return main


def is_wanted(weight: Weight) -> bool:
    """Whether trafilatura took an element for text of the page."""
    return weight.letters > WANTED_LETTERS and weight.found > WANTED_SHARE * weight.letters


def find_title(body: etree._Element, main: etree._Element, weights: dict[etree._Element, Weight]) -> str:
    """The page's title as it stands before the main element, as close as it gets, else within it, else ""."""
    names = page_names(body.getroottree().getroot())
    title, is_inside = "", False
    for element in body.iter(*TITLES, main.tag):
        is_inside |= element is main
        if is_inside and title:
            break
        if element.tag in TITLES and weights[element].letters <= TITLE_LETTERS:
            text = "".join(element.itertext())
            short = squeezed(text)
            is_longer = element.tag == "h1" and any(name in short for name in names if len(name) > 3)
            if short in names or is_longer:
                title = text
    return title


def holds(main: etree._Element, title: str) -> bool:
    """Whether the title still stands in the main element, or another one of the highest level does."""
    short = squeezed(title)
    headings = ("".join(element.itertext()) for element in main.iter("h2", "h3", "h4"))
    lines = (element.text or "" for element in main.iter(*TITLES) if len(element) == 0)
    return next(main.iter("h1"), None) is not None or short in map(squeezed, (*headings, *lines))
