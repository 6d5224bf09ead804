"""Tables whose columns are divided by lines, with their merged cells.

`find_tables` of PyMuPDF reads them too, but it loses the outer columns of tables without outer lines and the
spaces of Korean text, and takes 60 ms per page where this takes 2 (it looks at every character).
"""

from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from slm_factory.parsers.pdf.page import Box, Grid, Rule, Word, contains
from slm_factory.parsers.pdf.rows import (
    MAX_LEADING,
    Placed,
    cell_text,
    gap,
    group_rows,
    height,
    pieces,
    visual_rows,
)
from slm_factory.parsers.pdf.rules import SNAP

MAX_CROSSED = 0.04  # of the words in a table; in drawings, lines pass through more
MAX_CUT_ROWS = 3  # of a table whose rules divide its columns but hardly its rows
MIN_CUT_ROWS = 3  # two lines side by side may be two cells of two lines,
MIN_TIGHT_ROWS = 6  # and so may more, where they stand as close as those of a paragraph
MAX_SLOTS = 10_000  # of one grid; a finer one is a drawing


def read_ruled_tables(
    across: Sequence[Rule], down: Sequence[Rule], words: Sequence[Word]
) -> list[tuple[Box, Grid]]:
    """The tables of a page with two columns or more whose lines cross or touch: box and cells.

    Rules around a single row tell of no table here: it may be a shaded row of a larger one.
    """
    tables = []
    for level, upright in crossing(across, down):
        xs, ys = grid_lines(level, upright), grid_lines(upright, level)
        if len(xs) < 3 or len(ys) < 3 or len(xs) * len(ys) > MAX_SLOTS:
            continue
        box = (xs[0], ys[0], xs[-1], ys[-1])
        inside = [word for word in words if contains(box, word.box)]
        areas = split_open(merged_areas(xs, ys, level, upright), xs, ys, inside)
        grid = fill(xs, ys, areas, inside)
        if is_table(grid, areas) and not is_crossed(xs, ys, areas, inside):
            tables.append((box, grid))
    return tables


def crossing(across: Sequence[Rule], down: Sequence[Rule]) -> list[tuple[list[Rule], list[Rule]]]:
    """The rules in groups that hang together: horizontal and vertical ones."""
    groups: list[tuple[list[Rule], list[Rule]]] = []
    for rule in down:
        level = [other for other in across if touches(other, rule)]
        apart: list[tuple[list[Rule], list[Rule]]] = []
        upright = [rule]
        for group in groups:
            if any(other in group[0] for other in level):
                level += [other for other in group[0] if other not in level]
                upright += group[1]
            else:
                apart.append(group)
        groups = [*apart, (level, upright)]
    return [group for group in groups if group[0]]


def touches(across: Rule, down: Rule) -> bool:
    """Whether the two rules cross or meet."""
    return (
        across.start - SNAP <= down.at <= across.end + SNAP
        and down.start - SNAP <= across.at <= down.end + SNAP
    )


def grid_lines(ends: Iterable[Rule], lines: Iterable[Rule]) -> list[float]:
    """The distinct positions of `lines` and of the ends of the rules across them, which close open sides."""
    positions: list[float] = []
    rules = list(ends)
    outer = [min(rule.start for rule in rules), max(rule.end for rule in rules)]
    for position in sorted([*(line.at for line in lines), *outer]):
        if not positions or position - positions[-1] > SNAP * 1.5:
            positions.append(position)
    return positions


def merged_areas(
    xs: Sequence[float], ys: Sequence[float], across: Sequence[Rule], down: Sequence[Rule]
) -> list[list[int]]:
    """For each slot of the grid the number of its cell: slots without a wall between them are one."""
    level = [[rule for rule in across if abs(rule.at - y) <= SNAP * 1.5] for y in ys]
    upright = [[rule for rule in down if abs(rule.at - x) <= SNAP * 1.5] for x in xs]
    areas = [[0] * (len(xs) - 1) for _ in pairwise(ys)]
    count = 0
    for row, (top, bottom) in enumerate(pairwise(ys)):
        for column, (left, right) in enumerate(pairwise(xs)):
            if row and not is_wall(level[row], (left + right) / 2):
                areas[row][column] = areas[row - 1][column]
            elif column and not is_wall(upright[column], (top + bottom) / 2):
                areas[row][column] = areas[row][column - 1]
            else:
                count += 1
                areas[row][column] = count
    return areas


