"""What a chat model wrote, read as the answer to a task.

Tolerant of how an answer is wrapped and spelt, strict on what it says: a wrong count or a missing mark
makes it unreadable, and no default takes its place.
"""

import json
import re
from typing import Any

from pydantic import ValidationError

from slm_factory.teachers.tasks import ANSWERS, KINDS, Fact, GenerateAnswer, TaskAnswer, TaskName


def parse(name: TaskName, text: str, schema: dict[str, Any], *, is_cut: bool = False) -> TaskAnswer:
    """The JSON object in `text` that answers the task: thoughts, prose and code fences are skipped.

    Of several the longest is taken, as models quote the shape before they fill it. Where none is valid JSON,
    json-repair mends commas, quotes and brackets, but not in a text that was cut: that would hide a loss.

    Raises:
        ValueError: there is none; its message says what is wrong with the likeliest one.
    """
    said = re.sub(r"<think>.*?</think>", "", text, flags=re.DOTALL).rpartition("</think>")[2]
    found, problem = objects(said)
    if not is_cut and (repaired := repair(name, said)) is not None:
        found.append(repaired)
    for value in found:
        try:
            return answer_of(name, value, schema)
        except ValueError as error:
            if value.keys() & ANSWERS[name].model_fields:  # else it is a part of something broken
                problem = describe(error)
    raise ValueError(problem or f"it holds no JSON object with {' and '.join(ANSWERS[name].model_fields)}")


def objects(text: str) -> tuple[list[dict[str, Any]], str]:
    """Every JSON object in `text`, longest first, and what is wrong at the first brace that opens none."""
    decoder = json.JSONDecoder(strict=False)  # models write raw line breaks into strings
    found: list[tuple[int, dict[str, Any]]] = []
    problem = ""
    for brace in re.finditer("{", text):
        try:
            value, end = decoder.raw_decode(text, brace.start())
            found.append((brace.start() - end, value))
        except json.JSONDecodeError as error:
            problem = problem or str(error)
    return [value for _, value in sorted(found, key=lambda pair: pair[0])], problem


def repair(name: TaskName, text: str) -> dict[str, Any] | None:
    """The object that begins with a key of the answer, with its JSON mended; None where there is none."""
    import json_repair

    keys = "|".join(ANSWERS[name].model_fields)
    start = re.search(rf"\{{\s*[\"'“]?({keys})[\"'”]?\s*:", text)
    if start is None or re.search(r"[\"{\[,:]", text[text.rfind("}") + 1 :]):
        return None  # what follows the last brace is a half fact: the text was cut without saying so
    value = json_repair.loads(text[start.start() : text.rfind("}") + 1])
    return value if isinstance(value, dict) else None


def answer_of(name: TaskName, value: dict[str, Any], schema: dict[str, Any]) -> TaskAnswer:
    """A JSON value as the task's answer; keys that nobody asked for are ignored.

    Raises:
        ValueError: it is none (`ValidationError` is one).
    """
    if name == "generate":
        return facts_of(value, schema["$defs"]["Wordings"]["properties"]["audience"]["enum"])
    answer = ANSWERS[name].model_validate(value, extra="ignore")
    if name == "score":
        marks, wanted = value["marks"], schema["properties"]["marks"]["minItems"]
        if len(marks) != wanted:
            raise ValueError(f"marks: {len(marks)} of them for {wanted} pairs")
    return answer


def facts_of(value: dict[str, Any], audiences: list[str]) -> GenerateAnswer:
    """The facts that can be read, and why the others cannot.

    A chunk is not asked for again because one fact of twenty is broken: what is left out is recorded.

    Raises:
        ValueError: there is no list of facts, or none of them can be read.
    """
    if not isinstance(value.get("facts"), list):
        raise ValueError("facts: Field required")
    facts, left_out = [], []
    for number, fact in enumerate(value["facts"], start=1):
        try:
            facts.append(Fact.model_validate(straightened(fact, audiences), extra="ignore"))
        except ValidationError as error:
            left_out.append(f"fact {number}: {describe(error)}")
    if left_out and not facts:
        raise ValueError(left_out[0])
    return GenerateAnswer(facts=tuple(facts), left_out=tuple(left_out))


def straightened(fact: Any, audiences: list[str]) -> Any:
    """A fact with a kind that exists, and with its wordings where they belong if it has but one audience."""
    if not isinstance(fact, dict):
        return fact
    kind = str(fact.get("kind", "")).strip().lower()
    fact = {**fact, "kind": kind if kind in KINDS else "fact", "category": fact.get("category") or ""}
    if "wordings" not in fact and len(audiences) == 1:
        fact["wordings"] = [
            {"audience": audiences[0], "questions": fact.get("questions"), "answers": fact.get("answers")}
        ]
    return fact


def describe(error: ValueError) -> str:
    """The first problem of a JSON value: where, and what."""
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc'])) or 'object'}: {first['msg']}"
