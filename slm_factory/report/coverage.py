"""What came of each document: its chunks, its facts, and which of them can be learned and asked for."""

from collections import Counter, defaultdict
from typing import Any

from slm_factory.core.files import Row
from slm_factory.report.funnel import label, ordered

COLUMNS = (
    *("document", "chunks", "chunks_without_rows", "facts", "trained_facts", "tested_facts"),
    *("trained_and_tested_facts", "rows"),
)
NOT_READ = "left out by the sample"
HELD_OUT = "all pairs are held out"


def documents(chunks: list[Row], pairs: list[Row], split: list[Row]) -> list[dict[str, Any]]:
    """A row of `COLUMNS` per document, by name; `rows` are training pairs.

    `pairs`: all of them, also rejected ones; `split`: those that went to a split.
    """
    chunk_counts = Counter(chunk["doc_id"] for chunk in chunks)
    with_rows = {row["chunk_id"] for row in split if row["split"] == "train"}
    silent = Counter(chunk["doc_id"] for chunk in chunks if chunk["chunk_id"] not in with_rows)
    facts = Counter(doc_id for doc_id, _ in {(row["doc_id"], row["fact_id"]) for row in pairs})
    trained, tested = facts_in(split, "train"), facts_in(split, "test")
    rows = Counter(row["doc_id"] for row in split if row["split"] == "train")
    return [
        {
            "document": doc_id,
            "chunks": count,
            "chunks_without_rows": silent[doc_id],
            "facts": facts[doc_id],
            "trained_facts": len(trained[doc_id]),
            "tested_facts": len(tested[doc_id]),
            "trained_and_tested_facts": len(trained[doc_id] & tested[doc_id]),
            "rows": rows[doc_id],
        }
        for doc_id, count in sorted(chunk_counts.items())
    ]


def facts_in(split: list[Row], name: str) -> defaultdict[str, set[str]]:
    """The facts of each document that have a pair in the split `name`."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for row in split:
        if row["split"] == name:
            found[row["doc_id"]].add(row["fact_id"])
    return found


def chunks_without_rows(
    chunks: list[Row], pairs: list[Row], split: list[Row], reasons: dict[str, str]
) -> list[dict[str, Any]]:
    """The chunks that give the student no row, in reading order: chunk_id, document, index, headings, reason.

    `reasons`: by chunk_id, of those that gave no pair; one without pair or reason was never read.
    """
    with_rows = {row["chunk_id"] for row in split if row["split"] == "train"}
    held_out = {row["chunk_id"] for row in split}
    rejected: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in pairs:
        if row["chunk_id"] not in held_out:
            rejected[row["chunk_id"]].update({label(reason) for reason in row["reasons"]})

    def reason(chunk_id: str) -> str:
        if chunk_id in reasons:
            return reasons[chunk_id]
        if chunk_id in rejected:
            return f"all pairs rejected: {', '.join(ordered(rejected[chunk_id]))}"
        return HELD_OUT if chunk_id in held_out else NOT_READ

    return [
        {
            "chunk_id": chunk["chunk_id"],
            "document": chunk["doc_id"],
            "index": chunk["index"],
            "headings": chunk["headings"],
            "reason": reason(chunk["chunk_id"]),
        }
        for chunk in chunks
        if chunk["chunk_id"] not in with_rows
    ]
