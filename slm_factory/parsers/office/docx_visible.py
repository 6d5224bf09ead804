"""WordprocessingML as a reader sees it: changes accepted, field results instead of fields, nothing hidden.

The tree is changed in place, so that what walks over it afterwards meets paragraphs, tables and text only.
Section numbers are those of ECMA-376 Part 1.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from docx.oxml.ns import qn
from lxml import etree

from slm_factory.parsers.office.ooxml import choose_alternatives, remove, replace

# Wrappers around paragraphs, rows, cells and runs that mean nothing to a reader.
WRAPPERS = [qn(f"w:{name}") for name in ("ins", "moveTo", "sdt", "sdtContent", "smartTag", "customXml")]
DELETED = [qn("w:del"), qn("w:moveFrom")]
PARAGRAPH, PROPERTIES = qn("w:p"), qn("w:pPr")
RUN, FIELD_MARK, INSTRUCTION = qn("w:r"), qn("w:fldChar"), qn("w:instrText")
FIELD_TYPE = qn("w:fldCharType")
LISTS_OF_PAGES = ("TOC", "INDEX", "TOA")  # they repeat the headings, with the numbers of pages
PAGE_NUMBERS = ("PAGE", "NUMPAGES", "SECTION", "SECTIONPAGES")
FALSE = ("0", "false", "off")


def show(root: etree._Element, is_hidden: Callable[[etree._Element], bool] | None = None) -> None:
    """Leaves in the tree what a reader sees; `is_hidden` tells hidden runs, where the document has any."""
    choose_alternatives(root)
    accept_changes(root)
    drop_contents(root)
    unwrap(root, WRAPPERS)
    show_fields(root)
    if is_hidden is not None:
        for run in [run for run in root.iter(RUN) if is_hidden(run)]:
            remove(run)


def unwrap(root: etree._Element, tags: Iterable[str]) -> None:
    """Puts the children of each such element in its place."""
    for element in list(root.iter(*tags)):
        replace(element, element)


def accept_changes(root: etree._Element) -> None:
    """Takes out what was deleted or moved away (section 17.13.5), and joins paragraphs without their mark."""
    unmarked = []
    for element in list(root.iter(*DELETED, qn("w:cellDel"))):
        parent = element.getparent()
        if parent is None:
            continue
        holder = parent.getparent()
        if parent.tag == qn("w:trPr") or element.tag == qn("w:cellDel"):
            remove(holder)
        elif parent.tag != qn("w:rPr"):
            remove(element)
        elif holder is not None and holder.tag == PROPERTIES:
            unmarked.append(holder.getparent())
    for row in [mark.getparent().getparent() for mark in root.iter(qn("w:hidden"))]:
        if row is not None and row.tag == qn("w:tr"):
            remove(row)
    join_to_next(dict.fromkeys(unmarked))  # a mark may be both deleted and moved


def join_to_next(paragraphs: Iterable[etree._Element]) -> None:
    """Puts the content of each paragraph at the start of the next one, if a paragraph follows."""
    carried: dict[etree._Element, list[etree._Element]] = {}  # paragraph -> what goes to its start
    for paragraph in paragraphs:
        content = carried.pop(paragraph, [])
        content += (child for child in paragraph if child.tag != PROPERTIES)
        following = next(paragraph.itersiblings(PARAGRAPH, qn("w:tbl"), qn("w:sectPr")), None)
        if following is not None and following.tag == PARAGRAPH:
            remove(paragraph)
            carried[following] = content
        else:
            carried[paragraph] = content
    for paragraph, content in carried.items():
        start = 1 if len(paragraph) and paragraph[0].tag == PROPERTIES else 0
        paragraph[start:start] = content


def drop_contents(root: etree._Element) -> None:
    """Takes out tables of contents that Word inserted from its gallery, with their title (section 17.5.2)."""
    for gallery in list(root.iter(qn("w:docPartGallery"))):
        if (gallery.get(qn("w:val")) or "").lower() == "table of contents":
            control = next(gallery.iterancestors(qn("w:sdt")), None)
            if control is not None:
                remove(control)


class Field:
    """A field that was begun: what it says, and what of it nobody sees."""

    def __init__(self) -> None:
        self.instruction: list[str] = []
        self.hidden: list[etree._Element] = []

    @property
    def name(self) -> str:
        """The first word of the instruction: PAGE, HYPERLINK, TOC, ..."""
        match = re.match(r'\s*"?(\w+)', "".join(self.instruction))
        return match[1].upper() if match else ""


def show_fields(root: etree._Element) -> None:
    """Takes out instructions, results that only list pages, and puts `w:pgNum` for numbers of pages.

    Fields nest, and may span paragraphs (section 17.16.18). One that never ends hides nothing.
    """
    for simple in list(root.iter(qn("w:fldSimple"))):
        field = Field()
        field.instruction.append(simple.get(qn("w:instr")) or "")
        if field.name in PAGE_NUMBERS:
            simple.addprevious(page_number())
            remove(simple)
        elif field.name in LISTS_OF_PAGES:
            remove(simple)
    fields: list[Field] = []
    hiding: Field | None = None  # the outermost of them that hides what stands here
    for child in [child for run in root.iter(RUN) for child in run]:
        kind = child.get(FIELD_TYPE) if child.tag == FIELD_MARK else None
        if kind == "begin":
            fields.append(Field())
            hiding = hiding or fields[-1]
        elif kind == "separate" and fields:
            if fields[-1].name not in LISTS_OF_PAGES + PAGE_NUMBERS and hiding is fields[-1]:
                hiding = None
        elif kind == "end" and fields:
            field = fields.pop()
            hiding = None if hiding is field else hiding
            for element in field.hidden:
                remove(element)
            if field.name in PAGE_NUMBERS:
                child.addprevious(page_number())
        elif child.tag == INSTRUCTION and fields:
            fields[-1].instruction.append(child.text or "")
        elif hiding is not None and child.tag != qn("w:rPr"):
            hiding.hidden.append(child)


def page_number() -> etree._Element:
    """The element that stands for a number of a page (section 17.3.3.22)."""
    return etree.Element(qn("w:pgNum"))


def is_on(properties: Any, name: str) -> bool | None:
    """Whether a property is switched on (section 17.17.4); None where it is not stated."""
    found = None if properties is None else properties.find(qn(f"w:{name}"))
    return None if found is None else (found.get(qn("w:val")) or "1").lower() not in FALSE
