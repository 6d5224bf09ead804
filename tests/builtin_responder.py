"""The builtin rules in the place of a chat model: reads a prompt's fenced text and schema, answers in JSON.

So a fake server can answer what a perfect model would, and a run over its API compared with the rules' own.
"""

import json
import re
from typing import Any

from slm_factory.core import params
from slm_factory.student.settings import StudentSettings
from slm_factory.teachers.builtin.teacher import solve
from slm_factory.teachers.tasks import (
    DialogueInput,
    GenerateInput,
    Language,
    ParaphraseInput,
    ScoreInput,
    TaskInput,
    Turn,
)
from tests.conftest import REPOSITORY

STUDENT = params.load("student", StudentSettings, REPOSITORY / "params.yaml")
REFUSALS = (STUDENT.refusal_ko, STUDENT.refusal_en)
FENCE = re.compile(r"(=== \w+ ===)\n(.*)\n\1\n(.*)", re.DOTALL)


def respond(messages: list[dict[str, str]], schema: dict[str, Any]) -> str:
    """The answer to a chat that `PromptedTeacher` sent."""
    found = FENCE.search(messages[1]["content"])
    assert found, "no fenced text"
    task = task_of(found[2], found[3], schema, is_korean="당신" in messages[0]["content"])
    return solve(task).model_dump_json()


def task_of(fenced: str, request: str, schema: dict[str, Any], *, is_korean: bool) -> TaskInput:
    """The task that a prompt was made of."""
    tongue: Language = "ko" if is_korean else "en"
    match list(schema["properties"]):
        case ["facts", *_]:
            return generate(fenced, request, schema, tongue)
        case ["marks"]:
            parts = re.split(r"\n\n(?:근거로 든 구절|Quoted evidence|채점할 쌍|Pairs to be marked)\n", fenced)
            source, evidence, pairs = parts[0].partition("\n")[2], parts[1], json.loads(parts[2])
            turns = tuple(Turn(**pair) for pair in pairs)
            is_abstention = all(turn.answer in REFUSALS for turn in turns)
            return ScoreInput(
                source=source, evidence=evidence, pairs=turns, language=tongue, is_abstention=is_abstention
            )
        case ["wordings"]:
            question, answer = re.split(r"\n(?:답|Answer): ", fenced.partition(": ")[2], maxsplit=1)
            count = schema["properties"]["wordings"]["maxItems"]
            return ParaphraseInput(question=question, answer=answer, language=tongue, count=count)
    title, _, pairs = fenced.partition(": ")[2].partition("\n\n")
    return DialogueInput(
        title=title, language=tongue, turns=tuple(Turn(**turn) for turn in json.loads(pairs))
    )


def generate(fenced: str, request: str, schema: dict[str, Any], tongue: Language) -> GenerateInput:
    """The task of a prompt that asks for facts."""
    first, headings, _, text = fenced.split("\n", 3)
    counts = [int(number) for number in re.findall(r"\d+", request)[:2]]
    said = schema["$defs"]["Wordings"]["properties"]
    path = headings.partition(": ")[2]
    return GenerateInput(
        text=text,
        title=first.partition(": ")[2],
        headings=() if path == "-" else tuple(path.split(" > ")),
        language=tongue,
        audiences=tuple(said["audience"]["enum"]),
        question_wordings=said["questions"]["minItems"],
        answer_wordings=said["answers"]["minItems"],
        max_facts=counts[0],
        max_abstentions=counts[1],
    )
