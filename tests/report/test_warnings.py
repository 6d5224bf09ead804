"""Warnings name what a person should look at, and nothing else."""

from typing import Any

from slm_factory.report.warnings import warnings

LEFT = [{"step": "pairs", "left": 10}, {"step": "pairs with good marks", "left": 9}]


def document(name: str, rows: int, tested: int = 1) -> dict[str, Any]:
    return {"document": name, "rows": rows, "tested_facts": tested}


def labels(*documents: dict[str, Any], types: dict[str, int] | None = None, failed: int = 0) -> list[str]:
    found = warnings(list(documents), types or {}, failed, LEFT, 10)
    return [f"{warning['label']}: {warning['detail']}" for warning in found]


def test_documents_without_rows_or_tests_and_imbalance_are_warned_of() -> None:
    assert labels(document("a.md", 30, 3), document("b.md", 2, 0), document("c.md", 0, 0)) == [
        "documents without training rows: c.md",
        "documents without test questions: b.md",
        "uneven documents: a.md 30, b.md 2",
    ]


def test_balanced_documents_and_varied_questions_are_no_warning() -> None:
    assert labels(document("a.md", 30), document("b.md", 3), types={"what": 8, "how": 2}) == []
    assert labels() == []


def test_of_many_documents_a_few_are_named_and_the_others_counted() -> None:
    assert labels(*(document(f"{n}.md", 0) for n in range(8))) == [
        "documents without training rows: 0.md, 1.md, 2.md, 3.md, 4.md (+3)"
    ]


def test_failed_chunks_monotonous_questions_and_heavy_losses_are_warned_of() -> None:
    assert labels(document("a.md", 3), types={"what": 9, "how": 1}, failed=2) == [
        "chunks that the teacher failed on (the next run asks again): 2",
        "one type of question: what, 9 of 10",
    ]
    lossy = [LEFT[0], {**LEFT[1], "left": 4}]
    assert warnings([], {}, 0, lossy, 10)[0]["detail"] == "6 of 10"
