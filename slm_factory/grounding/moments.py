"""Times and dates that follow from others: spans between them, and moments a span earlier or later."""

import datetime
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations, permutations

from slm_factory.core.quantities import Quantity

MINUTE, DAY = Fraction(60_000), Fraction(86_400_000)  # milliseconds


def minutes(time: Quantity) -> list[int]:
    """Minutes since midnight; two where morning or afternoon is not said."""
    assert isinstance(time.value, tuple)
    hour, minute = time.value
    assert hour is not None
    hours = [abs(hour)] if hour >= 0 else [abs(hour), (abs(hour) + 12) % 24]
    return [60 * one + (minute or 0) for one in hours]


def times(given: Sequence[Quantity]) -> list[Quantity]:
    """The times of day among the given quantities."""
    return [one for one in given if one.kind == "time"]


def between_times(given: Sequence[Quantity]) -> set[Fraction]:
    """How long it is from each given time of day to each other, in milliseconds."""
    return {
        (later - earlier) % 1440 * MINUTE
        for one, other in permutations(times(given), 2)
        for earlier in minutes(one)
        for later in minutes(other)
        if later != earlier
    }


def shifted_times(given: Sequence[Quantity]) -> Iterator[tuple[int, int | None]]:
    """Each given time of day, earlier and later by each given duration."""
    lengths = [one.scaled[1] / MINUTE for one in given if one.kind == "amount" and one.scaled[0] == "time"]  # type: ignore[operator]
    for time in times(given):
        for start in minutes(time):
            for length in lengths:
                for shift in (length, -length):
                    moment = (start + shift) % 1440
                    if moment == int(moment):
                        yield int(moment) // 60, int(moment) % 60 or None


def dates(given: Sequence[Quantity]) -> Iterator[tuple[datetime.date, bool, bool]]:
    """The given dates as days, with whether the year and the day are said."""
    for one in given:
        if one.kind == "date" and isinstance(one.value, tuple):
            year, month, day = one.value
            if month is None:
                continue
            try:
                yield datetime.date(year or 2001, month, day or 1), year is not None, day is not None
            except ValueError:  # 31 June
                continue


def shifted_dates(given: Sequence[Quantity]) -> Iterator[tuple[int | None, int, int]]:
    """Each given date, earlier and later by each given number of days, weeks or months."""
    for date, has_year, has_day in dates(given):
        if not has_day:
            continue
        for one in given:
            dimension, scaled = one.scaled
            if one.kind != "amount" or not isinstance(scaled, Fraction) or scaled > 100 * 365 * DAY:
                continue
            for sign in (1, -1):
                if dimension == "time" and scaled % DAY == 0:
                    shifted = [date + sign * datetime.timedelta(days=int(scaled / DAY))]
                elif dimension == "months" and scaled <= 1200 and scaled == int(scaled):
                    shifted = list(moved_months(date, sign * int(scaled)))
                else:
                    continue
                for moved in shifted:
                    yield moved.year if has_year else None, moved.month, moved.day


def moved_months(date: datetime.date, months: int) -> Iterator[datetime.date]:
    """`date` moved by months, where that day exists."""
    index = date.year * 12 + date.month - 1 + months
    try:
        yield date.replace(year=index // 12, month=index % 12 + 1)
    except ValueError:
        return


def is_between_dates(wanted: Quantity, given: Sequence[Quantity], is_about: bool) -> bool:
    """Whether the wanted duration lies between two given dates, in days (both ends counted or not) or
    months."""
    for (one, one_year, _), (other, other_year, _) in combinations(list(dates(given)), 2):
        if one_year != other_year:
            continue
        if wanted.scaled[0] == "time":
            days = abs((one - other).days)
            if wanted.scaled[1] in (days * DAY, (days + 1) * DAY):
                return True
        if wanted.scaled[0] == "months":
            months = abs((one.year - other.year) * 12 + one.month - other.month)
            whole = months - ((max(one, other)).day < (min(one, other)).day)
            slack = 1 if is_about else 0
            assert isinstance(wanted.scaled[1], Fraction)
            if any(abs(wanted.scaled[1] - n) <= slack for n in (months, whole)):
                return True
    years = [
        one.value[0] for one in given if one.kind == "date" and isinstance(one.value, tuple) and one.value[0]
    ]
    return wanted.scaled[0] == "months" and any(
        wanted.scaled[1] == 12 * abs(a - b) for a, b in combinations(years, 2)
    )
