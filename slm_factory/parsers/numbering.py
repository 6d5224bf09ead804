"""Labels of automatically numbered paragraphs, as word processors count them."""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

ROMAN = dict(M=1000, CM=900, D=500, CD=400, C=100, XC=90, L=50, XL=40, X=10, IX=9, V=5, IV=4, I=1)


def roman(number: int) -> str:
    """Roman numerals, capital letters."""
    text = ""
    for letters, value in ROMAN.items():
        count, number = divmod(number, value)
        text += letters * count
    return text


def letters_of(alphabet: str) -> Callable[[int], str]:
    """Counts through an alphabet and starts again behind its end."""
    return lambda number: alphabet[(number - 1) % len(alphabet)]


def circled(number: int) -> str:
    """A number in a circle, up to 20."""
    return chr(0x245F + number) if 1 <= number <= 20 else str(number)


LATIN = letters_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
SYLLABLES = letters_of("가나다라마바사아자차카타파하")
CONSONANTS = letters_of("ㄱㄴㄷㄹㅁㅂㅅㅇㅈㅊㅋㅌㅍㅎ")
# Names of WordprocessingML (ST_NumberFormat) and of OWPML (NumberType1); all others count in digits.
FORMATS: dict[str, Callable[[int], str]] = {
    "upperRoman": roman,
    "ROMAN_CAPITAL": roman,
    "lowerRoman": lambda number: roman(number).lower(),
    "ROMAN_SMALL": lambda number: roman(number).lower(),
    "upperLetter": LATIN,
    "LATIN_CAPITAL": LATIN,
    "lowerLetter": lambda number: LATIN(number).lower(),
    "LATIN_SMALL": lambda number: LATIN(number).lower(),
    "ganada": SYLLABLES,
    "HANGUL_SYLLABLE": SYLLABLES,
    "chosung": CONSONANTS,
    "HANGUL_JAMO": CONSONANTS,
    "decimalEnclosedCircle": circled,
    "CIRCLED_DIGIT": circled,
}


def naming_label(label: str) -> str:
    """A heading's label if it names the section (`제3장`, `제20조`), "" if it only counts (`1.2`)."""
    return label if re.match(r"제\s*\d+\s*[가-힣]", label) else ""


class Level(NamedTuple):
    """One level of a numbering; in `template`, `%1` or `^1` stands for the number of level 1, and so on."""

    format: str
    template: str
    start: int = 1


class Numbering:
    """Counts the paragraphs of one numbering; `levels` by depth from 0."""

    def __init__(self, levels: Mapping[int, Level]) -> None:
        self.levels = levels
        self.counts: dict[int, int] = {}

    def next(self, depth: int) -> str:
        """The label of the next paragraph at `depth`, "" if that is undefined; deeper levels start again."""
        level = self.levels.get(depth)
        if level is None:
            return ""
        self.counts = {key: count for key, count in self.counts.items() if key <= depth}
        self.counts[depth] = self.counts.get(depth, level.start - 1) + 1

        def number(match: re.Match[str]) -> str:
            other = int(match[1]) - 1
            known = self.levels.get(other, Level("decimal", ""))
            count = self.counts.get(other, known.start)
            return FORMATS.get(known.format, str)(count) if count > 0 else str(count)

        return re.sub(r"[%^](\d)", number, level.template).strip()
