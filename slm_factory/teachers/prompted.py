"""A teacher behind any chat model: the five tasks as prompts with the JSON Schema of their answers."""

import json
from functools import lru_cache
from pathlib import Path
from string import Template
from typing import Any, get_args

from slm_factory.core.errors import UserError
from slm_factory.core.records import identifier
from slm_factory.teachers.chat import ChatClient, Message
from slm_factory.teachers.reading import parse
from slm_factory.teachers.tasks import (
    ANSWERS,
    KINDS,
    TASK_NAMES,
    DialogueInput,
    Domain,
    FixedQuestion,
    GenerateInput,
    JudgeInput,
    Language,
    ParaphraseInput,
    ScoreInput,
    TaskAnswer,
    TaskInput,
    TaskName,
    Turn,
)
from slm_factory.teachers.teacher import TeacherFailure

PROMPTS = Path("prompts")

# Part of every request. Raised by hand, and only when old answers would be wrong: they were paid for, so an
# edit of this file must not throw them away (an edit of a prompt does: its text is in the request).
REQUEST_VERSION = 1

MAX_TEXT_CHARACTERS = 1500  # of an answer or a quotation
MAX_CHARACTERS = {"reason": 300, "question": 300, "questions": 300}
CUT = {
    "generate": "the answer was cut: raise teacher.max_tokens, or lower generate.max_facts_per_chunk",
    "score": "the answer was cut: raise teacher.max_tokens, or lower generate.question_wordings",
}
SOME = Turn(question="", answer="")  # any turn, where only their number counts


class PromptedTeacher:
    """A teacher (see `teacher.Teacher`) that puts each task into words for a chat model.

    Raises:
        UserError: a prompt is missing or has a placeholder that no task fills.
    """

    def __init__(self, client: ChatClient, prompts: Path = PROMPTS) -> None:
        self.client = client
        self.name = client.name
        self.is_remote = client.is_remote
        languages, domains = get_args(Language), get_args(Domain)
        self.templates = {
            (language, name): read_prompt(prompts / language / f"{name}.md", name)
            for language in languages
            for name in ANSWERS
        }
        self.domains = {
            (language, domain): read_text(prompts / language / "domain" / f"{domain}.md").strip()
            for language in languages
            for domain in domains
        }

    def request(self, task: TaskInput) -> dict[str, Any]:
        """Task name, messages, model, options, JSON Schema of the answer, and version."""
        name = TASK_NAMES[type(task)]
        domain = self.domains[task.language, task.domain] if isinstance(task, GenerateInput) else ""
        return {
            "task": name,
            "messages": messages_of(self.templates[task.language, name], task, domain),
            "model": self.client.model,
            "options": self.client.options,
            "schema": schema_of(name, task),
            "version": REQUEST_VERSION,
        }

    async def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """{"text", "usage", "finish_reason"} with a readable text, after at most one request to mend it.

        Raises:
            TeacherFailure: the text was cut, or cannot be read even after that.
            UserError: see the client.
        """
        name, schema = request["task"], request["schema"]
        reply = await self.client.chat(request["messages"], schema)
        try:
            parse(name, reply["text"], schema, is_cut=reply["finish_reason"] == "length")
            return {**reply}
        except ValueError as error:
            if reply["finish_reason"] == "length":  # the same would be cut again
                raise TeacherFailure(cut(name)) from None
            problem = str(error)
        mended = await self.client.chat(mending(request["messages"], reply["text"], problem), schema)
        try:
            parse(name, mended["text"], schema, is_cut=mended["finish_reason"] == "length")
        except ValueError as error:
            if mended["finish_reason"] == "length":
                raise TeacherFailure(cut(name)) from None
            raise TeacherFailure(f"the answer cannot be read, even mended: {error}") from None
        first, second = reply["usage"], mended["usage"]
        usage = {
            "prompt_tokens": first["prompt_tokens"] + second["prompt_tokens"],
            "completion_tokens": first["completion_tokens"] + second["completion_tokens"],
        }
        return {**mended, "usage": usage}

    def read(self, task: TaskInput, answer: dict[str, Any]) -> TaskAnswer:
        """The answer as the task's type.

        Raises:
            TeacherFailure: it holds no JSON of that type.
        """
        name = TASK_NAMES[type(task)]
        try:
            return parse(
                name, answer["text"], schema_of(name, task), is_cut=answer["finish_reason"] == "length"
            )
        except ValueError as error:
            raise TeacherFailure(f"the answer cannot be read: {error}") from None

    async def close(self) -> None:
        """Frees the client's connections, or the model."""
        await self.client.close()


def cut(name: TaskName) -> str:
    """Why an answer that reached `max_tokens` is none, and what to change."""
    return CUT.get(name, "the answer was cut: raise teacher.max_tokens")


def read_prompt(path: Path, name: TaskName) -> tuple[Template, Template]:
    """The system and the user part of a prompt file, which `---` divides.

    Raises:
        UserError: the file is missing or has a placeholder that the task does not fill.
    """
    system, _, user = map(str.strip, read_text(path).partition("\n---\n"))
    task = next(model for model, task_name in TASK_NAMES.items() if task_name == name)
    known = {*task.model_fields, "mark", "count", "domain"}
    for part, filled in ((system, {"domain"}), (user, known)):
        template = Template(part)
        unknown = sorted(set(template.get_identifiers()) - filled)
        if unknown or not template.is_valid():
            raise UserError(
                f"error: {path} has a placeholder that nothing fills: ${', $'.join(unknown)}",
                f"hint: git diff {path}; documents may stand below '---' only, and $$ writes a dollar sign",
            )
    return Template(system), Template(user)


