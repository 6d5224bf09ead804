"""Mends the spaces of Korean text where they are clearly wrong: 아버지가방에들어가신다, < 보 기 >.

kiwipiepy says where words end. It also takes the compounds of official language apart (행정 안전부), so
spaces that may be meant stay as they are.
"""

import re
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

from slm_factory.core.errors import missing_extra

if TYPE_CHECKING:
    from kiwipiepy import Kiwi

RUN = re.compile(r"[가-힣]+")
LONG_RUN = 11  # syllables; names and compounds are shorter
FENCE = re.compile(r"(?:```|~~~)")
# Code, links' targets, addresses and marks of notes within a line.
PROTECTED = re.compile(r"`[^`]*`|\]\([^)]*\)|https?://\S+|\[\^[^\]]*\]")
MAX_LINE = 10_000  # characters; no paragraph is longer, and such lines take minutes


def check_installed() -> None:
    """Does nothing where kiwipiepy is installed.

    Raises:
        UserError: it is not; says how to install it.
    """
    if find_spec("kiwipiepy") is None:
        raise missing_extra("kiwipiepy", "korean")


def repair(markdown: str) -> str:
    """`markdown` with mended spaces in its Korean prose; tables and code stay, and so does all but spaces."""
    lines = markdown.split("\n")
    prose = [index for index in prose_lines(lines) if RUN.search(lines[index])]
    for index, spaced in zip(prose, kiwi().space([lines[index] for index in prose]), strict=True):
        lines[index] = merge(lines[index], spaced)
    return "\n".join(lines)


def prose_lines(lines: list[str]) -> list[int]:
    """The indexes of the lines that belong to no table and no code."""
    found, fence = [], ""
    for index, line in enumerate(lines):
        mark = FENCE.match(line.lstrip())
        if mark and fence in ("", mark[0]):
            fence = "" if fence else mark[0]
        elif not fence and not line.lstrip().startswith("|") and len(line) <= MAX_LINE:
            found.append(index)
    return found


def merge(line: str, spaced: str) -> str:
    """`line`, with the spaces of `spaced` inside long runs of syllables and between lone ones.

    Elsewhere, and next to digits, units and marks, the author knows better: `2025. 3. 18.`, `제3조`. A line
    of which `spaced` changes more than spaces stays as it is.
    """
    before, after = gaps(line), gaps(spaced)
    if [letter for _, letter in before] != [letter for _, letter in after]:
        return line
    runs = [0] * (len(line) + 1)  # by position: how many syllables stand together there
    for match in RUN.finditer(line):
        runs[match.start() : match.end()] = [len(match[0])] * len(match[0])
    for match in PROTECTED.finditer(line):
        runs[match.start() : match.end()] = [0] * len(match[0])
    parts, last, position = [], 0, 0
    for (old, letter), (new, _) in zip(before, after, strict=True):
        position += len(old)
        here = runs[position]
        if not old and new and last == here >= LONG_RUN:
            old = " "
        elif old and not new and last == here == 1:
            old = ""
        parts += [old, letter]
        last, position = here, position + 1
    return "".join(parts) + line[position:]


def gaps(text: str) -> list[tuple[str, str]]:
    """The characters of a text that are no spaces, each with the spaces before it."""
    return [(match[1], match[2]) for match in re.finditer(r"(\s*)(\S)", text)]


@cache
def kiwi() -> "Kiwi":
    """The analyser; it loads for seconds."""
    from kiwipiepy import Kiwi

    return Kiwi(num_workers=1)
