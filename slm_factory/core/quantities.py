"""Numbers as values: amounts with units, dates, times of day and codes, in Korean and English text.

`read` gives every quantity of a text once, in reading order. Codes (telephone numbers, versions, addresses,
`AES-256`) stay whole and are never read as numbers.
"""

import functools
import re
import unicodedata
from collections.abc import Iterator
from fractions import Fraction

from slm_factory.core import numerals
from slm_factory.core.quantity import Quantity
from slm_factory.core.units import AFTER_UNIT, SCALES, UNITS, alternatives

NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
MONTH = (
    r"(?-i:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|"
    r"Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\b\.?"
)
DAY = r"(?:0?[1-9]|[12]\d|3[01])"
MONTH_NUMBER = r"(?:0?[1-9]|1[0-2])"
YEAR = r"(?:1[89]|20|21)\d\d"
HALF_DAY = "오전|오후|새벽|아침|점심|낮|저녁|밤|a\\.?m\\.?|p\\.?m\\.?"
AFTERNOON = {"오후", "저녁", "pm"}
CURRENCY = {"$": "달러", "₩": "원", "€": "유로", "¥": "엔", "£": "파운드"}

TOKEN = re.compile(
    "|".join(
        (
            r"(?P<code>[a-z0-9._+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+|https?://[^\s가-힣)\]>\"']+"
            r"|(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?:[/:]\d+)?(?!\d))",
            rf"(?P<y1>{YEAR})(?P<s>\s?[-./]\s?)(?P<m1>{MONTH_NUMBER})(?P=s)(?P<d1>{DAY})\b\.?(?=\D|$)",
            rf"(?:(?P<y2>\d{{4}}|['’]\d\d)년\s?)?(?P<m2>{MONTH_NUMBER})월\s?(?P<d2>{DAY})일",
            rf"(?P<y3>{YEAR})년(?:도)?(?:\s?(?P<m3>{MONTH_NUMBER})월)?(?!\s?[간차])",
            rf"(?P<y4>{YEAR})\.\s?(?P<m4>{MONTH_NUMBER})\.(?!\d)",
            rf"(?<!\d)(?P<m5>{MONTH_NUMBER})월(?=[^가-힣]|[의에은는이가과와도말초]|부터|까지|중|$)",
            rf"\b(?P<n6>{MONTH})\s?(?P<d6>{DAY})(?:st|nd|rd|th)?\b(?:,?\s(?P<y6>{YEAR})\b)?",
            rf"(?<!\d)(?P<d7>{DAY})(?:st|nd|rd|th)?\s(?:of\s)?(?P<n7>{MONTH})(?:,?\s(?P<y7>{YEAR})\b)?",
            rf"\b(?P<n8>{MONTH})\s(?P<y8>{YEAR})\b",
            rf"(?:(?P<half1>{HALF_DAY})\s?)?(?<![\d:])(?P<h1>\d{{1,2}}):(?P<i1>[0-5]\d)(?::[0-5]\d)?(?![\d:])"
            r"(?:\s?(?P<half2>[ap]\.?m\b\.?))?",
            rf"(?:(?P<half3>{HALF_DAY})\s?)?(?<![\d.,])(?P<h2>\d{{1,2}})시(?!간)(?:\s?(?P<i2>[0-5]?\d)분|\s?(?P<thirty>반))?",
            r"(?<![\d.,:])(?P<h3>\d{1,2})\s?(?P<half4>[ap]\.?m\b\.?)",
            r"(?P<noon>정오|자정|\bnoon\b|\bmidnight\b)",
            # codes: 02-1234-5678, 3.11.2, 1/2, v2.1, S3, AES-256, db-01.internal, and Latin words as such
            r"(?P<number_code>(?<![\w.])v?\d+(?:[-./:]\d+){2,}(?![\d])|(?<!\d)\d{3,4}-\d{4}(?!\d)|"
            r"(?<![\w.])\d+/\d+(?!\d))",
            numerals.AND_A_HALF,
            rf"(?:\ba )?(?P<span>{alternatives(numerals.SPANS)})",
            rf"(?P<share>(?<![\d.,])(?P<of>\d{{1,4}})분의\s?(?P<parts>\d{{1,4}})(?!\d)|"
            rf"{numerals.ENGLISH_SHARE})",
            rf"(?P<spelled_en>\b(?:{numerals.ENGLISH})\b(?!-?(?:step|tier|factor|way)\b))"
            rf"(?:[\s-](?P<unit_en>{alternatives(UNITS)})(?![a-z0-9]))?",
            r"(?P<word>(?<![a-z0-9])[a-z][a-z0-9]*(?:[-_./:@+#]*[a-z0-9]+)*)",
            rf"(?:(?P<currency>[$₩€¥£])\s?)?(?P<number>{NUMBER})(?P<ordinal>(?:st|nd|rd|th)\b)?"
            rf"(?P<glued>(?!(?:{alternatives(UNITS)})(?![a-z0-9]))[a-z][a-z0-9]*)?",
            rf"(?P<spelled_ko>(?<![가-힣])(?:{numerals.KOREAN}))",
        )
    ),
    re.IGNORECASE,
)
UNIT = re.compile(
    rf"[\s-]?(?P<unit>{alternatives(UNITS)})(?:{AFTER_UNIT}|(?<=[a-z%])(?=[가-힣])|(?<=조)(?=제\d))",
    re.IGNORECASE,
)
HALVED = frozenset("시간 일 주 개월 년 배".split())
AND_HALF = re.compile(
    r"\s?반(?![가-힣])|\s?반(?=[은는이가을를의에]?(?:[^가-힣]|$)|동안|이내|이상|만에|입니다|이다|간 )"
)  # 두 시간 반
# The second date of a range goes without its year: 2026. 4. 20. ~ 4. 21.
RANGE_END = re.compile(rf"\s?[~∼〜–-]\s?(?P<month>{MONTH_NUMBER})[./]\s?(?P<day>{DAY})\b\.?(?!\d)")
RANGE = re.compile(r"\s*(?:[~∼〜–—-]|에서|부터|to|or|and|또는|이나)\s*", re.IGNORECASE)
JOIN = re.compile(r"(?:\s|,? and )?", re.IGNORECASE)
LIST_NUMBER = re.compile(r"[①-⑳]|(?m:^\s*(?:[-*]\s+)?\(?\d{1,2}[.)]\s)")


