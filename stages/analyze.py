"""A report on the data, from the chunks to what the student learns from, and on what the teacher cost.

in:  data/chunk.parquet, data/{validate,score,review,split}.parquet, metrics/{generate,score,augment,dialogue,
     convert}.json
out: data/analyze.html, metrics/analyze.json, metrics/teacher.json, metrics/analyze/*.csv

The funnel says how many were lost at each step and why; coverage says, per document, which facts can be
learned and asked for and which chunks gave nothing; warnings name what a person should look at. The page
shows all of it, and pairs to read beside their source, in Korean and English.
"""

import csv
import logging
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from slm_factory.core import files, params
from slm_factory.core.errors import run_stage
from slm_factory.core.files import Row
from slm_factory.core.params import Settings
from slm_factory.report import coverage, funnel, page, sample, usage
from slm_factory.report.distributions import MARKS, histogram, lengths, marks, shares
from slm_factory.report.questions import type_of
from slm_factory.report.warnings import warnings
from slm_factory.teachers.teacher import TeacherSettings

CHUNKS = Path("data/chunk.parquet")
VALIDATED_PAIRS = Path("data/validate.parquet")
SCORES = Path("data/score.parquet")
REVIEWED_PAIRS = Path("data/review.parquet")
SPLITS = Path("data/split.parquet")
GENERATE_METRICS = Path("metrics/generate.json")
SCORE_METRICS = Path("metrics/score.json")
AUGMENT_METRICS = Path("metrics/augment.json")
DIALOGUE_METRICS = Path("metrics/dialogue.json")
CONVERT_METRICS = Path("metrics/convert.json")
TEACHER_STAGES = (GENERATE_METRICS, SCORE_METRICS, AUGMENT_METRICS, DIALOGUE_METRICS)
PAGE = Path("data/analyze.html")
METRICS = Path("metrics/analyze.json")
TEACHER_METRICS = Path("metrics/teacher.json")
FUNNEL = Path("metrics/analyze/funnel.csv")
REASONS = Path("metrics/analyze/reasons.csv")
KINDS = Path("metrics/analyze/kinds.csv")
LENGTHS = Path("metrics/analyze/lengths.csv")
DOCUMENTS = Path("metrics/analyze/documents.csv")

CHUNK_COLUMNS = ("chunk_id", "doc_id", "index", "headings", "first_page", "last_page")
CHECKED = ("pair_id", "is_kept", "reasons")
LEARNED = ("pair_id", "fact_id", "doc_id", "chunk_id", "split", *("kind", "category", "audience", "language"))
DECISIONS = {"approve": "approved", "reject": "rejected", "edit": "edited", "": "undecided"}
SAMPLED = 20  # pairs on the page

log = logging.getLogger(__name__)


class Params(Settings):
    """`analyze:` in params.yaml."""

    balance_warning_ratio: float = Field(gt=1)


@dataclass(frozen=True)
class Tables:
    """What the stages before have written, without the columns that nobody counts."""

    chunks: list[Row]  # in reading order
    validated: list[Row]
    scored: list[Row]
    reviewed: list[Row]
    split: list[Row]
    generated: Row  # metrics/generate.json
    lines: dict[str, int]  # training lines by kind


def read_tables() -> Tables:
    """The tables and counts of the stages before."""
    chunks = files.read_rows(CHUNKS, CHUNK_COLUMNS)
    return Tables(
        chunks=sorted(chunks, key=lambda chunk: (chunk["doc_id"], chunk["index"])),
        validated=files.read_rows(VALIDATED_PAIRS, CHECKED),
        scored=files.read_rows(SCORES, (*CHECKED, *MARKS)),
        reviewed=files.read_rows(REVIEWED_PAIRS, (*CHECKED, "fact_id", "doc_id", "chunk_id", "decision")),
        split=files.read_rows(SPLITS, (*LEARNED, "question", "answer")),
        generated=files.read_json(GENERATE_METRICS),
        lines=files.read_json(CONVERT_METRICS)["train_kinds"],
    )


def content(tables: Tables, settings: Params) -> dict[str, Any]:
    """What the page shows but the teacher's usage and the pairs to read; the metrics are taken from it."""
    split = tables.split
    train = [row for row in split if row["split"] == "train"]
    types = shares(type_of(row["question"], row["language"]) for row in train)
    steps = funnel.steps(
        tables.generated, len(tables.chunks), tables.validated, tables.scored, tables.reviewed, split
    )
    documents = coverage.documents(tables.chunks, tables.reviewed, split)
    reasons = {chunk["chunk_id"]: chunk["reason"] for chunk in tables.generated["chunks_without_facts"]}
    columns = ("kind", "audience", "language")
    return {
        "funnel": steps,
        "warnings": warnings(
            documents, types, tables.generated["failed_chunks"], steps, settings.balance_warning_ratio
        ),
        "distributions": {
            **{column: shares(row[column] for row in train) for column in columns},
            "question type": types,
            "category": shares(row["category"] for row in train),
        },
        "lines": tables.lines,
        "lengths": lengths(train),
        "histogram": histogram(train),
        "marks": marks(tables.scored),
        "review": dict.fromkeys(DECISIONS.values(), 0)
        | Counter(DECISIONS[row["decision"]] for row in tables.reviewed),
        "documents": documents,
        "silent": coverage.chunks_without_rows(tables.chunks, tables.reviewed, split, reasons),
        "test_questions": sum(row["split"] == "test" for row in split),
    }


