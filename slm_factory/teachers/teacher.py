"""The interface of a teacher, its settings in params.yaml, and the choice of one."""

from typing import Any, Literal, Protocol

from pydantic import Field

from slm_factory.core.params import Settings
from slm_factory.teachers.tasks import TaskAnswer, TaskInput


class TeacherSettings(Settings):
    """`teacher:` in params.yaml."""

    backend: Literal["builtin", "openai"]
    model: str
    concurrency: int = Field(ge=1)
    timeout_seconds: float = Field(gt=0)
    temperature: float = Field(ge=0)
    max_tokens: int = Field(ge=1)
    seed: int


class TeacherFailure(Exception):
    """One request that got no usable answer; `reason` is kept with the row. Never stored, so asked again."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Teacher(Protocol):
    """Answers tasks. `request` and `read` are pure; only `answer` works or talks to a server.

    The store keeps what `answer` returned under the hash of what `request` returned.
    """

    name: str  # what the `teacher` column shows, e.g. "builtin" or "openai/qwen3-8b"

    def request(self, task: TaskInput) -> dict[str, Any]:
        """Everything that produces the answer (messages or input, model, options, code version), as JSON."""

    async def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The raw answer to a request, as JSON.

        Raises:
            TeacherFailure: this request got no usable answer.
            UserError: no request can be answered (server down, key missing).
        """

    def read(self, task: TaskInput, answer: dict[str, Any]) -> TaskAnswer:
        """The answer as the task's type.

        Raises:
            TeacherFailure: the raw answer cannot be read.
        """


def load(settings: TeacherSettings) -> Teacher:
    """The teacher that the settings name.

    Raises:
        UserError: its package or key is missing.
    """
    if settings.backend == "builtin":
        from slm_factory.teachers.builtin.teacher import BuiltinTeacher

        return BuiltinTeacher()
    from slm_factory.teachers.openai_client import OpenAIClient
    from slm_factory.teachers.prompted import PromptedTeacher

    return PromptedTeacher(OpenAIClient(settings))
