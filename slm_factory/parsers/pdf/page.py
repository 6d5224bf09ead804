"""What stands on a page: words, lines of text, rules, blocks and tables, and their boxes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pymupdf

# What MuPDF and PyMuPDF raise on damaged documents and pages.
DAMAGE = (
    pymupdf.mupdf.FzErrorBase,
    RuntimeError,
    ValueError,
    IndexError,
    TypeError,
    KeyError,
    AttributeError,
)
Box = tuple[float, float, float, float]  # x0, y0, x1, y1 in points, y downwards
Grid = tuple[tuple[str, ...], ...]  # the cells of a table, row by row, all rows equally long


class Word(NamedTuple):
    """A word, or several that stand together in a cell of a table."""

    box: Box
    text: str


class Rule(NamedTuple):
    """A drawn line: a horizontal one at the height `at` from x to x, a vertical one at `at` from y to y."""

    at: float
    start: float
    end: float


@dataclass(frozen=True)
class Line:
    """A line of text on a page; `size` is that of the largest font in it, in points."""

    box: Box
    text: str  # with the space that ends it, if the file has one
    size: float
    is_bold: bool = False
    first_word: float = 0.0  # how wide it is, in points


@dataclass(frozen=True)
class Block:
    """Lines that belong together, or a table, at its place on the page."""

    box: Box
    lines: tuple[Line, ...] = ()
    table: Grid = ()  # no row without text
    is_continued: bool = False  # the table goes on from the page before
    note: str = ""  # label of the footnote that the lines are


def contains(outer: Sequence[float], inner: Sequence[float]) -> bool:
    """Whether the middle of `inner` lies in `outer`."""
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]


def around(boxes: Iterable[Box]) -> Box:
    """The smallest box that holds all `boxes`."""
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)
