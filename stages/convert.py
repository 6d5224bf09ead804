"""The mix of chat lines that the student learns from.

in:  data/split.parquet, data/augment.parquet, data/dialogue.parquet, data/abstain.jsonl, data/general.jsonl
out: data/convert.jsonl, metrics/convert.json

A line: {"split": "train" | "valid", "kind": "pair" | "paraphrase" | "dialogue" | "abstain" | "replay",
"pair_id": ..., "messages": [system, user, assistant, ...]}. No source text stands in the prompt: the
student is asked without it too.
"""

import logging
from collections import Counter
from pathlib import Path
from typing import Any

from pydantic import Field

from slm_factory.core import files, params
from slm_factory.core.errors import run_stage
from slm_factory.core.files import Row
from slm_factory.core.matching import lot
from slm_factory.core.params import Settings
from slm_factory.student.settings import StudentSettings

PAIRS = Path("data/split.parquet")
PARAPHRASES = Path("data/augment.parquet")
DIALOGUES = Path("data/dialogue.parquet")
ABSTAIN = Path("data/abstain.jsonl")
GENERAL = Path("data/general.jsonl")
CHAT = Path("data/convert.jsonl")
METRICS = Path("metrics/convert.json")

KINDS = ("pair", "paraphrase", "dialogue", "abstain", "replay")

log = logging.getLogger(__name__)


class Params(Settings):
    """`convert:` in params.yaml."""

    abstain: bool
    replay_share: float = Field(ge=0, lt=1)


def exchange(question: str, answer: str) -> list[dict[str, str]]:
    """One question and its answer as messages."""
    return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]


def pair_lines(pairs: list[Row], kind: str) -> list[Row]:
    """Lines of the pairs in train and valid."""
    return [
        {
            "split": pair["split"],
            "kind": kind,
            "pair_id": pair["pair_id"],
            "messages": exchange(pair["question"], pair["answer"]),
        }
        for pair in pairs
        if pair["split"] in ("train", "valid")
    ]


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


def replay_lines(general: list[Row], share: float, other_lines: int) -> list[Row]:
    """Lines of general chat, drawn by id, to make up `share` of all training lines if there are enough."""
    wanted = round(share / (1 - share) * other_lines)
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


def with_system(lines: list[Row], system_prompt: str) -> list[Row]:
    """The lines, each opened by the system prompt that is also served."""
    system = {"role": "system", "content": system_prompt}
    return [{**line, "messages": [system, *line["messages"]]} for line in lines]


def summary(lines: list[Row]) -> dict[str, Any]:
    """metrics/convert.json: lines per split and kind, and how much the student has to write."""
    splits = Counter(line["split"] for line in lines)
    kinds = Counter(line["kind"] for line in lines if line["split"] == "train")
    written = [
        len(message["content"])
        for line in lines
        for message in line["messages"]
        if message["role"] == "assistant"
    ]
    return {
        "lines": len(lines),
        "train": splits["train"],
        "valid": splits["valid"],
        "train_kinds": {kind: kinds[kind] for kind in KINDS},
        "characters": sum(len(message["content"]) for line in lines for message in line["messages"]),
        "answer_characters": sum(written),
    }


def main() -> None:
    """Reads every source of training rows, writes chat lines."""
    settings = params.load("convert", Params)
    student = params.load("student", StudentSettings)
    lines = pair_lines(files.read_rows(PAIRS), "pair")
    lines += pair_lines(files.read_rows(PARAPHRASES), "paraphrase")
    lines += dialogue_lines(files.read_rows(DIALOGUES))
    if settings.abstain:
        lines += abstain_lines(files.read_json_lines(ABSTAIN), student)
    trained = sum(line["split"] == "train" for line in lines)
    lines += replay_lines(files.read_json_lines(GENERAL), settings.replay_share, trained)
    files.write_json_lines(CHAT, with_system(lines, student.system_prompt))
    metrics = summary(lines)
    files.write_json(METRICS, metrics)
    kinds = ", ".join(f"{count} {kind}" for kind, count in metrics["train_kinds"].items())
    log.info("convert: %d train (%s), %d valid -> %s", metrics["train"], kinds, metrics["valid"], CHAT)


if __name__ == "__main__":
    run_stage(main)
