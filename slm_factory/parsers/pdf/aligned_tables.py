"""Tables whose columns no line divides: told by words that stand in columns, row after row.

Horizontal rules and shaded rows, where there are some, tell where such a table begins and ends and what its
rows are. Where nothing but white tells it, `is_doubtful` asks for a second opinion.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from slm_factory.parsers.pdf.page import Box, Grid, Rule, Word, around
from slm_factory.parsers.pdf.rows import NUMBER, Placed, height, pieces, visual_rows, white
from slm_factory.parsers.pdf.table_grid import column_cuts, place, read_grid

# The private characters are bullets of the fonts Symbol and Wingdings.
MARK = re.compile(
    r"[\uf06c\uf06e\uf0a7\uf0b7\uf0d8\uf0fc•‣▪■□●○◦⦁∙·ㆍ❍➢✓※*–-]|\(?(?:\d{1,3}|[가-하]|[a-zA-Z])[.)]|[①-⑳]"
)
LEADER = re.compile(r"(?:[.·…‥]\s?){4,}")  # the dots of a table of contents
MARK_GAP = 5.0  # of the height of a line, at most, between the mark of a list item and its text
MAX_RETRIED = 100  # lines of a run that is no table, which may be one from its second line on
ROW_GAP = 2.2  # of the height of a line: more white ends a table that no rule holds together


@dataclass(frozen=True)
class Found:
    """A table told by its alignment."""

    box: Box
    grid: Grid
    is_doubtful: bool  # nothing but few short lines in two columns tells it


def read_aligned_tables(words: Sequence[Word], rules: Sequence[Rule]) -> list[Found]:
    """The tables among the words of a column of text."""
    lines = [join_marks(pieces(line)) for line in visual_rows(words)]
    tables: list[Found] = []
    start = 0
    while start < len(lines):
        end = run_end(lines, start, rules)
        table = read_run(lines[start:end], rules) if end - start > 1 else None
        if table:
            tables.append(table)
        start = end if table or end - start > MAX_RETRIED else start + 1
    return tables


def join_marks(line: list[Word]) -> list[Word]:
    """A line's pieces, with the mark or number of a list item put to its text, and dotted lines as one."""
    if len(line) > 1 and any(LEADER.search(piece.text) for piece in line):
        return [Word(around(piece.box for piece in line), " ".join(piece.text for piece in line))]
    near = len(line) > 1 and line[1].box[0] - line[0].box[2] < MARK_GAP * height(line[0].box)
    if near and MARK.fullmatch(line[0].text):
        return [Word(around([line[0].box, line[1].box]), f"{line[0].text} {line[1].text}"), *line[2:]]
    return line


def run_end(lines: Sequence[Sequence[Word]], start: int, rules: Sequence[Rule]) -> int:
    """Where a run of lines ends that keep a white gutter between them; it begins with two pieces or more."""
    if len(lines[start]) < 2:
        return start + 1
    covered = [(piece.box[0], piece.box[2]) for piece in lines[start]]
    end = last = start + 1
    while end < len(lines):
        above, below = lines[end - 1], lines[end]
        tall = max(height(piece.box) for piece in below)
        if white(above, below) > ROW_GAP * tall and not is_held(above, below, rules):
            break
        both = merge(covered + [(piece.box[0], piece.box[2]) for piece in below])
        if len(both) < 2 or (
            len(below) == 1 and is_wide(below[0], covered) and not is_held(above, below, rules)
        ):
            break
        covered = both
        end += 1
        if len(below) > 1 or continues(above, below[0]):
            last = end
    return last


def is_wide(piece: Word, covered: list[tuple[float, float]]) -> bool:
    """Whether a line of one piece reaches over columns as text between two tables does."""
    over = [span for span in covered if span[0] < piece.box[2] and piece.box[0] < span[1]]
    return len(over) > 1 and piece.box[2] - piece.box[0] > 0.3 * (covered[-1][1] - covered[0][0])


def merge(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The stretches that the spans cover, those put together that are less than three points apart."""
    merged: list[tuple[float, float]] = []
    for left, right in sorted(spans):
        if merged and left < merged[-1][1] + 3:
            merged[-1] = (merged[-1][0], max(merged[-1][1], right))
        else:
            merged.append((left, right))
    return merged


def is_held(above: Sequence[Word], below: Sequence[Word], rules: Sequence[Rule]) -> bool:
    """Whether a rule passes between two lines and reaches over both."""
    box = around(piece.box for piece in (*above, *below))
    top, bottom = max(piece.box[3] for piece in above), min(piece.box[1] for piece in below)
    return any(
        top - 2 <= rule.at <= bottom + 2 and rule.start <= box[0] + 9 and rule.end >= box[2] - 9
        for rule in rules
    )


def continues(above: Sequence[Word], piece: Word) -> bool:
    """Whether a line of one piece goes on with a cell of the line above, and is no text below the table."""
    if white(above, [piece]) > 0.6 * height(piece.box):
        return False
    return sum(other.box[0] < piece.box[2] and piece.box[0] < other.box[2] for other in above) == 1


def read_run(lines: Sequence[Sequence[Word]], rules: Sequence[Rule]) -> Found | None:
    """The table in a run of lines, None where it is none."""
    cuts = column_cuts(lines)
    placed, width = place(lines, cuts), len(cuts) + 1
    if width < 2 or is_prose(placed, width):
        return None
    box = around(piece.box for line in lines for piece in line)
    is_ruled = any(
        box[1] - 12 <= rule.at <= box[3] + 12 and rule.start <= box[0] + 9 and rule.end >= box[2] - 9
        for rule in rules
    )
    grid = read_grid(placed, width, rules)
    if len(grid) < 2 or (width == 2 and len(grid) < 3 and not is_ruled):
        return None
    texts = [text for row in grid for text in row[1:] if text]
    numbers = sum(bool(NUMBER.fullmatch(text)) for text in texts)
    is_sure = is_ruled or (width > 2 and len(grid) > 2) or 2 * numbers > len(texts)
    return Found(box, grid, not is_sure)


def is_prose(lines: Sequence[Sequence[Placed]], width: int) -> bool:
    """Whether the columns are columns of text, whose lines mostly are as long as the column is wide."""
    prose = 0
    for column in range(width):
        boxes = [piece.word.box for line in lines for piece in line if piece.columns == {column}]
        if len(boxes) > 3:
            widths = [box[2] - box[0] for box in boxes]
            tall = median(height(box) for box in boxes)
            prose += median(widths) > max(0.75 * max(widths), 14 * tall)
    return prose > 1
