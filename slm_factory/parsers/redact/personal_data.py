"""Numbers of persons, cards, accounts and telephones, and e-mail addresses.

Forms come first, because they are cheap; what a form cannot tell is told by a check digit, a library that
knows the numbering plan, or a word beside it. Hyphens are all that people and word processors write for one;
digits may be full-width.
"""

import re
from collections.abc import Iterator
from datetime import date

import phonenumbers
from stdnum import luhn
from stdnum.exceptions import ValidationError
from stdnum.kr import brn, rrn

from slm_factory.parsers.redact.finding import Finding, Span, beside, is_within, lowered

HYPHEN = r"[-\u2010-\u2015\u2212\uff0d]"
ANY_HYPHEN = re.compile(HYPHEN)
# Where a number may stand: digits and what parts them. All patterns of numbers are tried only there.
NUMBERS = re.compile(r"[+(]?\d[-\d .()\u2010-\u2015\u2212\uff0d]{7,}")
LONGEST_NUMBER = 50  # characters, and some that show that it ends
# No part of a longer number, Latin word, version or address; Hangul may touch it: 010-1234-5678로.
BEFORE = rf"(?<![A-Za-z_\d.])(?<!\d{HYPHEN})"
BEHIND = rf"(?![A-Za-z_\d])(?!{HYPHEN}\d)(?!\.\d)"

RESIDENT = re.compile(
    rf"(?<!\d)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[ ]?{HYPHEN}[ ]?|[ ])?[1-8]\d{{6}}(?!\d)"
)
RESIDENT_WORD = re.compile(
    r"주민\s?(?:등록)?\s?번호|외국인\s?(?:등록)?\s?번호|resident (?:registration )?number"
)
CORPORATION_WORD = re.compile(r"법인\s?(?:등록)?\s?번호")
COMPANIES = {"11", "12", "13", "14", "15", "21", "22"}  # of a corporation's number: joint-stock, limited, ...
CHECK_DIGITS_ENDED = date(2020, 10, 1)  # numbers given since then are random behind the century
LAST_BIRTH = date(2049, 12, 31)  # no clock: the same text gives the same findings in any year

PASSPORT = re.compile(r"(?<![A-Za-z0-9])[MSRODG](?:\d{8}|\d{3}[A-Z]\d{4})(?![A-Za-z0-9])")
PASSPORT_WORD = re.compile(r"여권|passport")
REGION = r"(?:1[1-9]|2[0-8]|서울|부산|경기|강원|충북|충남|전북|전남|경북|경남|제주|대구|인천|광주|대전|울산)"
LICENCE = re.compile(rf"{BEFORE}{REGION}[ ]?{HYPHEN}?[ ]?\d\d{HYPHEN}\d{{6}}{HYPHEN}\d\d{BEHIND}")

FOUR, PART = r"\d{4}", rf"(?:[ ]|{HYPHEN})"
CARD = re.compile(
    rf"{BEFORE}(?:{FOUR}{PART}(?:{FOUR}{PART}{FOUR}{PART}{FOUR}|\d{{6}}{PART}\d{{4,5}})|\d{{15,16}}){BEHIND}"
)
# Visa, Mastercard, American Express, Diners Club, JCB, Discover and UnionPay, Korean domestic cards.
CARD_ISSUERS = re.compile(
    r"4\d{15}|(?:5[1-5]|2[2-7])\d{14}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|35\d{14}|6\d{15}|9\d{15}"
)

ACCOUNT = re.compile(
    rf"{BEFORE}(?<!제)(?:\d{{2,6}}(?:{HYPHEN}\d{{1,8}}){{1,3}}|\d{{10,14}}){BEHIND}(?![호원명개건])"
)
ACCOUNT_DIGITS = range(10, 15)
ACCOUNT_WORD = re.compile(
    r"계좌|예금주|입금|송금|농협|수협|신협|새마을금고|우체국|은행|뱅크|bank account|account (?:no|number)"
)

PARTED = rf"(?:[ ]?{HYPHEN}[ ]?|[ .)]|[)] )"
MOBILE = re.compile(rf"{BEFORE}(?:010{PARTED}?\d{{4}}|01[16-9]{PARTED}?\d{{3,4}}){PARTED}?\d{{4}}{BEHIND}")
LANDLINE = re.compile(rf"{BEFORE}0\d{{1,3}}{PARTED}\d{{3,4}}{PARTED}\d{{4}}{BEHIND}")
SERVICE = re.compile(rf"{BEFORE}(1[568]\d\d){HYPHEN}(\d{{4}}){BEHIND}")
INTERNATIONAL = re.compile(
    rf"(?<![\w.])(?:\+|(?=82(?:[ .]|{HYPHEN})))\d(?:[ .()]{{0,2}}{HYPHEN}?[ ]?\(?\d){{7,14}}{BEHIND}"
)
SOLID = re.compile(rf"{BEFORE}0\d{{8,10}}{BEHIND}")
PHONE_WORD = re.compile(
    r"전화|연락처|문의|고객센터|콜센터|대표번호|팩스|휴대폰|핸드폰|☎|☏|tel\b|phone|fax\b|call\b"
)

EMAIL = re.compile(
    r"(?<![\w.%+-])[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9][A-Za-z0-9-]{0,62}\.){1,6}[A-Za-z]{2,24}(?![A-Za-z0-9_-])"
)


