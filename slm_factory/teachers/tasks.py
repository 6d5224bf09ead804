"""The five tasks of a teacher, as values: what it is given and what it has to answer.

Every teacher, rules or LLM, takes the same inputs and gives the same answers, so a stage never knows which
one works.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Language = Literal["ko", "en"]


class Value(BaseModel):
    """A frozen value that forbids unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class GenerateInput(Value):
    """One chunk to read."""

    text: str
    title: str
    headings: tuple[str, ...]  # heading path, outermost first
    language: Language
    question_wordings: int  # per fact
    answer_wordings: int  # per fact
    max_facts: int


class Fact(Value):
    """One atomic fact with its evidence and its wordings."""

    kind: str  # fact, definition, procedure, contact
    statement: str  # the fact as one self-contained sentence
    evidence: str  # quoted from the chunk, to the letter
    questions: tuple[str, ...] = Field(min_length=1)
    answers: tuple[str, ...] = Field(min_length=1)


class GenerateAnswer(Value):
    """All facts of one chunk, in reading order; empty where the chunk states none."""

    facts: tuple[Fact, ...]


class ScoreInput(Value):
    """One pair beside its own source."""

    source: str
    question: str
    answer: str
    evidence: str
    language: Language


class ScoreAnswer(Value):
    """A mark from 1 (wrong or useless) to 5 (an expert would sign it), with the reason."""

    score: int = Field(ge=1, le=5)
    reason: str


class ParaphraseInput(Value):
    """One pair to say in other words; numbers and names stay."""

    question: str
    answer: str
    language: Language
    count: int


class Wording(Value):
    """A question and an answer that mean what the original pair means."""

    question: str
    answer: str


class ParaphraseAnswer(Value):
    """At most `count` wordings, none equal to the original question."""

    wordings: tuple[Wording, ...]


class Turn(Value):
    """One question of a user and its answer."""

    question: str
    answer: str


class DialogueInput(Value):
    """Pairs about one document, in reading order, to be joined to one conversation."""

    title: str
    language: Language
    turns: tuple[Turn, ...]


class DialogueAnswer(Value):
    """The conversation: later turns may refer to earlier ones; as many turns as were given."""

    turns: tuple[Turn, ...]


class JudgeInput(Value):
    """A student's answer beside the reference."""

    question: str
    reference: str
    answer: str
    language: Language


class JudgeAnswer(Value):
    """Whether the answer says what the reference says."""

    is_correct: bool
    reason: str


TaskName = Literal["generate", "score", "paraphrase", "dialogue", "judge"]
TaskInput = GenerateInput | ScoreInput | ParaphraseInput | DialogueInput | JudgeInput
TaskAnswer = GenerateAnswer | ScoreAnswer | ParaphraseAnswer | DialogueAnswer | JudgeAnswer

TASK_NAMES: dict[type[Value], TaskName] = {
    GenerateInput: "generate",
    ScoreInput: "score",
    ParaphraseInput: "paraphrase",
    DialogueInput: "dialogue",
    JudgeInput: "judge",
}
ANSWERS: dict[TaskName, type[TaskAnswer]] = {
    "generate": GenerateAnswer,
    "score": ScoreAnswer,
    "paraphrase": ParaphraseAnswer,
    "dialogue": DialogueAnswer,
    "judge": JudgeAnswer,
}
