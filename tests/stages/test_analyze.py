"""The report: nothing lost without a reason, what the teacher cost, and the same bytes each time."""

from pathlib import Path
from typing import Any

from slm_factory.core import files
from slm_factory.core.files import Row
from slm_factory.core.records import CHUNK, REVIEWED, SCORED, SPLIT, VALIDATED
from stages import analyze
from tests import rows
from tests.conftest import set_params

GENERATED = {
    **{"merged_facts": 0, "cut_facts": 0, "cut_abstentions": 0, "failed_chunks": 0},
    **{"answered_abstentions": 0, "chunks_left_out_by_sampling": {}, "unreadable_facts": []},
    "chunks_without_facts": [{"chunk_id": "c3", "doc_id": "b.md", "reason": "the teacher found no fact"}],
}
USED = {
    **{"requests": 2, "failed": 1, "prompt_tokens": 1_000_000, "completion_tokens": 500_000, "seconds": 3.5},
    "documents": {
        "a.md": {
            **{"requests": 2, "failed": 1, "seconds": 3.5},
            **{"prompt_tokens": 1_000_000, "completion_tokens": 500_000},
        }
    },
}


def marked(**changes: Any) -> Row:
    """A reviewed pair with three marks."""
    return rows.split(similarity=1.0, **dict.fromkeys(analyze.MARKS, 4)) | changes


def write(chunks: list[Row], pairs: list[Row], split: list[Row], generated: dict[str, Any]) -> None:
    """Writes every input of the stage; `pairs` are as after review."""
    files.write_rows(analyze.CHUNKS, chunks, CHUNK)
    before = [pair | {"is_kept": True, "reasons": []} for pair in pairs]
    tables = (
        (analyze.VALIDATED_PAIRS, before, VALIDATED),
        (analyze.SCORES, before, SCORED),
        (analyze.REVIEWED_PAIRS, pairs, REVIEWED),
        (analyze.SPLITS, split, SPLIT),
    )
    for path, table, schema in tables:
        files.write_rows(path, [{name: row[name] for name in schema.names} for row in table], schema)
    files.write_json(analyze.GENERATE_METRICS, generated)
    for path in (analyze.SCORE_METRICS, analyze.AUGMENT_METRICS, analyze.DIALOGUE_METRICS):
        files.write_json(path, {})
    files.write_json(analyze.CONVERT_METRICS, {"train_kinds": {"pair": 2, "abstain": 1}})


def scenario(generated: dict[str, Any] = GENERATED) -> dict[str, Any]:
    """Document a.md with one trained and tested fact and a rejected chunk; b.md whose chunk gave nothing."""
    chunks = [rows.chunk(), rows.chunk(chunk_id="c2", index=1), rows.chunk(chunk_id="c3", doc_id="b.md")]
    names = ("train", "train", "test", "dropped")
    split = [marked(pair_id=f"p{n}", split=name) for n, name in enumerate(names)]
    reasons = ["rejected by reviewer: wrong"]
    rejected = marked(
        pair_id="p5", fact_id="f2", chunk_id="c2", is_kept=False, reasons=reasons, decision="reject"
    )
    write(chunks, [*split, rejected], split, generated)
    analyze.main()
    return files.read_json(analyze.METRICS)


def test_the_metrics_count_the_funnel_its_reasons_and_the_coverage(workspace: Path) -> None:
    metrics = scenario()
    assert metrics["funnel"] == {
        **{"chunks": 3, "chunks_with_facts": 2, "facts": 2, "pairs": 5, "valid_pairs": 5},
        **{"pairs_with_good_marks": 5, "pairs_after_review": 4, "training_pairs": 2, "test_pairs": 1},
        **{"pairs_for_early_stopping": 0, "pairs_of_facts_kept_out": 0},
    }
    lost = {"asks a held-out question": 1, "rejected by reviewer": 1, "the teacher found no fact": 1}
    assert metrics["lost"] == lost
    assert (metrics["documents"], metrics["documents_without_rows"], metrics["chunks_without_rows"]) == (
        2,
        1,
        2,
    )
    assert metrics["warnings"][0] == "documents without training rows: b.md"
    assert (metrics["kind"], metrics["question_type"]) == ({"fact": 2}, {"what": 2})
    assert metrics["marks"]["usefulness"]["4"] == 5


def test_plots_hold_a_row_per_step_reason_kind_bin_and_document(workspace: Path) -> None:
    scenario()
    lines = {path: path.read_text().splitlines() for path in (analyze.FUNNEL, analyze.REASONS, analyze.KINDS)}
    assert lines[analyze.FUNNEL][:3] == ["step,left", "00 chunks,3", "01 chunks with facts,2"]
    assert "rejected by reviewer,1" in lines[analyze.REASONS]
    assert lines[analyze.KINDS] == ["kind,rows", "fact,2"]
    assert analyze.LENGTHS.read_text().splitlines() == [
        "length,rows",
        "answer 0010,2",
        "question 0020,2",
    ]
    assert analyze.DOCUMENTS.read_text().splitlines()[1:] == ["a.md,2,1,2,1,1,1,2", "b.md,1,1,0,0,0,0,0"]


def test_the_teachers_usage_is_priced_and_a_missing_count_is_unknown(workspace: Path) -> None:
    set_params(workspace, **{"teacher.price": {"input": 2.0, "output": 6.0}})
    scenario(GENERATED | {"teacher": USED})
    used = files.read_json(analyze.TEACHER_METRICS)
    assert used["total"]["money"] == used["documents"]["a.md"]["money"] == 5.0
    assert used["unknown"] == ["score", "augment", "dialogue"]
    assert used["stages"]["generate"]["failed"] == 1 and used["stages"]["score"] is None


def test_the_page_shows_the_pairs_and_does_not_change_with_time_or_machine(workspace: Path) -> None:
    scenario(GENERATED | {"teacher": USED})
    first = analyze.PAGE.read_bytes()
    page = first.decode()
    assert page.count("<article") == 3  # the dropped one and the rejected one are not for reading
    assert "<mark>Alpha is 7 bar.</mark>" in page and "the teacher found no fact" in page
    scenario(GENERATED | {"teacher": USED | {"seconds": 99.9}})
    assert analyze.PAGE.read_bytes() == first


def test_an_empty_pipeline_is_reported_and_not_a_crash(workspace: Path) -> None:
    write([], [], [], GENERATED | {"chunks_without_facts": []})
    analyze.main()
    assert files.read_json(analyze.METRICS)["funnel"]["training_pairs"] == 0
