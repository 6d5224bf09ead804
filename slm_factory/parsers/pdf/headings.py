"""Which lines of a PDF are headings, and of which level: told by its outline, by size and by bold type."""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

import pymupdf

from slm_factory.parsers.markdown import clean
from slm_factory.parsers.pdf.page import DAMAGE, Line

HEADING_RATIO = 1.12  # a line so much larger than the body text is a heading
MAX_HEADING_CHARACTERS = 120
MAX_BOLD_CHARACTERS = 60  # of a bold line of the body's size; a longer one is emphasis
MAX_BOLD_SHARE = 0.25  # of a document's characters; where more is bold, it marks no headings
MAX_OUTLINE = 20_000  # entries of a bookmark tree
SENTENCE_ENDS = (".", "!", "?", ":", ";", ",", "。")


class Headings:
    """Tells the headings of one document.

    The outline gives its own levels. Sizes above that of most characters are levels, the largest first, 4 at
    most; bold lines come below them.
    """

    def __init__(self, lines: Sequence[Line], outline: dict[int, dict[str, int]]) -> None:
        weights: Counter[float] = Counter()
        bold = 0
        for line in lines:
            weights[line.size] += len(line.text)
            bold += len(line.text) * line.is_bold
        self.body = weights.most_common(1)[0][0] if weights else 0.0
        sizes = sorted((size for size in weights if size > self.body * HEADING_RATIO), reverse=True)
        self.sizes = {size: min(level, 4) for level, size in enumerate(sizes, start=1)}
        self.bold_level = min(len(sizes) + 1, 5) if bold <= MAX_BOLD_SHARE * weights.total() else 0
        self.outline = outline

    def runs(self, lines: Sequence[Line], page: int) -> list[tuple[int, list[Line]]]:
        """The lines of a block in runs of one look, each with its level as a heading, or 0."""
        runs: list[tuple[int, list[Line]]] = []
        entries = self.outline.get(page, {})
        looks = [
            list(run)
            for _, run in groupby(lines, key=lambda line: (self.sizes.get(line.size, 0), line.is_bold))
        ]
        for index, run in enumerate(looks):
            level = self.level(run, is_first=index == 0) or entries.get(squeeze(run), 0)
            if level and entries:
                level = entries.get(squeeze(run), level)
            if runs and not level and not runs[-1][0]:
                runs[-1][1].extend(run)
            else:
                runs.append((level, run))
        return runs

    def level(self, run: Sequence[Line], is_first: bool) -> int:
        """The level that the look of a run of lines gives it, 0 if it is no heading."""
        text = " ".join(line.text.strip() for line in run)
        if len(text) > MAX_HEADING_CHARACTERS or not any(character.isalnum() for character in text):
            return 0
        if level := self.sizes.get(run[0].size, 0):
            return level
        is_short = len(text) <= MAX_BOLD_CHARACTERS and len(run) <= 2 and not text.endswith(SENTENCE_ENDS)
        stands_out = is_first and run[0].is_bold and run[0].size >= self.body and is_short
        return self.bold_level if stands_out else 0


def read_outline(document: pymupdf.Document) -> dict[int, dict[str, int]]:
    """The levels (1 to 6) of the outline's entries by page (from 0) and by title without spaces."""
    outline: dict[int, dict[str, int]] = {}
    try:
        entries = document.get_toc()[:MAX_OUTLINE]
    except DAMAGE:
        entries = []
    for level, title, page, *_ in entries:
        outline.setdefault(page - 1, {})["".join(clean(title).split())] = min(level, 6)
    return outline


def squeeze(lines: Sequence[Line]) -> str:
    """The text of the lines without spaces."""
    return "".join("".join(clean(line.text).split()) for line in lines)
