"""Words of a page put into printed lines, and the lines of a table into its rows."""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from slm_factory.parsers.pdf.page import Box, Word, around

NUMBER = re.compile(r"[-+△▲$₩€(]{0,2}\d[\d,.:/~-]*\s?(?:%|원|건|개|명|회|점|[A-Za-z]{1,3})?\)?")
MAX_LEADING = 0.5  # of the height of a line: more white is between rows, not between the lines of one
PIECE_GAP = 0.9  # of the height of a line: words that stand farther apart are different cells


class Placed(NamedTuple):
    """Words of a line of a table that stand together, and the columns that they cover."""

    word: Word
    columns: frozenset[int]


def visual_rows(words: Iterable[Word]) -> list[list[Word]]:
    """The words line by line as printed, across all columns, each line from left to right."""
    rows: list[list[Word]] = []
    middle = reach = float("-inf")
    for word in sorted(words, key=lambda word: (word.box[1] + word.box[3], word.box[0])):
        centre = (word.box[1] + word.box[3]) / 2
        if not rows or centre > middle + 0.4 * max(reach, height(word.box)):
            rows.append([])
            middle, reach = centre, height(word.box)
        rows[-1].append(word)
    return [sorted(row, key=lambda word: word.box[0]) for row in rows]


def pieces(row: Sequence[Word]) -> list[Word]:
    """A line's words, those put together between which there is no more than a space."""
    found: list[Word] = []
    for word in row:
        last = found[-1] if found else None
        if last and word.box[0] - last.box[2] <= PIECE_GAP * min(height(last.box), height(word.box)):
            found[-1] = Word(around([last.box, word.box]), f"{last.text} {word.text}")
        else:
            found.append(word)
    return found


def height(box: Box) -> float:
    """How tall a box is, in points."""
    return box[3] - box[1]


def cell_text(words: Iterable[Word]) -> str:
    """The words of a cell as one text."""
    return " ".join(word.text for row in visual_rows(words) for word in row)


def white(above: Sequence[Word], below: Sequence[Word]) -> float:
    """Points of white between two lines; negative where they overlap."""
    return min(word.box[1] for word in below) - max(word.box[3] for word in above)


def gap(above: Sequence[Placed], below: Sequence[Placed]) -> float:
    """Points of white between two lines of a table."""
    return white([piece.word for piece in above], [piece.word for piece in below])


def filled(line: Sequence[Placed]) -> frozenset[int]:
    """The columns in which a line has words."""
    return frozenset[int]().union(*(piece.columns for piece in line))


def group_rows(lines: Sequence[Sequence[Placed]], limits: Sequence[float]) -> list[list[Placed]]:
    """The printed lines of a table put together into its rows; `limits` tells where each column ends (x).

    Lines of one row stand closer than rows do. Where all gaps are alike and small, a line goes on with the
    row above if none of its words would have fitted there, and if this explains every line that does not
    fill all columns.
    """
    edge = row_gap(lines)
    if edge is not None:
        starts = [gap(above, below) >= edge for above, below in pairwise(lines)]
    else:
        starts = [not goes_on(above, below, limits) for above, below in pairwise(lines)]
        partial = [
            start for start, line in zip(starts, lines[1:], strict=True) if len(filled(line)) < len(limits)
        ]
        if 5 * len(partial) < len(lines) or any(partial):
            starts = [True] * len(starts)
    rows: list[list[Placed]] = []
    for is_new, line in zip([True, *starts], lines, strict=False):
        if is_new:
            rows.append([])
        rows[-1] += line
    return rows


def row_gap(lines: Sequence[Sequence[Placed]]) -> float | None:
    """The smallest gap between two rows of a table, None if the gaps do not tell rows from lines."""
    gaps = [gap(above, below) for above, below in pairwise(lines)]
    if len(gaps) < 2:
        return None
    tall = median(height(piece.word.box) for line in lines for piece in line)
    jump, edge = max((after - before, after) for before, after in pairwise(sorted(gaps)))
    if jump < 0.25 * tall:
        return None
    inner = [pair for pair, points in zip(pairwise(lines), gaps, strict=True) if points < edge]
    groups = sum(len(filled(below)) > 1 and filled(above) <= filled(below) for above, below in inner)
    return edge if groups <= len(inner) / 3 else None  # more: white stands between groups of rows


def goes_on(above: Sequence[Placed], below: Sequence[Placed], limits: Sequence[float]) -> bool:
    """Whether each text of a line had to be broken off the text above it in its column."""
    if gap(above, below) > MAX_LEADING * max(height(piece.word.box) for piece in below):
        return False
    for word, columns in below:
        before = [other.word for other in above if other.columns == columns]
        if not before or (NUMBER.fullmatch(before[-1].text) and NUMBER.fullmatch(word.text)):
            return False
        first = len(word.text.split()[0]) / len(word.text) * (word.box[2] - word.box[0])
        if before[-1].box[2] + first + height(word.box) < limits[max(columns)]:
            return False
    return True