def read_text(path: Path) -> str:
    """The text of a prompt file.

    Raises:
        UserError: there is none.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise UserError(
            f"error: the prompt {path} does not exist", f"hint: git checkout {path} brings it back"
        ) from error


def messages_of(template: tuple[Template, Template], task: TaskInput, domain: str) -> list[Message]:
    """System and user message: the two parts of a prompt file, the second filled with the task's fields.

    All text from documents, titles included, stands in the user message between two marks that it cannot
    contain, since they hold its hash: a document that says "ignore your instructions" stays a document.
    """
    system, user = template
    values = {name: getattr(task, name) for name in type(task).model_fields}
    fields = {name: as_text(value) for name, value in values.items()}
    if isinstance(task, GenerateInput):
        fields["audiences"] = ", ".join(task.audiences)
    fields |= {"mark": f"=== {identifier(fields)} ===", "domain": domain, "count": str(count(task))}
    return [
        {"role": "system", "content": system.substitute(domain=domain)},
        {"role": "user", "content": user.substitute(fields)},
    ]


def count(task: TaskInput) -> int:
    """How many things one list of the answer has: marks, wordings or turns; 0 for other tasks."""
    match task:
        case ScoreInput():
            return len(task.pairs)
        case DialogueInput():
            return len(task.turns)
        case ParaphraseInput():
            return task.count
    return 0


def as_text(value: Any) -> str:
    """A task's field as it stands in a prompt: fixed questions as a list, turns as JSON."""
    match value:
        case (FixedQuestion(), *_):
            return "\n" + "\n".join(f"- {asked.category}: {asked.question}" for asked in value)
        case (Turn(), *_):
            return json.dumps([turn.model_dump() for turn in value], ensure_ascii=False, indent=2)
        case tuple():
            return " > ".join(value) or "-"
    return str(value)


def schema_of(name: TaskName, task: TaskInput) -> dict[str, Any]:
    """The answer's JSON Schema with the counts that the task asks for; shared, so never to be changed."""
    like: TaskInput
    match task:
        case GenerateInput():
            like = task.model_copy(update={"text": "", "title": "", "headings": ()})
        case ScoreInput():
            like = task.model_copy(update={"source": "", "evidence": "", "pairs": (SOME,) * len(task.pairs)})
        case ParaphraseInput():
            like = task.model_copy(update={"question": "", "answer": ""})
        case DialogueInput():
            like = task.model_copy(update={"title": "", "turns": (SOME,) * len(task.turns)})
        case JudgeInput():
            like = task.model_copy(update={"question": "", "reference": "", "answer": ""})
    return schema_like(name, like)


@lru_cache(maxsize=256)
def schema_like(name: TaskName, task: TaskInput) -> dict[str, Any]:
    """The schema of all tasks that differ from `task` in texts only, with bounds that end a rambling."""
    schema = ANSWERS[name].model_json_schema()  # takes milliseconds
    definitions = schema.get("$defs", {})
    for shape in [schema, *definitions.values()]:
        shape.pop("description", None)  # a docstring is no part of a request: an edit would ask anew
        for field, value in shape["properties"].items():
            value.pop("title", None)
            text = value.get("items", value)
            if text.get("type") == "string":
                text["maxLength"] = MAX_CHARACTERS.get(field, MAX_TEXT_CHARACTERS)
    match task:
        case GenerateInput():
            schema["properties"]["facts"]["maxItems"] = task.max_facts + task.max_abstentions
            fact, said = definitions["Fact"]["properties"], definitions["Wordings"]["properties"]
            definitions["Fact"]["required"] = list(fact)
            fact["kind"] = one_of(*KINDS)
            fact["category"] = one_of("", *dict.fromkeys(asked.category for asked in task.questions))
            said["audience"] = one_of(*task.audiences)
            exactly(fact["wordings"], len(task.audiences))
            exactly(said["questions"], task.question_wordings)
            exactly(said["answers"], task.answer_wordings)
        case ScoreInput():
            exactly(schema["properties"]["marks"], len(task.pairs))
        case ParaphraseInput():
            schema["properties"]["wordings"]["maxItems"] = task.count
        case DialogueInput():
            exactly(schema["properties"]["turns"], len(task.turns))
    return schema


def one_of(*words: str) -> dict[str, Any]:
    """The schema of a string that is one of `words`."""
    return {"type": "string", "enum": list(words)}


def exactly(array: dict[str, Any], length: int) -> None:
    """Fixes the number of items in the schema of an array."""
    array |= {"minItems": length, "maxItems": length}


def mending(messages: list[Message], text: str, problem: str) -> list[Message]:
    """The chat that shows the model its own answer and what is wrong with it."""
    demand = (
        f"This answer cannot be read: {problem}. Answer with one JSON object of the shape asked for, only."
    )
    return [*messages, {"role": "assistant", "content": text}, {"role": "user", "content": demand}]
