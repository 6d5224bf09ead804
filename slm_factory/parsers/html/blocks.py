"""HTML elements as Markdown blocks: headings, lists, tables, code, quotes, in document order."""

import re
from collections.abc import Iterator

from lxml import etree

from slm_factory.parsers.html.inline import MAX_DEPTH, flat_text, holds_blocks, inline, spaced
from slm_factory.parsers.html.tables import cell_text, is_layout, table_blocks
from slm_factory.parsers.markdown import INDENT, heading, list_item, one_line, paragraph

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
LISTS = ("ul", "ol", "menu", "dir")
LANGUAGE = re.compile(
    r"(?:^|\s)(?:language-|lang-|highlight-source-|highlight-|brush:\s*|sourceCode\s+)([\w+#.-]+)"
)
NO_LANGUAGE = ("default", "none", "notranslate", "text", "plaintext")
BACKTICKS = re.compile("`{3,}")


def blocks(element: etree._Element, depth: int = 0) -> Iterator[str]:
    """The Markdown blocks of everything in `element`."""
    if depth > MAX_DEPTH:
        yield paragraph(flat_text(element))
        return
    run = [spaced(element.text)]
    for child in element:
        if holds_blocks(child):
            yield from flush(run)
            yield from block(child, depth + 1)
        else:
            run.append(inline(child, depth + 1))
        run.append(spaced(child.tail))
    yield from flush(run)


def block(element: etree._Element, depth: int) -> Iterator[str]:
    """The Markdown blocks of a block element."""
    tag = element.tag
    if tag in HEADINGS:
        if text := cell_text(element, depth):
            yield heading(int(tag[1]), text)
    elif tag in LISTS:
        yield from items(element, 0, depth)
    elif tag == "dl":
        yield from definitions(element, 0, depth)
    elif tag == "table" and not is_layout(element):
        yield from table_blocks(element, depth)
    elif tag == "pre":
        yield code_block(element)
    elif tag == "blockquote":
        text = "\n\n".join(blocks_within(element, depth))
        yield "\n".join(f"> {line}".rstrip() for line in text.split("\n")) if text else ""
    else:
        yield from blocks_within(element, depth)


def blocks_within(element: etree._Element, depth: int) -> Iterator[str]:
    """The blocks of an element's content; a line that ends a block stays in it."""
    return (text for text in blocks(element, depth) if text.strip())


def flush(run: list[str]) -> Iterator[str]:
    """The text collected between two blocks as a paragraph; empties the run."""
    text = paragraph("".join(run))
    run.clear()
    if text.strip():
        yield text


def items(element: etree._Element, level: int, depth: int) -> list[str]:
    """The items of a list, numbered if it is ordered, and of the lists in it."""
    found: list[str] = []
    number = whole(element.get("start"), 1)
    add_line(found, level, spaced(element.text))
    for child in element:
        if child.tag == "li":
            number = whole(child.get("value"), number)
            found += item(child, level, f"{number}." if element.tag == "ol" else "-", depth + 1)
            number += 1
        else:  # many pages put an inner list between the items
            continue_with(child, level, depth + 1, found)
        add_line(found, level, spaced(child.tail))
    return found


def definitions(element: etree._Element, level: int, depth: int) -> list[str]:
    """A definition list: each term as an item, its definitions below it."""
    found: list[str] = []
    add_line(found, level, spaced(element.text))
    for child in element:
        if child.tag == "dt":
            found += item(child, level, "-", depth + 1)
        elif child.tag == "div" and depth < MAX_DEPTH:  # a group of terms
            found += definitions(child, level, depth + 1)
        elif child.tag == "dd":
            continue_item(child, level, depth + 1, found)
        else:
            continue_with(child, level, depth + 1, found)
        add_line(found, level, spaced(child.tail))
    return found


def item(element: etree._Element, level: int, label: str, depth: int) -> list[str]:
    """An item: its first text beside the label, the rest below it."""
    found: list[str] = [mark := list_item(level, label, "")]
    continue_item(element, level, depth, found)
    return found if found[0] != mark else found[1:]


def continue_item(element: etree._Element, level: int, depth: int, found: list[str]) -> None:
    """Adds an element's content to the item that ends `found`: texts as lines of it, lists below it."""
    if depth > MAX_DEPTH:
        add_line(found, level, flat_text(element))
        return
    run = [spaced(element.text)]
    for child in element:
        if holds_blocks(child):
            add_line(found, level, "".join(run))
            run.clear()
            continue_with(child, level, depth + 1, found)
        else:
            run.append(inline(child, depth + 1))
        run.append(spaced(child.tail))
    add_line(found, level, "".join(run))


def continue_with(element: etree._Element, level: int, depth: int, found: list[str]) -> None:
    """Adds a block to the item that ends `found`; tables, code and quotes stand at the margin."""
    if depth > MAX_DEPTH:
        add_line(found, level, flat_text(element))
    elif element.tag in LISTS:
        found += items(element, level + 1, depth)
    elif element.tag == "dl":
        found += definitions(element, level + 1, depth)
    elif element.tag in ("pre", "blockquote") or (element.tag == "table" and not is_layout(element)):
        found += filter(None, block(element, depth))
    else:
        continue_item(element, level, depth, found)


def add_line(found: list[str], level: int, text: str) -> None:
    """Adds a text to the item that ends `found`, or as a paragraph where a table or code ended the item."""
    text = one_line(text)
    if not text:
        return
    if not found or found[-1].startswith(("|", "`", ">")):
        found.append(paragraph(text))
    elif found[-1].endswith(" "):  # only its label is there
        found[-1] += text
    else:
        found[-1] += f"\n{INDENT * (level + 1)}{text}"


def code_block(element: etree._Element) -> str:
    """A `pre` as a fenced block, with the language that it or an element near it names in its class."""
    for mark in element.iter("br"):
        mark.tail = "\n" + (mark.tail or "")
    for line in element.iter("div", "p", "li", "tr"):  # each line of the code in its own block
        line.tail = "\n" + (line.tail or "").lstrip("\n")
    text = "".join(element.itertext()).replace("\r\n", "\n").strip("\n")
    if not text.strip():
        return ""
    ticks = max(map(len, BACKTICKS.findall(text)), default=2)
    fence = "`" * (ticks + 1)
    return f"{fence}{code_language(element)}\n{text}\n{fence}"


def code_language(element: etree._Element) -> str:
    """The language of a code block as its page names it, else ""."""
    parents = list(zip(range(3), element.iterancestors(), strict=False))
    for near in (*element.iter("code"), element, *(parent for _, parent in parents)):
        if found := LANGUAGE.search(near.get("class", "")):
            return "" if found[1] in NO_LANGUAGE else found[1]
        if near.get("data-lang"):
            return one_line(near.get("data-lang")).split(" ")[0]
    return ""


def whole(text: str | None, otherwise: int) -> int:
    """The number in an attribute, `otherwise` where there is none."""
    digits = re.match(r"\s*(\d{1,6})\s*$", text or "")
    return int(digits[1]) if digits else otherwise
