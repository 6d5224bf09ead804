"""A report on the data, from the chunks to what the student learns from.

in:  data/chunk.parquet, data/validate.parquet, data/score.parquet, data/split.parquet, data/convert.jsonl
out: metrics/analyze.json, metrics/analyze/rows_per_document.csv, metrics/analyze/lengths.csv

The funnel says how many were lost at each step and why; coverage says, per document, which facts can be
learned and asked for and which chunks gave nothing; warnings name what a person should look at.
"""

import csv
import logging
import statistics
from collections import Counter, defaultdict
from pathlib import Path

from pydantic import Field

from slm_factory.core import files, params
from slm_factory.core.errors import run_stage
from slm_factory.core.files import Row
from slm_factory.core.params import Settings

CHUNKS = Path("data/chunk.parquet")
VALIDATED_PAIRS = Path("data/validate.parquet")
SCORES = Path("data/score.parquet")
SPLITS = Path("data/split.parquet")
CHAT = Path("data/convert.jsonl")
METRICS = Path("metrics/analyze.json")
ROWS_PER_DOCUMENT = Path("metrics/analyze/rows_per_document.csv")
LENGTHS = Path("metrics/analyze/lengths.csv")

BIN = 20  # characters per bar of the length histogram

log = logging.getLogger(__name__)


class Params(Settings):
    """`analyze:` in params.yaml."""

    balance_warning_ratio: float = Field(gt=1)


def funnel(
    chunks: list[Row], validated: list[Row], scored: list[Row], split: list[Row], chat: list[Row]
) -> Row:
    """How many of what are left after each step, and how often each reason took one away."""
    reasons = Counter(reason for row in scored for reason in row["reasons"])
    reasons.update(["held-out question in other words"] * sum(row["split"] == "dropped" for row in split))
    return {
        "chunks": len(chunks),
        "chunks_with_facts": len({row["chunk_id"] for row in validated}),
        "facts": len({row["fact_id"] for row in validated}),
        "pairs": len(validated),
        "validated": sum(row["is_kept"] for row in validated),
        "scored": sum(row["is_kept"] for row in scored),
        "reviewed": len(split),
        "train_pairs": sum(row["split"] == "train" for row in split),
        "train_lines": sum(line["split"] == "train" for line in chat),
        "lost": dict(sorted(reasons.items())),
    }


def coverage(chunks: list[Row], validated: list[Row], split: list[Row]) -> list[Row]:
    """Per document: its chunks, those without pairs, facts found, trained and asked for, training rows."""
    with_pairs = {row["chunk_id"] for row in split}
    found = {row["chunk_id"] for row in validated}
    documents: defaultdict[str, list[Row]] = defaultdict(list)
    for chunk in chunks:
        documents[chunk["doc_id"]].append(chunk)
    return [
        {
            "document": doc_id,
            "chunks": len(own),
            "chunks_without_pairs": [
                {
                    "chunk_id": chunk["chunk_id"],
                    "headings": chunk["headings"],
                    "reason": "all pairs rejected" if chunk["chunk_id"] in found else "no fact found",
                }
                for chunk in own
                if chunk["chunk_id"] not in with_pairs
            ],
            "facts": len({row["fact_id"] for row in validated if row["doc_id"] == doc_id}),
            **facts_by_use([row for row in split if row["doc_id"] == doc_id]),
        }
        for doc_id, own in sorted(documents.items())
    ]


def facts_by_use(rows: list[Row]) -> dict[str, int]:
    """Facts of one document that are trained, that are asked for, that are both, and its training rows."""
    trained = {row["fact_id"] for row in rows if row["split"] == "train"}
    tested = {row["fact_id"] for row in rows if row["split"] == "test"}
    return {
        "trained_facts": len(trained),
        "tested_facts": len(tested),
        "trained_and_tested_facts": len(trained & tested),
        "rows": sum(row["split"] == "train" for row in rows),
    }


def lengths(rows: list[Row]) -> dict[str, dict[str, float]]:
    """Characters of the training questions and answers: shortest, median, longest."""
    report = {}
    for part in ("question", "answer"):
        counts = [len(row[part]) for row in rows] or [0]
        report[part] = {"min": min(counts), "median": statistics.median(counts), "max": max(counts)}
    return report


def histogram(rows: list[Row]) -> list[Row]:
    """Training questions and answers per bin of `BIN` characters; `characters` is where the bin starts."""
    counts = Counter((part, len(row[part]) // BIN * BIN) for row in rows for part in ("question", "answer"))
    return [
        {"part": part, "characters": start, "rows": count} for (part, start), count in sorted(counts.items())
    ]


def shares(rows: list[Row], column: str) -> dict[str, int]:
    """Rows per value of `column`, the most frequent first."""
    counts = Counter(row[column] for row in rows)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def warnings(documents: list[Row], ratio: float) -> list[str]:
    """What a person should look at, in words."""
    found = [f"{row['document']}: no training rows" for row in documents if not row["rows"]]
    trained = [row for row in documents if row["rows"]]
    if trained:
        most = max(trained, key=lambda row: row["rows"])
        least = min(trained, key=lambda row: row["rows"])
        if most["rows"] > ratio * least["rows"]:
            found.append(
                f"{most['document']} has {most['rows']} training rows, "
                f"{least['document']} only {least['rows']}"
            )
    untested = [row["document"] for row in trained if not row["tested_facts"]]
    return found + [f"{document}: no test questions" for document in untested]


def write_csv(path: Path, rows: list[Row], columns: list[str]) -> None:
    """Writes the `columns` of `rows` for DVC's plots."""
    with files.replacing(path) as beside, beside.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def main() -> None:
    """Reads the tables, writes the report and its plots."""
    settings = params.load("analyze", Params)
    chunks = sorted(files.read_rows(CHUNKS), key=lambda chunk: (chunk["doc_id"], chunk["index"]))
    validated, scored = files.read_rows(VALIDATED_PAIRS), files.read_rows(SCORES)
    split, chat = files.read_rows(SPLITS), files.read_json_lines(CHAT)
    train = [row for row in split if row["split"] == "train"]
    documents = coverage(chunks, validated, split)
    report = {
        "funnel": funnel(chunks, validated, scored, split, chat),
        "warnings": warnings(documents, settings.balance_warning_ratio),
        "languages": shares(train, "language"),
        "kinds": shares(train, "kind"),
        "lengths": lengths(train),
        "documents": documents,
    }
    files.write_json(METRICS, report)
    write_csv(ROWS_PER_DOCUMENT, documents, ["document", "rows"])
    write_csv(LENGTHS, histogram(train), ["part", "characters", "rows"])
    log.info(
        "analyze: %d documents, %d training pairs, %d warnings -> %s",
        len(documents),
        len(train),
        len(report["warnings"]),
        METRICS,
    )
    for warning in report["warnings"]:
        log.info("warning: %s", warning)


if __name__ == "__main__":
    run_stage(main)
