"""Asks base, tuned and champion the same held-out questions, and measures their answers.

in:  data/split.parquet, data/review.parquet, data/abstain.jsonl, data/general.jsonl, data/text.jsonl,
     data/chunk.parquet, prompts, models/adapter, the student (params: student), the teacher (params: teacher)
out: data/evaluate.parquet (records.ANSWER), data/answers/evaluate.parquet, metrics/evaluate.json,
     metrics/evaluate/slices.csv

The champion is the version at the git tag `gate.champion`, read through DVC. Its own test questions stay in
the test while the documents say their answers, also where the checks reject them now: a document that
contradicts what was taught must not take the questions about it away. Answers are remembered by content, so a
base or champion that was asked before answers only new questions.
"""

import csv
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import Field

from slm_factory.core import files, params
from slm_factory.core.errors import run_stage
from slm_factory.core.files import Row
from slm_factory.core.params import Settings
from slm_factory.core.records import ANSWER, identifier
from slm_factory.core.store import Store
from slm_factory.evaluation.examine import answered, read_texts, with_losses
from slm_factory.evaluation.judging import agreement, judged
from slm_factory.evaluation.retrieval import Prompts, Search, fitted
from slm_factory.evaluation.versions import Contender, Version, version_at
from slm_factory.evaluation.withdrawn import new_pairs, rejected_since, withdrawn
from slm_factory.metrics.slices import SLICES, GateSettings
from slm_factory.metrics.summary import RETRIEVAL, retrieval_gain, summary
from slm_factory.student.chat import question_messages
from slm_factory.student.generate import Student
from slm_factory.student.settings import StudentSettings
from slm_factory.teachers.asking import ask_nothing
from slm_factory.teachers.teacher import TeacherSettings

PAIRS = Path("data/split.parquet")
REVIEWED = Path("data/review.parquet")
CHUNKS = Path("data/chunk.parquet")
ABSTAIN = Path("data/abstain.jsonl")
GENERAL = Path("data/general.jsonl")
TEXTS = Path("data/text.jsonl")
PROMPTS = Path("prompts")
ADAPTER = Path("models/adapter")
ANSWERS = Path("data/evaluate.parquet")
JUDGEMENTS = Path("data/answers/evaluate.parquet")
MEASURES = Path("metrics/evaluate.json")
PLOT = Path("metrics/evaluate/slices.csv")


log = logging.getLogger(__name__)


class Params(Settings):
    """`evaluate:` in params.yaml."""

    batch_size: int = Field(ge=1)
    max_new_tokens: int = Field(ge=1)
    retrieval: bool
    passages: int = Field(ge=1)
    judge: bool
    resamples: int = Field(ge=100)
    seed: int


def questions(
    pairs: list[Row], abstain: list[Row], general: list[Row], student: StudentSettings
) -> list[Row]:
    """All held-out questions (records.QUESTION), sorted by slice and id.

    Facts that were not trained, unseen or not in the documents, are asked once each: their wordings would be
    refused or guessed together, and the interval would be too narrow.
    """
    refusals = {"ko": student.refusal_ko, "en": student.refusal_en}
    tested = [row for row in pairs if row["split"] == "test"]
    rows = [question("recall", row, row["answer"]) for row in tested if row["kind"] != "abstain"]
    once = {row["fact_id"]: row for row in reversed(pairs) if row["split"] == "unseen"}
    rows += [question("unseen", row, row["answer"]) for row in once.values()]
    once = {row["fact_id"]: row for row in reversed(tested) if row["kind"] == "abstain"}
    rows += [question("abstain", row, refusals[row["language"]]) for row in once.values()]
    rows += [question("abstain", row, refusals[row["language"]]) for row in abstain if row["split"] == "test"]
    rows += [question("general", row, row["answer"]) for row in general if row["split"] == "test"]
    return sorted(rows, key=lambda row: (row["slice"], row["question_id"]))


def question(slice_name: str, row: Row, reference: str) -> Row:
    """One `records.QUESTION` row."""
    return {
        "question_id": identifier(slice_name, row["question"], reference),
        "slice": slice_name,
        "pair_id": row.get("pair_id", ""),
        "doc_id": row.get("doc_id", ""),
        "category": row.get("category", ""),
        "language": row["language"],
        "question": row["question"],
        "reference": reference,
        "is_new": False,
        "present_answer": row.get("present_answer", ""),
    }


def text_row(row: Row) -> Row:
    """One `records.QUESTION` row of the slice text."""
    return question("text", {"language": row["language"], "question": ""}, row["text"])


