"""Every pair checked by rules that need no model; a rejected pair stays in the table with its reasons.

in:  data/generate.parquet, data/chunk.parquet, data/parse.parquet (titles)
out: data/validate.parquet (records.VALIDATED, all rows), metrics/validate.json

First each pair by itself (form, language, grounding in its chunk), then the kept ones against each other:
facts repeated in several documents, questions with two answers, near-duplicates. Questions to be refused have
rules of their own. How alike an answer is to its evidence is told as well, and rejects where that is
asked for.
"""

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import Field

from slm_factory.core import files, params
from slm_factory.core.errors import run_stage
from slm_factory.core.files import Row
from slm_factory.core.parallel import ParallelSettings, spread
from slm_factory.core.params import Settings
from slm_factory.core.progress import track
from slm_factory.core.records import VALIDATED
from slm_factory.core.text import is_refusal
from slm_factory.grounding import abstention, claims, form, similarity
from slm_factory.grounding.repetition import (
    repeated_facts,
    same_questions,
    similar_meanings,
    similar_questions,
)
from slm_factory.grounding.similarity import Similarity
from slm_factory.student.settings import StudentSettings

CHUNKS = Path("data/chunk.parquet")
DOCUMENTS = Path("data/parse.parquet")
PAIRS = Path("data/generate.parquet")
VALIDATED_PAIRS = Path("data/validate.parquet")
METRICS = Path("metrics/validate.json")

BATCH = 1000  # pairs that a process is given at a time

log = logging.getLogger(__name__)


class Params(Settings):
    """`validate:` in params.yaml."""

    min_question_characters: int = Field(ge=1)
    max_question_characters: int = Field(ge=1)
    min_answer_characters: int = Field(ge=1)
    max_answer_characters: int = Field(ge=1)
    near_duplicate_similarity: float = Field(gt=0, le=1)
    embedding_model: str
    min_similarity: float = Field(ge=0, le=1)


@dataclass(frozen=True)
class Sources:
    """What the pairs of one batch are checked beside."""

    chunks: dict[str, Row]  # by chunk_id
    titles: dict[str, str]  # by doc_id
    documents: dict[str, str]  # by doc_id, the text of all chunks, where a question is to be refused

    def beside(self, pair: Row) -> tuple[str, str, str]:
        """The pair's evidence, the text of its chunk, and title and headings joined."""
        chunk = self.chunks[pair["chunk_id"]]
        context = " ".join([self.titles[pair["doc_id"]], *chunk["headings"]])
        return pair["evidence"], chunk["text"], context

    def of(self, pairs: tuple[Row, ...]) -> "Sources":
        """The part that these pairs need: little to send to another process."""
        refused = {pair["doc_id"] for pair in pairs if pair["kind"] == "abstain"}
        return Sources(
            {pair["chunk_id"]: self.chunks[pair["chunk_id"]] for pair in pairs},
            {pair["doc_id"]: self.titles.get(pair["doc_id"], "") for pair in pairs},
            {doc_id: self.documents[doc_id] for doc_id in refused},
        )


def problems(pair: Row, sources: Sources, settings: Params, refusals: tuple[str, ...]) -> list[str]:
    """What is wrong with one pair by itself."""
    question, answer = pair["question"].strip(), pair["answer"].strip()
    if not question or not answer:
        return ["empty"]
    beside = sources.beside(pair)
    found = length_problems(question, answer, settings)
    if pair["kind"] == "abstain":
        if not is_refusal(answer, refusals):
            found.append("no refusal")
        found += form.question_problems(question, pair["language"])
        document = sources.documents[pair["doc_id"]]
        return found + abstention.problems(question, *beside, document)
    found += form.problems(question, answer, pair["evidence"], pair["language"])
    return found + claims.problems(question, answer, *beside)


def statement_problems(pair: Row, sources: Sources) -> list[str]:
    """What of a fact's statement is not grounded; no student learns it, but marks and duplicates go by it."""
    support = f"{pair['question']} {pair['answer']}"
    return claims.problems(support, pair["statement"], *sources.beside(pair))


def length_problems(question: str, answer: str, settings: Params) -> list[str]:
    """Whether question and answer are as long as they may be."""
    found = []
    if not settings.min_question_characters <= len(question) <= settings.max_question_characters:
        found.append("question length")
    if not settings.min_answer_characters <= len(answer) <= settings.max_answer_characters:
        found.append("answer length")
    return found


def checked(
    batch: tuple[int, tuple[Row, ...], Sources], settings: Params, refusals: tuple[str, ...]
) -> tuple[int, list[list[str]]]:
    """The number of a batch, and what is wrong with each of its pairs."""
    number, pairs, sources = batch
    found = [problems(pair, sources, settings, refusals) for pair in pairs]
    statements: dict[tuple[str, str], list[str]] = {}  # each looked at once, beside a right wording
    for pair, own in zip(pairs, found, strict=True):
        if own or pair["kind"] == "abstain":
            continue
        key = pair["fact_id"], pair["statement"]
        if key not in statements:
            statements[key] = statement_problems(pair, sources)
        own += statements[key]
    return number, found


