"""Conversations of several turns over the training pairs of one document.

in:  data/split.parquet, data/parse.parquet (titles), prompts/ (for a prompted teacher)
out: data/dialogue.parquet (records.DIALOGUE), data/answers/dialogue.parquet, metrics/dialogue.json

Facts that follow each other in the document make one conversation. Each answer has to carry exactly the
numbers of the pair it comes from, and no question may be a held-out one; a conversation that fails is left
out and counted.
"""

import logging
from collections import defaultdict
from pathlib import Path
from typing import Any

from pydantic import Field

from slm_factory.core import files, params
from slm_factory.core.errors import run_stage
from slm_factory.core.files import Row
from slm_factory.core.matching import loose, lot, numbers
from slm_factory.core.params import Settings
from slm_factory.core.records import DIALOGUE, identifier
from slm_factory.core.text import normalize
from slm_factory.teachers import teacher
from slm_factory.teachers.asking import Outcome, ask, write_answers
from slm_factory.teachers.tasks import DialogueAnswer, DialogueInput, Turn
from slm_factory.teachers.teacher import TeacherSettings

PAIRS = Path("data/split.parquet")
DOCUMENTS = Path("data/parse.parquet")
DIALOGUES = Path("data/dialogue.parquet")
ANSWERS = Path("data/answers/dialogue.parquet")
PROMPTS = Path("prompts")  # read by a prompted teacher
METRICS = Path("metrics/dialogue.json")

log = logging.getLogger(__name__)


class Params(Settings):
    """`dialogue:` in params.yaml."""

    enabled: bool
    turns: int = Field(ge=2)
    per_document: int = Field(ge=1)


def groups(pairs: list[Row], settings: Params) -> list[list[Row]]:
    """Training pairs to be joined: `turns` neighbouring facts of a document, one pair each, drawn by hash."""
    documents: defaultdict[str, dict[str, Row]] = defaultdict(dict)
    for pair in pairs:
        if pair["split"] != "train":
            continue
        facts = documents[pair["doc_id"]]
        known = facts.get(pair["fact_id"])
        if known is None or lot("dialogue", pair["pair_id"]) < lot("dialogue", known["pair_id"]):
            facts[pair["fact_id"]] = pair
    chosen = []
    for facts in documents.values():
        rows = list(facts.values())
        windows = [rows[start : start + settings.turns] for start in range(0, len(rows), settings.turns)]
        whole = [window for window in windows if len(window) == settings.turns]
        drawn = sorted(whole, key=lambda window: lot("dialogue", window[0]["fact_id"]))[
            : settings.per_document
        ]
        chosen += sorted(drawn, key=rows_in_order(rows))
    return chosen


def rows_in_order(rows: list[Row]) -> Any:
    """A sort key for windows of `rows`: reading order."""
    place = {row["pair_id"]: index for index, row in enumerate(rows)}
    return lambda window: place[window[0]["pair_id"]]


def problem_of(turns: tuple[Turn, ...], pairs: list[Row], held_out: set[str]) -> str:
    """Why a conversation cannot be used, "" if it can. `held_out`: loose questions of test and unseen."""
    if len(turns) != len(pairs):
        return "other number of turns"
    for turn, pair in zip(turns, pairs, strict=True):
        if not turn.question.strip() or not turn.answer.strip():
            return "empty turn"
        if numbers(turn.answer) != numbers(pair["answer"]):
            return "answer with other numbers"
        if loose(turn.question) in held_out:
            return "held-out question"
    return ""


def row_of(pairs: list[Row], turns: tuple[Turn, ...], teacher_name: str, request: str) -> Row:
    """A conversation as a row; user and assistant take turns, the system prompt comes with convert."""
    messages = [
        {"role": role, "content": normalize(text)}
        for turn in turns
        for role, text in (("user", turn.question), ("assistant", turn.answer))
    ]
    pair_ids = [pair["pair_id"] for pair in pairs]
    return {
        "dialogue_id": identifier(pair_ids, messages),
        "doc_id": pairs[0]["doc_id"],
        "language": pairs[0]["language"],
        "pair_ids": pair_ids,
        "messages": messages,
        "teacher": teacher_name,
        "request": request,
    }


def joined(
    chosen: list[list[Row]], outcomes: list[Outcome[DialogueAnswer]], held_out: set[str], teacher_name: str
) -> tuple[list[Row], list[dict[str, str]]]:
    """The usable conversations, and for each other one its first pair and the reason."""
    rows, left_out = [], []
    for pairs, outcome in zip(chosen, outcomes, strict=True):
        turns = outcome.answer.turns if outcome.answer else ()
        reason = problem_of(turns, pairs, held_out) if outcome.answer else outcome.reason
        if reason:
            left_out.append({"pair_id": pairs[0]["pair_id"], "doc_id": pairs[0]["doc_id"], "reason": reason})
        else:
            rows.append(row_of(pairs, turns, teacher_name, outcome.request))
    return rows, left_out


def main() -> None:
    """Reads the split, asks the teacher, writes conversations; an empty table when switched off."""
    settings = params.load("dialogue", Params)
    pairs = files.read_rows(PAIRS)
    rows: list[Row] = []
    left_out: list[dict[str, str]] = []
    how = "switched off"
    if settings.enabled:
        teaching = params.load("teacher", TeacherSettings)
        guide = teacher.load(teaching)
        titles = {row["doc_id"]: row["title"] for row in files.read_rows(DOCUMENTS, ["doc_id", "title"])}
        chosen = groups(pairs, settings)
        tasks = [
            DialogueInput(
                title=titles[group[0]["doc_id"]],
                language=group[0]["language"],
                turns=tuple(Turn(question=pair["question"], answer=pair["answer"]) for pair in group),
            )
            for group in chosen
        ]
        replies = ask(guide, tasks, DialogueAnswer, concurrency=teaching.concurrency, answers_file=ANSWERS)
        held_out = {loose(pair["question"]) for pair in pairs if pair["split"] in ("test", "unseen")}
        rows, left_out = joined(chosen, replies.outcomes, held_out, guide.name)
        how = str(replies)
    else:
        write_answers(ANSWERS, {})
    files.write_rows(DIALOGUES, rows, DIALOGUE)
    turns = sum(len(row["pair_ids"]) for row in rows)
    files.write_json(METRICS, {"dialogues": len(rows), "turns": turns, "left_out": left_out})
    log.info("dialogue: %d conversations, %d left out; %s -> %s", len(rows), len(left_out), how, DIALOGUES)


if __name__ == "__main__":
    run_stage(main)