@functools.lru_cache(maxsize=20_000)
def read(text: str) -> tuple[Quantity, ...]:
    """The quantities of `text`, in reading order; numbers that only mark the items of a list are left out."""
    normal = unicodedata.normalize("NFKC", LIST_NUMBER.sub(lambda mark: " " * len(mark[0]), text))
    if not numerals.MAYBE.search(normal):
        return ()
    return tuple(joined(normal, shared_units(normal, list(scan(normal)))))


def scan(text: str) -> Iterator[Quantity]:
    """The quantities of normalised text, one number at a time."""
    position = 0
    while match := TOKEN.search(text, position):
        found = quantity(text, match)
        position = max(
            found.end if found else match.end(), match.end() if not match["number"] else position + 1
        )
        if found:
            yield found
        if found and found.kind == "date" and (other := RANGE_END.match(text, found.end)):
            assert isinstance(found.value, tuple)
            date = found.value[0], int(other["month"]), int(other["day"])
            yield Quantity("date", date, "", other[0].strip(" ~∼〜–-"), other.start("month"), other.end())
            position = other.end()


def quantity(text: str, match: re.Match[str]) -> Quantity | None:
    """The quantity of one match; None for a word that is none."""
    group = match.groupdict()
    start, end = match.span()
    if date := date_of(group):
        return Quantity("date", date, "", match[0].strip(), start, end)
    if time := time_of(group):
        return Quantity("time", time, "", match[0], start, end)
    if group["span"]:
        value, unit = numerals.SPANS[group["span"].lower()]
        return Quantity("amount", Fraction(value), unit, match[0], start, end, is_spelled=True)
    if group["whole"]:
        unit = UNITS.get((group["unit_after"] or group["unit_before"] or "").lower(), "")
        return Quantity(
            "amount", numerals.with_half(group["whole"]), unit, match[0], start, end, is_spelled=True
        )
    if group["share"]:
        return Quantity("amount", share_of(group), "%", match[0], start, end, is_spelled=not group["of"])
    if group["word"]:
        has_digit = any(letter.isdigit() for letter in match[0])
        return Quantity("code", match[0].casefold(), "", match[0], start, end) if has_digit else None
    is_money = group["currency"] and numerals.SHORT_SCALE.fullmatch(group["glued"] or "")
    if group["code"] or group["number_code"] or (group["glued"] and not is_money):
        return Quantity("code", match[0].strip().casefold(), "", match[0].strip(), start, end)
    if group["spelled_en"]:
        return english(match)
    return amount(text, match)


def share_of(group: dict[str, str | None]) -> Fraction:
    """A fraction in percent: 100분의 50, three quarters, 절반."""
    if group["of"] and group["parts"]:
        return Fraction(100 * int(group["parts"]), int(group["of"]) or 1)
    return numerals.english_share(group["share"] or "") * 100


def date_of(group: dict[str, str | None]) -> tuple[int | None, ...] | None:
    """(year, month, day) of a match, None for what it does not say; None for no date."""
    for n in "12345678":
        year, month = group.get(f"y{n}"), group.get(f"m{n}")
        day, name = group.get(f"d{n}"), group.get(f"n{n}")
        if year or month or name:
            number = MONTHS.index(name[:3].lower()) + 1 if name else int(month) if month else None
            full_year = int(year) if year and year.isdigit() else 2000 + int(year[1:]) if year else None
            return full_year, number, int(day) if day else None
    return None