def batches(pairs: list[Row], sources: Sources) -> Iterator[tuple[int, tuple[Row, ...], Sources]]:
    """The pairs in numbered batches, each with the chunks that it needs."""
    for number, start in enumerate(range(0, len(pairs), BATCH)):
        batch = tuple(pairs[start : start + BATCH])
        yield number, batch, sources.of(batch)


def validate(
    pairs: list[Row],
    sources: Sources,
    settings: Params,
    refusals: tuple[str, ...],
    parallel: ParallelSettings,
) -> list[Row]:
    """All pairs with `is_kept`, `reasons` and `similarity`, in their order.

    Checks among pairs see only what the ones before them kept.
    """
    measure = similarity.load(settings.embedding_model)
    work = partial(checked, settings=settings, refusals=refusals)
    done = spread(work, batches(pairs, sources), parallel)
    total = -(-len(pairs) // BATCH)
    by_batch = dict(track(done, "checking pairs", total=total))
    found = [reasons for number in sorted(by_batch) for reasons in by_batch[number]]
    reasons = {pair["pair_id"]: own for pair, own in zip(pairs, found, strict=True)}
    likeness = similarities(pairs, measure)
    for pair, value in zip(pairs, likeness, strict=True):
        if pair["kind"] != "abstain" and value < settings.min_similarity:
            reasons[pair["pair_id"]].append(f"similarity: {value:.2f}")
    reject_repetitions(pairs, reasons, measure, sources.chunks, settings)
    return [
        {
            **pair,
            "is_kept": not reasons[pair["pair_id"]],
            "reasons": reasons[pair["pair_id"]],
            "similarity": round(value, 4),
        }
        for pair, value in zip(pairs, likeness, strict=True)
    ]


def similarities(pairs: list[Row], measure: Similarity) -> list[float]:
    """How alike each question with its answer is to the evidence, 0-1."""
    said = [f"{pair['question']} {pair['answer']}" for pair in pairs]
    return measure.between(said, [pair["evidence"] for pair in pairs])


def reject_repetitions(
    pairs: list[Row],
    reasons: dict[str, list[str]],
    measure: Similarity,
    chunks: dict[str, Row],
    settings: Params,
) -> None:
    """Adds to `reasons` what pairs repeat, one check after the other."""
    for check in (
        repeated_facts,
        same_questions,
        partial(similar_questions, threshold=settings.near_duplicate_similarity, chunks=chunks),
        partial(similar_meanings, measure=measure, chunks=chunks),
    ):
        for pair_id, reason in check([pair for pair in pairs if not reasons[pair["pair_id"]]]).items():
            reasons[pair_id].append(reason)


def label(reason: str) -> str:
    """A reason without its detail."""
    return reason.split(":", 1)[0]


def summary(rows: list[Row]) -> dict[str, Any]:
    """metrics/validate.json: kept and rejected pairs, in all and per document, and how often each reason."""
    documents = sorted({row["doc_id"] for row in rows})
    kept = Counter(row["doc_id"] for row in rows if row["is_kept"])
    rejected = Counter(row["doc_id"] for row in rows if not row["is_kept"])
    labels = Counter(name for row in rows for name in {label(reason) for reason in row["reasons"]})
    return {
        "pairs": len(rows),
        "kept": kept.total(),
        "rejected": rejected.total(),
        "facts": len({row["fact_id"] for row in rows}),
        "kept_facts": len({row["fact_id"] for row in rows if row["is_kept"]}),
        "similarity": round(sum(row["similarity"] for row in rows) / len(rows), 4) if rows else 0.0,
        "reasons": dict(sorted(labels.items())),
        "documents": {doc: {"kept": kept[doc], "rejected": rejected[doc]} for doc in documents},
    }


def read_sources(pairs: list[Row]) -> Sources:
    """Chunks, titles and, for questions to be refused, whole documents."""
    chunks = {chunk["chunk_id"]: chunk for chunk in files.stream_rows(CHUNKS)}
    titles = {row["doc_id"]: row["title"] for row in files.stream_rows(DOCUMENTS, ["doc_id", "title"])}
    refused = {pair["doc_id"] for pair in pairs if pair["kind"] == "abstain"}
    documents: dict[str, str] = {}
    for chunk in chunks.values():
        if chunk["doc_id"] in refused:
            documents[chunk["doc_id"]] = f"{documents.get(chunk['doc_id'], '')}\n{chunk['text']}"
    return Sources(chunks, titles, documents)


def main() -> None:
    """Reads pairs, chunks and titles, writes validated pairs."""
    settings = params.load("validate", Params)
    student = params.load("student", StudentSettings)
    parallel = params.load("parallel", ParallelSettings)
    pairs = files.read_rows(PAIRS)
    rows = validate(pairs, read_sources(pairs), settings, student.refusals, parallel)
    files.write_rows(VALIDATED_PAIRS, rows, VALIDATED)
    metrics = summary(rows)
    files.write_json(METRICS, metrics)
    log.info(
        "validate: %d pairs kept, %d rejected -> %s", metrics["kept"], metrics["rejected"], VALIDATED_PAIRS
    )


if __name__ == "__main__":
    run_stage(main)
