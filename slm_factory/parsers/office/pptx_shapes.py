"""Shapes of a slide in reading order, with what placeholders inherit (ECMA-376 Part 1, section 19.3)."""

from dataclasses import dataclass
from typing import Any

from lxml import etree

from slm_factory.parsers.hostile import local_name
from slm_factory.parsers.office.drawing import DRAWING
from slm_factory.parsers.pdf.page import Box
from slm_factory.parsers.reading_order import in_reading_order

SLIDE = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
EMU = 12700  # English Metric Units in a point
TITLES = ("title", "ctrTitle")
RUNNING = ("dt", "ftr", "hdr", "sldNum")
KINDS = ("sp", "pic", "graphicFrame", "grpSp")
# Placeholders of a slide take after the master's body, but for titles (section 19.3.1.36).
MASTER_TYPES = {"ctrTitle": "title", "title": "title"}


@dataclass(frozen=True)
class Shape:
    """A shape at its place; `placeholder` is its type, "" if it is none."""

    element: etree._Element
    box: Box
    placeholder: str
    styles: tuple[Any, ...]  # list styles of its text, nearest first


class Templates:
    """A slide's layout and master, from which its placeholders take place and bullets."""

    def __init__(self, layout: Any, master: Any) -> None:
        self.layout, self.master = placeholders(layout), placeholders(master)
        styles = None if master is None else master.find(f"{SLIDE}txStyles")
        self.styles = {local_name(style): style for style in (styles if styles is not None else ())}

    def ancestors(self, placeholder: etree._Element) -> list[etree._Element]:
        """The shapes that a placeholder takes after: the layout's by index, the master's by type."""
        index, kind = placeholder.get("idx", "0"), placeholder.get("type", "obj")
        found = next((shape for mark, shape in self.layout if mark.get("idx", "0") == index), None)
        if found is None or kind in TITLES:
            found = next((shape for mark, shape in self.layout if mark.get("type") == kind), found)
        wanted = MASTER_TYPES.get(kind, "body")
        above = next((shape for mark, shape in self.master if mark.get("type") == wanted), None)
        return [shape for shape in (found, above) if shape is not None]


def placeholders(root: Any) -> list[tuple[etree._Element, etree._Element]]:
    """The placeholders of a layout or master: mark and shape."""
    marks = [] if root is None else list(root.iter(f"{SLIDE}ph"))
    shapes = ((mark, next(mark.iterancestors(f"{SLIDE}sp", f"{SLIDE}pic"), None)) for mark in marks)
    return [(mark, shape) for mark, shape in shapes if shape is not None]


def read_shapes(tree: Any, templates: Templates) -> list[Shape]:
    """The visible shapes of a slide or a group: titles first, then as a person reads them.

    A group is read as a whole, at its place among the others.
    """
    shapes = []
    for element in tree if tree is not None else ():
        kind = local_name(element)
        properties = element.find(f"{SLIDE}nv{kind[0].upper()}{kind[1:]}Pr") if kind in KINDS else None
        if properties is None:
            continue
        own = properties.find(f"{SLIDE}cNvPr")
        mark = properties.find(f"{SLIDE}nvPr/{SLIDE}ph")
        if own is not None and own.get("hidden") in ("1", "true"):
            continue
        placeholder = "" if mark is None else mark.get("type", "obj")
        if placeholder not in RUNNING:
            shapes.append(place(element, mark, placeholder, templates))
    titles = [shape for shape in shapes if shape.placeholder in TITLES]
    return titles + in_reading_order([shape for shape in shapes if shape.placeholder not in TITLES])


def place(element: etree._Element, mark: Any, placeholder: str, templates: Templates) -> Shape:
    """The shape with its box and list styles, its own or inherited."""
    ancestors = [] if mark is None else templates.ancestors(mark)
    box = next((found for item in [element, *ancestors] if (found := box_of(item)) is not None), None)
    styles = [item.find(f"{SLIDE}txBody/{DRAWING}lstStyle") for item in ancestors]
    name = "otherStyle" if mark is None else "titleStyle" if placeholder in TITLES else "bodyStyle"
    return Shape(element, box or (0, 0, 0, 0), placeholder, (*styles, templates.styles.get(name)))


def box_of(element: etree._Element) -> Box | None:
    """Where a shape lies, in points; None if it does not say."""
    transform = next(element.iter(f"{DRAWING}xfrm", f"{SLIDE}xfrm"), None)
    offset = None if transform is None else transform.find(f"{DRAWING}off")
    extent = None if transform is None else transform.find(f"{DRAWING}ext")
    if offset is None or extent is None:
        return None
    try:
        x, y = int(offset.get("x", "0")) / EMU, int(offset.get("y", "0")) / EMU
        return x, y, x + int(extent.get("cx", "0")) / EMU, y + int(extent.get("cy", "0")) / EMU
    except (ValueError, OverflowError):
        return None
