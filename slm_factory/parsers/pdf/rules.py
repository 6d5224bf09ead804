"""The straight lines drawn on a page, which rule its tables."""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

import pymupdf

from slm_factory.parsers.pdf.page import Box, Rule

SNAP = 2.5  # points; what is closer is meant to touch
MIN_RULE = 8.0  # points; shorter strokes are parts of drawings
MAX_DRAWINGS = 20_000  # of one page; what is drawn with more is a map or a plan, no table


def read_rules(page: pymupdf.Page) -> tuple[list[Rule], list[Rule]]:
    """The horizontal and the vertical rules of a page, pieces of one line put together.

    The edges of filled areas count too: many programs draw lines as thin areas, or shade cells.
    """
    across: list[Rule] = []
    down: list[Rule] = []
    drawings = page.get_cdrawings()
    for drawing in drawings if len(drawings) <= MAX_DRAWINGS else ():
        items = drawing.get("items", ())
        for item in () if is_picture(items) else items:
            if item[0] == "l":
                add_line(item[1], item[2], across, down)
            elif item[0] == "re":
                add_area(item[1], page.rect, across, down)
            elif item[0] == "qu":
                corners = item[1]
                box = (min(x for x, _ in corners), min(y for _, y in corners))
                add_area(
                    (*box, max(x for x, _ in corners), max(y for _, y in corners)), page.rect, across, down
                )
    return join(across), join(down)


def is_picture(items: Sequence[Any]) -> bool:
    """Whether a path is part of a picture: it has slanted lines, or curves beyond four round corners."""
    slanted = any(
        item[0] == "l" and min(abs(item[1][0] - item[2][0]), abs(item[1][1] - item[2][1])) > 1
        for item in items
    )
    return slanted or sum(item[0] == "c" for item in items) > 4


def add_line(
    first: tuple[float, float], last: tuple[float, float], across: list[Rule], down: list[Rule]
) -> None:
    """Adds a stroke if it is level or upright."""
    (x0, y0), (x1, y1) = first, last
    if abs(y1 - y0) < 1:
        across.append(Rule((y0 + y1) / 2, min(x0, x1), max(x0, x1)))
    elif abs(x1 - x0) < 1:
        down.append(Rule((x0 + x1) / 2, min(y0, y1), max(y0, y1)))


def add_area(box: Box, page: pymupdf.Rect, across: list[Rule], down: list[Rule]) -> None:
    """Adds the edges of an area, or its middle line if it is thin; areas as large as the page are paper."""
    x0, y0, x1, y1 = box
    if y1 - y0 < SNAP:
        across.append(Rule((y0 + y1) / 2, x0, x1))
    elif x1 - x0 < SNAP:
        down.append(Rule((x0 + x1) / 2, y0, y1))
    elif (x1 - x0) * (y1 - y0) < 0.8 * page.width * page.height:
        across.extend((Rule(y0, x0, x1), Rule(y1, x0, x1)))
        down.extend((Rule(x0, y0, y1), Rule(x1, y0, y1)))


def join(rules: Iterable[Rule]) -> list[Rule]:
    """The rules with those put together that lie on one line and touch; sorted, the short ones left out."""
    lines: list[list[Rule]] = []
    for rule in sorted(rules):
        if not lines or rule.at - lines[-1][0].at > SNAP:
            lines.append([])
        lines[-1].append(rule)
    joined: list[Rule] = []
    for line in lines:
        at, first = line[len(line) // 2].at, len(joined)
        for rule in sorted(line, key=attrgetter("start")):
            if len(joined) > first and rule.start <= joined[-1].end + SNAP:
                joined[-1] = joined[-1]._replace(end=max(joined[-1].end, rule.end))
            else:
                joined.append(Rule(at, rule.start, rule.end))
    return [rule for rule in joined if rule.end - rule.start >= MIN_RULE]
