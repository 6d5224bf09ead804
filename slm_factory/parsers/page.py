"""What stands on a page: lines of text, blocks of lines, and their boxes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Box = tuple[float, float, float, float]  # x0, y0, x1, y1 in points, y downwards


@dataclass(frozen=True)
class Line:
    """A line of text on a page; `size` is that of the largest font in it, in points."""

    box: Box
    text: str  # with the space that ends it, if the file has one
    size: float


@dataclass(frozen=True)
class Block:
    """Lines that belong together, or a table, at its place on the page."""

    box: Box
    lines: tuple[Line, ...] = ()
    table: str = ""


def contains(outer: Sequence[float], inner: Sequence[float]) -> bool:
    """Whether the middle of `inner` lies in `outer`."""
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]


def around(boxes: Iterable[Box]) -> Box:
    """The smallest box that holds all `boxes`."""
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)
