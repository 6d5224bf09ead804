"""Whether a number, a time or a date follows from given ones by a calculation of one or two steps."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import permutations

from slm_factory.core.quantities import Quantity
from slm_factory.core.units import SCALES
from slm_factory.grounding.arithmetic import Equation, is_close
from slm_factory.grounding.moments import (
    DAY,
    MINUTE,
    between_times,
    is_between_dates,
    shifted_dates,
    shifted_times,
)

FEW = 8  # of more numbers some two or three always make the wanted one
VERY_FEW = 5
LABELS = frozenset(
    "조 항 호 등급 차 단계 층 쪽 위 시 월 분기 교시".split()
)  # 3항 is not 1항 and 2항 together
NUMBERED = frozenset("조 항 장 쪽".split())  # numbers of parts of a text
# Two steps, as operators between three terms; the first is done first.
TWO_STEPS = ("+*", "-*", "-/", "+/", "*+", "*-", "**", "*/", "++", "+-", "--")


def follows(wanted: Quantity, given: Sequence[Quantity], is_about: bool = False) -> bool:
    """Whether `wanted` comes from the given quantities by a sum, difference, product, quotient or share."""
    if wanted.kind == "time":
        return any(time == wanted.value for time in shifted_times(given)) or any(
            wanted.agrees_with(Quantity("time", time, "", "", 0, 0)) for time in shifted_times(given)
        )
    if wanted.kind == "date":
        return any(wanted.agrees_with(Quantity("date", date, "", "", 0, 0)) for date in shifted_dates(given))
    if wanted.kind != "amount" or wanted.unit in LABELS:
        return False
    amounts = distinct(given)
    spans = [Quantity("amount", span, "ms", "", 0, 0) for span in between_times(given)]
    if any(is_close(span.scaled[1], wanted, is_about) for span in spans) and wanted.scaled[0] == "time":  # type: ignore[arg-type]
        return True
    if is_between_dates(wanted, given, is_about):
        return True
    return (
        one_step(wanted, amounts, is_about)
        or departures(wanted, amounts, spans)
        or two_steps(wanted, amounts)
    )


def distinct(given: Sequence[Quantity]) -> list[Quantity]:
    """The given amounts, each once; numbers of articles and chapters are none."""
    amounts = [one for one in given if one.kind == "amount" and one.unit not in NUMBERED]
    return list({(one.scaled, one.unit == "%"): one for one in amounts}.values())


def one_step(wanted: Quantity, amounts: Sequence[Quantity], is_about: bool) -> bool:
    """Whether two of the amounts make the wanted one; of three or more of a kind, their sum does too."""
    dimension = wanted.scaled[0]
    same = [one for one in amounts if one.scaled[0] == dimension]
    total = sum((one.scaled[1] for one in same), Fraction(0))
    if len(same) > 2 and total == wanted.scaled[1]:
        return True
    if len(amounts) > FEW and len(same) > FEW:
        return False
    changes = permutations(same_kind(amounts), 2)
    if wanted.unit == "%" and any(is_growth(before, after, wanted) for before, after in changes):
        return True
    if any(
        is_changed(one, share, wanted, is_about) for one in same for share in amounts if share.unit == "%"
    ):
        return True
    return any(
        (
            fits(one, other, operator, wanted)
            and Equation("", (one, other), (operator,), wanted, is_about).holds
        )
        or is_counted(one, other, operator, wanted)
        for one, other in permutations(amounts, 2)
        for operator in "+-*/"
    )


def same_kind(amounts: Sequence[Quantity]) -> list[Quantity]:
    """The amounts that are no percentages."""
    return [one for one in amounts if one.unit not in ("%", "%p")]


def is_growth(one: Quantity, other: Quantity, wanted: Quantity) -> bool:
    """Whether the wanted percentage is the growth or fall from one amount to the other."""
    if one.scaled[0] != other.scaled[0] or not one.value:
        return False
    change = abs(other.scaled[1] - one.scaled[1]) / abs(one.scaled[1])  # type: ignore[operator, arg-type]
    return is_close(change * 100, wanted, False)


def is_changed(one: Quantity, share: Quantity, wanted: Quantity, is_about: bool) -> bool:
    """Whether the wanted amount is another one, more or less by a percentage of it."""
    if wanted.unit == "%":
        return False
    amount, part = one.scaled[1], share.value
    assert isinstance(amount, Fraction) and isinstance(part, Fraction)
    return any(is_close(amount * (1 + sign * part / 100), wanted, is_about) for sign in (1, -1))


def fits(one: Quantity, other: Quantity, operator: str, wanted: Quantity) -> bool:
    """Whether the operation makes sense: like is added to like, money is not multiplied by money."""
    kinds = like(one), like(other)
    if operator in "+-":
        return kinds[0] == kinds[1] == like(wanted) or (kinds[0] == kinds[1] == "")
    if operator == "*":
        return not (kinds[0] == kinds[1] and kinds[0] in SCALED)
    return True


def like(one: Quantity) -> str:
    """The dimension of a quantity; percentages and percentage points are added to each other."""
    return "%" if one.unit == "%p" else one.scaled[0]


SCALED = {dimension for dimension, _ in SCALES.values()} | {"원", "%"}


def is_counted(one: Quantity, other: Quantity, operator: str, wanted: Quantity) -> bool:
    """Whether a plain quotient or product is a duration in days: 28 tablets at one a day are four weeks."""
    if wanted.scaled[0] != "time" or operator not in "*/":
        return False
    assert isinstance(one.value, Fraction) and isinstance(other.value, Fraction)
    if operator == "*" and one.unit == "일" and other.unit in ("시간", "분"):
        return (
            one.value * other.value == number_for(wanted, other) / SCALES[other.unit][1]
        )  # five days of eight hours each
    if SCALES.get(one.unit) or SCALES.get(other.unit):
        return False
    if not other.value:
        return False
    value = one.value * other.value if operator == "*" else one.value / other.value
    return value * DAY == wanted.scaled[1]


def departures(wanted: Quantity, amounts: Sequence[Quantity], spans: Sequence[Quantity]) -> bool:
    """Whether the wanted number is a span divided by an interval, with both ends or without."""
    if wanted.scaled[0] in ("time", "months") or not isinstance(wanted.value, Fraction):
        return False
    lengths = [one.scaled[1] for one in amounts if one.scaled[0] == "time"]
    plain = [one.value * MINUTE for one in amounts if not one.unit and isinstance(one.value, Fraction)]
    return any(
        step and span.value / step in (wanted.value, wanted.value - 1)  # type: ignore[operator]
        for span in spans
        for step in [*lengths, *plain]
    )


def two_steps(wanted: Quantity, amounts: Sequence[Quantity]) -> bool:
    """Whether three of very few amounts make the wanted one in two steps."""
    amounts = [one for one in amounts if one.value != 1]  # 1회 1정 makes any number of anything
    if len(amounts) > VERY_FEW or not isinstance(wanted.value, Fraction):
        return False
    target = wanted.scaled[1]
    for three in permutations(amounts, 3):
        numbers = [number_for(one, wanted) for one in three]
        for steps in TWO_STEPS:
            inner = operate(steps[0], numbers[0], numbers[1])
            value = operate(steps[1], inner, numbers[2]) if inner is not None else None
            if value == target:
                return True
    return False


def number_for(one: Quantity, wanted: Quantity) -> Fraction:
    """An amount scaled if it has the dimension that is wanted, a percentage as a share, else as written."""
    value = one.scaled[1] if one.scaled[0] == wanted.scaled[0] else one.value
    assert isinstance(value, Fraction)
    return value / 100 if one.unit == "%" and wanted.unit != "%" else value


def operate(operator: str, one: Fraction, other: Fraction) -> Fraction | None:
    """The result of one operation; None for a division by zero."""
    if operator == "+":
        return one + other
    if operator == "-":
        return one - other
    if operator == "*":
        return one * other
    return one / other if other else None
