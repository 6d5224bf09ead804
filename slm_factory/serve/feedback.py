"""data/feedback.jsonl: what people thought of answers, one line per answer."""

from pathlib import Path
from typing import Literal

from filelock import FileLock
from pydantic import Field

from slm_factory.core import files
from slm_factory.core.records import identifier
from slm_factory.serve.ollama_form import Asking

FEEDBACK = Path("data/feedback.jsonl")


class Feedback(Asking):
    """A thumb up or down; with a better answer where somebody knows one."""

    rating: Literal["up", "down"]
    question: str = Field(min_length=1)
    answer: str
    model: str = Field("", description="as it was asked")
    version: str = ""
    correction: str = ""
    chunk_ids: list[str] = Field([], max_length=20, description="passages that were shown")


def save(given: Feedback, file: Path = FEEDBACK) -> str:
    """Writes a line and returns its feedback_id; the same answer judged anew replaces its line.

    Lines are sorted by feedback_id, which is of question, answer and version alone, so that git merges what
    two servers have written.
    """
    row = given.model_dump()
    row = {"feedback_id": identifier(given.question, given.answer, given.model, given.version), **row}
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_name(f".{file.name}.lock")):
        known = files.read_json_lines(file) if file.is_file() else []
        rows = {one["feedback_id"]: one for one in known} | {row["feedback_id"]: row}
        files.write_json_lines(file, (rows[key] for key in sorted(rows)))
    return str(row["feedback_id"])
