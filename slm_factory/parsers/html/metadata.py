"""What a page says about itself, in JSON-LD, Open Graph, meta and time elements: title, author, date, ..."""

import json
import logging
import re
from collections.abc import Iterator
from typing import Any

from htmldate import find_date
from lxml import etree

from slm_factory.parsers.markdown import one_line

MAX_JSON_CHARACTERS = 1_000_000
ARTICLE = re.compile(r"Article|Posting|WebPage|Report|FAQPage|HowTo")
NAMES = {  # field: the names of `meta` elements that hold it, the best first
    "title": ("og:title", "twitter:title", "dc.title", "dcterms.title"),
    "author": ("author", "article:author", "dc.creator", "dcterms.creator", "byl"),
    "description": ("og:description", "description", "dc.description"),
    "site": ("og:site_name", "application-name"),
    "language": ("content-language", "og:locale", "dc.language"),
}
SITE_NAME = re.compile(r"\s+[-–—|:·«»‹›/]+\s+|\s*::\s*")  # stands between a page's name and the site's
EARLIEST, LATEST = "1980-01-01", "2100-12-31"  # htmldate's own limit is today: the same page would change


def read_metadata(page: etree._Element) -> dict[str, str]:
    """What the page tells of: `title`, `author`, `date`, `language`, `description`, `site`, `url`."""
    named: dict[str, str] = {}
    for meta in page.iter("meta"):
        name = meta.get("name") or meta.get("property") or meta.get("http-equiv") or ""
        named.setdefault(name.lower(), one_line(meta.get("content", "")))
    fields = {
        field: next((named[name] for name in names if named.get(name)), "") for field, names in NAMES.items()
    }
    link = page.find(".//link[@rel='canonical']")
    fields["url"] = link.get("href", "") if link is not None else named.get("og:url", "")
    for record in linked_data(page):
        if ARTICLE.search(str(record.get("@type", ""))):
            fields["title"] = one_line(str(record.get("headline") or fields["title"]))
            fields["author"] = author_of(record.get("author")) or fields["author"]
    title = page.find(".//title")
    fields["title"] = fields["title"] or one_line((title.text or "") if title is not None else "")
    body = page.find("body")
    languages = (page.get("lang"), body.get("lang") if body is not None else "", fields["language"])
    fields["language"] = next((language[:2].lower() for language in languages if language), "")
    fields["date"] = date_of(page)
    if "://" in fields["author"]:  # article:author is the address of a profile
        fields["author"] = ""
    return {field: value for field, value in fields.items() if value}


def linked_data(page: etree._Element) -> Iterator[dict[str, Any]]:
    """The objects of the page's JSON-LD, those in lists and in `@graph` too."""
    for script in page.iter("script"):
        text = script.text or ""
        if script.get("type", "").lower() != "application/ld+json" or len(text) > MAX_JSON_CHARACTERS:
            continue
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            continue
        for record in found if isinstance(found, list) else [found]:
            if isinstance(record, dict):
                graph = record.get("@graph")
                yield from (
                    one for one in (graph if isinstance(graph, list) else [record]) if isinstance(one, dict)
                )


def author_of(value: Any) -> str:
    """The names in an author field: a text, an object with a name, or several of them."""
    authors = value if isinstance(value, list) else [value]
    names = (author.get("name") if isinstance(author, dict) else author for author in authors)
    return ", ".join(one_line(name) for name in names if isinstance(name, str))


def date_of(page: etree._Element) -> str:
    """The ISO date on which the page says it was published, "" where it says none."""
    logging.getLogger("htmldate").setLevel(logging.CRITICAL)
    found = find_date(page, extensive_search=False, original_date=True, min_date=EARLIEST, max_date=LATEST)
    return found or ""


def page_names(page: etree._Element) -> set[str]:
    """What the page's title elements call it, whole and without the site's name, squeezed."""
    titles = page.xpath("//title/text() | //meta[contains(@property, 'title')]/@content")
    return {squeezed(part) for title in titles for part in (title, *SITE_NAME.split(title))} - {""}


def squeezed(text: str) -> str:
    """The text without white space, to compare by."""
    return "".join(text.split())
