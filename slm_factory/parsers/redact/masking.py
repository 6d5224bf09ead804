"""Finds personal data and secrets in a text, and puts placeholders in their place.

What is masked is gone: nothing is found in masked text, and no part of a finding is left in it. Hostile text
takes linear time, as every pattern here is bounded or begins with a literal behind a border.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from slm_factory.parsers.redact.credentials import find_credentials
from slm_factory.parsers.redact.finding import Finding
from slm_factory.parsers.redact.personal_data import find_personal_data

PLACEHOLDERS = {  # by kind: Korean, English
    "resident_number": ("주민등록번호", "resident number"),
    "passport_number": ("여권번호", "passport number"),
    "licence_number": ("운전면허번호", "licence number"),
    "card_number": ("카드번호", "card number"),
    "account_number": ("계좌번호", "account number"),
    "phone_number": ("전화번호", "phone number"),
    "email": ("이메일", "email"),
    "password": ("비밀번호", "password"),
    "secret": ("비밀키", "secret key"),
}
# Masking may free a number from a neighbour that hid it (900101-1234567-02-123-4567), so the rest is searched
# again. Two rounds find all but texts made to need more; the limit keeps those linear.
ROUNDS = 4
# Stands for a finding while the rest is searched: as long as the shortest placeholder, so that a word tells
# about everything that it is near to in the masked text.
BLANK = "[가가가]"


class Shift(NamedTuple):
    """From `start` on, offsets move by `by`, up to the next shift."""

    start: int
    by: int


def find(text: str) -> list[Finding]:
    """The personal data and secrets in `text`, sorted, not overlapping."""
    found: list[Finding] = []
    for _ in range(ROUNDS):
        known = len(found)
        for search in (find_credentials, find_personal_data):  # user:password@host looks like an address
            rest, shifts = blanked(text, found)
            new = merged(sorted(search(rest), key=by_start))
            found += [
                Finding(kind, start + shift_at(shifts, start), end + shift_at(shifts, end))
                for kind, start, end in new
            ]
            found.sort(key=by_start)
        if len(found) == known:
            break
    return found


def by_start(finding: Finding) -> tuple[int, int]:
    """What sorts findings; of two at one place, the longer is first."""
    return finding.start, -finding.end


def merged(findings: Sequence[Finding]) -> Iterator[Finding]:
    """The sorted findings, overlapping ones as one of the first one's kind: no part of either may remain."""
    current: Finding | None = None
    for finding in findings:
        if current and finding.start < current.end:
            current = current._replace(end=max(current.end, finding.end))
            continue
        if current:
            yield current
        current = finding
    if current:
        yield current


def blanked(text: str, findings: Sequence[Finding]) -> tuple[str, list[Shift]]:
    """`text` with `BLANK` for each of the sorted findings, and the way back from offsets in it to `text`."""
    parts: list[str] = []
    shifts = [Shift(0, 0)]
    end = length = 0
    for finding in findings:
        parts += [text[end : finding.start], BLANK]
        length += finding.start - end + len(BLANK)
        end = finding.end
        shifts.append(Shift(length, end - length))
    return "".join([*parts, text[end:]]), shifts


def shift_at(shifts: Sequence[Shift], offset: int) -> int:
    """How far `offset` has moved."""
    return shifts[bisect_right(shifts, offset, key=lambda shift: shift.start) - 1].by


def mask(
    text: str, findings: Sequence[Finding], offsets: Sequence[int], language: str
) -> tuple[str, tuple[int, ...]]:
    """`text` with a placeholder for each of the sorted findings, and where `offsets` in it have moved.

    An offset inside of a finding moves to the beginning of its placeholder.
    """
    parts: list[str] = []
    shifts = [Shift(0, 0)]
    end = length = 0
    for kind, start, finding_end in findings:
        placeholder = f"[{PLACEHOLDERS[kind][language == 'en']}]"
        if text.startswith(("(", "[", ":"), finding_end):
            placeholder += " "  # Markdown would take the two for a link
        parts += [text[end:start], placeholder]
        length += start - end + len(placeholder)
        end = finding_end
        shifts.append(Shift(end, length - end))
    moved = []
    for offset in offsets:
        before = bisect_right(findings, offset, key=lambda finding: finding.start) - 1
        if before >= 0 and offset < findings[before].end:
            offset = findings[before].start
        moved.append(offset + shift_at(shifts, offset))
    return "".join([*parts, text[end:]]), tuple(moved)
