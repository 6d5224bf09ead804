"""The texts and objects of an OWPML paragraph (KS X 6101) in the order of its runs."""

import re
from collections.abc import Iterator

from lxml import etree

from slm_factory.parsers.hancom.styles import number
from slm_factory.parsers.hostile import local_name
from slm_factory.parsers.numbering import write_number
from slm_factory.parsers.office.drawing import description

PAGE = "\x00"  # stands for a page's number, which no text has
SPACES = {"tab": " ", "lineBreak": "\n", "nbSpace": " ", "fwSpace": " ", "hyphen": "-"}
# What the walk over the paragraphs must see itself.
OBJECTS = {
    *("tbl", "drawText", "caption", "chart", "footNote", "endNote", "header", "footer"),
    *("deleteBegin", "deleteEnd"),
}
# Below these stands nothing that a reader of the printed page sees: comments, memos, properties.
UNSEEN = {"hiddenComment", "fieldBegin", "secPr", "linesegarray", "indexmark", "parameters"}
CHECKED = {"checkBtn": "☐☑", "radioBtn": "○◉"}  # boxes of forms, off and on


def flow(container: etree._Element) -> Iterator[str | etree._Element]:
    """The texts and `OBJECTS` below a paragraph or a part of one, outermost only."""
    has_text = local_name(container) == "t"
    if has_text:
        yield container.text or ""
    for child in container:
        name = local_name(child)
        if name in OBJECTS:
            yield child
        elif name == "switch":  # one object in two versions, the newer first
            versions = sorted(child, key=lambda version: local_name(version) != "case")
            yield from flow(versions[0]) if versions else ()
        elif name not in UNSEEN:
            text = text_of(name, child)
            yield from flow(child) if text is None else (text,)
        if has_text:
            yield child.tail or ""


def text_of(name: str, element: etree._Element) -> str | None:
    """How an element reads that is text by itself; None for one that holds texts."""
    if name in SPACES:
        return SPACES[name]
    if name == "autoNum":
        return auto_number(element)
    if name in CHECKED:
        box = CHECKED[name][element.get("value") == "CHECKED"]
        return f"{box} {caption(element)} "
    if name == "btn":
        return caption(element)
    if name == "comboBox":
        return choice(element)
    if name == "textart":
        return element.get("text") or ""
    if name == "dutmal":  # a word with a gloss over it
        main, gloss = (child_text(element, part) for part in ("mainText", "subText"))
        return f"{main}({gloss})" if gloss else main
    if name == "compose":  # characters drawn over each other
        return element.get("composeText") or ""
    if name in ("script", "text"):  # of an equation, of a form's field
        return element.text or ""
    return description(element.text) if name == "shapeComment" and is_picture(element) else None


def is_picture(comment: etree._Element) -> bool:
    """Whether a comment describes a picture; of other shapes it only names the kind."""
    parent = comment.getparent()
    return parent is not None and local_name(parent) == "pic"


def auto_number(element: etree._Element) -> str:
    """The number of a table, picture or equation as its caption shows it; notes are counted elsewhere."""
    kind = element.get("numType")
    if kind in ("PAGE", "TOTAL_PAGE"):
        return PAGE
    if kind in ("FOOTNOTE", "ENDNOTE"):
        return ""
    look = next(element.iterchildren("{*}autoNumFormat"), element)
    label = write_number(look.get("type") or "DIGIT", number(element, "num", 1))
    return f"{look.get('prefixChar') or ''}{label}{look.get('suffixChar') or ''}"


def caption(button: etree._Element) -> str:
    """The words on a button, without the mark of its key; a doubled one stands for `&`."""
    return re.sub("&(&?)", r"\1", button.get("caption") or "")


def choice(box: etree._Element) -> str:
    """The line that a combo box shows."""
    chosen = box.get("selectedValue") or ""
    lines = {item.get("value"): item.get("displayText") for item in box.iterchildren("{*}listItem")}
    return lines.get(chosen) or chosen


def child_text(element: etree._Element, name: str) -> str:
    """The text of the child with this name."""
    return next((child.text or "" for child in element.iterchildren(f"{{*}}{name}")), "")
