"""HTML: the main text that trafilatura finds, with headings, lists and tables as Markdown."""

import codecs
import re
from collections.abc import Iterator
from configparser import ConfigParser

import trafilatura
from lxml import etree
from lxml import html as lxml_html
from trafilatura.settings import DEFAULT_CONFIG, Document

from slm_factory.parsers.hostile import local_name
from slm_factory.parsers.markdown import heading, join_blocks, list_item, one_line, paragraph
from slm_factory.parsers.parsed import Limits, Parsed, Refused
from slm_factory.parsers.tables import MAX_SPAN, Cell, expand, markdown_table
from slm_factory.parsers.text import decode

CHARSET = re.compile(rb"""charset\s*=\s*["']?\s*([\w-]+)""", re.IGNORECASE)
DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")
KOREAN = ("euc-kr", "euc_kr", "ks_c_5601-1987", "ksc5601", "korean")  # all of them mean CP949 on the web


def parse(data: bytes, limits: Limits) -> Parsed:
    """The main text of a page without its navigation; spans of tables are repeated in what they cover."""
    text, warnings = decode_page(data)
    try:
        tree = lxml_html.document_fromstring(
            DECLARATION.sub("", text), parser=lxml_html.HTMLParser(no_network=True, remove_comments=True)
        )
    except (etree.ParserError, ValueError) as error:
        raise Refused(f"no HTML: {error}") from error
    language = (tree.get("lang") or "")[:2].lower()
    for mark in tree.xpath("//a[normalize-space()='#' or normalize-space()='¶']"):
        mark.drop_tree()  # links to a heading, drawn behind it
    for table in tree.iter("table"):
        repeat_spans(table)
    # trafilatura changes the tree it is given, and looks at its own copies of it.
    found = trafilatura.bare_extraction(
        tree, include_comments=False, include_tables=True, with_metadata=True, config=short_pages()
    )
    if not isinstance(found, Document) or found.body is None:
        raise Refused("no main text found in the page")
    meta = {key: value for key in ("author", "description") if (value := getattr(found, key))}
    return Parsed(
        join_blocks(blocks(found.body)), "html", one_line(found.title or ""), found.date or "",
        language if language in ("ko", "en") else "", meta=meta, warnings=warnings,
    )  # fmt: skip


def short_pages() -> ConfigParser:
    """trafilatura's settings, with short results taken seriously.

    By default it gives up on fewer than 250 characters and returns the whole page as bare lines, navigation
    included; a short page of a wiki is just a short page.
    """
    config = ConfigParser()
    config.read_dict(DEFAULT_CONFIG)
    config["DEFAULT"]["MIN_EXTRACTED_SIZE"] = "1"
    return config


def decode_page(data: bytes) -> tuple[str, tuple[str, ...]]:
    """The page's text: in the encoding it declares if that can be read without an error, else as any text."""
    declared = CHARSET.search(data[:4096])
    if declared and not data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        name = declared[1].decode("ascii").lower()
        try:
            return data.decode("cp949" if name in KOREAN else name), ()
        except (LookupError, UnicodeError):
            pass  # a wrong declaration is common; the bytes themselves decide
    return decode(data)


def repeat_spans(table: etree._Element) -> None:
    """Rewrites a table so that no cell spans another and every covered cell repeats the text.

    A table that holds another one lays out a page and is left alone.
    """
    if table.find(".//table") is not None:
        return
    rows = list(table.iter("tr"))
    cells = [[cell for cell in row if local_name(cell) in ("td", "th")] for row in rows]
    if all(cell.get("rowspan") is None and cell.get("colspan") is None for row in cells for cell in row):
        return
    grid = expand([read_cell(cell, len(rows)) for cell in row] for row in cells)
    for row, tags, texts in zip(rows, cells, grid, strict=True):
        is_head = bool(tags) and all(cell.tag == "th" for cell in tags)
        for child in list(row):
            row.remove(child)
        for text in texts:
            etree.SubElement(row, "th" if is_head else "td").text = text


def read_cell(cell: etree._Element, most_rows: int) -> Cell:
    """A `td` or `th` with its text and spans."""
    return Cell(cell.text_content(), span(cell, "rowspan", most_rows), span(cell, "colspan", MAX_SPAN))


def span(cell: etree._Element, name: str, most: int) -> int:
    """A cell's span as HTML reads it: 1 when it is no number, 0 means all the rest."""
    digits = re.match(r"\s*(\d{1,9})", cell.get(name) or "1")
    number = int(digits[1]) if digits else 1
    return min(number or most, most)


def blocks(element: etree._Element) -> Iterator[str]:
    """The Markdown blocks of trafilatura's result (a subset of TEI: head, p, list, table, code, quote)."""
    if element.text and element.text.strip():
        yield paragraph(element.text)
    for child in element:
        name = local_name(child)
        if name == "head":
            yield heading(int((child.get("rend") or "h2")[-1:] or 2), text_of(child))
        elif name == "list":
            yield from items(child, 0)
        elif name == "table":
            rows = [[Cell(text_of(cell)) for cell in row.iter("cell")] for row in child.iter("row")]
            yield markdown_table(expand(rows))
        elif name == "code" and "\n" in text_of(child):
            yield f"```\n{text_of(child).strip(chr(10))}\n```"
        elif name == "quote":
            yield from (f"> {line}" for line in paragraph(text_of(child)).split("\n") if line)
        elif name in ("p", "ab", "code", "item", "hi", "ref"):
            yield paragraph(text_of(child))
        elif name != "graphic":
            yield from blocks(child)
        if child.tail and child.tail.strip():
            yield paragraph(child.tail)


def items(element: etree._Element, level: int) -> Iterator[str]:
    """The lines of a list, numbered if it is ordered, and of the lists in it."""
    number = 0
    for child in element:
        if local_name(child) == "list":
            yield from items(child, level + 1)
        elif local_name(child) == "item":
            number += 1
            nested = child.findall("list")
            for inner in nested:
                child.remove(inner)
            yield list_item(level, f"{number}." if element.get("rend") == "ol" else "-", text_of(child))
            for inner in nested:
                yield from items(inner, level + 1)


def text_of(element: etree._Element) -> str:
    """All text below an element, `lb` as a line break."""
    parts = [element.text or ""]
    for child in element:
        parts.append("\n" if local_name(child) == "lb" else text_of(child))
        parts.append(child.tail or "")
    return "".join(parts)
