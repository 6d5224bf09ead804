"""From documents to training lines, twice, and without one of the documents: nothing of it is left."""

import json
from pathlib import Path
from typing import Any

import pytest

from slm_factory.core import files
from slm_factory.core.matching import loose, numbers, trigrams
from slm_factory.grounding import claims
from slm_factory.grounding.duplicates import jaccard
from slm_factory.grounding.meaning import differences
from stages import augment, chunk, convert, dialogue, generate, parse, review, score, split, validate
from tests.conftest import REPOSITORY, set_params

STAGES = (parse, chunk, generate, validate, score, review, split, augment, dialogue, convert)
TABLES = [Path(f"data/{stage.__name__.partition('.')[2]}.parquet") for stage in STAGES[:-1]]
ANSWERS = [Path(f"data/answers/{name}.parquet") for name in ("generate", "score", "augment", "dialogue")]
OUTPUTS = [*TABLES, *ANSWERS, convert.CHAT]
GONE = "은빛관제"  # the subject of the document that is withdrawn
SUBJECTS = ("나루결제", "물결정산", "들꽃회원", GONE)
DOCUMENT = """# {name} 운영 지침

## 개요

| 항목 | 값 |
|---|---|
| 담당 팀 | {name}팀 |
| 서버 수 | {number}대 |
| 복구 목표 시간 | {number}분 |

## 연락

- {name}의 내선 번호: 7{number}1
- {name}의 회의 도구: 소리방 {number}
- {name}의 보고 주기: {number}시간

## {name} 복구 절차

1. {name}의 접속을 모두 끊는다.
2. 백업 {number}벌을 확인한다.
3. 서비스를 다시 시작한다.
"""
# Long names: "Can you tell me ..." and "Could you tell me ..." are nearly one question.
ENGLISH = """# Pump guide

## Swap the worn bearing of a northern pump before high water floods every lower tunnel

1. Close the inlet valve.
2. Drain the housing.
3. Pull the old ring.
4. Oil the new ring.
5. Press it into place.
6. Open the inlet valve.
7. Listen for noise.
"""


@pytest.fixture
def repository(workspace: Path) -> Path:
    """Five documents and all that stages up to convert read; every training pair is paraphrased."""
    set_params(
        workspace,
        **{"augment.share": 1.0, "augment.paraphrases": 3, "dialogue.per_document": 3},
        **{"split.unseen_share": 0.1, "convert.statements": 0.5, "parallel.jobs": 1},
    )
    folder = Path("data/documents")
    folder.mkdir(parents=True)
    for number, name in enumerate(SUBJECTS, start=12):
        (folder / f"{name}.md").write_text(DOCUMENT.format(name=name, number=number), encoding="utf-8")
    (folder / "pump.md").write_text(ENGLISH, encoding="utf-8")
    for given in ("abstain.jsonl", "general.jsonl", "questions.jsonl"):
        (Path("data") / given).write_bytes((REPOSITORY / "data" / given).read_bytes())
    review.DECISIONS.touch()
    augment.REFINEMENTS.touch()
    (workspace / "prompts").symlink_to(REPOSITORY / "prompts")
    return workspace


def run() -> dict[Path, bytes]:
    """Runs every stage; the bytes of every output."""
    for stage in STAGES:
        stage.main()
    return {path: path.read_bytes() for path in OUTPUTS}


def lines_of(kind: str) -> list[dict[str, Any]]:
    return [line for line in files.read_json_lines(convert.CHAT) if line["kind"] == kind]


def are_near(one: str, other: str) -> bool:
    """Whether two questions are one, found without the index that the stages use."""
    alike = jaccard(trigrams(loose(one)), trigrams(loose(other)))
    return alike >= 0.9 and numbers(one) == numbers(other) and not differences(one, other)


def everything() -> str:
    """All outputs as text."""
    tables = [files.read_rows(path) for path in (*TABLES, *ANSWERS)]
    return json.dumps(tables, ensure_ascii=False, default=str) + convert.CHAT.read_text(encoding="utf-8")


def test_a_withdrawn_document_leaves_nothing_and_changes_nothing_else(repository: Path) -> None:
    first = run()
    assert run() == first
    before = {path: files.read_rows(path) for path in TABLES}
    gone = {row["fact_id"] for row in before[split.SPLITS] if row["doc_id"] == f"{GONE}.md"}
    assert gone and GONE in everything()
    assert any(row["doc_id"] == f"{GONE}.md" for row in before[augment.PARAPHRASES])
    assert any(row["doc_id"] == f"{GONE}.md" for row in before[dialogue.DIALOGUES])

    (Path("data/documents") / f"{GONE}.md").unlink()
    run()
    assert GONE not in everything()
    for path in TABLES:
        others = [row for row in before[path] if row["doc_id"] != f"{GONE}.md"]
        assert files.read_rows(path) == others, path

    augment.REFINEMENTS.write_text(
        "".join(f'{{"fact_id": "{fact_id}", "wordings": 3}}\n' for fact_id in sorted(gone)), encoding="utf-8"
    )
    augment.main()
    assert files.read_rows(augment.PARAPHRASES) == [
        row for row in before[augment.PARAPHRASES] if row["doc_id"] != f"{GONE}.md"
    ]
    refined = files.read_json(augment.METRICS)["refined"]
    assert (refined["facts"], refined["stale_facts"]) == (0, sorted(gone))


def test_no_training_line_asks_a_test_question_and_every_answer_is_grounded(repository: Path) -> None:
    run()
    pairs = {row["pair_id"]: row for row in files.read_rows(split.SPLITS)}
    held_out = {row["question"] for row in pairs.values() if row["split"] in ("test", "unseen")}
    asked = [
        message["content"]
        for line in files.read_json_lines(convert.CHAT)
        for message in line["messages"]
        if message["role"] == "user"
    ]
    assert held_out and asked
    assert files.read_json(augment.METRICS)["decontaminated"]  # there was something to be caught
    assert [(one, other) for one in set(asked) for other in held_out if are_near(one, other)] == []
    assert all(lines_of(kind) for kind in convert.KINDS)

    chunks = {row["chunk_id"]: row for row in files.read_rows(chunk.ROWS)}
    titles = {row["doc_id"]: row["title"] for row in files.read_rows(parse.ROWS)}
    for row in files.read_rows(dialogue.DIALOGUES):
        answers = [message["content"] for message in row["messages"] if message["role"] == "assistant"]
        for pair_id, answer in zip(row["pair_ids"], answers, strict=True):
            pair = pairs[pair_id]
            source = chunks[pair["chunk_id"]]
            context = " ".join([titles[pair["doc_id"]], *source["headings"]])
            problems = claims.problems(pair["question"], answer, pair["evidence"], source["text"], context)
            assert problems == [], answer
