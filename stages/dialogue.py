"""Conversations of several turns over the training pairs of one document.

in:  data/split.parquet, data/chunk.parquet, data/parse.parquet (titles), prompts/ (for a prompted teacher)
out: data/dialogue.parquet (records.DIALOGUE), data/answers/dialogue.parquet, metrics/dialogue.json

Facts that follow each other in the document, worded for one audience, make one conversation. Each answer
passes the same grounding as its pair and says what the pair says; no question is a held-out one. The first
question stands alone, the others may lean on the turns before. Refusals (kind `abstain`) take no part:
nothing grounds them. A conversation that fails is left out and named with the reasons.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from pydantic import Field

from slm_factory.core import files, params
from slm_factory.core.errors import run_stage
from slm_factory.core.files import Row
from slm_factory.core.matching import lot
from slm_factory.core.params import Settings
from slm_factory.core.records import DIALOGUE, identifier
from slm_factory.core.text import normalize
from slm_factory.grounding import claims, form
from slm_factory.grounding.held_out import HeldOut
from slm_factory.grounding.meaning import differences
from slm_factory.teachers import teacher
from slm_factory.teachers.asking import Outcome, Replies, ask, ask_nothing
from slm_factory.teachers.tasks import DialogueAnswer, DialogueInput, Turn
from slm_factory.teachers.teacher import TeacherSettings

PAIRS = Path("data/split.parquet")
CHUNKS = Path("data/chunk.parquet")
DOCUMENTS = Path("data/parse.parquet")
DIALOGUES = Path("data/dialogue.parquet")
ANSWERS = Path("data/answers/dialogue.parquet")
PROMPTS = Path("prompts")  # read by a prompted teacher
METRICS = Path("metrics/dialogue.json")

MIN_TURNS = 2  # what is left of a document at its end makes a shorter conversation, if not a single question

log = logging.getLogger(__name__)


class Params(Settings):
    """`dialogue:` in params.yaml."""

    enabled: bool
    turns: int = Field(ge=MIN_TURNS, le=5)
    per_document: int = Field(ge=1)


def groups(pairs: list[Row], settings: Params) -> list[list[Row]]:
    """Training pairs to be joined: neighbouring facts of a document, one pair each, drawn by hash."""
    documents: defaultdict[tuple[str, str], dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for pair in pairs:
        if pair["split"] == "train" and pair["kind"] != "abstain":
            documents[pair["doc_id"], pair["language"]][pair["fact_id"]].append(pair)
    chosen = []
    for facts in documents.values():
        rows = list(facts.values())
        windows = [rows[start : start + settings.turns] for start in range(0, len(rows), settings.turns)]
        voiced = [in_one_voice(window) for window in windows]
        whole = [(place, window) for place, window in enumerate(voiced) if len(window) >= MIN_TURNS]
        drawn = sorted(whole, key=lambda item: lot("dialogue", item[1][0]["fact_id"]))
        chosen += [window for _, window in sorted(drawn[: settings.per_document], key=lambda item: item[0])]
    return chosen


def in_one_voice(window: list[list[Row]]) -> list[Row]:
    """One pair of each fact, all for one audience; empty where no audience has all facts."""
    shared = set.intersection(*({pair["audience"] for pair in pairs} for pairs in window))
    if not shared:
        return []
    audience = min(shared, key=lambda name: lot(f"dialogue for {name}", window[0][0]["fact_id"]))
    return [
        min(
            (pair for pair in pairs if pair["audience"] == audience),
            key=lambda pair: lot("dialogue", pair["pair_id"]),
        )
        for pairs in window
    ]


class Check(NamedTuple):
    """What conversations are held against."""

    chunks: dict[str, Row]
    titles: dict[str, str]  # by doc_id
    held_out: HeldOut

    def problems(self, turns: tuple[Turn, ...], pairs: list[Row]) -> list[str]:
        """Why a conversation cannot be used, each as a label or "label: detail"; empty if it can."""
        if len(turns) != len(pairs):
            return ["other number of turns"]
        if not all(turn.question.strip() and turn.answer.strip() for turn in turns):
            return ["empty turn"]
        found = []
        said = ""
        for turn, pair in zip(turns, pairs, strict=True):
            found += self.question_problems(turn.question, pair, said)
            found += self.answer_problems(turn.answer, pair)
            said += f" {turn.question} {turn.answer}"
        changes = differences(pairs[0]["question"], turns[0].question)
        found += [f"first question changed: {change}" for change in changes]
        return list(dict.fromkeys(found))

    def question_problems(self, question: str, pair: Row, said: str) -> list[str]:
        """What is wrong with a question that follows `said`: it may leave out much, but bring in nothing."""
        found = ["held-out question"] if self.held_out.has(question) else []
        form_problems = form.question_problems(question, pair["language"])
        found += [problem for problem in form_problems if not (said and problem == "dangling reference")]
        added = self.ungrounded(question, pair, f"{pair['question']} {pair['answer']}{said}")
        details = [problem.partition(": ")[2] for problem in added if " without evidence" in problem]
        return found + [f"question adds: {detail}" for detail in details]

    def answer_problems(self, answer: str, pair: Row) -> list[str]:
        """What is wrong with an answer, which has to be as good as that of its pair and to say the same."""
        found = form.problems(pair["question"], answer, pair["evidence"], pair["language"])
        found += [f"answer changed: {change}" for change in differences(pair["answer"], answer)]
        return found + self.ungrounded(answer, pair, pair["question"])

    def ungrounded(self, text: str, pair: Row, question: str) -> list[str]:
        """What of `text`, said to `question`, the chunk of `pair` does not carry."""
        chunk = self.chunks[pair["chunk_id"]]
        context = " ".join([self.titles[pair["doc_id"]], *chunk["headings"]])
        return claims.problems(question, text, pair["evidence"], chunk["text"], context)


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
    chosen: list[list[Row]], outcomes: Iterable[Outcome[DialogueAnswer]], check: Check, teacher_name: str
) -> tuple[list[Row], list[Row]]:
    """The usable conversations, and for each other one its first pair and the reasons."""
    rows, left_out = [], []
    for pairs, outcome in zip(chosen, outcomes, strict=True):
        if outcome.answer is None:
            reasons = [f"teacher failed: {outcome.reason}"]
        else:
            reasons = check.problems(outcome.answer.turns, pairs)
        if outcome.answer is None or reasons:
            first = pairs[0]
            left_out.append({"pair_id": first["pair_id"], "doc_id": first["doc_id"], "reasons": reasons})
        else:
            rows.append(row_of(pairs, outcome.answer.turns, teacher_name, outcome.request))
    return rows, left_out


def task_of(pairs: list[Row], title: str) -> DialogueInput:
    """What the teacher is asked about one group of pairs."""
    return DialogueInput(
        title=title,
        language=pairs[0]["language"],
        turns=tuple(Turn(question=pair["question"], answer=pair["answer"]) for pair in pairs),
    )


def main() -> None:
    """Reads the split, asks the teacher, writes conversations; an empty table when switched off."""
    settings = params.load("dialogue", Params)
    teaching = params.load("teacher", TeacherSettings)
    pairs = files.read_rows(PAIRS)
    chosen = groups(pairs, settings) if settings.enabled else []
    titles = {row["doc_id"]: row["title"] for row in files.read_rows(DOCUMENTS, ["doc_id", "title"])}
    replies: Replies[DialogueAnswer] = ask_nothing(ANSWERS)
    name = ""
    if settings.enabled:
        guide = teacher.load(teaching)
        replies = ask(
            guide,
            [task_of(group, titles[group[0]["doc_id"]]) for group in chosen],
            DialogueAnswer,
            settings=teaching,
            stage="dialogue",
            documents=[group[0]["doc_id"] for group in chosen],
            answers_file=ANSWERS,
        )
        name = guide.name
    chunks = {chunk["chunk_id"]: chunk for chunk in files.read_rows(CHUNKS)}
    held_out = HeldOut(pair["question"] for pair in pairs if pair["split"] in ("test", "unseen"))
    rows, left_out = joined(chosen, replies, Check(chunks, titles, held_out), name)
    files.write_rows(DIALOGUES, rows, DIALOGUE)
    reasons = Counter(reason.partition(":")[0] for row in left_out for reason in row["reasons"])
    metrics = {
        "dialogues": len(rows),
        "turns": sum(len(row["pair_ids"]) for row in rows),
        "reasons": dict(sorted(reasons.items())),
        "left_out": left_out,
        "teacher": replies.usage(),
    }
    files.write_json(METRICS, metrics)
    how = str(replies) if settings.enabled else "switched off"
    log.info("dialogue: %d conversations, %d left out; %s -> %s", len(rows), len(left_out), how, DIALOGUES)


if __name__ == "__main__":
    run_stage(main)
