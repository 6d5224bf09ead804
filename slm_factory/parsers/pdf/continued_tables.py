"""Tables that go on over several pages, joined under one header."""

from collections.abc import Sequence
from dataclasses import replace

from slm_factory.parsers.pdf.page import Block, Grid
from slm_factory.parsers.tables import markdown_table

SAME_EDGE = 4.0  # points within which the edges of two parts of one table lie
MAX_HEADER_ROWS = 3


def join_tables(pages: Sequence[list[Block]]) -> list[list[Block]]:
    """The pages, tables that go on from the page before marked as such, without the header they repeat.

    A table goes on where it ends one page and one of as many columns begins the next, with the same header
    or between the same edges.
    """
    joined: list[list[Block]] = []
    head: Grid = ()  # of the table that ends the page before
    for blocks in pages:
        first = blocks[0] if blocks else None
        before = joined[-1][-1] if joined and joined[-1] else None
        if first and before and first.table and before.table and head:
            repeated = count_repeated(head, first.table)
            if repeated or is_same_frame(before, first):
                rest = first.table[repeated:]
                blocks = [*([replace(first, table=rest, is_continued=True)] if rest else []), *blocks[1:]]
        joined.append(blocks)
        last = blocks[-1] if blocks else None
        if last is None or not last.table:
            head = ()
        elif not last.is_continued:
            head = last.table[:MAX_HEADER_ROWS]
    return joined


def count_repeated(head: Grid, table: Grid) -> int:
    """With how many rows of `head` the table begins, as wide as it."""
    same = 0
    for row, other in zip(head, table, strict=False):
        if row != other:
            break
        same += 1
    return same


def is_same_frame(before: Block, after: Block) -> bool:
    """Whether two tables have as many columns and the same edges left and right."""
    return len(before.table[0]) == len(after.table[0]) and all(
        abs(before.box[side] - after.box[side]) < SAME_EDGE for side in (0, 2)
    )


def write_tables(pages: Sequence[Sequence[Block]]) -> list[list[str]]:
    """The Markdown of the tables of each page; what goes on from the page before has no header."""
    chains: list[list[Grid]] = []
    for block in (block for blocks in pages for block in blocks if block.table):
        if block.is_continued:
            chains[-1].append(block.table)
        else:
            chains.append([block.table])
    parts = iter(part for chain in chains for part in write_chain(chain))
    return [[next(parts) for block in blocks if block.table] for blocks in pages]


def write_chain(grids: Sequence[Grid]) -> list[str]:
    """The Markdown of a table, part by part; columns are left out in all parts or in none."""
    lines = markdown_table([row for grid in grids for row in grid]).split("\n")
    parts: list[str] = []
    start = 0
    for grid in grids:
        end = start + len(grid) + (start == 0)  # the line below the header
        parts.append("\n".join(lines[start:end]))
        start = end
    return parts
