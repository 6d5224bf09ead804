"""Labels of automatically numbered paragraphs, as word processors count them."""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

ROMAN = dict(M=1000, CM=900, D=500, CD=400, C=100, XC=90, L=50, XL=40, X=10, IX=9, V=5, IV=4, I=1)
MAX_NUMBER = 32767  # the largest that Word counts to; hostile files start at a billion
MAX_REPEATS = 10  # of a letter; nobody counts that far


def roman(number: int) -> str:
    """Roman numerals, capital letters."""
    text = ""
    for letters, value in ROMAN.items():
        count, number = divmod(number, value)
        text += letters * count
    return text


def cycling(alphabet: str) -> Callable[[int], str]:
    """Counts through an alphabet and starts again behind its end, as Hancom Office does."""
    return lambda number: alphabet[(number - 1) % len(alphabet)]


def repeating(alphabet: str) -> Callable[[int], str]:
    """Counts through an alphabet, then writes each letter twice, and so on: z, aa, bb (section 17.18.59)."""

    def label(number: int) -> str:
        times, index = divmod(number - 1, len(alphabet))
        return alphabet[index] * min(times + 1, MAX_REPEATS)

    return label


def enclosed(first: str, last: int) -> Callable[[int], str]:
    """Counts through the characters from `first` on, up to `last`, and in digits beyond."""
    return lambda number: chr(ord(first) + number - 1) if 1 <= number <= last else str(number)


def digits(alphabet: str) -> Callable[[int], str]:
    """Writes the decimal digits of a number in other characters, 0 first."""
    return lambda number: "".join(alphabet[int(digit)] for digit in str(number))


def counting(alphabet: str, units: str) -> Callable[[int], str]:
    """Writes a number as it is spoken; `units` are ten, hundred, thousand and ten thousand."""

    def below(number: int, size: int) -> str:
        if size < 0:
            return alphabet[number] if number else ""
        count, rest = divmod(number, 10 ** (size + 1))
        # One ten is just "ten"; only ten thousands are counted by more than nine.
        spoken = "" if count == 1 else below(count, size - 1)
        return (spoken + units[size] if count else "") + below(rest, size - 1)

    return lambda number: below(number, len(units) - 1)


