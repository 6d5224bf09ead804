"""`slm-factory trace` over tables as the stages write them."""

from pathlib import Path

import pytest

from slm_factory.cli.trace import trace
from slm_factory.core import files, records
from slm_factory.core.errors import UserError

DOCUMENT = {
    "doc_id": "policy/backup.pdf", "sha256": "0", "format": "pdf", "title": "Backup policy", "language": "en",
    "date": "", "pages": 3, "markdown": "Retention is 30 days.", "page_starts": [0, 5, 9], "meta": "{}",
    "warnings": [],
}  # fmt: skip
CHUNK = {
    "chunk_id": "c1", "doc_id": "policy/backup.pdf", "index": 0, "headings": ["Backup", "Retention"],
    "text": "Retention is 30 days.", "start": 0, "end": 21, "first_page": 2, "last_page": 2, "language": "en",
}  # fmt: skip
PAIR = {
    "pair_id": "aaaa1111", "fact_id": "f1", "doc_id": "policy/backup.pdf", "chunk_id": "c1", "kind": "fact",
    "category": "Retention", "audience": "expert", "language": "en", "wording": 0, "question": "How long?",
    "answer": "30 days", "statement": "Retention is 30 days.", "evidence": "Retention is 30 days.",
    "teacher": "builtin", "request": "r1", "is_kept": True, "reasons": [], "similarity": 0.9,
    "faithfulness": 5, "completeness": 4, "usefulness": 5, "score": 4, "score_reason": "exact",
    "decision": "approve", "reviewer": "kim", "split": "train",
}  # fmt: skip
REJECTED = PAIR | {"pair_id": "aaaa2222", "is_kept": False, "reasons": ["not grounded"]}


def only(row: files.Row, schema: object) -> files.Row:
    return {name: row[name] for name in schema.names}  # type: ignore[attr-defined]


@pytest.fixture
def tables(workspace: Path) -> Path:
    """Tables up to the evaluation, with one pair that was trained on and one that was rejected."""
    (workspace / "dvc.yaml").write_text("stages: {}\n")
    files.write_rows(Path("data/parse.parquet"), [DOCUMENT], records.DOCUMENT)
    files.write_rows(Path("data/chunk.parquet"), [CHUNK], records.CHUNK)
    both = [PAIR, REJECTED]
    files.write_rows(Path("data/generate.parquet"), [only(row, records.PAIR) for row in both], records.PAIR)
    files.write_rows(
        Path("data/validate.parquet"), [only(row, records.VALIDATED) for row in both], records.VALIDATED
    )
    files.write_rows(Path("data/split.parquet"), [PAIR], records.SPLIT)
    files.write_json_lines(
        Path("data/convert.jsonl"),
        [{"kind": "pair", "pair_id": "x"}, {"kind": "pair", "pair_id": "aaaa1111"}],
    )
    answer = dict.fromkeys(records.ANSWER.names) | {
        "question_id": "q1", "slice": "recall", "pair_id": "aaaa1111", "contender": "tuned",
        "answer": "30 days.", "key_facts": 1.0, "rouge_l": 0.9, "chrf": 0.8,
    }  # fmt: skip
    base = answer | {"contender": "base", "answer": "I like days.", "key_facts": 0.0}
    files.write_rows(Path("data/evaluate.parquet"), [answer, base], records.ANSWER)
    return workspace


def test_a_pair_is_followed_from_its_page_to_both_answers(
    tables: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace("aaaa1")
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    expected = [
        "document data/documents/policy/backup.pdf", "title Backup policy", "page 2",
        "headings Backup > Retention", "evidence Retention is 30 days.", "question How long?",
        "teacher builtin", "validation kept",
        "score faithfulness 5, completeness 4, usefulness 5 of 5: exact",
        "review approve by kim", "split train",
        "line 2 pair row of data/convert.jsonl", "answer of base (recall)", "answer I like days.",
        "answer of tuned (recall)", "answer 30 days.", "metrics key_facts 1.00, rouge_l 0.90, chrf 0.80",
    ]  # fmt: skip
    assert [line for line in lines if line in expected] == expected


def test_a_rejected_pair_shows_its_reasons_from_the_last_table_that_has_it(
    tables: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace("aaaa2222")
    assert "rejected: not grounded" in capsys.readouterr().out


def test_a_prefix_of_several_pairs_is_refused_with_their_ids(tables: Path) -> None:
    with pytest.raises(UserError) as error:
        trace("aaaa")
    assert error.value.problem == "error: 2 pairs begin with 'aaaa'"
    assert "aaaa1111" in error.value.hint and "aaaa2222" in error.value.hint


def test_an_unknown_pair_is_refused(tables: Path) -> None:
    with pytest.raises(UserError, match="no pair begins with 'zzz'"):
        trace("zzz")


def test_before_any_pair_exists_the_hint_makes_them(workspace: Path) -> None:
    (workspace / "dvc.yaml").write_text("stages: {}\n")
    with pytest.raises(UserError, match="run --until generate"):
        trace("a")


def test_markup_in_a_row_is_shown_as_it_is(tables: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = PAIR | {"pair_id": "bbbb", "question": "What is [bold]x[/bold]?"}
    files.write_rows(Path("data/split.parquet"), [row], records.SPLIT)
    trace("bbbb")
    assert "What is [bold]x[/bold]?" in capsys.readouterr().out
