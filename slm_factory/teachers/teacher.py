"""The interface of a teacher, its settings in params.yaml, and the choice of one."""

from typing import TYPE_CHECKING, Any, Literal, Protocol

from pydantic import Field

from slm_factory.core.params import Settings
from slm_factory.teachers.tasks import TaskAnswer, TaskInput

if TYPE_CHECKING:
    from slm_factory.teachers.chat import ChatClient


class Price(Settings):
    """Money per million tokens, in whatever currency the budget is in."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)


class Budget(Settings):
    """What the teacher may cost this repository in all; 0 is no limit."""

    money: float = Field(ge=0)
    tokens: int = Field(ge=0)


class TeacherSettings(Settings):
    """`teacher:` in params.yaml."""

    backend: Literal["builtin", "ollama", "openai", "anthropic", "gguf"]
    model: str
    concurrency: int = Field(ge=1)
    timeout_seconds: float = Field(gt=0)
    retries: int = Field(ge=0)
    temperature: float = Field(ge=0)
    max_tokens: int = Field(ge=1)
    context_tokens: int = Field(ge=512)
    thinking: bool
    keep_alive_seconds: int = Field(ge=0)
    seed: int
    price: Price
    budget: Budget


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
    is_remote: bool  # whether the text of documents leaves this machine

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

    async def close(self) -> None:
        """Frees connections, or the model; a later `answer` may open them again."""


def load(settings: TeacherSettings) -> Teacher:
    """The teacher that the settings name; a model's calls are tried again, counted and kept to the budget.

    Raises:
        UserError: its package, key or prompts are missing.
    """
    if settings.backend == "builtin":
        from slm_factory.teachers.builtin.teacher import BuiltinTeacher

        return BuiltinTeacher()
    from slm_factory.teachers.calls import Calls
    from slm_factory.teachers.prompted import PromptedTeacher

    return PromptedTeacher(Calls(client(settings), settings))


def client(settings: TeacherSettings) -> "ChatClient":
    """The chat client of the backend, which tries each chat once.

    Raises:
        UserError: its package or key is missing.
    """
    match settings.backend:
        case "ollama":
            from slm_factory.teachers.ollama_client import OllamaClient

            return OllamaClient(settings)
        case "openai":
            from slm_factory.teachers.openai_client import OpenAIClient

            return OpenAIClient(settings)
        case "anthropic":
            from slm_factory.teachers.anthropic_client import AnthropicClient

            return AnthropicClient(settings)
        case "gguf":
            from slm_factory.teachers.gguf_client import GgufClient

            return GgufClient(settings)
    raise ValueError(f"{settings.backend} is no chat model")
