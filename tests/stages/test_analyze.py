"""The report: nothing lost without a reason, and warnings where a person should look."""

from pathlib import Path
from typing import Any

from slm_factory.core import files
from slm_factory.core.files import Row
from slm_factory.core.records import CHUNK, SCORED, SPLIT, VALIDATED
from stages import analyze
from tests import rows


def run(chunks: list[Row], scored: list[Row], split: list[Row]) -> dict[str, Any]:
    files.write_rows(analyze.CHUNKS, chunks, CHUNK)
    validated = [
        {
            **{key: row[key] for key in VALIDATED.names},
            "is_kept": row["is_kept"] or row["score"] is not None,
        }
        for row in scored
    ]
    files.write_rows(analyze.VALIDATED_PAIRS, validated, VALIDATED)
    files.write_rows(analyze.SCORES, scored, SCORED)
    files.write_rows(analyze.SPLITS, split, SPLIT)
    files.write_json_lines(analyze.CHAT, [{"split": row["split"]} for row in split])
    analyze.main()
    return files.read_json(analyze.METRICS)


def scenario() -> dict[str, Any]:
    """Document a.md with one trained and tested fact and a rejected chunk; b.md whose chunk gave nothing."""
    chunks = [
        rows.chunk(),
        rows.chunk(chunk_id="c2", index=1),
        rows.chunk(chunk_id="c3", doc_id="b.md"),
    ]
    scored = [
        *(rows.scored(pair_id=f"p{n}") for n in range(4)),
        rows.scored(
            pair_id="p5", fact_id="f2", chunk_id="c2", is_kept=False, reasons=["language"], score=None
        ),
        rows.scored(pair_id="p6", is_kept=False, reasons=["score below 3"], score=1),
    ]
    names = ("train", "train", "test", "dropped")
    split = [rows.split(pair_id=f"p{n}", split=name) for n, name in enumerate(names)]
    return run(chunks, scored, split)


def test_the_funnel_counts_each_step_and_each_reason(workspace: Path) -> None:
    assert scenario()["funnel"] == {
        **{"chunks": 3, "chunks_with_facts": 2, "facts": 2, "pairs": 6, "validated": 5, "scored": 4},
        **{"reviewed": 4, "train_pairs": 2, "train_lines": 2},
        "lost": {"held-out question in other words": 1, "language": 1, "score below 3": 1},
    }


def test_coverage_names_chunks_without_pairs_and_why(workspace: Path) -> None:
    first, second = scenario()["documents"]
    assert (first["document"], first["facts"], first["trained_and_tested_facts"]) == ("a.md", 2, 1)
    assert first["chunks_without_pairs"] == [
        {"chunk_id": "c2", "headings": ["Limits"], "reason": "all pairs rejected"}
    ]
    assert second["chunks_without_pairs"][0]["reason"] == "no fact found"
    assert second["rows"] == 0


def test_documents_without_rows_or_tests_and_imbalance_are_warned_of(workspace: Path) -> None:
    documents = [
        {"document": "a.md", "rows": 30, "tested_facts": 3},
        {"document": "b.md", "rows": 2, "tested_facts": 0},
        {"document": "c.md", "rows": 0, "tested_facts": 0},
    ]
    assert analyze.warnings(documents, 10) == [
        "c.md: no training rows",
        "a.md has 30 training rows, b.md only 2",
        "b.md: no test questions",
    ]
    assert analyze.warnings(documents[:1], 10) == []


def test_plots_hold_a_row_per_document_and_per_bin(workspace: Path) -> None:
    scenario()
    assert analyze.ROWS_PER_DOCUMENT.read_text().splitlines() == ["document,rows", "a.md,2", "b.md,0"]
    assert analyze.LENGTHS.read_text().splitlines() == ["part,characters,rows", "answer,0,2", "question,20,2"]


def test_languages_kinds_and_lengths_are_those_of_the_training_pairs(workspace: Path) -> None:
    report = scenario()
    assert (report["languages"], report["kinds"]) == ({"en": 2}, {"fact": 2})
    assert report["lengths"]["question"] == {"min": 27, "median": 27.0, "max": 27}


def test_an_empty_pipeline_is_reported_and_not_a_crash(workspace: Path) -> None:
    assert run([], [], [])["funnel"]["train_lines"] == 0
