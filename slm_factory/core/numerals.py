"""Number words of Korean and English: 3억 5천만, 십만, 스물두, 이틀, twenty-five, a dozen."""

import re
from fractions import Fraction

from slm_factory.core.units import AFTER_UNIT, UNITS, alternatives

NATIVE_ONES = dict(zip("한 두 세 네 다섯 여섯 일곱 여덟 아홉".split(), range(1, 10), strict=True))
NATIVE_TENS = {
    "열": 10,
    "스물": 20,
    "서른": 30,
    "마흔": 40,
    "쉰": 50,
    "예순": 60,
    "일흔": 70,
    "여든": 80,
    "아흔": 90,
}
NATIVE = {
    **NATIVE_ONES,
    **NATIVE_TENS,
    **{ten + one: a + b for ten, a in NATIVE_TENS.items() for one, b in NATIVE_ONES.items()},
    **{"스무": 20, "석": 3, "넉": 4, "하나": 1, "둘": 2, "셋": 3, "넷": 4},
}
# Words that hold their unit.
WITH_UNIT = {
    **dict.fromkeys("하루 이틀 사흘 나흘 닷새 엿새 이레 여드레 아흐레 열흘 보름 일주일".split(), "일"),
    **dict.fromkeys("첫째 둘째 셋째 넷째 다섯째 여섯째".split(), ""),
}
WITH_UNIT_VALUES = {
    **dict(zip("하루 이틀 사흘 나흘 닷새 엿새 이레 여드레 아흐레 열흘".split(), range(1, 11), strict=True)),
    **{"보름": 15, "일주일": 7},
    **dict(zip("첫째 둘째 셋째 넷째 다섯째 여섯째".split(), range(1, 7), strict=True)),
}
SINO = {digit: value for value, digit in enumerate("영일이삼사오육칠팔구")}
TENS = {"십": 10, "백": 100, "천": 1000}
MYRIADS = {"만": 10**4, "억": 10**8, "조": 10**12}
# Without 십, 백, 천 or a myriad a Sino-Korean digit is more often another word: 이 분, 오 일, 일 시.
SINO_WORD = r"(?!만[일인에])[일이삼사오육칠팔구]?[십백천만억][일이삼사오육칠팔구십백천만억]*"
KOREAN = (
    f"{alternatives(WITH_UNIT)}|(?:{alternatives(NATIVE)})(?=\\s?(?:{alternatives(UNITS)}){AFTER_UNIT})|"
    f"{SINO_WORD}"
)

NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")
# What goes on a number: its tens glued to it, its myriad glued or before a unit of money.
GOES_ON = re.compile(
    r"[십백천]{1,2}(?=[만억조\s]|\d|원|$|[^가-힣]|[명개건회번곳]|이상|이하|이내|미만|초과)"
    r"|\s?[만억](?=$|[^가-힣]|[천백십]|원|명|개|건|회|번|곳|대|톤|시간|달러|이상|이하|미만|초과|"
    r"[은는이가을를의과와도]|여)"
    r"|\s?조(?=\s?\d|\s?원|\s?달러)"
)

ENGLISH_ONES = dict(
    zip(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
        "sixteen seventeen eighteen nineteen".split(),
        range(20),
        strict=True,
    )
)
ENGLISH_TENS = dict(
    zip("twenty thirty forty fifty sixty seventy eighty ninety".split(), range(20, 100, 10), strict=True)
)
SCALE_WORDS = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12}
SCALE_LETTERS = {"k": 10**3, "m": 10**6, "mn": 10**6, "bn": 10**9, "b": 10**9, "tn": 10**12}
SHORT_SCALE = re.compile(r"\s?(k|mn?|bn?|tn)\b", re.IGNORECASE)  # of money only: £300m, $5bn
SHARES = {
    word + plural: parts
    for word, parts in (("half", 2), ("third", 3), ("quarter", 4), ("fifth", 5), ("tenth", 10))
    for plural in ("", "s")
}
ENGLISH_SHARE = (
    r"\b(?:(?:a|one|two|three|four|nine)[\s-](?:half|third|quarter|fifth|tenth)s?|half)\b"
    r"(?! (?:year|hour|past))|절반"
)
ENGLISH_SCALE = re.compile(r"\s?(hundred|thousand|million|billion|trillion)\b", re.IGNORECASE)
ENGLISH_WORD = alternatives([*ENGLISH_ONES, *ENGLISH_TENS, *SCALE_WORDS, "dozen"])
ENGLISH = (
    rf"(?:an?\s(?=dozen|hundred|thousand|million))?(?:{ENGLISH_WORD})"
    rf"(?:(?:\s|-|\sand\s)(?:{ENGLISH_WORD}))*|twice|once"
)
# an hour and a half, two and a half hours, 2 and a half times
AND_A_HALF = (
    rf"\b(?P<whole>an?|{NUMBER.pattern}|{ENGLISH}) (?:(?P<unit_before>{alternatives(UNITS)}) )?and a half\b"
    rf"(?:[\s-](?P<unit_after>{alternatives(UNITS)})(?![a-z0-9]))?"
)