def korean_native(number: int) -> str:
    """하나, 둘, 셋, up to 아흔아홉; Sino-Korean beyond."""
    if number > 99:
        return KOREAN(number)
    tens, ones = divmod(number, 10)
    return NATIVE_TENS[tens] + NATIVE_ONES[ones]


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th."""
    is_teen = number % 100 in (11, 12, 13)
    return f"{number}{'th' if is_teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


A_TO_Z = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SYLLABLES = "가나다라마바사아자차카타파하"
CONSONANTS = "ㄱㄴㄷㄹㅁㅂㅅㅇㅈㅊㅋㅌㅍㅎ"
STEMS, BRANCHES = "甲乙丙丁戊己庚辛壬癸", "子丑寅卯辰巳午未申酉戌亥"
NATIVE_TENS = ["", *"열 스물 서른 마흔 쉰 예순 일흔 여든 아흔".split()]
NATIVE_ONES = ["", *"하나 둘 셋 넷 다섯 여섯 일곱 여덟 아홉".split()]
CIRCLED = enclosed("①", 20)
KOREAN = counting("영일이삼사오육칠팔구", "십백천만")
# Chinese styles say more zeros and ones beyond 99, where no list goes.
HANJA = counting("零一二三四五六七八九", "十百千萬")
# Names of WordprocessingML (ST_NumberFormat, ECMA-376 Part 1, section 17.18.59), then of OWPML (NumberType1);
# all others count in digits.
FORMATS: dict[str, Callable[[int], str]] = {
    "upperRoman": roman,
    "lowerRoman": lambda number: roman(number).lower(),
    "upperLetter": repeating(A_TO_Z),
    "lowerLetter": repeating(A_TO_Z.lower()),
    "ordinal": ordinal,
    "decimalZero": "{:02}".format,
    "numberInDash": "- {} -".format,
    "hex": "{:X}".format,
    "decimalFullWidth": digits("０１２３４５６７８９"),
    "decimalFullWidth2": digits("０１２３４５６７８９"),
    "decimalEnclosedCircle": CIRCLED,
    "decimalEnclosedCircleChinese": CIRCLED,
    "decimalEnclosedParen": enclosed("⑴", 20),
    "decimalEnclosedFullstop": enclosed("⒈", 20),
    "ideographEnclosedCircle": enclosed("㈠", 10),
    "ganada": repeating(SYLLABLES),
    "chosung": repeating(CONSONANTS),
    "koreanDigital": digits("영일이삼사오육칠팔구"),
    "koreanDigital2": digits("零一二三四五六七八九"),
    "koreanCounting": KOREAN,
    "koreanLegal": korean_native,
    "ideographDigital": digits("〇一二三四五六七八九"),
    "japaneseDigitalTenThousand": digits("〇一二三四五六七八九"),
    "taiwaneseDigital": digits("○一二三四五六七八九"),
    "japaneseCounting": HANJA,
    "chineseCounting": HANJA,
    "chineseCountingThousand": HANJA,
    "taiwaneseCounting": HANJA,
    "taiwaneseCountingThousand": HANJA,
    "ideographTraditional": cycling(STEMS),
    "ideographZodiac": cycling(BRANCHES),
    "ideographZodiacTraditional": lambda number: cycling(STEMS)(number) + cycling(BRANCHES)(number),
    "none": lambda number: "",
    "ROMAN_CAPITAL": roman,
    "ROMAN_SMALL": lambda number: roman(number).lower(),
    "LATIN_CAPITAL": cycling(A_TO_Z),
    "LATIN_SMALL": cycling(A_TO_Z.lower()),
    "HANGUL_SYLLABLE": cycling(SYLLABLES),
    "HANGUL_JAMO": cycling(CONSONANTS),
    "CIRCLED_DIGIT": CIRCLED,
}


def write_number(format_name: str, number: int) -> str:
    """A number in a format; in digits where the format is unknown or has no such number."""
    if number < 1:
        return "" if format_name == "none" else str(number)
    return FORMATS.get(format_name, str)(min(number, MAX_NUMBER))


class Level(NamedTuple):
    """One level of a numbering; in `template`, `%1` or `^1` stands for the number of level 1, and so on."""

    format: str
    template: str
    start: int = 1
    restart: int | None = None  # starts again after this level, from 1, and above; None is all, 0 none
    is_legal: bool = False  # writes the numbers of all levels in digits


class Numbering:
    """Counts the paragraphs of one numbering; `levels` by depth from 0."""

    def __init__(self, levels: Mapping[int, Level]) -> None:
        self.levels = levels
        self.counts: dict[int, int] = {}

    def next(self, depth: int, levels: Mapping[int, Level] | None = None) -> str:
        """The label of the next paragraph at `depth`, "" if that is undefined; deeper levels start again.

        `levels` replaces how levels look for this paragraph, not what was counted.
        """
        known = self.levels if levels is None else levels
        level = known.get(depth)
        if level is None:
            return ""
        self.counts = {
            key: count
            for key, count in self.counts.items()
            if key <= depth or not restarts(known.get(key), depth)
        }
        for higher in range(depth):  # a level that was skipped counts as begun
            self.counts.setdefault(higher, known.get(higher, level).start)
        self.counts[depth] = self.counts.get(depth, level.start - 1) + 1

        def number(match: re.Match[str]) -> str:
            other = int(match[1]) - 1
            shown = known.get(other, Level("decimal", ""))
            count = self.counts.get(other, shown.start)
            return write_number("decimal" if level.is_legal else shown.format, count)

        return re.sub(r"[%^](\d)", number, level.template).strip()

    def start_again(self, depth: int) -> None:
        """Forgets what was counted at `depth` and below."""
        self.counts = {key: count for key, count in self.counts.items() if key < depth}


def restarts(level: Level | None, depth: int) -> bool:
    """Whether a paragraph at the higher `depth` makes this level start again."""
    return level is None or level.restart is None or depth < level.restart
