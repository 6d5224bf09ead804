"""Headers, footers and page numbers: found by where they stand and how often, and removed."""

import re
from itertools import pairwise

from slm_factory.parsers.markdown import one_line
from slm_factory.parsers.pdf.page import Block, Line, around

MARGIN_SHARE = 0.12  # of the printed height, at its top and bottom, where running heads stand
CHAPTER_PAGES = 4
PAGE_OF = re.compile(r"\D{0,3}(\d{1,5})\s*/\s*(\d{1,5})\D{0,3}")


def remove_running_heads(pages: list[list[Block]]) -> list[list[Block]]:
    """The pages without headers, footers and page numbers.

    A line goes only if it stands in the margin, at the same height on half of the pages or on four in a row
    (a chapter's), with the same words, and with numbers that stay or count the pages: position and
    repetition, never its look alone. Where there is only one page to compare, it goes if it says `1 / 1`.
    """
    filled = [(number, blocks) for number, blocks in enumerate(pages) if blocks]
    places: dict[tuple[str, int], list[tuple[int, Line]]] = {}
    for number, blocks in filled:
        for line in margin_lines(blocks):
            words = re.sub(r"\d+", "#", one_line(line.text))
            places.setdefault((words, round(line.box[1] / 6)), []).append((number, line))
    running: set[int] = set()
    for found in places.values():
        texts = [one_line(line.text) for _, line in found]
        numbers = sorted({number for number, _ in found})
        is_frequent = len(numbers) >= max(2, len(filled) // 2) or longest_run(numbers) >= CHAPTER_PAGES
        is_repeated = is_frequent and counts_pages(texts, [number for number, _ in found])
        stated = PAGE_OF.fullmatch(texts[0])
        if is_repeated or (len(pages) == 1 and stated and stated.groups() == ("1", "1")):
            running |= {id(line) for _, line in found}
    return [[rest for block in blocks if (rest := without(block, running))] for blocks in pages]


def margin_lines(blocks: list[Block]) -> list[Line]:
    """The lines at the top and the bottom of what is printed on a page."""
    top, bottom = min(block.box[1] for block in blocks), max(block.box[3] for block in blocks)
    edge = (bottom - top) * MARGIN_SHARE
    lines = [line for block in blocks for line in block.lines]
    return [line for line in lines if line.box[3] < top + edge or line.box[1] > bottom - edge]


def longest_run(numbers: list[int]) -> int:
    """How many of the page numbers follow each other; or every second one, as on two-sided paper."""
    longest = run = 1
    for before, after in pairwise(numbers):
        run = run + 1 if after - before <= 2 else 1
        longest = max(longest, run)
    return longest


def counts_pages(texts: list[str], numbers: list[int]) -> bool:
    """Whether each number in the texts, which stand on these pages, stays the same or counts the pages."""
    rows = [[int(digits) for digits in re.findall(r"\d{1,9}", text)] for text in texts]
    return all(
        len(set(column)) == 1 or len({value - page for value, page in zip(column, numbers, strict=True)}) == 1
        for column in zip(*rows, strict=False)
    )


def without(block: Block, running: set[int]) -> Block | None:
    """The block without the lines in `running`, None if nothing is left."""
    lines = tuple(line for line in block.lines if id(line) not in running)
    if block.table or len(lines) == len(block.lines):
        return block
    return Block(around(line.box for line in lines), lines) if lines else None
