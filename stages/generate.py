"""Facts from every chunk, each in several wordings of question and answer.

in:  data/chunk.parquet, data/parse.parquet (titles, metadata), metrics/parse.json (personal data found),
     data/questions.jsonl (asked of every document), prompts/ (for a prompted teacher)
out: data/generate.parquet (records.PAIR), data/answers/generate.parquet, metrics/generate.json

The teacher reads one chunk at a time. Its facts become rows here, one per question wording: equal facts of
a document are merged, each audience gets the same number of wordings, and questions that the text does not
answer get the student's refusal. Each chunk ends as rows or as a reason in the metrics; of more chunks than
`max_chunks` a sample is read. One document is in memory at a time.
"""

import json
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from slm_factory.core import files, params
from slm_factory.core.errors import run_stage
from slm_factory.core.files import Row
from slm_factory.core.korean import Noun
from slm_factory.core.params import Settings
from slm_factory.core.records import PAIR
from slm_factory.core.sampling import left_out, sample, source_of
from slm_factory.student.settings import StudentSettings
from slm_factory.teachers import teacher
from slm_factory.teachers.asking import Outcome, ask
from slm_factory.teachers.domains import domain_of
from slm_factory.teachers.facts import DocumentFacts
from slm_factory.teachers.tasks import (
    Audience,
    Domain,
    Fact,
    FixedQuestion,
    GenerateAnswer,
    GenerateInput,
    Language,
)
from slm_factory.teachers.teacher import TeacherSettings

CHUNKS = Path("data/chunk.parquet")
DOCUMENTS = Path("data/parse.parquet")
FINDINGS = Path("metrics/parse.json")
QUESTIONS = Path("data/questions.jsonl")
PAIRS = Path("data/generate.parquet")
ANSWERS = Path("data/answers/generate.parquet")
PROMPTS = Path("prompts")  # read by a prompted teacher
METRICS = Path("metrics/generate.json")

ROW_GROUP = 10_000

Answered = tuple[Row, Outcome[GenerateAnswer]]  # a chunk with what became of it

log = logging.getLogger(__name__)


class Params(Settings):
    """`generate:` in params.yaml."""

    question_wordings: int = Field(ge=1)
    answer_wordings: int = Field(ge=1)
    audiences: list[Audience] = Field(min_length=1)
    domain: Literal["auto"] | Domain
    max_facts_per_chunk: int = Field(ge=1)
    abstentions_per_chunk: int = Field(ge=0)
    categories: list[str]
    max_chunks: int = Field(ge=0)
    sample_seed: int


class QuestionLine(Settings):
    """A line of data/questions.jsonl."""

    category: str = Field(min_length=1)
    question: str = Field(min_length=1)
    language: Language


@dataclass(frozen=True)
class Document:
    """What the teacher is told about the document of a chunk."""

    title: str
    domain: Domain


@dataclass(frozen=True)
class Tasks:
    """The tasks of the chunks that are read, made anew at each iteration."""

    documents: dict[str, Document]
    questions: dict[str, tuple[FixedQuestion, ...]]  # by language
    chosen: set[str]  # chunk_ids
    settings: Params

    def chunks(self) -> Iterator[Row]:
        """The chunks that are read, in the order of their documents."""
        return (chunk for chunk in files.stream_rows(CHUNKS) if chunk["chunk_id"] in self.chosen)

    def __iter__(self) -> Iterator[GenerateInput]:
        for chunk in self.chunks():
            document = self.documents[chunk["doc_id"]]
            yield GenerateInput(
                text=chunk["text"],
                title=document.title,
                headings=tuple(chunk["headings"]),
                language=chunk["language"],
                domain=document.domain,
                audiences=tuple(dict.fromkeys(self.settings.audiences)),
                question_wordings=self.settings.question_wordings,
                answer_wordings=self.settings.answer_wordings,
                max_facts=self.settings.max_facts_per_chunk,
                max_abstentions=self.settings.abstentions_per_chunk,
                questions=self.questions[chunk["language"]],
            )


