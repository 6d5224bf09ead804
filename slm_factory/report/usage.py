"""What the teacher cost, summed over stages and documents."""

from collections import defaultdict
from typing import Any

Counts = dict[str, float]

COUNTED = ("requests", "failed", "prompt_tokens", "completion_tokens", "seconds")


def money(counts: Counts, input_price: float, output_price: float) -> float:
    """What these tokens cost; prices are of a million."""
    cost = counts["prompt_tokens"] * input_price + counts["completion_tokens"] * output_price
    return round(cost / 1_000_000, 6)


def report(stages: dict[str, Any], input_price: float, output_price: float) -> dict[str, Any]:
    """metrics/teacher.json: total, by stage, by document.

    `stages`: the key "teacher" of each stage's metrics, None where its file is older than that key. Such a
    stage is null here and stands in `unknown`; the totals are then of the others.
    """
    known = {name: usage for name, usage in stages.items() if usage is not None}
    by_document: defaultdict[str, list[Counts]] = defaultdict(list)
    for usage in known.values():
        for doc_id, counts in usage.get("documents", {}).items():
            by_document[doc_id].append(counts)

    def priced(parts: list[Counts]) -> Counts:
        counts = total(parts)
        return counts | {"money": money(counts, input_price, output_price)}

    return {
        "total": priced(list(known.values())),
        "unknown": [name for name, usage in stages.items() if usage is None],
        "stages": {name: usage and priced([usage]) for name, usage in stages.items()},
        "documents": {doc_id: priced(parts) for doc_id, parts in sorted(by_document.items())},
    }


def total(parts: list[Counts]) -> Counts:
    """The sums of each of `COUNTED`; seconds to the millisecond."""
    sums = {name: sum(part.get(name, 0) for part in parts) for name in COUNTED}
    return sums | {"seconds": round(sums["seconds"], 3)}
