"""A chat client for Claude, through the anthropic package.

Key and address come from ANTHROPIC_API_KEY and ANTHROPIC_BASE_URL and stay out of messages, logs and the
store.
"""

import json
import os
from typing import TYPE_CHECKING, Any

from slm_factory.core.errors import UserError
from slm_factory.teachers.chat import Disturbed, Message, Reply, plain_messages, without_thoughts
from slm_factory.teachers.connections import Connections
from slm_factory.teachers.servers import Server, is_remote, refused_field, words_of
from slm_factory.teachers.teacher import TeacherFailure, TeacherSettings

if TYPE_CHECKING:  # the package takes a second to import
    from anthropic import AsyncAnthropic
    from anthropic.types import Message as Answer

ANTHROPIC = "https://api.anthropic.com"
TOOL = "answer"  # the model is made to call it, with its answer as the input
CUT = ("max_tokens", "model_context_window_exceeded")


# What some models refuse, a forced tool in favour of free choice: newer ones think unasked, and then none may
# be forced. A field is given up for good once the same chat was answered without it.
OPTIONAL = ("temperature", "thinking", "tool_choice")


class AnthropicClient:
    """Sends chats to one model, with the options of the `teacher` section; the API takes no seed."""

    def __init__(self, settings: TeacherSettings) -> None:
        self.name = f"anthropic/{settings.model}"
        self.model = settings.model
        self.options: dict[str, Any] = {
            "temperature": min(settings.temperature, 1.0),  # the API's greatest
            "max_tokens": settings.max_tokens,
            "thinking": settings.thinking,
        }
        self.context_tokens = settings.context_tokens
        self.max_tokens = settings.max_tokens
        self.timeout_seconds = settings.timeout_seconds
        self.address = base_url()
        self.is_remote = is_remote(self.address)
        self.server = Server(
            settings.model, "ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY", "check the network connection"
        )
        self.refused: set[str] = set()  # of OPTIONAL
        self.connections = Connections(self.connect)

    async def chat(self, messages: list[Message], schema: dict[str, Any] | None) -> Reply:
        """See `ChatClient.chat`. A request that is refused is sent again without what the model refuses."""
        import anthropic

        refused = set(self.refused)
        while True:
            try:
                reply = await self.connections.open().messages.create(
                    **self.request(messages, schema, refused)
                )
            except (anthropic.BadRequestError, anthropic.UnprocessableEntityError) as error:
                sent = [name for name in OPTIONAL if name not in refused]
                culprit = refused_field(words_of(error.body), sent, [])
                if culprit is None:
                    raise self.server.failure(error.status_code, error.body, {}) from None
                refused.add(culprit)
                continue
            except anthropic.APIStatusError as error:
                headers = error.response.headers
                raise self.server.failure(error.status_code, error.body, headers) from None
            except anthropic.APIConnectionError as error:
                raise self.server.unreachable(
                    error, anthropic.APITimeoutError, self.timeout_seconds
                ) from None
            except ValueError:  # a broken body under HTTP 200
                raise Disturbed("the server's reply is not JSON") from None
            answer = read(reply)
            self.refused |= refused
            return answer

    def request(
        self, messages: list[Message], schema: dict[str, Any] | None, refused: set[str]
    ) -> dict[str, Any]:
        """The arguments of one request; system messages have a place of their own."""
        plain = plain_messages(messages)
        tool = {"name": TOOL, "description": "Takes the answer.", "input_schema": schema}
        forced = {"type": "tool", "name": TOOL, "disable_parallel_tool_use": True}
        is_free = self.options["thinking"] or "tool_choice" in refused
        request: dict[str, Any] = {
            "model": self.model,
            "max_tokens": self.max_tokens,
            "system": "\n\n".join(said["content"] for said in plain if said["role"] == "system"),
            "messages": [message for message in plain if message["role"] != "system"],
        }
        if schema is not None:
            request |= {"tools": [tool], "tool_choice": {"type": "auto"} if is_free else forced}
        if "thinking" not in refused:
            request["thinking"] = {"type": "adaptive" if self.options["thinking"] else "disabled"}
        if "temperature" not in refused:  # the package knows it no more, most models do
            request["extra_body"] = {"temperature": self.options["temperature"]}
        return request

    def connect(self) -> "AsyncAnthropic":
        """New connections to the server.

        Raises:
            UserError: there is no key.
        """
        from anthropic import AsyncAnthropic

        if not os.environ.get("ANTHROPIC_API_KEY"):
            raise UserError(
                "error: ANTHROPIC_API_KEY is not set",
                "hint: export ANTHROPIC_API_KEY=... and run the same command again",
            )
        return AsyncAnthropic(
            base_url=self.address,
            max_retries=0,  # `calls` tries again
            timeout=self.timeout_seconds,
        )

    async def close(self) -> None:
        """Closes the connections of the running event loop."""
        await self.connections.close()


def base_url() -> str:
    """ANTHROPIC_BASE_URL without a `/v1`, which the package adds; Anthropic's own without the variable."""
    address = os.environ.get("ANTHROPIC_BASE_URL", "").strip().rstrip("/")
    return address.removesuffix("/v1") or ANTHROPIC


def read(reply: "Answer") -> Reply:
    """The package's reply as ours: the text is the tool's input as JSON, or what was said without the tool.

    Raises:
        Disturbed: it holds no message, as proxies answer under HTTP 200.
        TeacherFailure: the model refuses to answer.
    """
    blocks, usage = getattr(reply, "content", None), getattr(reply, "usage", None)
    if blocks is None or usage is None:
        raise Disturbed("the server's reply holds no message")
    if reply.stop_reason == "refusal":
        raise TeacherFailure("the model refuses to answer this prompt")
    called = [json.dumps(block.input, ensure_ascii=False) for block in blocks if block.type == "tool_use"]
    said = [block.text for block in blocks if block.type == "text"]
    cached = (usage.cache_creation_input_tokens or 0) + (usage.cache_read_input_tokens or 0)
    return {
        "text": called[0] if called else without_thoughts("".join(said)),
        "usage": {
            "prompt_tokens": (usage.input_tokens or 0) + cached,
            "completion_tokens": usage.output_tokens or 0,
        },
        "finish_reason": "length" if reply.stop_reason in CUT else "stop",
    }