@dataclass
class Tally:
    """What metrics/generate.json says, counted as documents pass."""

    counts: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    empty: list[dict[str, str]] = field(default_factory=list)
    unreadable: list[dict[str, str]] = field(default_factory=list)
    unanswered: list[dict[str, Any]] = field(default_factory=list)

    def metrics(self, skipped: dict[str, int], usage: dict[str, Any]) -> dict[str, Any]:
        """The content of metrics/generate.json."""
        names = ("chunks", "facts", "pairs", "merged_facts", "cut_facts", "cut_abstentions")
        more = ("answered_abstentions", "facts_without_an_audience", "failed_chunks")
        return {
            **{name: self.counts[name] for name in (*names, *more)},
            "facts_by_kind": dict(sorted(self.kinds.items())),
            "chunks_left_out_by_sampling": skipped,
            "chunks_without_facts": self.empty,
            "unreadable_facts": self.unreadable,
            "unanswered_questions": self.unanswered,
            "teacher": usage,
        }


def read_questions(categories: list[str]) -> dict[str, tuple[FixedQuestion, ...]]:
    """The questions that every document is asked, by its language.

    Raises:
        UserError: a line of data/questions.jsonl lacks something.
    """
    asked: dict[str, list[FixedQuestion]] = {"ko": [], "en": []}
    for line in params.load_lines(QUESTIONS, QuestionLine):
        asked[line.language].append(FixedQuestion(category=line.category, question=line.question))
    for category in dict.fromkeys(categories):
        asked["ko"].append(FixedQuestion(category=category, question=f"{Noun(category):은} 무엇인가요?"))
        asked["en"].append(FixedQuestion(category=category, question=f"What is said about {category}?"))
    return {language: tuple(questions) for language, questions in asked.items()}


def read_documents(domain: Literal["auto"] | Domain) -> dict[str, Document]:
    """Title and domain of every document."""
    headings: dict[str, set[str]] = defaultdict(set)
    if domain == "auto":
        for chunk in files.stream_rows(CHUNKS, ["doc_id", "headings"]):
            headings[chunk["doc_id"]].update(chunk["headings"])
    rows = files.stream_rows(DOCUMENTS, ["doc_id", "format", "title", "meta"])
    return {
        row["doc_id"]: Document(
            row["title"],
            domain_of(row["format"], row["title"], json.loads(row["meta"]), headings[row["doc_id"]])
            if domain == "auto"
            else domain,
        )
        for row in rows
    }


def choose(settings: Params) -> tuple[set[str], dict[str, int], list[str]]:
    """The chunks to read, how many of each source are left out, and the documents of those to read."""
    places = [
        (row["chunk_id"], row["doc_id"]) for row in files.stream_rows(CHUNKS, ["chunk_id", "doc_id"], 10_000)
    ]
    sources = {chunk_id: source_of(doc_id) for chunk_id, doc_id in places}
    size = settings.max_chunks or len(sources)
    chosen = sample(sources, size, settings.sample_seed)
    skipped = left_out(sources.values(), (sources[chunk_id] for chunk_id in chosen))
    return chosen, skipped, [doc_id for chunk_id, doc_id in places if chunk_id in chosen]


def within_limits(stated: tuple[Fact, ...], settings: Params, tally: Tally) -> list[Fact]:
    """The facts of a chunk up to the numbers asked for, in their order; what is cut is counted."""
    room = {True: settings.abstentions_per_chunk, False: settings.max_facts_per_chunk}
    used = []
    for fact in stated:
        is_abstention = fact.kind == "abstain"
        if room[is_abstention] > 0:
            room[is_abstention] -= 1
            used.append(fact)
        else:
            tally.counts["cut_abstentions" if is_abstention else "cut_facts"] += 1
    return used