def split_open(
    areas: list[list[int]], xs: Sequence[float], ys: Sequence[float], words: Sequence[Word]
) -> list[list[int]]:
    """The areas, those cut at the grid's lines that lie in one row and hold words on both sides of one.

    Where rows are shaded in turn, walls are seen only in the shaded ones.
    """
    count = max(number for row in areas for number in row)
    for row, numbers in enumerate(areas):
        lines = visual_rows(word for word in words if slot(ys, word.box, 1) == row)
        for number in [one for one in set(numbers) if numbers.count(one) > 1]:
            if any(number in areas[other] for other in (row - 1, row + 1) if 0 <= other < len(areas)):
                continue
            first, last = numbers.index(number), numbers.index(number) + numbers.count(number)
            own = [piece for line in lines for piece in pieces(line) if xs[first] <= piece.box[0] < xs[last]]
            held = {slot(xs, piece.box, 0) for piece in own}
            if len(held) > 1 and not any(
                piece.box[0] < x < piece.box[2] for piece in own for x in xs[first + 1 : last]
            ):
                for column in range(first + 1, last):
                    count += 1
                    numbers[column] = count
    return areas


def is_wall(rules: Iterable[Rule], position: float) -> bool:
    """Whether one of the rules, all on one line, passes the position."""
    return any(rule.start <= position <= rule.end for rule in rules)


def fill(xs: Sequence[float], ys: Sequence[float], areas: list[list[int]], words: Sequence[Word]) -> Grid:
    """The texts of the grid, those of merged cells in every slot; rows that hold several rows of text cut."""
    held: dict[int, list[Word]] = {}
    for word in words:
        held.setdefault(areas[slot(ys, word.box, 1)][slot(xs, word.box, 0)], []).append(word)
    rows_of = Counter(number for row in areas for number in set(row))
    rows: list[tuple[str, ...]] = []
    for numbers in areas:
        own = [number for number in dict.fromkeys(numbers) if rows_of[number] == 1]
        cells = [held.get(number, []) for number in own]
        ends = [xs[len(numbers) - numbers[::-1].index(number)] for number in own]
        for part in cut_row(cells, ends) if len(ys) <= MAX_CUT_ROWS + 1 else [[*map(cell_text, cells)]]:
            texts = dict(zip(own, part, strict=True))
            rows.append(
                tuple(texts[one] if one in texts else cell_text(held.get(one, [])) for one in numbers)
            )
    return tuple(rows)


def cut_row(cells: Sequence[Sequence[Word]], ends: Sequence[float]) -> list[list[str]]:
    """The texts of a row's cells, which end at `ends` (x); several rows where most lines fill most cells.

    So it is where rules divide the columns of a table, but not its rows.
    """
    column_of = {id(word): column for column, words in enumerate(cells) for word in words}
    lines = [
        [
            Placed(piece, frozenset([column]))
            for column in range(len(cells))
            for piece in pieces([word for word in line if column_of[id(word)] == column])
        ]
        for line in visual_rows([word for words in cells for word in words])
    ]
    texts = [
        [cell_text(piece.word for piece in row if column in piece.columns) for column in range(len(cells))]
        for row in group_rows(lines, ends)
    ]
    full = sum(2 * sum(map(bool, row)) > len(cells) for row in texts)
    is_tight = any(gap(*pair) < MAX_LEADING * height(pair[0][0].word.box) for pair in pairwise(lines))
    least, share = (MIN_TIGHT_ROWS, 0.9) if is_tight else (MIN_CUT_ROWS, 0.6)
    if len(cells) < 2 or len(texts) < least or full < share * len(texts):
        return [[*map(cell_text, cells)]]
    return texts


def is_crossed(
    xs: Sequence[float], ys: Sequence[float], areas: list[list[int]], words: Sequence[Word]
) -> bool:
    """Whether walls cut through words, as the lines of drawings do."""
    cut = 0
    for word in words:
        x0, y0, x1, y1 = word.box
        inner = (x0 + SNAP, (y0 + y1) / 2, x1 - SNAP, (y0 + y1) / 2)
        row = areas[slot(ys, inner, 1)]
        cut += (
            x0 < inner[0] < inner[2] < x1 and row[bisect_slot(xs, inner[0])] != row[bisect_slot(xs, inner[2])]
        )
    return cut > max(1, MAX_CROSSED * len(words))


def slot(lines: Sequence[float], box: Box, axis: int) -> int:
    """Between which grid lines the middle of a box lies."""
    middle = (box[axis] + box[axis + 2]) / 2
    return bisect_slot(lines, middle)


def bisect_slot(lines: Sequence[float], position: float) -> int:
    """Between which grid lines a position lies."""
    return min(max(bisect(lines, position) - 1, 0), len(lines) - 2)


def is_table(grid: Grid, areas: list[list[int]]) -> bool:
    """Whether enough cells hold text in two columns or more; else: a drawing made of boxes, or a frame."""
    cells = {number for row in areas for number in row}
    filled = {text for row in grid for text in row if text}
    return max(len(set(row)) for row in areas) > 1 and len(filled) >= max(2, len(cells) // 4)
