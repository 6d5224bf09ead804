"""Footnotes of a PDF page as Markdown footnotes: raised marks in the text, and the notes at its foot."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, count

from slm_factory.parsers.pdf.page import Block, Line, around

RAISED = re.compile("\\s*\ufdd0\\(?([0-9*†‡]{1,3})\\)?\ufdd1")
NOTE = re.compile(r"\s*\(?([0-9*†‡]{1,3})[.)]?\s*(?=\S)")
OPEN, CLOSE = "\ufdd0", "\ufdd1"  # noncharacters of Unicode, which no text holds


def raised(text: str) -> str:
    """A raised piece of a line, marked as such if it may refer to a footnote."""
    marked = f"{OPEN}{text.strip()}{CLOSE}"
    return marked if RAISED.fullmatch(marked) else text


def mark_notes(blocks: Sequence[Block], taken: set[str]) -> list[Block]:
    """The blocks of a page, each of its footnotes a block of its own with its label.

    A line begins a footnote if it is smaller than a line above it that holds the same mark, raised. Labels
    not in `taken` are added to it. Raised marks without a note become plain text.
    """
    sizes: dict[str, tuple[float, float]] = {}  # mark -> size and height of the line that refers to it
    for line in (line for block in blocks for line in block.lines):
        for found in RAISED.finditer(line.text):
            if line.text[: found.start()].strip():
                sizes.setdefault(found[1], (line.size, line.box[1]))
    labels: dict[str, str] = {}
    split = [part for block in blocks for part in split_notes(block, sizes, labels, taken)]
    return [replace(block, lines=tuple(write_marks(line, labels) for line in block.lines)) for block in split]


def split_notes(
    block: Block, sizes: dict[str, tuple[float, float]], labels: dict[str, str], taken: set[str]
) -> list[Block]:
    """The block, cut before each footnote in it."""
    parts: list[tuple[str, list[Line]]] = [("", [])]
    for line in block.lines:
        text = line.text.replace(OPEN, "").replace(CLOSE, "")
        found = NOTE.match(text)
        size, top = sizes.get(found[1], (0.0, 0.0)) if found else (0.0, 0.0)
        if found and line.size < size and line.box[1] > top and found[1] not in labels:
            numbered = (f"{found[1]}-{number}" for number in count(2))
            label = next(name for name in chain([found[1]], numbered) if name not in taken)
            taken.add(label)
            labels[found[1]] = label
            parts.append((label, [replace(line, text=text[found.end() :])]))
        else:
            parts[-1][1].append(line)
    return [
        replace(block, box=around(line.box for line in lines), lines=tuple(lines), note=label)
        for label, lines in parts
        if lines
    ] or [block]


def write_marks(line: Line, labels: dict[str, str]) -> Line:
    """The line with its raised marks as references to footnotes, or as plain text."""
    if OPEN not in line.text:
        return line
    text = RAISED.sub(lambda found: f"[^{labels[found[1]]}]" if found[1] in labels else found[0], line.text)
    return replace(line, text=text.replace(OPEN, "").replace(CLOSE, ""))