def collect(
    group: Iterable[Answered], tasks: Tasks, tally: Tally
) -> tuple[DocumentFacts, list[dict[str, str]]]:
    """The distinct facts of one document, and for each chunk the reason that holds if it gives no rows."""
    settings = tasks.settings
    facts = DocumentFacts(settings.audiences, settings.question_wordings, settings.answer_wordings)
    reasons = []
    for chunk, outcome in group:
        facts.categories |= {question.category for question in tasks.questions[chunk["language"]]}
        stated = outcome.answer or GenerateAnswer(facts=())
        used = within_limits(stated.facts, settings, tally)
        new = facts.add(chunk, outcome.request, used)
        tally.counts.update(chunks=1, failed_chunks=outcome.answer is None, merged_facts=len(used) - new)
        place = {"chunk_id": chunk["chunk_id"], "doc_id": chunk["doc_id"]}
        without = "none of its questions can be used" if new else "its facts were stated before"
        reasons.append(
            {**place, "reason": outcome.reason or (without if used else "the teacher found no fact")}
        )
        tally.unreadable += [{**place, "reason": reason} for reason in stated.left_out]
    tally.counts["answered_abstentions"] += facts.drop_answered()
    return facts, reasons


def document_rows(
    group: Iterable[Answered], tasks: Tasks, student: StudentSettings, teacher_name: str, tally: Tally
) -> Iterator[Row]:
    """The rows of one document, in reading order; counts them, and what gave none."""
    facts, reasons = collect(group, tasks, tally)
    with_rows: set[str] = set()
    for fact_id, found in facts.facts.items():
        refusal = student.refusal_ko if found.chunk["language"] == "ko" else student.refusal_en
        rows = list(facts.rows(fact_id, refusal, teacher_name))
        is_short = len({row["audience"] for row in rows}) < len(facts.audiences)
        tally.counts.update(facts=1, pairs=len(rows), facts_without_an_audience=is_short)
        tally.kinds[found.fact.kind] += 1
        with_rows.update(row["chunk_id"] for row in rows)
        yield from rows
    tally.empty += [reason for reason in reasons if reason["chunk_id"] not in with_rows]
    if unanswered := sorted(facts.categories - facts.answered_categories()):
        tally.unanswered.append({"doc_id": reasons[0]["doc_id"], "categories": unanswered})


def warn_of_personal_data(is_remote: bool) -> None:
    """Says in the log that documents with personal data go to another machine, if they do.

    `parse.redact` is looked at for this line only, so it is no parameter of the stage.
    """
    found = files.read_json(FINDINGS)["documents_with_personal_data"] if is_remote else []
    if found and params.read()["parse"]["redact"] != "mask":
        log.warning(
            "generate: %d documents hold personal data or secrets (%s) and are sent to the teacher's server; "
            "parse.redact=mask hides them",
            len(found), FINDINGS,
        )  # fmt: skip


def main() -> None:
    """Reads chunks, asks the teacher, writes pairs."""
    settings = params.load("generate", Params)
    teaching = params.load("teacher", TeacherSettings)
    student = params.load("student", StudentSettings)
    chosen, skipped, doc_ids = choose(settings)
    tasks = Tasks(read_documents(settings.domain), read_questions(settings.categories), chosen, settings)
    guide = teacher.load(teaching)
    warn_of_personal_data(guide.is_remote)
    replies = ask(
        guide,
        tasks,
        GenerateAnswer,
        settings=teaching,
        stage="generate",
        documents=doc_ids,
        answers_file=ANSWERS,
    )
    tally = Tally()

    def rows() -> Iterator[Row]:
        answered = zip(tasks.chunks(), replies, strict=True)
        for _, group in groupby(answered, key=lambda pair: str(pair[0]["doc_id"])):
            yield from document_rows(group, tasks, student, guide.name, tally)

    files.write_rows(PAIRS, rows(), PAIR, group=ROW_GROUP)
    files.write_json(METRICS, tally.metrics(skipped, replies.usage()))
    log.info(
        "generate: %d chunks (%d left out by sampling), %d facts, %d pairs, %d chunks without rows; %s -> %s",
        tally.counts["chunks"], sum(skipped.values()), tally.counts["facts"], tally.counts["pairs"],
        len(tally.empty), replies, PAIRS,
    )  # fmt: skip


if __name__ == "__main__":
    run_stage(main)
