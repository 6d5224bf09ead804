"""Numbers and dates of spreadsheet cells as their number formats display them; dates come in ISO form.

Format codes are those of ECMA-376 part 1, 18.8.30 and 18.8.31, as far as office documents use them:
sections, conditions, literals, grouping, percent, scaling by commas, exponents, dates, times and elapsed
times. Fractions (`# ?/?`) are shown as decimals.
"""

import math
import re
from collections.abc import Iterable
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import NamedTuple

from openpyxl.styles.numbers import BUILTIN_FORMATS
from openpyxl.utils.datetime import from_excel

GENERAL = "General"
MAX_CODE = 255  # characters; Excel takes no longer format code
MAX_EXACT = 10**15  # from here on, Excel stores rounded numbers
DAY = 86_400  # seconds
CLOCK = {"h": "H", "n": "M", "s": "S"}  # letters of date_letters and directives of strftime
NEGATIVE = set("-−(△▲")  # marks of negative numbers
# Numbers 27-36 and 50-58 are dates of East Asian Excels, apart from two times (18.8.30, ko-kr).
FORMATS = {
    **{number: "yyyy-mm-dd" for number in (*range(27, 37), *range(50, 59))},
    **BUILTIN_FORMATS,
    32: 'h"시" mm"분"',
    33: 'h"시" mm"분" ss"초"',
}
# A quoted or escaped literal ("!" escapes in Korean and Japanese codes), a bracket, a gap as wide as a
# character or filled with one, a placeholder, a letter of a date, anything else.
PIECE = re.compile(
    r'"(?P<quoted>[^"]*)"?|[\\!](?P<escaped>.)|\[(?P<bracket>[^\]]*)\]|[_*].?'
    r"|(?P<general>General|G/표준)|(?P<digit>[0#?])|(?P<exponent>E[+-])|(?P<half>AM/PM|A/P|오전/오후)"
    r"|(?P<date>y+|m+|d+|h+|s+|e+|a{3,}|g+|b+)|(?P<mark>[.,%/@])|(?P<end>;)|(?P<literal>.)",
    re.IGNORECASE | re.DOTALL,
)
CONDITION = re.compile(r"(<=|>=|<>|<|>|=)(-?\d{1,15}(?:\.\d{1,15})?)")
ELAPSED = re.compile(r"h+|m+|s+", re.IGNORECASE)


class Section(NamedTuple):
    """One section of a format code: its pieces as (kind, text), and when it applies, if it says so."""

    pieces: list[tuple[str, str]]
    condition: tuple[str, float] | None = None

    def has(self, *kinds: str) -> bool:
        """Whether a piece is of one of these kinds."""
        return any(kind in kinds for kind, _ in self.pieces)


PLAIN = Section([("general", "")])


def display(value: str, code: str, epoch: datetime) -> str:
    """The number in `value` as a cell with this format code shows it; days count from `epoch`."""
    try:
        number = float(value)
    except ValueError:
        return value
    if not math.isfinite(number):
        return value
    if code == GENERAL:
        return general(number)
    section, needs_sign = choose(number, sections(code))
    if section.has("elapsed") or (section.has("date") and not section.has("exponent", "general")):
        return show_date(number, section, epoch)
    shown = (
        around(section, general(abs(number))) if section.has("general") else show_number(abs(number), section)
    )
    return f"-{shown}" if needs_sign and re.search(r"[1-9]", shown) else shown


def display_text(text: str, code: str) -> str:
    """Text as a cell with this format code shows it: `@"님"` adds to it."""
    if "@" not in code or code == "@":
        return text
    section = next((one for one in sections(code) if ("mark", "@") in one.pieces), None)
    if section is None:
        return text
    return "".join(
        text if piece == ("mark", "@") else piece[1] if piece[0] == "literal" else ""
        for piece in section.pieces
    )


@lru_cache(maxsize=4096)
def sections(code: str) -> list[Section]:
    """The sections of a format code taken apart; an overlong code counts as General.

    Colours, locales and numeral systems in brackets are left out.
    """
    found = [Section([])]
    for match in PIECE.finditer(code if len(code) <= MAX_CODE else GENERAL):
        kind = match.lastgroup
        text = match[kind] if kind else ""
        if kind == "end":
            found.append(Section([]))
        elif kind == "bracket":
            found[-1] = read_bracket(text, found[-1])
        elif kind in ("quoted", "escaped", "literal"):
            found[-1].pieces.append(("literal", text))
        elif kind:
            found[-1].pieces.append((kind, text.lower() if kind == "date" else text))
    return found


def read_bracket(text: str, section: Section) -> Section:
    """The section with what a bracket adds to it: a condition, an elapsed time or a currency."""
    stated = CONDITION.fullmatch(text)
    if stated:
        return section._replace(condition=(stated[1], float(stated[2])))
    if ELAPSED.fullmatch(text):
        section.pieces.append(("elapsed", text[0].lower()))
    elif text.startswith("$"):
        section.pieces.append(("literal", text[1:].split("-")[0]))  # [$₩-412] names a currency and a locale
    return section


def choose(number: float, found: list[Section]) -> tuple[Section, bool]:
    """The section for a number, and whether a negative number still needs its sign.

    A section made for negative numbers writes the sign itself; where it only colours them, it is needed.
    """
    numeric = [one for one in found if ("mark", "@") not in one.pieces] or [PLAIN]
    if any(one.condition for one in numeric):
        fitting = (one for one in numeric if one.condition is None or holds(number, *one.condition))
        return next(fitting, PLAIN), number < 0
    if number == 0 and len(numeric) > 2:
        return numeric[2], False
    if number < 0 and len(numeric) > 1:
        return numeric[1], not any(
            kind == "literal" and set(text) & NEGATIVE for kind, text in numeric[1].pieces
        )
    return PLAIN if found == [Section([])] else numeric[0], number < 0


