"""What the search for personal data gives back, and what tells a number's meaning: the words beside it.

Words are looked for in lower-case text with case-sensitive patterns that begin with literals: five times as
fast as patterns that ignore case.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from slm_factory.core.outline import find_tables, line_end, table_rows

Span = tuple[int, int]

BAR = re.compile(r"(?<!\\)\|")
REACH = 60  # characters that a word tells about behind it, on its line
REACH_BACK = 30  # and before it


class Finding(NamedTuple):
    """A span of personal data or of a secret; `kind` is a key of `redact.PLACEHOLDERS`."""

    kind: str
    start: int
    end: int


def lowered(text: str) -> str:
    """`text` in lower case, as long as it was: İ is the one letter that would become two characters."""
    return text.replace("İ", "I").lower()


def words(lower: str, word: re.Pattern[str]) -> Iterator[re.Match[str]]:
    """The places of a word, but for those in placeholders: what was masked explains nothing any more."""
    return (match for match in word.finditer(lower) if not lower.startswith("[", max(match.start() - 1, 0)))


def beside(lower: str, word: re.Pattern[str]) -> list[Span]:
    """The spans that stand beside one of the words or, where it heads a column, below it; sorted, apart."""
    spans: list[Span] = []
    for match in words(lower, word):
        start = max(match.start() - REACH_BACK, 0)
        start = max(start, lower.rfind("\n", start, match.start()) + 1)
        end = lower.find("\n", match.end(), match.end() + REACH)
        spans.append((start, match.end() + REACH if end < 0 else end))
    return united([*spans, *columns_below(lower, word)])


def columns_below(lower: str, word: re.Pattern[str]) -> Iterator[Span]:
    """The cells of Markdown tables below headers that hold one of the words."""
    for table in find_tables(lower, code=()):
        header = enumerate(pairwise(bars(lower, table.start, line_end(lower, table.start))))
        columns = [column for column, cell in header if any(word.finditer(lower, *cell))]
        for start, end in table_rows(lower, table) if columns else ():
            row = bars(lower, start, end) if start >= table.body else []
            yield from ((row[column] + 1, row[column + 1]) for column in columns if column + 1 < len(row))


def bars(text: str, start: int, end: int) -> list[int]:
    """Where the cells of the table line between `start` and `end` are parted."""
    return [bar.start() for bar in BAR.finditer(text, start, end)]


def united(spans: Sequence[Span]) -> list[Span]:
    """The spans sorted, overlapping ones as one."""
    result: list[Span] = []
    for start, end in sorted(spans):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def is_within(spans: Sequence[Span], start: int, end: int) -> bool:
    """Whether one of the disjoint, sorted spans covers the place."""
    index = bisect_right(spans, start, key=lambda span: span[0]) - 1
    return index >= 0 and end <= spans[index][1]
