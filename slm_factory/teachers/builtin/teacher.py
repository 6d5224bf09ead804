"""The embedded teacher: answers all five tasks by rules, at once and always the same way."""

import re
from pathlib import Path
from typing import Any

from pydantic import ValidationError

import slm_factory.core
from slm_factory.core.code import source_version
from slm_factory.teachers.builtin import judge, marks, rewrite
from slm_factory.teachers.builtin.abstain import abstentions
from slm_factory.teachers.builtin.read import statements
from slm_factory.teachers.builtin.statement import Statement
from slm_factory.teachers.builtin.word import fact
from slm_factory.teachers.tasks import (
    ANSWERS,
    TASK_NAMES,
    DialogueInput,
    GenerateAnswer,
    GenerateInput,
    JudgeInput,
    ParaphraseInput,
    ScoreInput,
    TaskAnswer,
    TaskInput,
)
from slm_factory.teachers.teacher import TeacherFailure

CORE = Path(slm_factory.core.__file__).parent
SOURCES = ("korean.py", "matching.py", "text.py")  # of core, what the rules rest on
FOREIGN = re.compile(r"[\u0590-\u08ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")  # Arabic, kana, Hanja, Hangul
INPUTS: dict[str, type[TaskInput]] = {name: model for model, name in TASK_NAMES.items()}  # type: ignore[misc]


class BuiltinTeacher:
    """A `Teacher` without a model: see `read` and `word` for generate; `marks`, `judge`, `rewrite`."""

    name = "builtin"
    is_remote = False

    def __init__(self) -> None:
        self.version = source_version(Path(__file__).parent, *(CORE / name for name in SOURCES))

    def request(self, task: TaskInput) -> dict[str, Any]:
        """The task and the version of the rules: a changed rule asks anew."""
        return {
            "teacher": self.name,
            "version": self.version,
            "task": TASK_NAMES[type(task)],
            "input": task.model_dump(mode="json"),
        }

    async def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer by rules; depends on nothing but the request."""
        task = INPUTS[request["task"]].model_validate(request["input"])
        return solve(task).model_dump(mode="json")

    def read(self, task: TaskInput, answer: dict[str, Any]) -> TaskAnswer:
        """The answer as the task's type.

        Raises:
            TeacherFailure: it does not fit (a store that was changed by hand).
        """
        try:
            return ANSWERS[TASK_NAMES[type(task)]].model_validate(answer)
        except ValidationError as error:
            raise TeacherFailure(f"unreadable answer: {error.errors()[0]['msg']}") from error

    async def close(self) -> None:
        """Nothing to free."""


def solve(task: TaskInput) -> TaskAnswer:
    """The answer to any of the five tasks."""
    match task:
        case GenerateInput():
            # More than max_facts, too: the stage cuts and counts.
            found = [statement for statement in statements(task) if can_be_asked(statement, task)]
            found += abstentions(found, task)
            return GenerateAnswer(facts=tuple(fact(statement, task) for statement in found))
        case ScoreInput():
            return marks.score(task)
        case ParaphraseInput():
            return rewrite.paraphrase(task)
        case DialogueInput():
            return rewrite.dialogue(task)
        case JudgeInput():
            return judge.judge(task)


def can_be_asked(statement: Statement, task: GenerateInput) -> bool:
    """Whether a question can name the statement: it has a subject, and an English one is in Latin letters."""
    names = f"{statement.subject} {statement.key}"
    is_readable = task.language == "ko" or not FOREIGN.search(names)
    return bool(statement.subject) and is_readable
