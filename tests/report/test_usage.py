"""Usage: sums over stages and documents, priced; what is unknown is never zero."""

from typing import Any

from slm_factory.report import usage


def stage(**documents: tuple[int, int]) -> dict[str, Any]:
    """A stage's usage from (prompt_tokens, completion_tokens) per document."""
    each = {
        name: {"requests": 1, "failed": 0, "prompt_tokens": p, "completion_tokens": c, "seconds": 0.5}
        for name, (p, c) in documents.items()
    }
    return {**usage.total(list(each.values())), "documents": each}


def test_stages_and_documents_add_up_to_the_total_and_its_price() -> None:
    stages = {"generate": stage(a=(1_000_000, 10), b=(0, 1_000_000)), "score": stage(a=(500_000, 0))}
    report = usage.report(stages, input_price=2, output_price=8)
    assert report["total"]["money"] == 11.00008
    assert report["total"]["requests"] == 3
    assert report["total"]["seconds"] == 1.5
    assert report["stages"]["score"]["money"] == 1
    assert report["documents"]["a"]["prompt_tokens"] == 1_500_000
    assert sum(counts["money"] for counts in report["documents"].values()) == 11.00008
    assert report["unknown"] == []


def test_a_stage_without_the_key_is_unknown_and_not_free() -> None:
    report = usage.report({"generate": stage(a=(7, 0)), "score": None}, 1, 1)
    assert (report["unknown"], report["stages"]["score"]) == (["score"], None)
    assert report["total"]["prompt_tokens"] == 7
