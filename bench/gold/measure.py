"""How much of a known document a reading of it holds: words, paragraphs and their order, table cells, notes.

All measures compare squeezed texts: NFKC, without white space and without the marks of Markdown and HTML, so
that no way of writing wins. Each is a `Share` of counted things; shares of several documents add up.
"""

import html
import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import NamedTuple

from bench.gold.document import Gold

WORD = re.compile(r"[^\W_]+")
# Links keep their text; references to notes are nobody's: [^1], and [[1]](#footnote-1) as mammoth writes.
REFERENCE = re.compile(r"\[\^[^\]\n]*\]:?|\[\[\d+\]\]\(#[^)\n]*\)|\[↑\]\(#[^)\n]*\)")
LINK = re.compile(r"!?\[([^\[\]\n]*)\]\((?:[^()\n]|\([^()\n]*\))*\)")
TAG = re.compile(
    r"</?(?:br|b|i|u|s|em|strong|sup|sub|p|div|span|mark|del|ins|a|img|table|thead|tbody|tr|td|th)\b[^>\n]*>"
)
EMPHASIS = re.compile(r"[*_`~\\]+")  # and code, and the backslash that takes a mark's meaning
MARKS = re.compile(r"[\s#|<>]+")
CELL_BORDER = re.compile(r"(?<!\\)\|")
DELIMITER_ROW = re.compile(r"\|?\s*:?-{2,}:?\s*(\|\s*:?-{2,}:?\s*)*\|?")


class Share(NamedTuple):
    """So many of so many."""

    found: int = 0
    known: int = 0

    def plus(self, other: "Share") -> "Share":
        """Both together."""
        return Share(self.found + other.found, self.known + other.known)

    @property
    def value(self) -> float | None:
        """Between 0 and 1; None of nothing."""
        return self.found / self.known if self.known else None


@dataclass(frozen=True)
class Scores:
    """What a reading holds of one document, or of several.

    words: each word of the gold as often as it stands there, tables and notes included; a cell that repeats
        its left or upper neighbour counts once. word_precision: the reading's words in the gold.
    paragraphs: their squeezed text stands in the squeezed reading, each at a place of its own.
    order: the longest run of found paragraphs that come in the gold's order, of all found ones.
    cells, notes: found like paragraphs, without order.
    pairs: neighbouring cells of a gold row that are neighbours in a row of the reading's tables; empty cells
        and cells that repeat their left neighbour are skipped. pair_precision: the reading's in the gold.
    f1: the harmonic mean of `words` and `word_precision`; of several documents, the mean of theirs.
    """

    words: Share
    word_precision: Share
    paragraphs: Share
    order: Share
    cells: Share
    notes: Share
    pairs: Share
    pair_precision: Share
    f1: float


def measure(markdown: str, gold: Gold) -> Scores:
    """The scores of one reading."""
    out_tables = tables_of(markdown)
    in_tables = [cell for table in gold.tables for cell in once(table)]
    found = count_words(outside_tables(markdown)) + count_words(
        c for table in out_tables for c in once(table)
    )
    known = count_words([*gold.paragraphs, *gold.notes, *in_tables])
    common = (found & known).total()
    paragraphs, others = locate(squeeze(markdown), gold.paragraphs, [*in_tables, *gold.notes])
    places = [place for place in paragraphs if place is not None and place >= 0]
    out_pairs, gold_pairs = pairs(out_tables), pairs(gold.tables)
    kept = (out_pairs & gold_pairs).total()
    return Scores(
        words=Share(common, known.total()),
        word_precision=Share(common, found.total()),
        paragraphs=share_of(paragraphs),
        order=Share(longest_increasing(places), len(places)),
        cells=share_of(others[: len(in_tables)]),
        notes=share_of(others[len(in_tables) :]),
        pairs=Share(kept, gold_pairs.total()),
        pair_precision=Share(kept, out_pairs.total()),
        f1=2 * common / max(found.total() + known.total(), 1),
    )


def total(scores: Sequence[Scores]) -> Scores:
    """The scores of all documents together."""
    shares = {}
    for name in Scores.__dataclass_fields__:
        if name != "f1":
            added = Share()
            for one in scores:
                added = added.plus(getattr(one, name))
            shares[name] = added
    return Scores(**shares, f1=sum(one.f1 for one in scores) / max(len(scores), 1))


