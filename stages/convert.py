"""The mix of chat lines that the student learns from.

in:  data/split.parquet, data/augment.parquet, data/dialogue.parquet, data/abstain.jsonl, data/general.jsonl
out: data/convert.jsonl, metrics/convert.json

A line: {"split": "train" | "valid", "kind": one of KINDS, "pair_id": ..., "messages": [system, user,
assistant, ...]}. No source text stands in the prompt: the
student is asked without it too. A line that asks any held-out question, or nearly, is left out and counted:
here all sources of training rows meet all sources of questions.
"""

import logging
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import Field

from slm_factory.core import files, params
from slm_factory.core.errors import run_stage
from slm_factory.core.files import Row
from slm_factory.core.matching import lot
from slm_factory.core.params import Settings
from slm_factory.grounding.held_out import HeldOut
from slm_factory.student.settings import StudentSettings

PAIRS = Path("data/split.parquet")
PARAPHRASES = Path("data/augment.parquet")
DIALOGUES = Path("data/dialogue.parquet")
ABSTAIN = Path("data/abstain.jsonl")
GENERAL = Path("data/general.jsonl")
CHAT = Path("data/convert.jsonl")
METRICS = Path("metrics/convert.json")

KINDS = ("pair", "paraphrase", "statement", "dialogue", "abstain", "replay")
# Who is asked like this may give any fact of that section.
STATEMENT_REQUESTS = {
    "ko": "'{document}' 문서의 '{section}'에 적힌 사실을 하나 말해 주세요.",
    "en": 'State one fact from "{section}" in the document "{document}".',
}

SPLITS = ("train", "valid")

log = logging.getLogger(__name__)


class Params(Settings):
    """`convert:` in params.yaml."""

    statements: float = Field(ge=0, le=1)
    abstain: bool
    replay_share: float = Field(ge=0, lt=1)
    min_replay: int = Field(ge=0)


def exchange(question: str, answer: str) -> list[dict[str, str]]:
    """One question and its answer as messages."""
    return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]


def pair_lines(pairs: list[Row], kind: str) -> list[Row]:
    """Lines of the pairs in train and valid; those that a refusal answers are of kind `abstain`."""
    return [
        {
            "split": pair["split"],
            "kind": "abstain" if pair["kind"] == "abstain" else kind,
            "pair_id": pair["pair_id"],
            "messages": exchange(pair["question"], pair["answer"]),
        }
        for pair in pairs
        if pair["split"] in ("train", "valid")
    ]


def statement_lines(pairs: list[Row], share: float) -> list[Row]:
    """Lines that state trained facts as they stand, drawn by fact: `share` of all that are trained."""
    facts = {
        pair["fact_id"]: pair
        for pair in reversed(pairs)  # the first pair of a fact remains
        if pair["split"] == "train" and pair["kind"] != "abstain" and pair["statement"]
    }
    drawn = sorted(facts.values(), key=lambda pair: (lot("statement", pair["fact_id"]), pair["fact_id"]))
    return [
        {
            "split": "train",
            "kind": "statement",
            "pair_id": pair["pair_id"],
            "messages": exchange(statement_request(pair), pair["statement"]),
        }
        for pair in drawn[: round(share * len(drawn))]
    ]


def statement_request(pair: Row) -> str:
    """What asks for a fact without asking for its answer: the document's name and the section."""
    document = PurePosixPath(pair["doc_id"]).stem.replace("_", " ")
    return STATEMENT_REQUESTS[pair["language"]].format(document=document, section=pair["category"])


def dialogue_lines(dialogues: list[Row]) -> list[Row]:
    """Lines of whole conversations."""
    return [
        {"split": "train", "kind": "dialogue", "pair_id": row["dialogue_id"], "messages": row["messages"]}
        for row in dialogues
    ]


def abstain_lines(questions: list[Row], student: StudentSettings) -> list[Row]:
    """Lines that teach the refusal, in the question's language."""
    refusals = {"ko": student.refusal_ko, "en": student.refusal_en}
    return [
        {
            "split": "train",
            "kind": "abstain",
            "pair_id": row["id"],
            "messages": exchange(row["question"], refusals[row["language"]]),
        }
        for row in questions
        if row["split"] == "train"
    ]


def replay_lines(general: list[Row], share: float, least: int, other_lines: int) -> list[Row]:
    """Lines of general chat, drawn by id, to make up `share` of all training lines if there are enough.

    At least `least` of them: few documents make a student forget as much as many do.
    """
    wanted = max(round(share / (1 - share) * other_lines), least if share else 0)
    replay = [row for row in general if row["split"] == "replay"]
    drawn = sorted(replay, key=lambda row: (lot("replay", row["id"]), row["id"]))[:wanted]
    return [
        {
            "split": "train",
            "kind": "replay",
            "pair_id": row["id"],
            "messages": exchange(row["question"], row["answer"]),
        }
        for row in drawn
    ]


def without_leaks(lines: list[Row], held_out: HeldOut) -> list[Row]:
    """The lines of which no user's message is a held-out question."""
    return [
        line
        for line in lines
        if not any(
            message["role"] == "user" and held_out.has(message["content"]) for message in line["messages"]
        )
    ]


def with_system(lines: list[Row], system_prompt: str) -> list[Row]:
    """The lines, each opened by the system prompt that is also served."""
    system = {"role": "system", "content": system_prompt}
    return [{**line, "messages": [system, *line["messages"]]} for line in lines]


def summary(lines: list[Row], leaks: int) -> dict[str, Any]:
    """metrics/convert.json: lines per split and kind, leaks left out, and how much the student writes."""
    kinds = {split: Counter(line["kind"] for line in lines if line["split"] == split) for split in SPLITS}
    written = [
        len(message["content"])
        for line in lines
        for message in line["messages"]
        if message["role"] == "assistant"
    ]
    return {
        "lines": len(lines),
        **{split: kinds[split].total() for split in SPLITS},
        **{f"{split}_kinds": {kind: kinds[split][kind] for kind in KINDS} for split in SPLITS},
        "decontaminated": leaks,
        "characters": sum(len(message["content"]) for line in lines for message in line["messages"]),
        "answer_characters": sum(written),
    }


def main() -> None:
    """Reads every source of training rows, writes chat lines."""
    settings = params.load("convert", Params)
    student = params.load("student", StudentSettings)
    pairs = files.read_rows(PAIRS)
    abstain, general = files.read_json_lines(ABSTAIN), files.read_json_lines(GENERAL)
    held_out = HeldOut(
        row["question"] for row in (*pairs, *abstain, *general) if row["split"] in ("test", "unseen")
    )
    found = pair_lines(pairs, "pair")
    found += pair_lines(files.read_rows(PARAPHRASES), "paraphrase")
    found += statement_lines(pairs, settings.statements)
    found += dialogue_lines(files.read_rows(DIALOGUES))
    found += abstain_lines(abstain, student)
    if not settings.abstain:
        found = [line for line in found if line["kind"] != "abstain"]
    trained = sum(line["split"] == "train" for line in found)
    found += replay_lines(general, settings.replay_share, settings.min_replay, trained)
    lines = without_leaks(found, held_out)
    files.write_json_lines(CHAT, with_system(lines, student.system_prompt))
    metrics = summary(lines, len(found) - len(lines))
    files.write_json(METRICS, metrics)
    kinds = ", ".join(f"{count} {kind}" for kind, count in metrics["train_kinds"].items() if count)
    log.info("convert: %d train (%s), %d valid -> %s", metrics["train"], kinds, metrics["valid"], CHAT)


if __name__ == "__main__":
    run_stage(main)