def time_of(group: dict[str, str | None]) -> tuple[int, int | None] | None:
    """(hour, minute) of a match; an hour that may be before or after noon is negative; None for no time."""
    if group["noon"]:
        return (12 if group["noon"].lower() in ("정오", "noon") else 0), None
    hour_text = group["h1"] or group["h2"] or group["h3"]
    if hour_text is None or int(hour_text) > 24:
        return None
    hour = int(hour_text)
    minute = 30 if group["thirty"] else int(group["i1"] or group["i2"] or 0) or None
    half = next((group[f"half{n}"] for n in "1324" if group[f"half{n}"]), "") or ""
    half = half.lower().replace(".", "")
    if half in AFTERNOON or (half in ("낮", "점심") and hour < 6) or (half == "밤" and 5 < hour < 12):
        return hour % 12 + 12, minute
    if half:
        return (hour % 12 if half != "낮" and half != "점심" else hour), minute
    # 15:30 and 09:30 are exact; 9:30 and 3시 may mean the afternoon
    is_exact = hour > 12 or hour == 0 or hour_text.startswith("0")
    return (hour if is_exact else -hour), minute


def english(match: re.Match[str]) -> Quantity | None:
    """The quantity of English number words; None for words that are none here."""
    value = numerals.english_value(match["spelled_en"])
    if value is None:
        return None
    word = (match["unit_en"] or "").lower()
    unit = UNITS.get(word, "회" if match["spelled_en"].lower() in ("once", "twice") else "")
    return Quantity("amount", Fraction(value), unit, match[0], *match.span(), is_spelled=True)


def amount(text: str, match: re.Match[str]) -> Quantity | None:
    """The quantity of digits or Korean number words, with myriads and unit; None for words that are none."""
    spelled = match["spelled_ko"]
    start = match.start("spelled_ko") if spelled else match.start("number")
    value, end = numerals.korean_value(text, start)
    if value is None:
        return None
    scale = numerals.ENGLISH_SCALE.match(text, end) if not spelled else None
    if not scale and match["currency"]:
        scale = numerals.SHORT_SCALE.match(text, end)
    if scale:
        value, end = value * {**numerals.SCALE_WORDS, **numerals.SCALE_LETTERS}[scale[1].lower()], scale.end()
    if match["ordinal"]:
        end = match.end("ordinal")
    unit = "" if match["ordinal"] else CURRENCY.get(match["currency"] or "", "")
    if spelled in numerals.WITH_UNIT:
        unit = numerals.WITH_UNIT[spelled]
    elif not unit and (found := UNIT.match(text, end)):
        # "10 a day" counts no amperes
        if found[0] != " a":
            unit, end = UNITS[found["unit"].lower()], found.end()
        if unit in HALVED and (half := AND_HALF.match(text, end)):
            value, end = value + Fraction(1, 2), half.end()
    elif spelled:
        return None  # 두 시스템, 이만: without a counter it may be no number
    negative = re.search(r"(?:^|[\s(])[-−]$", text[max(start - 2, 0) : start]) is not None
    return Quantity(
        *("amount", -value if negative else value, unit, text[match.start() : end].strip()),
        *(match.start(), end, bool(spelled)),
    )


def shared_units(text: str, found: list[Quantity]) -> list[Quantity]:
    """The quantities, where the first number of a range has the unit of the second: 3~5일."""
    for position in range(len(found) - 2, -1, -1):
        one, other = found[position], found[position + 1]
        if one.kind == other.kind == "amount" and not one.unit and other.unit:
            between = text[one.end : other.start]
            if RANGE.fullmatch(between):
                found[position] = Quantity(
                    one.kind, one.value, other.unit, one.text, one.start, one.end, one.is_spelled
                )
    return found


def joined(text: str, found: list[Quantity]) -> Iterator[Quantity]:
    """The quantities, with 1시간 30분 and 1 hour and 30 minutes as one; so too 1년 6개월."""
    waiting: Quantity | None = None
    for one in found:
        if (
            waiting is not None
            and is_smaller_part(one, waiting)
            and JOIN.fullmatch(text[waiting.end : one.start])
        ):
            unit_of = {"time": "ms", "months": "개월"}
            dimension, value = waiting.scaled
            total = value + one.scaled[1]  # type: ignore[operator]
            waiting = Quantity(
                *("amount", total, unit_of[dimension], text[waiting.start : one.end]),
                *(waiting.start, one.end),
            )
            continue
        if waiting is not None:
            yield waiting
        waiting = one
    if waiting is not None:
        yield waiting


def is_smaller_part(part: Quantity, whole: Quantity) -> bool:
    """Whether `part` can go on what `whole` began: both durations, the second of a smaller unit."""
    dimension, factor = SCALES.get(whole.unit, ("", Fraction(0)))
    other, smaller = SCALES.get(part.unit, ("", Fraction(0)))
    return (
        part.kind == whole.kind == "amount"
        and dimension == other
        and dimension in ("time", "months")
        and (smaller < factor)
    )