def plain(text: str) -> str:
    """The text in NFKC without references to notes, targets of links, tags, entities and emphasis."""
    text = TAG.sub(" ", LINK.sub(r"\1", REFERENCE.sub("", text)))
    return EMPHASIS.sub("", unicodedata.normalize("NFKC", html.unescape(text)))


def squeeze(text: str) -> str:
    """The plain text without white space and marks."""
    return MARKS.sub("", plain(text))


def count_words(texts: Iterable[str]) -> Counter[str]:
    """How often each run of letters and digits stands in the texts."""
    return Counter(word for text in texts for word in WORD.findall(plain(text)))


def outside_tables(markdown: str) -> list[str]:
    """The lines that are no table rows."""
    return [line for line in markdown.split("\n") if not line.lstrip().startswith("|")]


def tables_of(markdown: str) -> list[list[list[str]]]:
    """The rows of cells of each run of lines that begin with `|`, delimiter rows left out."""
    tables: list[list[list[str]]] = [[]]
    for line in (line.strip() for line in markdown.split("\n")):
        if not line.startswith("|"):
            tables.append([])
        elif not DELIMITER_ROW.fullmatch(line):
            cells = CELL_BORDER.split(line)[1:]
            tables[-1].append([cell.strip() for cell in (cells[:-1] if not cells[-1].strip() else cells)])
    return [table for table in tables if table]


def once(table: Sequence[Sequence[str]]) -> list[str]:
    """The cell texts without those that repeat their left or upper neighbour, which merged cells do."""
    return [
        text
        for row, cells in enumerate(table)
        for column, text in enumerate(cells)
        if not (column and cells[column - 1] == text)
        and not (row and column < len(table[row - 1]) and table[row - 1][column] == text)
    ]


def pairs(tables: Iterable[Sequence[Sequence[str]]]) -> Counter[tuple[str, str]]:
    """How often two squeezed texts are neighbours in a row."""
    found: Counter[tuple[str, str]] = Counter()
    for row in (row for table in tables for row in table):
        texts = [text for text, _ in groupby(text for text in map(squeeze, row) if text)]
        found.update(pairwise(texts))
    return found


def share_of(places: Sequence[int | None]) -> Share:
    """How many have a place (-1: none), of those that can have one (None: they are nothing but marks)."""
    known = [place for place in places if place is not None]
    return Share(sum(place >= 0 for place in known), len(known))


def locate(
    reading: str, ordered: Sequence[str], others: Sequence[str]
) -> tuple[list[int | None], list[int | None]]:
    """Where each text stands in the squeezed reading, no two at one place; see `share_of` for None and -1.

    Long texts choose first, because they can be mistaken least. An ordered text looks between its neighbours
    that are placed already, then anywhere.
    """
    texts = [squeeze(text) for text in (*ordered, *others)]
    places: list[int | None] = [-1 if text else None for text in texts]
    taken = bytearray(len(reading))
    resume: dict[str, int] = {}  # no place before it is free for this text
    placed: list[tuple[int, int, int]] = []  # (number, start, end) of ordered texts, by number
    for number in sorted(range(len(texts)), key=lambda number: -len(texts[number])):
        text = texts[number]
        if not text:
            continue
        start = -1
        if number < len(ordered):
            at = bisect_left(placed, (number, 0, 0))
            low = placed[at - 1][2] if at else 0
            high = placed[at][1] if at < len(placed) else len(reading)
            start = find_free(reading, text, taken, low, high)
        if start < 0:
            start = find_free(reading, text, taken, resume.get(text, 0), len(reading))
            resume[text] = start if start >= 0 else len(reading)
        if start >= 0:
            places[number] = start
            taken[start : start + len(text)] = b"\1" * len(text)
            if number < len(ordered):
                placed.insert(bisect_left(placed, (number, 0, 0)), (number, start, start + len(text)))
    return places[: len(ordered)], places[len(ordered) :]


def find_free(reading: str, text: str, taken: bytearray, low: int, high: int) -> int:
    """The first place of the text between two positions that nothing has taken, else -1."""
    start = reading.find(text, low, high)
    while start >= 0 and 1 in taken[start : start + len(text)]:
        start = reading.find(text, start + 1, high)
    return start


def longest_increasing(numbers: Sequence[int]) -> int:
    """The length of the longest increasing subsequence (patience sorting)."""
    tails: list[int] = []
    for number in numbers:
        at = bisect_left(tails, number)
        tails[at : at + 1] = [number]
    return len(tails)
