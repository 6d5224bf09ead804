"""data/feedback.jsonl: what users thought of the served model's answers, as marks on pairs and as pairs.

`slm-factory serve` keeps a line for each thumb (`serve.feedback`). A question that pairs ask too, however it
is spaced or punctuated, marks these pairs. And every thumb with a passage that stands in the documents is a
pair of its own, beside which a reviewer decides: no answer of a model is learnt because somebody liked it.
The decision carries question, answer and chunk_id, so data/review.jsonl alone says what `review` adds.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from slm_factory.core import files, params
from slm_factory.core.files import Row
from slm_factory.core.matching import loose, trigrams
from slm_factory.core.records import identifier
from slm_factory.core.text import language
from slm_factory.review.decisions import Decisions, standing

FEEDBACK = Path("data/feedback.jsonl")
CHUNK_COLUMNS = ("chunk_id", "doc_id", "headings", "text")
TEACHER = "feedback"  # of the pairs that users wrote
REASON = "from feedback"  # why such a pair is not kept before somebody decides
SENTENCE = re.compile(r"[^\n]+?(?:[.!?。](?=\s)|(?=\n)|$)")


class Feedback(BaseModel):
    """One thumb; what else a server notes is left alone."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    feedback_id: str = ""
    question: str
    answer: str
    rating: Literal["up", "down"]
    correction: str = ""  # a better answer, where a user knew one
    version: str = ""
    chunk_ids: tuple[str, ...] = ()  # passages that were shown with the answer

    @property
    def pair_id(self) -> str:
        return self.feedback_id or identifier(self.question, self.answer, self.version)


Thumbs = dict[str, list[Feedback]]  # by the loose form of the question


def read(path: Path = FEEDBACK) -> list[Feedback]:
    """The thumbs in the order of the file; none where there is no file.

    Raises:
        UserError: a line is none; it is named.
    """
    return params.load_lines(path, Feedback) if path.is_file() else []


def by_question(thumbs: Iterable[Feedback]) -> Thumbs:
    """The thumbs on each question."""
    found: Thumbs = defaultdict(list)
    for thumb in thumbs:
        found[loose(thumb.question)].append(thumb)
    return dict(found)


def votes(thumbs: Thumbs) -> dict[str, int]:
    """Up less down votes on each question; 0 counts as -1: somebody was not content."""
    return {
        question: sum(1 if thumb.rating == "up" else -1 for thumb in given) or -1
        for question, given in thumbs.items()
    }


def by_pair(questions: Iterable[str], counted: dict[str, int]) -> list[int]:
    """-1, 0 or 1 for each of `questions`: disliked, unknown to users, liked."""
    found = (counted.get(loose(question), 0) for question in questions)
    return [(count > 0) - (count < 0) for count in found]


def chunk_ids(thumbs: Iterable[Feedback], made: Decisions) -> set[str]:
    """The chunks that feedback and the decisions on it rest on."""
    shown = {chunk_id for thumb in thumbs for chunk_id in thumb.chunk_ids}
    return shown | {line.chunk_id for lines in made.values() for line in lines if line.chunk_id}


def read_chunks(path: Path, wanted: set[str]) -> dict[str, Row]:
    """Those chunks by chunk_id; a missing table is read only where something is wanted of it.

    Raises:
        UserError: the table is wanted and missing.
    """
    if not wanted:
        return {}
    rows = files.stream_rows(path, CHUNK_COLUMNS, group=4096)
    return {row["chunk_id"]: row for row in rows if row["chunk_id"] in wanted}


def pairs(thumbs: Iterable[Feedback], made: Decisions, chunks: Mapping[str, Row]) -> list[Row]:
    """The thumbs that rest on one of `chunks` as rows of records.SCORED, and those that were decided on.

    Sorted by pair_id. A thumb without a passage of today's documents is no pair: nobody could check it.
    """
    rows = {row["pair_id"]: row for row in decided(made, chunks)}
    for thumb in thumbs:
        shown = [chunks[chunk_id] for chunk_id in thumb.chunk_ids if chunk_id in chunks]
        if shown and thumb.pair_id not in rows:
            answer = thumb.correction or thumb.answer
            chunk = max(shown, key=lambda chunk: quotation(chunk["text"], thumb.question, answer)[0])
            rows[thumb.pair_id] = pair(thumb.pair_id, thumb.question, answer, chunk)
    return [rows[pair_id] for pair_id in sorted(rows)]


def decided(made: Decisions, chunks: Mapping[str, Row]) -> list[Row]:
    """The pairs from feedback that people decided on, in the words of the decision that counts."""
    rows = []
    for pair_id in sorted(made):
        line = standing(made[pair_id])
        if line.chunk_id in chunks and line.question and line.answer:
            rows.append(pair(pair_id, line.question, line.answer, chunks[line.chunk_id]))
    return rows


def pair(pair_id: str, question: str, answer: str, chunk: Row) -> Row:
    """A row of records.SCORED: a fact of one wording, which no check and no teacher has looked at."""
    _, evidence = quotation(chunk["text"], question, answer)
    return {
        **{"pair_id": pair_id, "fact_id": pair_id, "doc_id": chunk["doc_id"], "chunk_id": chunk["chunk_id"]},
        **{"kind": "fact", "category": (chunk["headings"] or [""])[-1], "audience": "expert"},
        **{"language": language(question), "wording": 0, "question": question, "answer": answer},
        **{"statement": "", "evidence": evidence, "teacher": TEACHER, "request": ""},
        **{"is_kept": False, "reasons": [REASON], "similarity": None, "score_reason": ""},
        **dict.fromkeys(("faithfulness", "completeness", "usefulness", "score")),
    }


def quotation(text: str, question: str, answer: str) -> tuple[int, str]:
    """The sentence or line of `text` that says most of question and answer, and how much, in trigrams.

    What only the answer says counts three times: the words of the question stand in the title's sentence too.
    """
    asked = trigrams(loose(question))
    new = trigrams(loose(answer)) - asked
    best, evidence = 0, ""
    for match in SENTENCE.finditer(text):
        said = trigrams(loose(match[0]))
        if (shared := 3 * len(said & new) + len(said & asked)) > best:
            best, evidence = shared, match[0].strip()
    return best, evidence
