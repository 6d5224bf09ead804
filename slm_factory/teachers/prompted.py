"""Any chat model as a teacher: the five tasks as prompts, and a tolerant reading of the answers."""

import json
import re
from pathlib import Path
from string import Template
from typing import Any, Protocol

from pydantic import ValidationError

from slm_factory.core.records import identifier
from slm_factory.teachers.tasks import (
    ANSWERS,
    TASK_NAMES,
    DialogueInput,
    GenerateInput,
    ParaphraseInput,
    TaskAnswer,
    TaskInput,
    TaskName,
)
from slm_factory.teachers.teacher import TeacherFailure

PROMPTS = Path("prompts")

# Part of every request. Raised by hand, and only when old answers would be wrong: they were paid for, so an
# edit of this file must not throw them away (an edit of a prompt does: its text is in the request).
REQUEST_VERSION = 1

MAX_TEXT_CHARACTERS = 1500  # of an answer or a quotation
MAX_CHARACTERS = {"kind": 30, "reason": 300, "question": 300, "questions": 300}

Message = dict[str, str]  # role, content


class ChatClient(Protocol):
    """A model behind some chat API; `openai_client.OpenAIClient` is one."""

    name: str
    model: str
    options: dict[str, Any]  # all that shapes the answer besides the messages

    async def chat(self, messages: list[Message], schema: dict[str, Any]) -> dict[str, Any]:
        """{"text", "usage", "finish_reason"}; raises what `Teacher.answer` raises."""


class PromptedTeacher:
    """A teacher (see `teacher.Teacher`) that puts each task into words for a chat model."""

    def __init__(self, client: ChatClient, prompts: Path = PROMPTS) -> None:
        self.client = client
        self.name = client.name
        self.templates = {
            (language, name): (prompts / language / f"{name}.md").read_text(encoding="utf-8")
            for language in ("ko", "en")
            for name in ANSWERS
        }

    def request(self, task: TaskInput) -> dict[str, Any]:
        """Task name, messages, model, options, JSON Schema of the answer, and version."""
        name = TASK_NAMES[type(task)]
        return {
            "task": name,
            "messages": messages_of(self.templates[task.language, name], task),
            "model": self.client.model,
            "options": self.client.options,
            "schema": schema_of(name, task),
            "version": REQUEST_VERSION,
        }

    async def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """{"text", "usage", "finish_reason"} with a readable text, after at most one request to mend it.

        Raises:
            TeacherFailure: the text cannot be read, even after that.
            UserError: see the client.
        """
        answer = await self.client.chat(request["messages"], request["schema"])
        try:
            parse(request["task"], answer["text"])
            return answer
        except ValueError as error:
            if answer["finish_reason"] == "length":
                raise TeacherFailure("the answer was cut: raise teacher.max_tokens") from None
            problem = str(error)
        mended = await self.client.chat(
            mending(request["messages"], answer["text"], problem), request["schema"]
        )
        try:
            parse(request["task"], mended["text"])
        except ValueError as error:
            raise TeacherFailure(f"the answer cannot be read, even mended: {error}") from None
        usage = {key: answer["usage"][key] + mended["usage"][key] for key in answer["usage"]}
        return {**mended, "usage": usage}

    def read(self, task: TaskInput, answer: dict[str, Any]) -> TaskAnswer:
        """The answer as the task's type.

        Raises:
            TeacherFailure: it holds no JSON of that type.
        """
        try:
            return parse(TASK_NAMES[type(task)], answer["text"])
        except ValueError as error:
            raise TeacherFailure(f"the answer cannot be read: {error}") from None


def messages_of(template: str, task: TaskInput) -> list[Message]:
    """System and user message: the two parts of a prompt file, filled with the task's fields.

    Text from documents stands in the user message between two marks that it cannot contain, since they hold
    its hash: a document that says "ignore your instructions" stays a document.
    """
    system, _, user = template.partition("\n---\n")
    fields = {name: as_text(value) for name, value in task.model_dump().items()}
    fields["mark"] = f"=== {identifier(fields)} ==="
    return [
        {"role": "system", "content": Template(system).substitute(fields).strip()},
        {"role": "user", "content": Template(user).substitute(fields).strip()},
    ]


def as_text(value: Any) -> str:
    """A task's field as it stands in a prompt: headings as a path, turns as JSON, the rest as it is."""
    if isinstance(value, tuple | list):
        if all(isinstance(item, str) for item in value):
            return " > ".join(value)
        return json.dumps(value, ensure_ascii=False, indent=2)
    return str(value)


def schema_of(name: TaskName, task: TaskInput) -> dict[str, Any]:
    """The answer's JSON Schema with the counts that the task asks for, and bounds that end a rambling."""
    schema = ANSWERS[name].model_json_schema()
    for shape in [schema, *schema.get("$defs", {}).values()]:
        for field, value in shape["properties"].items():
            text = value.get("items", value)
            if text.get("type") == "string":
                text["maxLength"] = MAX_CHARACTERS.get(field, MAX_TEXT_CHARACTERS)
    match task:
        case GenerateInput():
            schema["properties"]["facts"]["maxItems"] = task.max_facts
            wordings = schema["$defs"]["Fact"]["properties"]
            wordings["questions"]["maxItems"] = task.question_wordings
            wordings["answers"]["maxItems"] = task.answer_wordings
        case ParaphraseInput():
            schema["properties"]["wordings"]["maxItems"] = task.count
        case DialogueInput():
            schema["properties"]["turns"]["maxItems"] = len(task.turns)
    return schema


def parse(name: TaskName, text: str) -> TaskAnswer:
    """The first JSON object in `text` that answers the task: thoughts, prose and code fences are skipped.

    Raises:
        ValueError: there is none; its message says what is wrong with the likeliest one.
    """
    text = re.sub(r"<think>.*?</think>", "", text, flags=re.DOTALL)
    decoder = json.JSONDecoder(strict=False)  # models write raw line breaks into strings
    problem = ""
    for brace in re.finditer("{", text):
        try:
            value, _ = decoder.raw_decode(text, brace.start())
            return ANSWERS[name].model_validate(value)
        except ValidationError as error:
            problem = problem or describe(error)
        except json.JSONDecodeError as error:
            problem = problem or str(error)
    raise ValueError(problem or "it holds no JSON object")


def describe(error: ValidationError) -> str:
    """The first problem of a JSON value: where, and what."""
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc'])) or 'object'}: {first['msg']}"


def mending(messages: list[Message], text: str, problem: str) -> list[Message]:
    """The chat that shows the model its own answer and what is wrong with it."""
    demand = (
        f"This answer cannot be read: {problem}. Answer with one JSON object of the shape asked for, only."
    )
    return [*messages, {"role": "assistant", "content": text}, {"role": "user", "content": demand}]
