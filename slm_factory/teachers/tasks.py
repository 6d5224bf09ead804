"""The five tasks of a teacher, as values: what it is given and what it has to answer.

Every teacher, rules or LLM, takes the same inputs and gives the same answers, so a stage never knows which
one works.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

Language = Literal["ko", "en"]
Audience = Literal["expert", "plain"]
Domain = Literal["general", "incident", "statute", "ruling"]

# `abstain`: the text seems to answer the question and does not; `evidence` is the passage that misleads.
KINDS = ("fact", "definition", "procedure", "contact", "comparison", "cause", "calculation", "abstain")


class Value(BaseModel):
    """A frozen value that forbids unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FixedQuestion(Value):
    """A question that is asked of every document, under the name of its category."""

    category: str
    question: str


class GenerateInput(Value):
    """One chunk to read."""

    text: str
    title: str
    headings: tuple[str, ...]  # heading path, outermost first
    language: Language
    domain: Domain = "general"
    audiences: tuple[Audience, ...] = ("expert",)
    question_wordings: int  # per fact and audience
    answer_wordings: int  # per fact and audience
    max_facts: int
    max_abstentions: int = 0  # facts of kind `abstain`, beside the others
    questions: tuple[FixedQuestion, ...] = ()  # to be answered as well, where the text does


class Wordings(Value):
    """What one audience asks and is told: experts with basis and procedure, plain in everyday words."""

    audience: Audience
    questions: tuple[str, ...] = Field(min_length=1)
    answers: tuple[str, ...] = Field(min_length=1)


class Fact(Value):
    """One atomic fact with its evidence and its wordings."""

    kind: str  # one of KINDS
    category: str = ""  # of the fixed question that it answers
    statement: str  # the fact as one self-contained sentence
    evidence: str  # quoted from the chunk, to the letter
    wordings: tuple[Wordings, ...] = Field(min_length=1)  # one for each audience asked for


class GenerateAnswer(Value):
    """All facts of one chunk, in reading order; empty where the chunk states none."""

    facts: tuple[Fact, ...]
    left_out: SkipJsonSchema[tuple[str, ...]] = ()  # why facts that stand in the answer could not be read


class Turn(Value):
    """One question of a user and its answer."""

    question: str
    answer: str


class ScoreInput(Value):
    """The pairs of one fact beside their own source."""

    source: str
    evidence: str
    pairs: tuple[Turn, ...] = Field(min_length=1)
    language: Language
    is_abstention: bool = False  # the answers decline, and the source must not answer


class Mark(Value):
    """Marks from 1 (wrong or useless) to 5 (an expert would sign it), with the reason for the lowest."""

    faithfulness: int = Field(ge=1, le=5)  # says what the source says, and nothing else
    completeness: int = Field(ge=1, le=5)  # leaves out no condition, exception or part of the answer
    usefulness: int = Field(ge=1, le=5)  # can be understood without the source, and is worth asking
    reason: str


class ScoreAnswer(Value):
    """One mark per pair, in their order."""

    marks: tuple[Mark, ...]


class ParaphraseInput(Value):
    """One pair to say in other words; numbers and names stay."""

    question: str
    answer: str
    language: Language
    count: int


class ParaphraseAnswer(Value):
    """At most `count` wordings, none equal to the original question."""

    wordings: tuple[Turn, ...]


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
