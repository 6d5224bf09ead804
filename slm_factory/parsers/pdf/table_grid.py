"""The columns and rows of a table that no line divides into columns."""

from bisect import bisect
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from slm_factory.parsers.pdf.page import Box, Grid, Rule, Word, around
from slm_factory.parsers.pdf.rows import Placed, cell_text, filled, gap, goes_on, group_rows, height

MIN_COVERED = 0.4  # of the width of two lines: rules between them that cover more divide rows

Lines = Sequence[Sequence[Placed]]


def column_cuts(lines: Sequence[Sequence[Word]]) -> list[float]:
    """Where columns are divided (x); [] where the lines have no columns in common.

    Most lines have one piece in each column, so the n-th piece of every line with the usual number of pieces
    is in column n, even where numbers stand at the right and their heads at the left.
    """
    counts = Counter(len(line) for line in lines if len(line) > 1)
    usual = max((count for count, times in counts.items() if times >= 0.3 * counts.total()), default=0)
    full = [line for line in lines if len(line) == usual]
    cuts: list[float] = []
    for column in range(usual - 1):
        left = [line[column].box[2] for line in full]
        right = [line[column + 1].box[0] for line in full]
        if max(left) < min(right):
            cuts.append((max(left) + min(right)) / 2)
        else:
            cuts.append(median((end + begin) / 2 for end, begin in zip(left, right, strict=True)))
    return cuts if cuts == sorted(cuts) else []


def place(lines: Sequence[Sequence[Word]], cuts: Sequence[float]) -> list[list[Placed]]:
    """The pieces of the lines with the columns that they cover."""
    return [[Placed(piece, columns_of(piece.box, cuts)) for piece in line] for line in lines]


def columns_of(box: Box, cuts: Sequence[float]) -> frozenset[int]:
    """The columns in which a piece stands: one, or all of which it covers a good part."""
    first, last = bisect(cuts, box[0]), bisect(cuts, box[2])
    edges = [box[0], *cuts[first:last], box[2]]
    parts = [right - left for left, right in pairwise(edges)]
    large = [first + index for index, part in enumerate(parts) if part > 0.3 * (box[2] - box[0])]
    return frozenset(range(large[0], large[-1] + 1)) if large else frozenset([first])


def read_grid(lines: Lines, width: int, rules: Sequence[Rule]) -> Grid:
    """The cells of a table of `width` columns; a piece over several columns stands in each."""
    return tuple(
        tuple(cell_text(piece.word for piece in row if column in piece.columns) for column in range(width))
        for row in read_rows(spread_centred(lines), width, rules)
    )


def read_rows(lines: Lines, width: int, rules: Sequence[Rule]) -> list[list[Placed]]:
    """The pieces of each row of the table; rules between lines divide rows."""
    slabs: list[list[Sequence[Placed]]] = [[lines[0]]]
    for above, below in pairwise(lines):
        if is_divided(above, below, rules):
            slabs.append([])
        slabs[-1].append(below)
    limits = column_limits(lines, width)
    if len(slabs) > 2 and are_rows(slabs, limits):
        return [[piece for line in slab for piece in line] for slab in slabs]
    return [row for slab in slabs for row in group_rows(slab, limits)]


def is_divided(above: Sequence[Placed], below: Sequence[Placed], rules: Sequence[Rule]) -> bool:
    """Whether rules between two lines cover a good part of their width."""
    box = around(piece.word.box for piece in (*above, *below))
    bottom = min(piece.word.box[1] for piece in below)
    top = bottom - gap(above, below)
    covered = sum(
        max(0.0, min(rule.end, box[2]) - max(rule.start, box[0]))
        for rule in rules
        if top - 2 <= rule.at <= bottom + 2
    )
    return covered > MIN_COVERED * (box[2] - box[0])


def are_rows(slabs: Sequence[Lines], limits: Sequence[float]) -> bool:
    """Whether the lines between two rules are one row each time: further lines only go on with its texts."""
    further = explained = 0
    for slab in slabs:
        most = max(len(filled(line)) for line in slab)
        further += len(slab) - 1
        for above, below in pairwise(slab):
            explained += len(filled(below)) < most or most == 1 or goes_on(above, below, limits)
    return 3 * explained >= 2 * further and further <= 3 * len(slabs)


def column_limits(lines: Lines, width: int) -> list[float]:
    """Where each column ends: where the words of the next begin."""
    begins = [float("inf")] * width
    for piece in (piece for line in lines for piece in line):
        first = min(piece.columns)
        begins[first] = min(begins[first], piece.word.box[0])
    return [*begins[1:], max(piece.word.box[2] for line in lines for piece in line)]


def spread_centred(lines: Lines) -> list[list[Placed]]:
    """The lines, where a cell stands between two rows, at half their height, with that cell in both rows.

    It is merged over these rows, and over as many more above and below as have nothing in its column.
    """
    spread = [list(line) for line in lines]
    centred: set[int] = set()
    for index in range(1, len(lines) - 1):
        piece, above, below = lines[index][0], index - 1, index + 1
        is_between = gap(lines[above], lines[below]) < 1.1 * height(piece.word.box)
        is_between &= min(len(lines[above]), len(lines[below])) > 1 == len(lines[index])
        while is_between and above >= 0 and below < len(lines):
            if piece.columns & (filled(lines[above]) | filled(lines[below])):
                break
            for row in (above, below):
                left, _, right, _ = piece.word.box
                level = spread[row][0].word.box
                copy = Placed(Word((left, level[1], right, level[3]), piece.word.text), piece.columns)
                spread[row] = sorted([*spread[row], copy], key=lambda one: one.word.box)
            centred.add(index)
            above, below = above - 1, below + 1
    return [line for index, line in enumerate(spread) if index not in centred]
