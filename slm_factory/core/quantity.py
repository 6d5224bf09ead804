"""One number, date, time of day or code as a value, and when two of them say the same."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from slm_factory.core.units import SCALES

Kind = Literal["amount", "date", "time", "code"]
# amount: the number; date: (year, month, day); time: (hour, minute); code: its letters. None is not said.
Value = Fraction | tuple[int | None, ...] | str


@dataclass(frozen=True, slots=True)
class Quantity:
    """One quantity as a value; `start` and `end` are its place in the normal form (NFKC) of the text."""

    kind: Kind
    value: Value
    unit: str  # a unit of core.units; "" for none
    text: str
    start: int
    end: int
    is_spelled: bool = False  # in words: 두 번, a dozen

    @property
    def scaled(self) -> tuple[str, Value]:
        """Dimension and value in its smallest unit, so that 90분 and 1시간 30분 are equal."""
        dimension, factor = SCALES.get(self.unit, (self.unit, Fraction(1)))
        return dimension, self.value * factor if isinstance(self.value, Fraction) else self.value

    def agrees_with(self, other: "Quantity") -> bool:
        """Whether `other` says what this one says, and at least as precisely; a missing unit fits any."""
        if self.kind == other.kind == "amount":
            return self.scaled == other.scaled or (
                not (self.unit and other.unit) and self.value == other.value
            )
        if self.kind == other.kind == "time":
            return is_same_time(self.value, other.value)
        if self.kind == other.kind:
            return is_part(self.value, other.value)
        if "code" in (self.kind, other.kind):
            return False
        # 5일 may be a day of a month, a bare 2016 a year, a bare 14 an hour
        amount, moment = (self, other) if self.kind == "amount" else (other, self)
        parts = moment_parts(moment)
        if self is moment and len(parts) > 1:
            return False
        return any(amount.value == part and amount.unit in ("", unit) for part, unit in parts)


def is_part(value: Value, whole: Value) -> bool:
    """Whether `whole` has all that the date `value` has, and nothing else instead; codes must be equal."""
    if isinstance(value, tuple) and isinstance(whole, tuple):
        return all(part in (None, other) for part, other in zip(value, whole, strict=True))
    return value == whole


def is_same_time(value: Value, other: Value) -> bool:
    """Whether two times of day are one; without morning or afternoon (hours negative) any of them fits."""
    assert isinstance(value, tuple) and isinstance(other, tuple)
    (hour, minute), (other_hour, other_minute) = value, other
    assert hour is not None and other_hour is not None
    if (minute or 0) != (other_minute or 0):
        return False
    return hour == other_hour or (min(hour, other_hour) < 0 and abs(hour) % 12 == abs(other_hour) % 12)


def moment_parts(moment: Quantity) -> list[tuple[int, str]]:
    """The numbers that a date or a time of day is made of, each with its unit."""
    assert isinstance(moment.value, tuple)
    units = ("년", "월", "일") if moment.kind == "date" else ("시", "분")
    return [(abs(part), unit) for part, unit in zip(moment.value, units, strict=True) if part is not None]
