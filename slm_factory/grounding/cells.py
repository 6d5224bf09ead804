"""A value from another cell of a table than the one that is asked for."""

from slm_factory.core.quantities import read
from slm_factory.core.text import normalize
from slm_factory.grounding.claim import Claim
from slm_factory.grounding.derivations import follows
from slm_factory.grounding.quotations import Row, table_rows
from slm_factory.grounding.words import Support


def other_cell(claim: Claim) -> list[str]:
    """A cell of the only quoted row from another column than the one that is asked for."""
    if len(claim.rows) != 1 or len(claim.rows[0].header) < 3:
        return []
    row, question, answer = claim.rows[0], Support(claim.question), Support(claim.answer)
    columns = asked_columns(row, claim.question)
    if len(columns) != 1:
        return []
    wanted = row.cells[columns[0]]
    if not wanted.strip("-– ") or says(claim.answer, answer, wanted):
        return []
    others = [
        cell
        for place, cell in enumerate(row.cells)
        if place
        and cell not in ("", wanted)
        and says(claim.answer, answer, cell)
        and not says(claim.question, question, cell)
        and not comes_from(cell, wanted)
    ]
    return [f"{'number' if read(cell) else 'name'} without evidence: {cell}" for cell in others[:1]]


def asked_columns(row: Row, question: str) -> list[int]:
    """The columns whose header, but not whose cell, stands in the question; the longest of nested ones."""
    asked = normalize(question).casefold()
    named = [n for n, name in enumerate(row.header) if n and name and name.casefold() in asked]
    named = [n for n in named if not says(question, Support(question), row.cells[n])]
    headers = [row.header[n].casefold() for n in named]
    return [
        n for n, own in zip(named, headers, strict=True) if not any(own != h and own in h for h in headers)
    ]


def comes_from(cell: str, wanted: str) -> bool:
    """Whether the quantities of a cell can be calculated from another one: 8 hours from 09:00-17:00."""
    quantities, given = read(cell), read(wanted)
    return bool(quantities) and all(follows(one, given) for one in quantities)


def other_row(claim: Claim) -> list[str]:
    """A cell of the asked column from another row than the quoted one, whose own cell is left unsaid."""
    if len(claim.rows) != 1 or not claim.rows[0].header:
        return []
    own, asked = claim.rows[0], Support(claim.question, claim.quoted)
    answer = Support(claim.answer)
    for place, cell in enumerate(own.cells):
        if not place or not cell or says(claim.answer, answer, cell):
            continue
        for row in table_rows(claim.source):
            other = row.cells[place] if row.header == own.header else ""
            if (
                len(other) > 1
                and not read(other)
                and answer.has_letters(other)
                and not asked.has_letters(other)
            ):
                return [f"name without evidence: {other}"]
    return []


def says(text: str, letters: Support, value: str) -> bool:
    """Whether a text gives a value: its quantities, else its letters."""
    quantities = read(value)
    if quantities:
        given = read(text)
        return all(any(one.agrees_with(other) for other in given) for one in quantities)
    return letters.has_letters(value)
