"""Structure of plain text, as far as it is certain: headings, wrapped lines, tables made of characters."""

import re
import textwrap
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

from slm_factory.parsers.line_breaks import Joiner
from slm_factory.parsers.tables import markdown_table

# Parts, chapters, sections and subsections of Korean rules, alone on their line.
CHAPTER = re.compile(r"제\s?\d{1,3}\s?(편|장|절|관)(?:의\s?\d{1,2})?(?:\s+[^\n.…·]{1,40})?")
LEVELS = {"편": 1, "장": 2, "절": 3, "관": 4}
NUMBERED = re.compile(r"(\d{1,2}(?:\.\d{1,2}){0,3})\.?[ \t]+(\S.{0,40})")
SENTENCE_END = re.compile(r"(?:[.!?:;,。]|다)$")
DRAWN = re.compile(r"\s*[+|─-╿┌-╋]|.*[│┃]")
ITEM = re.compile(
    r"\s*(?:[-*+•·○●□■◦▪※>#$]|[(\[]?(?:\d{1,3}|[a-zA-Z가나라마바사아자차카타파하])[.)\]]\s|[①-⑳]|제\s?\d+\s?[조항호])"
)
# `다.` is missing among them: it ends sentences far more often than it begins an item.
MIN_COLUMNS, MAX_COLUMNS = 60, 110  # Korean counts two; text was wrapped for terminals, mails and printers
WRAPPED_SHARE = 0.6  # of the lines that others follow
MIN_WRAPPED = 3
LONG_LINE = 10_000


def structure(text: str) -> str:
    """The text with Markdown headings and tables, wrapped lines joined."""
    text = textwrap.dedent(text) if text.startswith((" ", "\t", "\n")) else text
    blocks = [block.strip("\n").split("\n") for block in re.split(r"\n\n+", text) if block.strip()]
    blocks = mark_headings(blocks)
    columns = wrap_columns(blocks)
    joiner = Joiner(line for block in blocks for line in block if columns and len(line) <= columns)
    return "\n\n".join("\n".join(write(block, columns, joiner)) for block in blocks)


def write(block: list[str], columns: int, joiner: Joiner) -> Iterator[str]:
    """The lines of a block: a table of tabs as a Markdown table, wrapped lines joined, others as they are."""
    if is_tabbed(block):
        yield markdown_table([[cell.strip() for cell in line.split("\t")] for line in block])
        return
    parts = [block[0]]
    for before, after in pairwise(block):
        if columns and is_wrapped(before, after, columns):
            after = after.strip()
            # Line by line: a paragraph may have millions of them.
            parts[-1] = joiner.join(parts[-1], after).removesuffix(after)
            parts.append(after)
        else:
            yield "".join(parts)
            parts = [after]
    yield "".join(parts)


def is_tabbed(block: list[str]) -> bool:
    """Whether a block is a table: at least three lines with the same number of tabs between words."""
    tabs = {line.count("\t") for line in block}
    return len(block) > 2 and len(tabs) == 1 and tabs != {0} and not any(line[0] == "\t" for line in block)


def wrap_columns(blocks: list[list[str]]) -> int:
    """The width in columns at which the lines of a text were wrapped, 0 if they were not.

    Most lines that are followed by another in their block then have no room for its first word.
    """
    pairs = [pair for block in blocks if not is_tabbed(block) for pair in pairwise(block)]
    pairs = [(before, after) for before, after in pairs if may_join(before, after)]
    widths = sorted(width(before) for before, _ in pairs)
    if len(widths) < MIN_WRAPPED or not MIN_COLUMNS <= widths[-1] <= MAX_COLUMNS:
        return 0
    full = sum(is_wrapped(before, after, widths[-1]) for before, after in pairs)
    return widths[-1] if full >= max(MIN_WRAPPED, WRAPPED_SHARE * len(pairs)) else 0


def is_wrapped(before: str, after: str, columns: int) -> bool:
    """Whether `after` goes on with the line before it, because its first word had no room there."""
    word = after.split(maxsplit=1)[0]
    return may_join(before, after) and width(before.rstrip()) + 1 + width(word) > columns


def may_join(before: str, after: str) -> bool:
    """Whether the two lines can belong to one sentence at all: no items, headings, code or drawn tables."""
    if (
        DRAWN.match(before)
        or DRAWN.match(after)
        or ITEM.match(after)
        or before.startswith(("    ", "\t", "#", ">"))
    ):
        return False
    indent = len(after) - len(after.lstrip())
    return len(before) <= LONG_LINE and (indent < 4 or bool(ITEM.match(before)))


def width(text: str) -> int:
    """How many columns a text takes on a terminal."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text[:LONG_LINE])


def mark_headings(blocks: list[list[str]]) -> list[list[str]]:
    """The blocks with `#` before the headings that are certain.

    These are chapters of Korean rules that begin a block whose next line is none, and lines numbered `1.`,
    `1.1` that stand alone, if every such line of the text takes its place in one outline and most have text
    below them: others may be items of a list.
    """
    levels: dict[str, int] = {}
    numbers: list[tuple[int, ...]] = []
    above_text = 0
    for block, after in pairwise([*blocks, [""]]):
        found = is_numbered(block)
        if found:
            numbers.append(tuple(map(int, found.split("."))))
            levels[block[0]] = 1 + len(numbers[-1])
            above_text += bool(after[0]) and not is_numbered(after)
    if not is_outline(numbers) or above_text < len(numbers) / 2:
        levels = {}
    return [mark_heading(block, levels) for block in blocks]


def is_numbered(block: list[str]) -> str:
    """The number of a line that may be a numbered heading, "" for other blocks."""
    match = NUMBERED.fullmatch(block[0]) if len(block) == 1 else None
    return match[1] if match and not SENTENCE_END.search(block[0]) else ""


def mark_heading(block: list[str], levels: dict[str, int]) -> list[str]:
    """The block, its first lines as headings if they are some, an empty line below each."""
    if len(block) == 1 and block[0] in levels:
        return [f"{'#' * levels[block[0]]} {block[0]}"]
    chapters = [found[1] for line in block if (found := CHAPTER.fullmatch(line.strip()))]
    ranks = [LEVELS[kind] for kind in chapters]
    begins = all(CHAPTER.fullmatch(line.strip()) for line in block[: len(ranks)])
    if not ranks or not begins or ranks != sorted(set(ranks)):  # a table of contents names many of one rank
        return block
    heads = [f"{'#' * rank} {line.strip()}" for rank, line in zip(ranks, block, strict=False)]
    return "\n\n".join(
        [*heads, *(["\n".join(block[len(ranks) :])] if len(block) > len(ranks) else [])]
    ).split("\n")


def is_outline(numbers: list[tuple[int, ...]]) -> bool:
    """Whether each number is the next of an outline (1, 1.1, 1.2, 2), and two are of the highest level."""
    if not numbers or numbers[0] not in ((0,), (1,)) or sum(len(number) == 1 for number in numbers) < 2:
        return False
    for before, after in pairwise(numbers):
        nexts = {(*before[:level], before[level] + 1) for level in range(len(before))}
        if after not in nexts | {(*before, 1)}:
            return False
    return True
