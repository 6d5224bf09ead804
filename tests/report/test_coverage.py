"""Coverage: what came of each document and of each silent chunk."""

from slm_factory.report import coverage
from tests import rows


def test_a_document_counts_its_facts_by_use() -> None:
    chunks = [rows.chunk(), rows.chunk(chunk_id="c2", index=1), rows.chunk(chunk_id="c3", doc_id="b.md")]
    pairs = [rows.reviewed(fact_id=fact) for fact in ("f1", "f1", "f2", "f3")]
    split = [
        rows.split(fact_id="f1"),
        rows.split(fact_id="f1", split="test"),
        rows.split(fact_id="f2"),
        rows.split(fact_id="f3", split="unseen"),
    ]
    first, second = coverage.documents(chunks, pairs, split)
    assert tuple(first) == coverage.COLUMNS
    assert list(first.values()) == ["a.md", 2, 1, 3, 2, 1, 1, 2]
    assert list(second.values()) == ["b.md", 1, 1, 0, 0, 0, 0, 0]


def test_each_silent_chunk_says_why() -> None:
    chunks = [rows.chunk(chunk_id=f"c{n}", index=n) for n in range(5)]
    pairs = [
        rows.reviewed(chunk_id="c0"),
        rows.reviewed(chunk_id="c1", is_kept=False, reasons=["too short: 3", "language"]),
        rows.reviewed(chunk_id="c1", is_kept=False, reasons=["language"]),
        rows.reviewed(chunk_id="c2"),
    ]
    split = [rows.split(chunk_id="c0"), rows.split(chunk_id="c2", split="unseen")]
    silent = coverage.chunks_without_rows(chunks, pairs, split, {"c3": "the teacher found no fact"})
    assert {chunk["chunk_id"]: chunk["reason"] for chunk in silent} == {
        "c1": "all pairs rejected: language, too short",
        "c2": coverage.HELD_OUT,
        "c3": "the teacher found no fact",
        "c4": coverage.NOT_READ,
    }
