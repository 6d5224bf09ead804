"""Two contenders on the same questions: means, paired interval, wins, losses, ties, sign test."""

from dataclasses import dataclass
from typing import Any

from slm_factory.core.files import Row
from slm_factory.metrics.agreement import sign_test
from slm_factory.metrics.bootstrap import Interval, paired_interval

Values = dict[str, float]  # by question_id


@dataclass(frozen=True)
class Comparison:
    """`gain` is ft - base, turned round where lower is better: positive is always better."""

    n: int
    base: float
    ft: float
    gain: Interval
    wins: int
    losses: int
    ties: int
    p: float

    def as_json(self) -> dict[str, Any]:
        """The numbers to four places."""
        means = {"base": round(self.base, 4), "ft": round(self.ft, 4), "gain": self.gain.rounded()}
        counts = {"wins": self.wins, "losses": self.losses, "ties": self.ties}
        return {"n": self.n, **means, **counts, "p": round(self.p, 6)}


def values(rows: list[Row], metric: str) -> Values:
    """The metric of each question where it applies."""
    return {row["question_id"]: float(row[metric]) for row in rows if row[metric] is not None}


def compare(
    base: Values, ft: Values, *, is_higher_better: bool, resamples: int, seed: int
) -> Comparison | None:
    """The comparison over the questions that both have, None without any."""
    shared = sorted(base.keys() & ft.keys())
    if not shared:
        return None
    before, after = [base[key] for key in shared], [ft[key] for key in shared]
    better, worse = (after, before) if is_higher_better else (before, after)
    wins = sum(one > two for one, two in zip(better, worse, strict=True))
    losses = sum(one < two for one, two in zip(better, worse, strict=True))
    return Comparison(
        n=len(shared),
        base=sum(before) / len(shared),
        ft=sum(after) / len(shared),
        gain=paired_interval(better, worse, resamples=resamples, seed=seed),
        wins=wins,
        losses=losses,
        ties=len(shared) - wins - losses,
        p=sign_test(wins, losses),
    )
