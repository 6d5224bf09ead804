"""Text inside HTML blocks: white space as browsers show it, and the marks that change what a text says."""

import re

from lxml import etree

MAX_DEPTH = 100  # of nested elements; what is deeper keeps its text and loses its structure
BLOCKS = (
    "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset "
    "figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr legend li main menu nav ol p pre "
    "section summary table tbody td tfoot th thead tr ul"
).split()
SPACES = re.compile(r"[ \t\r\n\f]+")  # what HTML calls white space; a no-break space is none
NOTE_MARK = re.compile(r"\s*(?:\[.*|[*†‡)]+|\d+\))\s*")  # raised, but no power


def spaced(text: str | None) -> str:
    """A text node with its line breaks and indents as single spaces."""
    return SPACES.sub(" ", text) if text else ""


def holds_blocks(element: etree._Element) -> bool:
    """Whether a line ends before and after the element."""
    return next(element.iter(*BLOCKS), None) is not None


def inline(element: etree._Element, depth: int) -> str:
    """The text of an element within a line: links and code bare, powers with `^`."""
    tag = element.tag
    if not isinstance(tag, str):
        return spaced(element.text) if tag is etree.Entity else ""
    if depth > MAX_DEPTH:
        return flat_text(element)
    if tag == "br":
        return "\n"
    if tag == "math":
        return formula(element)
    parts = [spaced(element.text)]
    for child in element:
        parts += (inline(child, depth + 1), spaced(child.tail))
    text = "".join(parts)
    return mark(tag, text) if text.strip() else text


def mark(tag: str, text: str) -> str:
    """The text with the marks of its element, where leaving them out would change what it says."""
    match tag:
        case "del" | "s" | "strike":
            return f"~~{text.strip()}~~"
        case "sup" if not NOTE_MARK.fullmatch(text):
            return f"^{text.strip()}"  # 10<sup>6</sup> is not 106
        case "q":
            return f"“{text.strip()}”"
    return text


def formula(element: etree._Element) -> str:
    """A formula as TeX where the page has it, else as its letters."""
    for note in element.iter("annotation"):
        if "tex" in note.get("encoding", "").lower():
            return f"${spaced(note.text).strip()}$"
    return " ".join("".join(element.itertext()).split())


def flat_text(element: etree._Element) -> str:
    """All text below an element, a line per block; without recursion, so at any depth."""
    parts: list[str] = []
    for event, child in etree.iterwalk(element, events=("start", "end")):
        if child.tag in BLOCKS or child.tag == "br":
            parts.append("\n")
        if event == "start":
            parts.append(spaced(child.text))
        elif child is not element:
            parts.append(spaced(child.tail))
    return "".join(parts)
