"""data/feedback.jsonl: what users of the served model thought of its answers, for reviewers to look into.

`slm-factory serve` appends a line for each thumb: {"question": ..., "answer": ..., "verdict": "up" or "down",
"version": ...}. A question that is one of the pairs' questions, however it is spaced or punctuated, marks
these pairs; the others name what the documents, or the pairs, do not answer yet.
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from slm_factory.core import params
from slm_factory.core.matching import loose

FEEDBACK = Path("data/feedback.jsonl")


class Feedback(BaseModel):
    """One thumb; what else a server notes is left alone."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    question: str
    answer: str
    verdict: Literal["up", "down"]
    version: str = ""


def read(path: Path = FEEDBACK) -> list[Feedback]:
    """The thumbs in the order in which they came; none where there is no file.

    Raises:
        UserError: a line is none; it is named.
    """
    return params.load_lines(path, Feedback) if path.is_file() else []


def votes(thumbs: Iterable[Feedback]) -> dict[str, int]:
    """Up less down votes on each question, by its loose form; 0 counts as -1: somebody was not content."""
    counted: Counter[str] = Counter()
    for thumb in thumbs:
        counted[loose(thumb.question)] += 1 if thumb.verdict == "up" else -1
    return {question: count or -1 for question, count in counted.items()}


def by_pair(questions: Iterable[str], counted: dict[str, int]) -> list[int]:
    """-1, 0 or 1 for each of `questions`: disliked, unknown to users, liked."""
    found = (counted.get(loose(question), 0) for question in questions)
    return [(count > 0) - (count < 0) for count in found]