SINO_START = re.compile(SINO_WORD)
NATIVE_START = re.compile(alternatives(NATIVE))
UNIT_START = re.compile(alternatives(WITH_UNIT_VALUES))
NEXT_NUMBER = re.compile(r"\s?(?=\d)")
# What any quantity begins with: texts without it need no closer look.
MAYBE = re.compile(
    rf"\d|@|https?:|[십백천만억]|{'|'.join(WITH_UNIT_VALUES)}|"
    rf"(?:{alternatives(NATIVE)})\s?(?:{alternatives(UNITS)})|"
    rf"절반|반년|반시간|정오|자정|\b(?:{ENGLISH_WORD}|half|quarters?|once|twice|noon|midnight|clock|"
    rf"an? third)\b|"
    r"\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)",
    re.IGNORECASE,
)


def korean_value(text: str, start: int) -> tuple[Fraction | None, int]:
    """The number that begins at `start`, in digits, words or both (3억 5천만), and where it ends."""
    if word := UNIT_START.match(text, start):
        return Fraction(WITH_UNIT_VALUES[word[0]]), word.end()
    if word := SINO_START.match(text, start):
        return Fraction(sino_value(word[0])), word.end()
    if word := NATIVE_START.match(text, start):
        return Fraction(NATIVE[word[0]]), word.end()
    return mixed_value(text, start)


def mixed_value(text: str, start: int) -> tuple[Fraction | None, int]:
    """The number of digits with Korean tens and myriads that begins at `start`, and where it ends."""
    total = section = Fraction(0)
    end = start
    while number := NUMBER.match(text, end):
        value, end = Fraction(number[0].replace(",", "")), number.end()
        is_article = text[max(start - 1, 0) : start] == "제"
        is_open = False
        while not is_article and (more := GOES_ON.match(text, end)):
            for mark in more[0].strip():
                if mark in TENS:
                    value *= TENS[mark]
                else:
                    total, section, value = (
                        total + (section + value) * MYRIADS[mark],
                        Fraction(0),
                        Fraction(0),
                    )
            end, is_open = more.end(), True
        section += value
        space = NEXT_NUMBER.match(text, end) if is_open else None
        if space is None:
            break
        end = space.end()
    return (total + section, end) if end > start else (None, end)


def sino_value(word: str) -> int:
    """The value of a Sino-Korean number word: 삼천오백만 is 35,000,000."""
    total = section = digit = 0
    for letter in word:
        if letter in SINO:
            digit = SINO[letter]
        elif letter in TENS:
            section, digit = section + (digit or 1) * TENS[letter], 0
        else:
            total, section, digit = total + ((section + digit) or 1) * MYRIADS[letter], 0, 0
    return total + section + digit


# Parts of an hour, a day and a year, in minutes or months.
SPANS = {
    "half an hour": (30, "분"),
    "quarter of an hour": (15, "분"),
    "three quarters of an hour": (45, "분"),
    "half a day": (12, "시간"),
    "half a year": (6, "개월"),
    "round the clock": (24, "시간"),
    "around the clock": (24, "시간"),
    "반시간": (30, "분"),
    "반년": (6, "개월"),
}


def english_share(words: str) -> Fraction:
    """The value of three quarters, a third, half, 절반."""
    parts = re.split(r"[\s-]+", words.lower())
    if len(parts) == 1:
        return Fraction(1, 2)
    return Fraction(1 if parts[0] == "a" else ENGLISH_ONES[parts[0]], SHARES[parts[1]])


def with_half(whole: str) -> Fraction:
    """The value of "a", 2 or "two" in "two and a half hours"."""
    if whole[0].isdigit():
        return Fraction(whole.replace(",", "")) + Fraction(1, 2)
    return Fraction(1 if whole.lower() in ("a", "an") else english_value(whole) or 0) + Fraction(1, 2)


def english_value(words: str) -> int | None:
    """The value of English number words: two hundred and five; None where they make no number."""
    lower = words.lower()
    if lower in ("once", "twice"):
        return 1 if lower == "once" else 2
    total = section = 0
    for word in re.split(r"[\s-]+", lower):
        if word in ENGLISH_ONES or word in ENGLISH_TENS:
            section += ENGLISH_ONES.get(word, ENGLISH_TENS.get(word, 0))
        elif word in ("hundred", "dozen"):
            section = (section or 1) * (100 if word == "hundred" else 12)
        elif word in SCALE_WORDS:
            total, section = total + (section or 1) * SCALE_WORDS[word], 0
    return total + section