def find_personal_data(text: str) -> Iterator[Finding]:
    """The personal data in `text`, in no order; findings may overlap."""
    lower = lowered(text)
    # A licence may begin with the name of a region; what ends a number is seen one or two characters behind.
    numbers = [(max(match.start() - 4, 0), match.end() + 2) for match in NUMBERS.finditer(text)]
    resident_words, phone_words = (
        beside(lower, word) if numbers else [] for word in (RESIDENT_WORD, PHONE_WORD)
    )
    for start, end in numbers:
        yield from resident_numbers(text, start, end, resident_words)
        yield from card_numbers(text, start, end)
        yield from phone_numbers(text, start, end, phone_words)
        yield from (Finding("licence_number", *match.span()) for match in LICENCE.finditer(text, start, end))
    for match in matches_beside(text, PASSPORT, beside(lower, PASSPORT_WORD)):
        yield Finding("passport_number", *match.span())
    yield from account_numbers(text, beside(lower, ACCOUNT_WORD))
    yield from emails(text)


def resident_numbers(text: str, start: int, end: int, words: list[Span]) -> Iterator[Finding]:
    """Resident and foreigner registration numbers.

    With a hyphen the form decides, unless the number is a corporation's, whose form is the same. Without one,
    13 digits need a right check digit or the word beside them.
    """
    for match in RESIDENT.finditer(text, start, end):
        number = digits(match[0])
        if not is_birth_date(number):
            continue
        is_certain = is_within(words, *match.span()) or rrn.is_valid(number)
        if is_certain or (ANY_HYPHEN.search(match[0]) and not is_corporation(text, match.start(), number)):
            yield Finding("resident_number", *match.span())


def is_birth_date(number: str) -> bool:
    """Whether a resident number begins with a day on which its holder can have been born."""
    try:
        return rrn.get_birth_date(number) <= LAST_BIRTH
    except ValidationError:
        return False


def is_corporation(text: str, start: int, number: str) -> bool:
    """Whether 13 digits with a wrong resident check digit are a corporation's registration number.

    Its word stands before it, or its kind of company (5th and 6th digit) and its last digit (weights 1 and 2
    in turn, modulo 10) fit. A number too young for a resident check digit is a resident's unless the word
    says otherwise.
    """
    if CORPORATION_WORD.search(text, max(start - 20, 0), start):
        return True
    if rrn.get_birth_date(number) >= CHECK_DIGITS_ENDED or number[4:6] not in COMPANIES:
        return False
    weighted = sum(int(digit) * (1 + index % 2) for index, digit in enumerate(number[:12]))
    return (10 - weighted % 10) % 10 == int(number[12])


def card_numbers(text: str, start: int, end: int) -> Iterator[Finding]:
    """Numbers of credit and debit cards, by issuer and check digit (ISO/IEC 7812)."""
    for match in CARD.finditer(text, start, end):
        number = digits(match[0])
        if CARD_ISSUERS.fullmatch(number) and luhn.is_valid(number):
            yield Finding("card_number", *match.span())


def account_numbers(text: str, words: list[Span]) -> Iterator[Finding]:
    """Bank accounts beside a word that tells them: 10 to 14 digits that are no business number."""
    for match in matches_beside(text, ACCOUNT, words):
        number = digits(match[0])
        is_business = len(number) == 10 and brn.is_valid(number) and len(ANY_HYPHEN.findall(match[0])) == 2
        if len(number) in ACCOUNT_DIGITS and not is_business:
            yield Finding("account_number", *match.span())


def matches_beside(text: str, pattern: re.Pattern[str], spans: list[Span]) -> Iterator[re.Match[str]]:
    """The matches that begin in one of the spans; where one ends is not the end of a number."""
    for start, end in spans:
        for match in pattern.finditer(text, start, end + LONGEST_NUMBER):
            if match.start() < end:
                yield match


def phone_numbers(text: str, start: int, end: int, words: list[Span]) -> Iterator[Finding]:
    """Telephone numbers: mobiles by their form, others where the numbering plan has them.

    `1588-1592`, which may be a span of years, and a landline in solid digits need a word beside them.
    """
    yield from (Finding("phone_number", *match.span()) for match in MOBILE.finditer(text, start, end))
    for pattern in (LANDLINE, INTERNATIONAL, SERVICE, SOLID):
        for match in pattern.finditer(text, start, end):
            is_years = pattern is SERVICE and int(match[1]) < int(match[2]) <= LAST_BIRTH.year
            needs_word = pattern is SOLID or is_years
            if (not needs_word or is_within(words, *match.span())) and is_in_numbering_plan(match[0]):
                yield Finding("phone_number", *match.span())


def is_in_numbering_plan(number: str) -> bool:
    """Whether the number, without a country code a Korean one, can be called."""
    if number.startswith("82"):
        number = "+" + number
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number, "KR"))
    except phonenumbers.NumberParseException:
        return False


def emails(text: str) -> Iterator[Finding]:
    """E-mail addresses; `git@host` is how every user of a repository logs in."""
    for match in EMAIL.finditer(text) if "@" in text else ():
        if not match[0].startswith("git@"):
            yield Finding("email", *match.span())


def digits(text: str) -> str:
    """The digits in `text` as ASCII."""
    return "".join(str(int(character)) for character in text if character.isdecimal())
