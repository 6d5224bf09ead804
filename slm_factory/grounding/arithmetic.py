"""Calculations that a text states, checked; and numbers that follow from others by a calculation.

An equation is read where it stands in words or signs: `1억원 x 10% = 1,000만원`, "10% of 100 million won is
10 million won", 90분(1시간 30분), "2명과 3명, 모두 5명".
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from slm_factory.core.quantities import Quantity, read
from slm_factory.core.units import SCALES

# Only after the verb is it known what 1억원에 10%를 does: 곱하면, 더하면, ...
VERBS = {
    "+": re.compile(r"더하|더해|합하|합쳐|합치|합산|합계|합은|합이|added|sum|together|in (?:all|total)"),
    "-": re.compile(r"빼|뺀|차감|공제|제하|제한|subtract|deduct|difference"),
    "*": re.compile(r"곱하|곱한|곱해|multipl"),
    "/": re.compile(r"나누|나눈|나눠|divid"),
}
SIGN = {
    "+": re.compile(r"\+"),
    "-": re.compile(r"[-−]|minus|빼기"),
    "*": re.compile(r"[×x*✕]|times|multiplied by|곱하기"),
    "/": re.compile(r"÷|/|divided by|나누기"),
}
ABOUT = r"(?:약|대략|거의|총|모두|합계|합쳐|about|approximately|roughly|a total of)?"
EQUALS = re.compile(
    rf"[)\]]?,?\s*(?:=|≒|≈|→|:|[은는인]|이면|면|이니까?|이므로|이고|is|are|equals|makes|gives|comes to|"
    rf"which is|that is|i\.e\.,?|즉),?\s*{ABOUT}\s*"
    r"(?:\(\s*)?",
    re.IGNORECASE,
)
OPERATOR = re.compile(r"\s*[×x*✕÷/+−-]\s*[\d(]")
SHARE_OF = re.compile(r"(?:of(?: the)?(?: \w+){0,3}|percent of)", re.IGNORECASE)
SENTENCE = re.compile(r"(?<=[.!?。])\s+|\n+|(?<=[다요])\.\s*")


@dataclass(frozen=True)
class Equation:
    """What a text calculates: `terms` joined by `operators` is said to be `result`."""

    text: str
    terms: tuple[Quantity, ...]
    operators: tuple[str, ...]
    result: Quantity
    is_about: bool
    is_loose: bool = False  # read from words such as "in total", which may mean another total

    @property
    def holds(self) -> bool:
        """Whether the equation is right, to the precision that its result is written with."""
        if any(is_close(value, self.result, self.is_about) for value in values(self)):
            return True
        # 1958 - 1891 = 67 years: the unit may stand at the result alone
        bare = [] if any(term.unit for term in self.terms) else [number(term) for term in self.terms]
        return bool(bare) and number(self.result) in evaluated(bare, self.operators)


def values(equation: Equation) -> Iterator[Fraction]:
    """What the terms come to in the smallest unit of the result's dimension; more than one where units
    allow."""
    dimension = equation.result.scaled[0]
    terms = [in_dimension(term, dimension) for term in equation.terms]
    yield from evaluated(terms, equation.operators)
    if all(term.scaled[0] == equation.terms[0].scaled[0] for term in equation.terms):
        # one duration divided by another is a plain number or a percentage
        scaled = [amount(term) for term in equation.terms]
        for value in evaluated(scaled, equation.operators):
            yield value
            if equation.result.unit == "%":
                yield value * 100
    yield from evaluated([number(term) for term in equation.terms], equation.operators)


def evaluated(terms: Sequence[Fraction], operators: Sequence[str]) -> Iterator[Fraction]:
    """The value of terms and operators, multiplication and division first; nothing for a division by zero."""
    numbers, signs = [terms[0]], []
    for operator, term in zip(operators, terms[1:], strict=True):
        if operator == "*":
            numbers[-1] *= term
        elif operator == "/":
            if not term:
                return
            numbers[-1] /= term
        elif operator == "~":
            numbers[-1] = abs(numbers[-1] - term)
        else:
            numbers.append(term)
            signs.append(1 if operator == "+" else -1)
    yield numbers[0] + sum((sign * term for sign, term in zip(signs, numbers[1:], strict=True)), Fraction(0))


def number(quantity: Quantity) -> Fraction:
    """The number as written; a percentage as a share."""
    assert isinstance(quantity.value, Fraction)
    return quantity.value / 100 if quantity.unit in ("%", "%p") else quantity.value


def amount(quantity: Quantity) -> Fraction:
    """The number in the smallest unit of its dimension; a percentage as a share."""
    scaled = quantity.scaled[1]
    assert isinstance(scaled, Fraction)
    return scaled / 100 if quantity.unit in ("%", "%p") else scaled


def in_dimension(quantity: Quantity, dimension: str) -> Fraction:
    """The number scaled where it has the dimension of the result, else as written."""
    if quantity.scaled[0] == dimension and dimension not in ("%", "%p"):
        return amount(quantity)
    if dimension in ("%", "%p") and quantity.unit in ("%", "%p"):
        assert isinstance(quantity.value, Fraction)
        return quantity.value
    return number(quantity)


def is_close(value: Fraction, result: Quantity, is_about: bool) -> bool:
    """Whether `value` is what the result says, rounded as it is written; "about" allows two percent."""
    stated = result.scaled[1]
    assert isinstance(stated, Fraction)
    if value == stated:
        return True
    factor = SCALES.get(result.unit, ("", Fraction(1)))[1]
    decimals = re.search(r"\.(\d+)", result.text)
    rounding = factor / 2 / 10 ** len(decimals[1]) if decimals else Fraction(0)
    return abs(value - stated) <= max(rounding, abs(stated) / 50 if is_about else 0)


def equations(text: str) -> Iterator[Equation]:
    """The equations that `text` states, in reading order."""
    normal = unicodedata.normalize("NFKC", text)
    amounts = [one for one in read(text) if one.kind == "amount"]
    for position, result in enumerate(amounts):
        before = amounts[:position]
        if not before:
            continue
        gap = normal[before[-1].end : result.start]
        if (found := signed(normal, before, result, gap) or worded(normal, before, result, gap)) or (
            found := apart(normal, before, result, gap)
        ):
            yield found
        if found := converted(normal, before[-1], result, gap):
            yield found


def signed(text: str, before: list[Quantity], result: Quantity, gap: str) -> Equation | None:
    """`A x B - C = D`, also with 은 or "is" for the sign of equality; "10% of A is D", A의 10%는 D."""
    if not EQUALS.fullmatch(gap) or OPERATOR.match(text[result.end :]):
        return None  # 9,400명의 50%인 9,400명 × 50%: the result begins another formula
    terms = [before[-1]]
    operators: list[str] = []
    for one, other in zip(reversed(before[:-1]), reversed(before[1:]), strict=True):
        between = text[one.end : other.start].strip()
        if set(between) & set("()[]"):
            return None
        operator = next((sign for sign, pattern in SIGN.items() if pattern.fullmatch(between)), None)
        is_share = (other.unit == "%" and between in ("의", "중", "")) or (
            one.unit == "%" and SHARE_OF.fullmatch(between)
        )
        if operator is None and not is_share:
            break
        terms.insert(0, one)
        operators.insert(0, operator or "*")
    if not operators:
        return None
    is_about = bool(re.search(r"약|대략|거의|≒|≈|about|approx|roughly", gap))
    return Equation(text[terms[0].start : result.end], tuple(terms), tuple(operators), result, is_about)


def worded(text: str, before: list[Quantity], result: Quantity, gap: str) -> Equation | None:
    """A에서 B를 빼면 C, A에 B를 곱하면 C; "A plus B gives C" reads as signs."""
    if len(gap) > 40 or len(before) < 2 or SENTENCE.search(gap):
        return None
    operator = next((sign for sign, verb in VERBS.items() if verb.search(gap)), None)
    if operator is None:
        return None
    terms = [before[-1]]
    for one, other in zip(reversed(before[:-1]), reversed(before[1:]), strict=True):
        between = text[one.end : other.start]
        is_long = operator == "+" or between.startswith("에서")
        is_near = len(between) <= (30 if is_long else 12) and not SENTENCE.search(between)
        if not is_near or (len(terms) == 2 and operator != "+"):
            break
        terms.insert(0, one)
    same = [term for term in terms if term.scaled[0] == result.scaled[0]]
    if operator in "+-":
        if len(same) != len(terms) and not any(term.unit == "%" for term in terms):
            return None
        if any(term.unit == "%" for term in terms) and result.unit != "%":
            return None
    if len(terms) < 2:
        return None
    signs = (operator,) * (len(terms) - 1)
    return Equation(
        text[terms[0].start : result.end], tuple(terms), signs, result, "약" in gap or "about" in gap, True
    )


# 3천만원과 1천만원이므로 2천만원 차이; 80에서 200으로 120 늘었다; "from 80 to 200, 120 more"
APART = re.compile(
    r"\s?(?:만큼|이나|가량|정도)?[ ,]*(?:의 )?(?:차이|더 |덜 |적[습다은고]|많[습다은고아]|"
    r"높[습다은고아]|낮[습다은고아]|"
    r"늘[어었]|줄[어었]|증가|감소|올[라랐]|내[려렸]|짧|길[다어]|\w* ?\b(?:more|less|fewer|longer|"
    r"shorter|higher|lower|apart)\b)"
)
APART_BEFORE = re.compile(
    r"차이[는가]|\b(?:difference|gap|rise|fall|increase|decrease|drop|growth) (?:is|of)\s*$"
)
PAIRED = re.compile(r"\s?(?:[와과]|이고|에서|보다|,|and|to|against|versus|vs\.?)\s(?:\w+ ){0,2}")


def apart(text: str, before: list[Quantity], result: Quantity, gap: str) -> Equation | None:
    """Two amounts and how far they are apart."""
    if len(before) < 2 or len(gap) > 25 or SENTENCE.search(gap) or set(gap) & set("()"):
        return None
    one, other = before[-2:]
    if not PAIRED.fullmatch(text[one.end : other.start]) or not (
        one.scaled[0] == other.scaled[0] == result.scaled[0]
    ):
        return None
    if not (APART.match(text, result.end) or APART_BEFORE.search(gap)):
        return None
    return Equation(text[one.start : result.end], (one, other), ("~",), result, False, True)


def converted(text: str, one: Quantity, result: Quantity, gap: str) -> Equation | None:
    """90분(1시간 30분), 90분, 즉 1시간 30분; 90 minutes equal 1.5 hours: one amount in two units."""
    if (
        one.scaled[0] != result.scaled[0]
        or one.unit == result.unit
        or one.scaled[0] not in ("time", "months", "bytes", "length", "mass")
    ):
        return None
    if not re.fullmatch(
        r"\s*(?:\(|=|,? ?즉,? ?|,? ?(?:or|that is|i\.e\.|equals?|equal to|is)\s|[은는]\s|으로,? 즉 )\s*", gap
    ):
        return None
    return Equation(text[one.start : result.end], (one,), (), result, False)


def wrong(text: str) -> list[str]:
    """The stated equations of `text` that do not hold, as written."""
    return [equation.text for equation in equations(text) if not equation.holds]
