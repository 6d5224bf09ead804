"""A teacher for tests of the machinery around teachers: it counts, and answers by a plain rule."""

from typing import Any

from slm_factory.core.errors import UserError
from slm_factory.teachers.tasks import (
    ANSWERS,
    TASK_NAMES,
    GenerateInput,
    ScoreInput,
    TaskAnswer,
    TaskInput,
    Turn,
)
from slm_factory.teachers.teacher import TeacherFailure


class FakeTeacher:
    """Turns each line "name is value" of a chunk to a fact; fails or breaks down where the text says so."""

    name = "fake"
    is_remote = False

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def request(self, task: TaskInput) -> dict[str, Any]:
        return {"task": TASK_NAMES[type(task)], "input": task.model_dump(mode="json")}

    async def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(request)
        text = str(request["input"])
        if "FAIL" in text:
            raise TeacherFailure("told to fail")
        if "DOWN" in text:
            raise UserError("error: the teacher is down", "hint: start it")
        return {"value": getattr(self, request["task"])(request["input"])}

    def read(self, task: TaskInput, answer: dict[str, Any]) -> TaskAnswer:
        if "value" not in answer:
            raise TeacherFailure("unreadable")
        return ANSWERS[TASK_NAMES[type(task)]].model_validate(answer["value"])

    async def close(self) -> None:
        return

    def generate(self, given: dict[str, Any]) -> dict[str, Any]:
        lines = [line for line in given["text"].splitlines() if " is " in line]
        return {"facts": [self.fact(line, given) for line in lines]}

    def fact(self, line: str, given: dict[str, Any]) -> dict[str, Any]:
        name, _, value = line.partition(" is ")
        asks = ("What is", "Tell me", "How much is", "Please name", "Which value has", "Do you know")
        tells = (f"{name} is {value}.", f"It is {value}.", f"The value is {value}.")
        said = {
            "questions": [f"{ask} {name}?" for ask in asks[: given["question_wordings"]]],
            "answers": list(tells[: given["answer_wordings"]]),
        }
        wordings = [{"audience": audience, **said} for audience in given["audiences"]]
        kind = "abstain" if value == "unknown" else "fact"
        return {"kind": kind, "statement": f"{name} is {value}.", "evidence": line, "wordings": wordings}

    def score(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"marks": [self.mark(pair) for pair in given["pairs"]]}

    def mark(self, pair: dict[str, str]) -> dict[str, Any]:
        faithfulness = 1 if "bad" in pair["question"] else 5
        return {"faithfulness": faithfulness, "completeness": 5, "usefulness": 4, "reason": "by rule"}

    def paraphrase(self, given: dict[str, Any]) -> dict[str, Any]:
        question, answer = given["question"], given["answer"]
        wordings = [
            {"question": f"So tell us: {question}", "answer": answer},
            {"question": question.upper(), "answer": answer},
            {"question": f"Quick one: {question}", "answer": f"{answer} Or 77777."},
        ]
        return {"wordings": wordings[: given["count"]]}

    def dialogue(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"turns": [{**turn, "question": f"Next: {turn['question']}"} for turn in given["turns"]]}


def generate_input(text: str) -> GenerateInput:
    """A chunk to read, with every other field fixed."""
    return GenerateInput(
        text=text,
        title="T",
        headings=("H",),
        language="en",
        question_wordings=4,
        answer_wordings=2,
        max_facts=5,
    )


def score_input(question: str) -> ScoreInput:
    """A pair to mark, with every other field fixed."""
    turns = (Turn(question=question, answer="a"),)
    return ScoreInput(source="s", evidence="s", pairs=turns, language="en")
