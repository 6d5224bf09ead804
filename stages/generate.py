"""Facts from every chunk, each in several wordings of question and answer.

in:  data/chunk.parquet, data/parse.parquet (titles), prompts/ (for a prompted teacher)
out: data/generate.parquet (records.PAIR), data/answers/generate.parquet, metrics/generate.json

The teacher reads one chunk at a time. Its facts become rows here, one per question wording: equal facts of
a document are merged, and each chunk ends as rows or as a reason in the metrics.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from slm_factory.core import files, params
from slm_factory.core.errors import run_stage
from slm_factory.core.files import Row
from slm_factory.core.matching import loose
from slm_factory.core.params import Settings
from slm_factory.core.records import PAIR, identifier
from slm_factory.core.text import normalize
from slm_factory.teachers import teacher
from slm_factory.teachers.asking import Outcome, ask
from slm_factory.teachers.tasks import Fact, GenerateAnswer, GenerateInput
from slm_factory.teachers.teacher import TeacherSettings

CHUNKS = Path("data/chunk.parquet")
DOCUMENTS = Path("data/parse.parquet")
PAIRS = Path("data/generate.parquet")
ANSWERS = Path("data/answers/generate.parquet")
PROMPTS = Path("prompts")  # read by a prompted teacher
METRICS = Path("metrics/generate.json")

log = logging.getLogger(__name__)


class Params(Settings):
    """`generate:` in params.yaml."""

    question_wordings: int = Field(ge=1)
    answer_wordings: int = Field(ge=1)
    max_facts_per_chunk: int = Field(ge=1)


@dataclass
class Found:
    """One fact of a document, with the chunk that first states it."""

    chunk: Row
    request: str
    fact: Fact
    questions: list[str]


def task_of(chunk: Row, title: str, settings: Params) -> GenerateInput:
    """What the teacher is given for one chunk."""
    return GenerateInput(
        text=chunk["text"],
        title=title,
        headings=tuple(chunk["headings"]),
        language=chunk["language"],
        question_wordings=settings.question_wordings,
        answer_wordings=settings.answer_wordings,
        max_facts=settings.max_facts_per_chunk,
    )


def collect(chunks: list[Row], outcomes: list[Outcome[GenerateAnswer]], settings: Params) -> dict[str, Found]:
    """Distinct facts by fact_id, in reading order; a repetition within a document lends its questions."""
    facts: dict[str, Found] = {}
    for chunk, outcome in zip(chunks, outcomes, strict=True):
        stated = outcome.answer.facts if outcome.answer else ()
        for fact in stated[: settings.max_facts_per_chunk]:
            fact_id = identifier(chunk["doc_id"], normalize(fact.statement))
            found = facts.setdefault(fact_id, Found(chunk, outcome.request, fact, []))
            known = {loose(question) for question in found.questions}
            for question in map(normalize, fact.questions):
                if loose(question) not in known and len(found.questions) < settings.question_wordings:
                    found.questions.append(question)
                    known.add(loose(question))
    return facts


def rows_of(fact_id: str, found: Found, answer_wordings: int, teacher_name: str) -> list[Row]:
    """One row per question wording; answer wordings take turns, so each is learned about equally often."""
    chunk, fact = found.chunk, found.fact
    answers = [normalize(answer) for answer in fact.answers[:answer_wordings]]
    rows = []
    for wording, question in enumerate(found.questions):
        answer = answers[wording % len(answers)]
        rows.append(
            {
                "pair_id": identifier(fact_id, question, answer),
                "fact_id": fact_id,
                "doc_id": chunk["doc_id"],
                "chunk_id": chunk["chunk_id"],
                "kind": fact.kind,
                "category": chunk["headings"][-1] if chunk["headings"] else "",
                "audience": "expert",
                "language": chunk["language"],
                "wording": wording,
                "question": question,
                "answer": answer,
                "statement": normalize(fact.statement),
                "evidence": fact.evidence,
                "teacher": teacher_name,
                "request": found.request,
            }
        )
    return rows


def summary(
    chunks: list[Row],
    outcomes: list[Outcome[GenerateAnswer]],
    facts: dict[str, Found],
    pairs: list[Row],
    limit: int,
) -> dict[str, Any]:
    """metrics/generate.json: counts, and each chunk that gave no rows with its reason."""
    stated = [len(outcome.answer.facts) if outcome.answer else 0 for outcome in outcomes]
    used = [min(count, limit) for count in stated]
    empty = [
        {
            "chunk_id": chunk["chunk_id"],
            "doc_id": chunk["doc_id"],
            "reason": outcome.reason or "the teacher found no fact",
        }
        for chunk, outcome, count in zip(chunks, outcomes, stated, strict=True)
        if count == 0
    ]
    return {
        "chunks": len(chunks),
        "facts": len(facts),
        "pairs": len(pairs),
        "merged_facts": sum(used) - len(facts),
        "cut_facts": sum(stated) - sum(used),
        "failed_chunks": sum(outcome.answer is None for outcome in outcomes),
        "chunks_without_facts": empty,
    }


def main() -> None:
    """Reads chunks, asks the teacher, writes pairs."""
    settings = params.load("generate", Params)
    teaching = params.load("teacher", TeacherSettings)
    chunks = sorted(files.read_rows(CHUNKS), key=lambda chunk: (chunk["doc_id"], chunk["index"]))
    titles = {row["doc_id"]: row["title"] for row in files.read_rows(DOCUMENTS, ["doc_id", "title"])}
    guide = teacher.load(teaching)
    tasks = [task_of(chunk, titles[chunk["doc_id"]], settings) for chunk in chunks]
    replies = ask(guide, tasks, GenerateAnswer, concurrency=teaching.concurrency, answers_file=ANSWERS)
    facts = collect(chunks, replies.outcomes, settings)
    pairs = [
        row
        for fact_id, found in facts.items()
        for row in rows_of(fact_id, found, settings.answer_wordings, guide.name)
    ]
    files.write_rows(PAIRS, pairs, PAIR)
    metrics = summary(chunks, replies.outcomes, facts, pairs, settings.max_facts_per_chunk)
    files.write_json(METRICS, metrics)
    log.info(
        "generate: %d chunks, %d facts, %d pairs, %d chunks without facts; %s -> %s",
        len(chunks),
        len(facts),
        len(pairs),
        len(metrics["chunks_without_facts"]),
        replies,
        PAIRS,
    )


if __name__ == "__main__":
    run_stage(main)
