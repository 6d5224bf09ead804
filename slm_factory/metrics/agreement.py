"""How far two judges agree beyond chance, and whether wins outnumber losses beyond it."""

from collections.abc import Sequence
from math import comb
from typing import Any


def kappa(verdicts: Sequence[tuple[bool, bool]]) -> dict[str, Any]:
    """{n, share, kappa} of two judges' verdicts: the share of equal ones, and Cohen's kappa (Cohen 1960).

    `kappa` is None where both judges always say the same one thing: chance alone would agree as well.
    """
    n = len(verdicts)
    if not n:
        return {"n": 0, "share": None, "kappa": None}
    share = sum(one == two for one, two in verdicts) / n
    yes = [sum(verdict[judge] for verdict in verdicts) / n for judge in (0, 1)]
    chance = yes[0] * yes[1] + (1 - yes[0]) * (1 - yes[1])
    return {
        "n": n,
        "share": round(share, 4),
        "kappa": round((share - chance) / (1 - chance), 4) if chance < 1 else None,
    }


def sign_test(wins: int, losses: int) -> float:
    """Two-sided p of the exact sign test (Dixon and Mood 1946); ties count for neither, no row gives 1."""
    n = wins + losses
    tail = sum(comb(n, count) for count in range(min(wins, losses) + 1))
    return min(1.0, 2 * tail / 2**n)
