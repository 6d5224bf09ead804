"""The one interface of chat models: a single attempt at one chat, and the ways in which it can end.

Clients (`openai_client`, `ollama_client`, ...) speak to a server or a model and try once. Waiting, trying
again, adapting to load and keeping the budget are the business of `calls`, for all of them.
"""

import re
from collections.abc import Sequence
from typing import Any, Protocol, TypedDict

Message = dict[str, str]  # role, content

THOUGHTS = re.compile(r"\A.*</think>|<think>.*\Z", re.DOTALL)  # some templates write the opening mark
# The turn marks of ChatML, Llama, Gemma, EXAONE and Mistral. Servers read them as control tokens wherever
# they stand, so that a document could end its own turn and speak for the user.
TURN_MARK = re.compile(r"<(?=\|\w+\|>|/?think>|(?:start|end)_of_turn>)|\[(?=\|\w+\|\]|/?INST\])")


class Usage(TypedDict):
    """Tokens of one chat as the server counted them; 0 where it does not say."""

    prompt_tokens: int
    completion_tokens: int


class Reply(TypedDict):
    """What a model said. `finish_reason`: "stop", "length" (cut at max_tokens), or the server's own word."""

    text: str
    usage: Usage
    finish_reason: str


class Overloaded(Exception):
    """The server has too much to do (HTTP 429, 503, 529): ask again later, and fewer at a time.

    `retry_after` is the wait that it asks for in seconds, None where it names none.
    """

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class Disturbed(Exception):
    """This attempt went wrong and the next may not: HTTP 5xx, a lost connection, no answer in time.

    `is_down`: nobody listens at the address.
    """

    def __init__(self, reason: str, *, is_down: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_down = is_down


class ChatClient(Protocol):
    """A model behind some chat API."""

    name: str  # what the `teacher` column shows, e.g. "ollama/qwen3:8b"
    model: str
    options: dict[str, Any]  # all that shapes the answer besides the messages, as JSON
    context_tokens: int  # prompt and answer together
    max_tokens: int  # of one answer
    is_remote: bool  # whether the text leaves this machine

    async def chat(self, messages: list[Message], schema: dict[str, Any] | None) -> Reply:
        """The model's answer, kept to `schema` (JSON Schema) where the backend can; one attempt.

        Without a schema the answer is free text.

        Raises:
            Overloaded, Disturbed: this attempt failed, another may not.
            TeacherFailure: this chat will never be answered (the server refuses it).
            UserError: no chat can be answered (key refused, no such model, package missing).
        """

    async def close(self) -> None:
        """Frees connections, or the model."""


def plain_messages(messages: Sequence[Message]) -> list[Message]:
    """The messages with a blank inside every turn mark of their text, so that it is only text."""
    return [{**message, "content": TURN_MARK.sub(r"\g<0> ", message["content"])} for message in messages]


def without_thoughts(text: str) -> str:
    """The answer alone: what a reasoning model thought aloud before it is left out, also when it was cut."""
    return THOUGHTS.sub("", text).strip()