def summary(report: dict[str, Any]) -> dict[str, Any]:
    """metrics/analyze.json: the counts of the report, without rows of single documents and chunks."""
    documents, silent = report["documents"], report["silent"]
    lost: Counter[str] = Counter()
    for step in report["funnel"]:
        lost.update(step["lost"])
    return {
        "documents": len(documents),
        "documents_without_rows": sum(not row["rows"] for row in documents),
        "documents_without_test_questions": sum(not row["tested_facts"] for row in documents),
        "trained_and_tested_facts": sum(row["trained_and_tested_facts"] for row in documents),
        "chunks_without_rows": len(silent),
        "funnel": {step["step"].replace(" ", "_"): step["left"] for step in report["funnel"]},
        "lost": funnel.ordered(lost),
        "warnings": [f"{warning['label']}: {warning['detail']}" for warning in report["warnings"]],
        **{name: report["distributions"][name] for name in ("language", "kind", "audience")},
        "question_type": report["distributions"]["question type"],
        "lines": report["lines"],
        "lengths": report["lengths"],
        "marks": report["marks"],
    }


def teacher_usage() -> dict[str, Any]:
    """metrics/teacher.json: what each stage says it used, at the present price."""
    price = params.load("teacher", TeacherSettings).price
    stages = {path.stem: files.read_json(path).get("teacher") for path in TEACHER_STAGES}
    return usage.report(stages, price.input, price.output)


def pairs_to_read(tables: Tables) -> list[Row]:
    """Random pairs, each with its source; reads the whole rows of these only."""
    drawn = sample.drawn([row["pair_id"] for row in tables.split if row["split"] != "dropped"], SAMPLED)
    pairs = [row for row in files.stream_rows(SPLITS, group=4096) if row["pair_id"] in drawn]
    wanted = {pair["chunk_id"] for pair in pairs}
    chunks = {
        row["chunk_id"]: row for row in files.stream_rows(CHUNKS, group=4096) if row["chunk_id"] in wanted
    }
    return [sample.in_source(pair, chunks[pair["chunk_id"]]) for pair in pairs]


def write_csv(path: Path, rows: list[Row], columns: list[str]) -> None:
    """Writes the `columns` of `rows` for DVC's plots."""
    with files.replacing(path) as beside, beside.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def write_plots(report: dict[str, Any], lost: dict[str, int]) -> None:
    """Writes the tables behind DVC's plots, which sorts by name: numbers keep steps and lengths in order."""
    steps = [{**step, "step": f"{place:02} {step['step']}"} for place, step in enumerate(report["funnel"])]
    kinds = [{"kind": kind, "rows": rows} for kind, rows in report["distributions"]["kind"].items()]
    reasons = [{"reason": reason, "count": count} for reason, count in lost.items()]
    bars = [{**row, "length": f"{row['part']} {row['characters']:04}"} for row in report["histogram"]]
    write_csv(FUNNEL, steps, ["step", "left"])
    write_csv(REASONS, reasons, ["reason", "count"])
    write_csv(KINDS, kinds, ["kind", "rows"])
    write_csv(LENGTHS, bars, ["length", "rows"])
    write_csv(DOCUMENTS, report["documents"], list(coverage.COLUMNS))


def main() -> None:
    """Reads the tables, writes the report, its plots, what the teacher used, and the page."""
    settings = params.load("analyze", Params)
    tables = read_tables()
    report = content(tables, settings)
    used = teacher_usage()
    metrics = summary(report)
    files.write_json(METRICS, metrics)
    files.write_json(TEACHER_METRICS, used)
    write_plots(report, metrics["lost"])
    html = page.render(report | {"usage": used, "sample": pairs_to_read(tables)})
    with files.replacing(PAGE) as beside:
        beside.write_text(html, encoding="utf-8")
    log.info(
        "analyze: %d documents, %d training pairs, %d warnings -> %s",
        len(report["documents"]),
        metrics["funnel"]["training_pairs"],
        len(report["warnings"]),
        PAGE,
    )
    for warning in metrics["warnings"]:
        log.info("warning: %s", warning)


if __name__ == "__main__":
    run_stage(main)