def holds(number: float, operator: str, limit: float) -> bool:
    """Whether a condition like `>=100` is true of the number."""
    return {
        "<": number < limit, "<=": number <= limit, ">": number > limit, ">=": number >= limit,
        "=": number == limit, "<>": number != limit,
    }[operator]  # fmt: skip


def general(number: float) -> str:
    """A number without a format: whole numbers in full, others to ten significant digits."""
    if number == int(number) and abs(number) < MAX_EXACT:
        return str(int(number))
    text = f"{number:.10g}"
    return text if abs(number) >= MAX_EXACT else f"{Decimal(text):f}"


def around(section: Section, shown: str) -> str:
    """What the section has around `General`."""
    return "".join(
        shown if kind == "general" else text if kind == "literal" else "" for kind, text in section.pieces
    )


def show_number(number: float, section: Section) -> str:
    """A number that is not negative through the placeholders of a section."""
    pieces = section.pieces
    places = [index for index, (kind, _) in enumerate(pieces) if kind == "digit"]
    if not places:
        return "".join(text for kind, text in pieces if kind == "literal" or text == "%")
    if ("mark", "/") in pieces or number >= MAX_EXACT:
        return general(number)
    point = next((index for index, piece in enumerate(pieces) if piece == ("mark", ".")), len(pieces))
    if section.has("exponent"):
        exponent = next(index for index, (kind, _) in enumerate(pieces) if kind == "exponent")
        return f"{number:.{sum(point < place < exponent for place in places)}E}"
    whole_places = [place for place in places if place < point]
    scale = 0
    while places[-1] + scale + 1 < len(pieces) and pieces[places[-1] + scale + 1] == ("mark", ","):
        scale += 1
    try:
        exact = Decimal(f"{number:.15g}") * 100 ** pieces.count(("mark", "%")) / 1000**scale
        exact = exact.quantize(Decimal(1).scaleb(len(whole_places) - len(places)), ROUND_HALF_UP)
    except InvalidOperation:  # more digits than anybody reads
        return general(number)
    whole, _, decimals = f"{exact:f}".partition(".")
    is_grouped = any(
        piece == ("mark", ",") and whole_places and whole_places[0] < index < whole_places[-1]
        for index, piece in enumerate(pieces)
    )
    return fill_whole(pieces[:point], whole.lstrip("0"), is_grouped) + fill_decimals(pieces[point:], decimals)


def fill_whole(pieces: list[tuple[str, str]], digits: str, is_grouped: bool) -> str:
    """The digits before the point in their places, from right to left; the first place takes all the rest."""
    out: list[str] = []
    places = sum(kind == "digit" for kind, _ in pieces)
    placed = 0
    for kind, text in reversed(pieces):
        if kind == "digit":
            places -= 1
            taken = (digits if places == 0 else digits[-1:]) or ("0" if text == "0" else "")
            digits = digits[: -len(taken)]
            for digit in reversed(taken):
                out.append(f"{digit}," if is_grouped and placed and placed % 3 == 0 else digit)
                placed += 1
        elif kind == "literal" or text == "%":
            out.append(text)
    return "".join(reversed(out))


def fill_decimals(pieces: list[tuple[str, str]], digits: str) -> str:
    """The point and the digits behind it; places of `#` and `?` stay empty where only zeros follow."""
    out: list[str] = []
    for kind, text in pieces:
        if kind == "digit":
            out.append(digits[:1] if text == "0" or digits.strip("0") else "")
            digits = digits[1:]
        elif kind == "literal" or text in (".", "%"):
            out.append(text)
    return re.sub(r"\.(?!\d)", "", "".join(out), count=1)


def show_date(number: float, section: Section, epoch: datetime) -> str:
    """A day, a time or both in ISO form, as far as the section shows them; a month without its year
    comes as a whole date."""
    seconds = round(number * DAY)
    elapsed = next((text for kind, text in section.pieces if kind == "elapsed"), "")
    letters = date_letters(text for kind, text in section.pieces if kind == "date")
    if elapsed:
        minutes, hours = seconds // 60, seconds // 3600
        tail = f":{seconds % 60:02}" if "s" in letters else ""
        return {"h": f"{hours}:{minutes % 60:02}{tail}", "m": f"{minutes}{tail}", "s": str(seconds)}[elapsed]
    letters |= {"n"} if "h" in letters else set()  # 2시 is 02:00
    is_time = bool(letters & CLOCK.keys())
    try:
        moment = from_excel(seconds / DAY if is_time else math.floor(number), epoch)
    except (OverflowError, ValueError):
        return general(number)
    clock = ":".join(f"{moment:%{directive}}" for letter, directive in CLOCK.items() if letter in letters)
    if not letters & {"y", "m", "d"}:
        return clock if is_time else general(number)
    if not isinstance(moment, datetime) or number < 0:
        return clock if is_time and number >= 0 else general(number)  # day 0 is no day
    day = moment.date().isoformat()
    if "d" not in letters and "y" in letters:
        day = day[:7] if "m" in letters else day[:4]
    return f"{day} {clock}" if is_time else day


def date_letters(runs: Iterable[str]) -> set[str]:
    """The letters of a date format; `n` stands for the `m` that means minutes: behind `h` or before `s`."""
    letters = [{"e": "y"}.get(run[0], run[0]) for run in runs if run[0] in "ymdhse"]
    for index, letter in enumerate(letters):
        if letter == "m" and (
            "h" in letters[max(index - 1, 0) : index] or "s" in letters[index + 1 : index + 2]
        ):
            letters[index] = "n"
    return set(letters)
