"""Equations of Office (OMML, ECMA-376 Part 1, section 22.1) as linear text: `x=(-b±√(b^2-4ac))/2a`.

The notation is that of Unicode Technical Note 28, which Word itself shows in its linear view, with fewer
brackets where a reader needs none.
"""

import re
from typing import Any

from lxml import etree

from slm_factory.parsers.hostile import local_name

MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
SIMPLE = re.compile(r"[\w.′∞]*\Z")  # needs no brackets as an operand
PROPERTIES = re.compile(r"(?:.*Pr|bookmarkStart|bookmarkEnd|proofErr)\Z")


def linear(element: Any) -> str:
    """The text of an equation or a piece of one."""
    name = local_name(element)
    if name == "t":
        return element.text or ""
    if PROPERTIES.match(name) or not name:
        return ""
    write = WRITERS.get(name)
    return write(element) if write else "".join(linear(child) for child in element)


def part(element: etree._Element, name: str) -> str:
    """The text of one operand."""
    found = element.find(f"{MATH}{name}")
    return "" if found is None else linear(found).strip()


def operand(element: etree._Element, name: str) -> str:
    """The text of one operand, in brackets unless it is one number or word."""
    text = part(element, name)
    return text if SIMPLE.match(text) else f"({text})"


def value(element: etree._Element, name: str, otherwise: str) -> str:
    """A property of a structure; one that is there without a value means no character."""
    found = element.find(f"{MATH}{local_name(element)}Pr/{MATH}{name}")
    return otherwise if found is None else found.get(f"{MATH}val") or ""


def fraction(element: etree._Element) -> str:
    """`a/b`, and `(n¦k)` for a fraction without a bar."""
    if value(element, "type", "bar") == "noBar":
        return f"({part(element, 'num')}¦{part(element, 'den')})"
    return f"{operand(element, 'num')}/{operand(element, 'den')}"


def scripts(element: etree._Element) -> str:
    """A base with what stands below and above it."""
    base = operand(element, "e") if local_name(element) != "sPre" else ""
    below, above = part(element, "sub"), part(element, "sup")
    if above and re.fullmatch("[′″‴]+", above):
        return f"{base}{above}"
    text = base
    text += f"_{operand(element, 'sub')}" if below else ""
    text += f"^{operand(element, 'sup')}" if above else ""
    return text + (operand(element, "e") if local_name(element) == "sPre" else "")


def operator(element: etree._Element) -> str:
    """A sum, product or integral with its limits; the integral is what stands there by default."""
    text = value(element, "chr", "∫")
    text += f"_{operand(element, 'sub')}" if part(element, "sub") else ""
    text += f"^{operand(element, 'sup')}" if part(element, "sup") else ""
    return f"{text} {part(element, 'e')}"


def root(element: etree._Element) -> str:
    """`√x`, `∛x`, and `√(n&x)` for other degrees."""
    degree = part(element, "deg")
    if degree and degree not in "234":
        return f"√({degree}&{part(element, 'e')})"
    return {"": "√", "2": "√", "3": "∛", "4": "∜"}[degree] + operand(element, "e")


def delimited(element: etree._Element) -> str:
    """Operands between brackets."""
    between = value(element, "sepChr", "|")
    operands = [linear(child).strip() for child in element.findall(f"{MATH}e")]
    return value(element, "begChr", "(") + between.join(operands) + value(element, "endChr", ")")


def function(element: etree._Element) -> str:
    """`sin x`, `sin(x+y)`."""
    argument = operand(element, "e")
    return f"{part(element, 'fName')}{'' if argument.startswith('(') else ' '}{argument}"


def accented(element: etree._Element) -> str:
    """An operand under an accent, which is a combining character."""
    return f"{operand(element, 'e')}{value(element, 'chr', '̂')}"


def grouped(element: etree._Element) -> str:
    """An operand over or under a brace or an arrow."""
    return f"{value(element, 'chr', '⏟')}{operand(element, 'e')}"


def limit(element: etree._Element) -> str:
    """`lim_(n→∞)`, or above it with `^`."""
    mark = "_" if local_name(element) == "limLow" else "^"
    return f"{part(element, 'e')}{mark}{operand(element, 'lim')}"


def matrix(element: etree._Element) -> str:
    """Rows after semicolons, cells after commas."""
    rows = (", ".join(linear(cell).strip() for cell in row) for row in element.findall(f"{MATH}mr"))
    return "; ".join(rows)


def lines(element: etree._Element) -> str:
    """Equations over each other, after semicolons."""
    return "; ".join(linear(child).strip() for child in element.findall(f"{MATH}e"))


WRITERS = {
    "f": fraction,
    "sSub": scripts,
    "sSup": scripts,
    "sSubSup": scripts,
    "sPre": scripts,
    "nary": operator,
    "rad": root,
    "d": delimited,
    "func": function,
    "acc": accented,
    "bar": lambda element: f"{operand(element, 'e')}̅",
    "groupChr": grouped,
    "limLow": limit,
    "limUpp": limit,
    "m": matrix,
    "eqArr": lines,
}