def beside_champion(asked: list[Row], before: list[Row], now: list[Row]) -> list[Row]:
    """The questions, marked `is_new` where the champion, which learned `before`, did not learn the fact.

    Added are its own test questions that the checks reject now (recall), and facts that it learned and that
    no document states any more (withdrawn).
    """
    new = new_pairs(before, now)
    reviewed = files.read_rows(REVIEWED)
    texts: dict[str, str] = {}
    for chunk in files.stream_rows(CHUNKS, ["doc_id", "text"]):
        texts[chunk["doc_id"]] = f"{texts.get(chunk['doc_id'], '')}\n{chunk['text']}"
    kept = [question("recall", row, row["answer"]) for row in rejected_since(before, now, reviewed)]
    gone = [question("withdrawn", row, row["answer"]) for row in withdrawn(before, now, reviewed, texts)]
    marked = [{**row, "is_new": row["slice"] == "recall" and row["pair_id"] in new} for row in asked]
    return sorted([*marked, *kept, *gone], key=lambda row: (row["slice"], row["question_id"]))


@contextmanager
def champion_at(tag: str) -> Iterator[Version | None]:
    """The version at `gate.champion` as it is served, None without a tag.

    Raises:
        UserError: see `version_at`.
    """
    if not tag:
        yield None
        return
    with version_at(tag, "champion") as version:
        yield version


def examine(
    contender: Contender,
    asked: list[Row],
    texts: list[Row],
    settings: Params,
    refusals: tuple[str, str],
    search: Search | None,
    store: Store,
) -> list[Row]:
    """The contender's answers to all questions, measured; with `search`, also those it gives to passages."""
    student = contender.load(store, settings.batch_size)
    conversations = [question_messages(contender.student.system_prompt, row["question"]) for row in asked]
    rows = answered(contender.name, student, asked, conversations, settings.max_new_tokens, refusals)
    rows = with_losses(rows, student, conversations) + read_texts(contender.name, student, texts)
    if search is None:
        return rows
    about = [row for row in asked if row["slice"] in ("recall", "unseen", "abstain", "withdrawn")]
    conversations = with_passages(contender.student.system_prompt, about, student, settings, search)
    name = contender.name + RETRIEVAL
    return rows + answered(name, student, about, conversations, settings.max_new_tokens, refusals)


def with_passages(
    system_prompt: str, asked: list[Row], student: Student, settings: Params, search: Search
) -> list[list[dict[str, str]]]:
    """Each question's conversation, with the best passages that fit the student's context."""
    prompts = Prompts(PROMPTS)
    return [
        fitted(
            lambda found, row=row: question_messages(  # type: ignore[misc]
                system_prompt, prompts.fill(row["question"], row["language"], found)
            ),
            search.find(row["question"], settings.passages),
            lambda messages: student.fits(messages, settings.max_new_tokens),
        )
        for row in asked
    ]


def write_plot(measured: dict[str, Any]) -> None:
    """slices.csv: the metric that judges each slice, a bar (`name`) per contender, with its interval."""
    with files.replacing(PLOT) as beside, beside.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["name", "slice", "contender", "metric", "value", "low", "high"])
        for name, contenders in measured.items():
            metric = SLICES[name].metric.removeprefix("is_")
            for contender, values in contenders.items():
                if metric in values:
                    bar, value = f"{name}, {contender}", values[metric]
                    numbers = (value["mean"], value["low"], value["high"])
                    writer.writerow([bar, name, contender, metric, *numbers])


def main() -> None:
    """Reads the questions, asks the contenders, writes answers and measures."""
    settings = params.load("evaluate", Params)
    system = params.load("student", StudentSettings)
    pairs = files.read_rows(PAIRS)
    asked = questions(pairs, files.read_json_lines(ABSTAIN), files.read_json_lines(GENERAL), system)
    texts = sorted(map(text_row, files.read_json_lines(TEXTS)), key=lambda row: row["question_id"])
    search = Search(files.read_rows(CHUNKS)) if settings.retrieval else None
    started = time.monotonic()
    contenders = [
        Contender("base", system, None),
        Contender("tuned", system, ADAPTER),
    ]
    with Store() as store, champion_at(params.load("gate", GateSettings).champion) as champion:
        if champion:
            asked = beside_champion(asked, champion.pairs, pairs)
            contenders.append(champion.contender)
        rows = [
            row
            for contender in contenders
            for row in examine(
                contender,
                asked,
                texts,
                settings,
                system.refusals,
                search if contender.name != "champion" else None,
                store,
            )
        ]
    measured: dict[str, Any] = {}
    if settings.judge:
        rows, unjudged = judged(rows, params.load("teacher", TeacherSettings), JUDGEMENTS)
        measured["judge"] = {"agreement": agreement(rows), "failed": unjudged}
    else:
        ask_nothing(JUDGEMENTS)
    files.write_rows(ANSWERS, rows, ANSWER)
    slices = summary(rows, resamples=settings.resamples, seed=settings.seed)
    gain = retrieval_gain(rows, resamples=settings.resamples, seed=settings.seed)
    files.write_json(MEASURES, slices | measured | ({"retrieval": gain} if gain else {}))
    write_plot(slices)
    log.info(
        "evaluate: %d questions, %d texts, %d contenders, %.0f s -> %s",
        len(asked),
        len(texts),
        len({row["contender"] for row in rows}),
        time.monotonic() - started,
        ANSWERS,
    )


if __name__ == "__main__":
    run_stage(main)
