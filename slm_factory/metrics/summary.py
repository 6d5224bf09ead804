"""Means and intervals of measured answers, by slice and contender, and what they say about retrieval."""

import math
from typing import Any

from slm_factory.core.files import Row
from slm_factory.metrics.bootstrap import mean_interval
from slm_factory.metrics.comparison import compare, values
from slm_factory.metrics.slices import METRICS, SLICES

RETRIEVAL = "_retrieval"  # ends the name of a contender that is given passages


def summary(rows: list[Row], *, resamples: int, seed: int) -> dict[str, Any]:
    """Per slice and contender: n, and each metric's mean with its 95% interval.

    `refusal` is the share of refusals: right on abstain and unseen, over-refusal on recall. On abstain,
    `refusal_precision` is the share of the contender's refusals, over abstain and recall, that were in place.
    """
    measured: dict[str, Any] = {}
    for name in SLICES:
        for contender in sorted({row["contender"] for row in rows}):
            own = [row for row in rows if row["slice"] == name and row["contender"] == contender]
            if own:
                measured.setdefault(name, {})[contender] = measures(own, resamples, seed)
    for contender, found in measured.get("abstain", {}).items():
        refused = [
            float(row["slice"] == "abstain")
            for row in rows
            if row["contender"] == contender and row["is_refusal"] and row["slice"] in ("abstain", "recall")
        ]
        if refused:
            found["refusal_precision"] = interval(refused, resamples, seed)
    return measured


def measures(rows: list[Row], resamples: int, seed: int) -> dict[str, Any]:
    """n and every metric of one contender on one slice; a metric that applies to no row is left out."""
    result: dict[str, Any] = {"n": len(rows)}
    for metric in METRICS:
        measured = [float(row[metric]) for row in rows if row[metric] is not None]
        if measured:
            result[metric.removeprefix("is_")] = interval(measured, resamples, seed)
    if rows[0]["slice"] in ("general", "text") and "answer_loss" in result:
        bounds = result["answer_loss"]
        result["perplexity"] = {name: round(math.exp(value), 4) for name, value in bounds.items()}
    return result


def interval(measured: list[float], resamples: int, seed: int) -> dict[str, float]:
    """Mean, low and high."""
    return mean_interval(measured, resamples=resamples, seed=seed).rounded()


def retrieval_gain(rows: list[Row], *, resamples: int, seed: int) -> dict[str, Any] | None:
    """Whether passages in the prompt serve better than tuning alone; None where nobody was given any.

    {"contender": the best one that is given passages, "gain": its lead over tuned in key facts on recall,
    paired by question, "is_better": whether the whole interval lies above 0}.
    """
    recall = [row for row in rows if row["slice"] == "recall"]
    found = {
        name: values([row for row in recall if row["contender"] == name], "key_facts")
        for name in sorted({row["contender"] for row in recall})
    }
    contests = {
        name: compare(found["tuned"], own, is_higher_better=True, resamples=resamples, seed=seed)
        for name, own in found.items()
        if name.endswith(RETRIEVAL) and "tuned" in found
    }
    known = {name: contest for name, contest in contests.items() if contest is not None}
    if not known:
        return None
    best = max(known, key=lambda name: known[name].ft)
    gain = known[best].gain
    return {"contender": best, "gain": gain.rounded(), "is_better": gain.low > 0}
