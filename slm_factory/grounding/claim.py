"""An answer beside everything that may support it: quotation, table header, question, title, headings."""

import functools
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from slm_factory.core.quantities import Quantity, read
from slm_factory.grounding.quotations import (
    Row,
    cell_units,
    marks_before,
    named_rows,
    quoted_rows,
    with_unit,
)
from slm_factory.grounding.words import Support, Word, content, without_quantities

ITEM = re.compile(r"(?m)^\s*\(?(\d{1,3})[.)]\s")
REPEATS = (
    (re.compile(r"매일|날마다|daily|(?:every|each|per|a) day", re.IGNORECASE), "1일, 7일"),
    (re.compile(r"연중무휴|24/7"), "24시간, 7일"),
    (re.compile(r"평일|주중|weekdays?|working days", re.IGNORECASE), "5일"),
    (re.compile(r"주말|weekend", re.IGNORECASE), "2일"),
    (
        re.compile(r"나머지|남은|잔여|\bthe (?:rest|remainder|others?|balance)\b|remaining", re.IGNORECASE),
        "100%",
    ),
    (re.compile(r"매주|주마다|weekly|(?:every|each|per|a) week", re.IGNORECASE), "1주"),
    (re.compile(r"격주|biweekly|fortnight", re.IGNORECASE), "2주"),
    (
        re.compile(r"매월|매달|다달이|월마다|달마다|monthly|(?:every|each|per|a) month", re.IGNORECASE),
        "1개월",
    ),
    (re.compile(r"분기|quarterly|every quarter", re.IGNORECASE), "3개월"),
    (re.compile(r"반기|half-year|semi-?annual", re.IGNORECASE), "6개월"),
    (re.compile(r"매년|해마다|연간|한 해|yearly|annual|(?:every|each|per|a) year", re.IGNORECASE), "1년"),
)


def repeats(text: str) -> list[str]:
    """The periods that words such as 매주 and "yearly" name."""
    return [period for word, period in REPEATS if word.search(text)]


# A day told by another one, which the chunk dates: 전날, the day before.
DAYS_APART = (
    (
        re.compile(
            r"전날|전일|하루 (?:전|앞|뒤)|다음 ?날|이튿날|익일|the (?:day|night) (?:before|after)|"
            r"(?:previous|next|following) day",
            re.IGNORECASE,
        ),
        "1일",
    ),
    (re.compile(r"이틀 (?:전|앞|뒤)|two days (?:before|after|earlier|later)", re.IGNORECASE), "2일"),
    (
        re.compile(
            r"전주|다음 ?주|the week (?:before|after)|(?:previous|next|following) week", re.IGNORECASE
        ),
        "1주",
    ),
)
WEEK = tuple("monday tuesday wednesday thursday friday saturday sunday".split())
WEEK_KO = "월화수목금토일"
DAY_EN = re.compile(r"\b(mon|tue|wed|thu|fri|sat|sun)(?:s|nes|rs|ur)?(?:day)?s?\b\.?", re.IGNORECASE)
DAY_KO = re.compile(
    r"(?<![가-힣])([월화수목금토일])(?:요일)?(?=\s?(?:[~∼〜–·,)-]|부터|에서|까지|에|은|이|$|\d))"
)
THROUGH = re.compile(r"\s?(?:[~∼〜–-]|to|through|부터|에서)\s?", re.IGNORECASE)


def weekdays(text: str) -> Iterator[str]:
    """The days of the week that `text` names in short, in full; where it names a range, its days and their
    number: Mon-Sat is Monday, ..., Saturday and 6일."""
    for pattern in (DAY_EN, DAY_KO):
        days = [(match, place_in_week(match[1])) for match in pattern.finditer(text)]
        yield from (WEEK[place] if pattern is DAY_EN else f"{WEEK_KO[place]}요일" for _, place in days)
        for (one, first), (other, last) in itertools.pairwise(days):
            if THROUGH.fullmatch(text[one.end() : other.start()]):
                length = (last - first) % 7 + 1
                yield f"{length}일"
                between = [(first + n) % 7 for n in range(length)]
                yield from (WEEK[n] if pattern is DAY_EN else f"{WEEK_KO[n]}요일" for n in between)


def place_in_week(day: str) -> int:
    """0 for mon and 월, ..., 6 for sun and 일."""
    return WEEK_KO.index(day) if day in WEEK_KO else [name[:3] for name in WEEK].index(day.casefold())


@functools.lru_cache(maxsize=256)
def chunk_quantities(source: str) -> tuple[Quantity, ...]:
    """The quantities of a chunk, remembered as its words are."""
    return read(source)


@functools.lru_cache(maxsize=256)
def whole_chunk(source: str) -> Support:
    """The words of a chunk, remembered: many pairs come from one."""
    return Support(source)


@dataclass(frozen=True)
class Claim:
    """An answer beside all that may support it."""

    question: str
    answer: str
    evidence: str
    source: str
    context: str

    @cached_property
    def rows(self) -> list[Row]:
        """The table rows of the chunk that are quoted."""
        return quoted_rows(self.evidence, self.source)

    @cached_property
    def quoted(self) -> str:
        """The evidence with the headers of its table rows."""
        headers = dict.fromkeys(cell for row in self.rows for cell in row.header)
        return "\n".join([self.evidence, *headers])

    @cached_property
    def support(self) -> Support:
        """Everything in which a word of the answer may stand."""
        return Support(self.quoted, self.question, self.context, *self.near_cells, *weekdays(self.quoted))

    @cached_property
    def near_cells(self) -> list[str]:
        """The cells of the table rows that the question names."""
        return [cell for row in named_rows(self.question, self.source) for cell in row.cells]

    @cached_property
    def given(self) -> list[Quantity]:
        """The quantities of evidence, question and context, and the numbers of quoted list items."""
        numbers = [Quantity("amount", Fraction(mark), "", mark, 0, 0) for mark in ITEM.findall(self.evidence)]
        numbers += [
            Quantity("amount", Fraction(ord(mark) - ord("①") + 1), "항", mark, 0, 0)
            for mark in marks_before(self.evidence, self.source)
        ]
        near = named_rows(self.question, self.source)
        cells = [with_unit(*pair) for row in [*self.rows, *near] for pair in cell_units(row, self.source)]
        rows = [cell for row in near for cell in row.cells]
        periods = [*repeats(f"{self.evidence} {self.question}"), *weekdays(self.evidence)]
        texts = (self.quoted, self.question, self.context, *cells, *rows, *periods)
        return [*numbers, *(one for text in texts for one in read(text))]

    @cached_property
    def days_apart(self) -> list[Quantity]:
        """How far from a date of the chunk the evidence puts what it tells: 전날 is a day."""
        return [one for word, text in DAYS_APART if word.search(self.evidence) for one in read(text)]

    @cached_property
    def said(self) -> str:
        """The answer without its quantities, line by line."""
        return without_quantities(self.answer)

    @cached_property
    def spoken(self) -> set[str]:
        """The stems of the words of question and answer."""
        return {word.stem for word in (*content(self.question), *content(self.answer))}

    @cached_property
    def unsaid(self) -> list[Word]:
        """The words of the evidence that neither answer nor question has: what other words may stand for."""
        said = Support(self.answer, self.question)
        return [word for word in content(self.evidence) if not said.has(word)]

    @cached_property
    def absent(self) -> set[str]:
        """The stems of the answer that stand neither in the support nor anywhere in the chunk."""
        whole = whole_chunk(self.source)
        return {
            word.stem for word in content(self.said) if not self.support.has(word) and not whole.has(word)
        }
