"""How long a chunk may be for a teacher: what its context leaves beside the prompt and the answer."""

import sys
from pathlib import Path

from slm_factory.core.errors import UserError
from slm_factory.core.tokens import estimate
from slm_factory.teachers.teacher import TeacherSettings

PROMPTS = Path("prompts")

# What the two prompts with a whole chunk hold besides it and their own text, in tokens. Generate: title,
# headings, marks and some twenty fixed questions. Score: the evidence and, as JSON, the pairs of one fact in
# five wordings for two audiences.
FIELDS = {"generate": 500, "score": 1200}
MIN_ROOM = 200  # tokens; a shorter chunk states next to nothing


def chunk_room(settings: TeacherSettings, prompts: Path = PROMPTS) -> int:
    """The most tokens of a chunk with which prompt and answer fit `context_tokens`, by the longest prompt.

    Rules (`builtin`) read without a context: there is no limit for them.

    Raises:
        UserError: less than MIN_ROOM is left, or a prompt is missing.
    """
    if settings.backend == "builtin":
        return sys.maxsize
    prompt = max(longest(prompts, name) + fields for name, fields in FIELDS.items())
    room = settings.context_tokens - settings.max_tokens - prompt
    if room < MIN_ROOM:
        raise UserError(
            f"error: teacher.context_tokens ({settings.context_tokens}) leaves {max(room, 0)} tokens for a "
            f"chunk: the prompt takes {prompt}, teacher.max_tokens {settings.max_tokens}",
            "hint: raise teacher.context_tokens in params.yaml if the model can, or lower teacher.max_tokens",
        )
    return room


def longest(prompts: Path, name: str) -> int:
    """The tokens of a task's prompt in the language that needs most; generate has a part for each domain."""
    folders = [folder for folder in sorted(prompts.iterdir()) if (folder / f"{name}.md").is_file()]
    if not folders:
        raise UserError(
            f"error: there is no prompt {name}.md below {prompts}",
            f"hint: git checkout {prompts} brings it back",
        )
    return max(
        tokens_of(folder / f"{name}.md")
        + (max(map(tokens_of, folder.glob("domain/*.md")), default=0) if name == "generate" else 0)
        for folder in folders
    )


def tokens_of(file: Path) -> int:
    """The estimated tokens of a file."""
    return estimate(file.read_text(encoding="utf-8"))
