"""What the gate's rules are made of: a contender's values, means and paired differences, a rule as JSON."""

from typing import Any

from slm_factory.core.files import Row
from slm_factory.metrics.bootstrap import Interval, mean_interval, paired_interval
from slm_factory.metrics.slices import GateSettings

Values = dict[str, float]  # by question_id


def values(rows: list[Row], contender: str, slice_name: str, metric: str) -> Values:
    """The contender's metric on each question of a slice where it applies."""
    return {
        row["question_id"]: float(row[metric])
        for row in rows
        if row["contender"] == contender and row["slice"] == slice_name and row[metric] is not None
    }


def mean(own: Values, settings: GateSettings) -> Interval | None:
    """The interval of the mean of one contender's values, or None without any."""
    if not own:
        return None
    return mean_interval(
        [own[key] for key in sorted(own)],
        resamples=settings.resamples,
        seed=settings.seed,
        confidence=settings.confidence,
    )


def difference(
    candidate: Values, other: Values, settings: GateSettings, comparisons: int = 1
) -> Interval | None:
    """The paired interval of candidate - other over the questions that both have, or None without any.

    Where one of several `comparisons` is enough for a refusal, each interval is widened so that all of them
    together hold with `gate.confidence` (Bonferroni; Dunn 1961).
    """
    shared = sorted(candidate.keys() & other.keys())
    if not shared:
        return None
    return paired_interval(
        [candidate[key] for key in shared],
        [other[key] for key in shared],
        resamples=settings.resamples,
        seed=settings.seed,
        confidence=1 - (1 - settings.confidence) / comparisons,
    )


def rule(
    name: str, interval: Interval | None, limit: float, is_met: bool, explanation: str
) -> dict[str, Any]:
    """One rule as JSON; without an interval there was nothing to judge by, and the rule is not met."""
    if interval is None:
        measured: dict[str, float | None] = {"value": None, "low": None, "high": None}
        is_met, explanation = False, f"no questions to judge by ({explanation})"
    else:
        rounded = interval.rounded()
        measured = {"value": rounded["mean"], "low": rounded["low"], "high": rounded["high"]}
    return {"name": name, **measured, "limit": limit, "is_met": is_met, "explanation": explanation}


def shown(interval: Interval | None) -> str:
    """`0.912 (0.880 to 0.940)`."""
    return f"{interval.mean:.3f} ({interval.low:.3f} to {interval.high:.3f})" if interval else "unknown"
