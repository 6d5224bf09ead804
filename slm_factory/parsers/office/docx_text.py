"""The text of a Word paragraph, and what is anchored in it (ECMA-376 Part 1, section 17.3.3)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from docx.oxml.ns import qn
from lxml import etree

from slm_factory.parsers.office.docx_styles import number_of, value_of
from slm_factory.parsers.office.docx_visible import FIELD_MARK, is_on
from slm_factory.parsers.office.drawing import CHART, DIAGRAM, description
from slm_factory.parsers.office.omml import MATH, linear
from slm_factory.parsers.office.symbols import from_symbol_font, symbol

SPACES = {
    qn("w:tab"): " ",
    qn("w:ptab"): " ",
    qn("w:br"): "\n",
    qn("w:cr"): "\n",
    qn("w:noBreakHyphen"): "-",
    qn("w:pgNum"): "\x00",
}
NOTES = (qn("w:footnoteReference"), qn("w:endnoteReference"))
TEXT, BOX, SYMBOL, RUN = qn("w:t"), qn("w:txbxContent"), qn("w:sym"), qn("w:r")
EQUATION, EQUATIONS = f"{MATH}oMath", f"{MATH}oMathPara"
PLACED = (qn("wp:inline"), qn("wp:anchor"))
WORD_ART = "{urn:schemas-microsoft-com:vml}textpath"
# Properties, instructions, and the readings over a word: not part of the line.
SILENT = {
    qn(f"w:{name}")
    for name in ("pPr", "rPr", "sdtPr", "sdtEndPr", "instrText", "delText", "delInstrText", "rt", "rubyPr")
}


@dataclass
class Pieces:
    """What a paragraph holds: its text, and what stands beside it."""

    text: str = ""
    boxes: list[etree._Element] = field(default_factory=list)
    charts: list[etree._Element] = field(default_factory=list)
    diagrams: list[etree._Element] = field(default_factory=list)
    descriptions: list[str] = field(default_factory=list)  # of pictures, in Markdown


def read_text(paragraph: etree._Element, note_mark: Callable[[etree._Element], str]) -> Pieces:
    """The pieces of a paragraph; `note_mark` says how a reference to a note reads."""
    pieces = Pieces()
    pieces.text = "".join(texts(paragraph, pieces, note_mark))
    return pieces


def texts(element: etree._Element, pieces: Pieces, note_mark: Callable[[etree._Element], str]) -> list[str]:
    """The texts below an element in order; what is anchored there goes to `pieces`."""
    found: list[str] = []
    for child in element:
        tag = child.tag
        if tag == TEXT:
            found.append(from_symbol_font(child.text or "", font_of(element)))
        elif tag in SPACES:
            found.append(SPACES[tag])
        elif tag in SILENT or not isinstance(tag, str):
            continue
        elif tag in NOTES:
            found.append(note_mark(child))
        elif tag == SYMBOL:
            found.append(symbol(child.get(qn("w:font")) or "", child.get(qn("w:char")) or ""))
        elif tag == EQUATION:
            found.append(linear(child))
        elif tag == EQUATIONS:
            found.append("\n".join(linear(equation) for equation in child.iter(EQUATION)))
        elif tag == FIELD_MARK:
            found.append(form_value(child))
        elif tag == BOX:
            pieces.boxes.append(child)
        elif tag == f"{CHART}chart":
            pieces.charts.append(child)
        elif tag == f"{DIAGRAM}relIds":
            pieces.diagrams.append(child)
        elif tag == WORD_ART:
            found.append(child.get("string") or "")
        else:
            if tag in PLACED:
                pieces.descriptions += picture(child)
            found += texts(child, pieces, note_mark)
    return found


def picture(placed: etree._Element) -> list[str]:
    """The description of a placed picture, if a person wrote one."""
    if next(placed.iter(qn("pic:pic")), None) is None:
        return []
    properties = placed.find(qn("wp:docPr"))
    text = description(None if properties is None else properties.get("descr"))
    return [text] if text else []


def font_of(run: Any) -> str:
    """The font that a run names for itself, "" if it does not."""
    fonts = run.find(f"{qn('w:rPr')}/{qn('w:rFonts')}") if run.tag == RUN else None
    return "" if fonts is None else fonts.get(qn("w:ascii")) or ""


def form_value(mark: etree._Element) -> str:
    """What an old form field without text shows: a box, or the chosen line (17.16.7, 17.16.9)."""
    box = mark.find(f"{qn('w:ffData')}/{qn('w:checkBox')}")
    if box is not None:
        state = is_on(box, "checked")
        return "☑" if (is_on(box, "default") if state is None else state) else "☐"
    choices = mark.find(f"{qn('w:ffData')}/{qn('w:ddList')}")
    if choices is None:
        return ""
    lines = [line.get(qn("w:val")) or "" for line in choices.findall(qn("w:listEntry"))]
    chosen = number_of(value_of(choices, "result") or value_of(choices, "default"), 0, len(lines))
    return lines[chosen] if chosen < len(lines) else ""
