"""A chat client for every server with the OpenAI API: vLLM, llama.cpp, LM Studio, hosted ones.

Endpoint and key come from OPENAI_BASE_URL and OPENAI_API_KEY and stay out of messages, logs and the store.
"""

import os
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from slm_factory.teachers.chat import Disturbed, Message, Reply, plain_messages, without_thoughts
from slm_factory.teachers.connections import Connections
from slm_factory.teachers.servers import UNREADABLE, Server, is_remote, refused_field, words_of
from slm_factory.teachers.teacher import TeacherFailure, TeacherSettings

if TYPE_CHECKING:  # the package takes a second to import
    from openai import AsyncOpenAI

OPENAI = "https://api.openai.com/v1"
# What some servers refuse, `max_tokens` in favour of another name. A field is given up for good once the same
# chat was answered without it.
OPTIONAL = ("max_tokens", "temperature", "seed", "chat_template_kwargs", "response_format")


class OpenAIClient:
    """Sends chats to one model, with the options of the `teacher` section."""

    def __init__(self, settings: TeacherSettings) -> None:
        self.name = f"openai/{settings.model}"
        self.model = settings.model
        self.options: dict[str, Any] = {
            "temperature": settings.temperature,
            "max_tokens": settings.max_tokens,
            "seed": settings.seed,
            "thinking": settings.thinking,
        }
        self.context_tokens = settings.context_tokens
        self.max_tokens = settings.max_tokens
        self.timeout_seconds = settings.timeout_seconds
        self.address = base_url()
        self.is_remote = is_remote(self.address)
        self.server = Server(settings.model, "OPENAI_BASE_URL", "OPENAI_API_KEY", "start the server")
        self.refused: set[str] = set()  # of OPTIONAL
        self.connections = Connections(self.connect)

    async def chat(self, messages: list[Message], schema: dict[str, Any] | None) -> Reply:
        """See `ChatClient.chat`. A request that is refused is sent again without what the server refuses."""
        import openai

        refused = set(self.refused)
        spared: set[str] = set()  # left out of this chat only
        while True:
            try:
                reply = await self.connections.open().chat.completions.create(
                    model=self.model,
                    messages=plain_messages(messages),  # type: ignore[arg-type]
                    **self.fields(schema, refused | spared),
                )
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                sent = [name for name in OPTIONAL if name not in refused | spared]
                culprit = refused_field(
                    words_of(error.body), sent, ["response_format", "chat_template_kwargs"]
                )
                if culprit is None:
                    raise self.server.failure(error.status_code, error.body, {}) from None
                refused.add(culprit)
                continue
            except openai.APIStatusError as error:
                if UNREADABLE.search(words_of(error.body)) and "response_format" not in refused | spared:
                    spared.add("response_format")
                    continue
                headers = error.response.headers
                raise self.server.failure(error.status_code, error.body, headers) from None
            except openai.APIConnectionError as error:
                raise self.server.unreachable(error, openai.APITimeoutError, self.timeout_seconds) from None
            except ValueError:  # a broken body under HTTP 200
                raise Disturbed("the server's reply is not JSON") from None
            answer = self.read(reply)
            self.refused |= refused
            return answer

    def fields(self, schema: dict[str, Any] | None, refused: set[str]) -> dict[str, Any]:
        """What a request says besides model and messages."""
        limit = "max_completion_tokens" if "max_tokens" in refused else "max_tokens"
        form = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
        fields: dict[str, Any] = {limit: self.max_tokens}
        fields |= {"temperature": self.options["temperature"], "seed": self.options["seed"]}
        # In extra_body the package leaves it alone; as an argument it costs more than all else here together.
        extra: dict[str, Any] = {"response_format": form} if schema is not None else {}
        if not self.options["thinking"] and self.address != OPENAI:
            extra["chat_template_kwargs"] = {"enable_thinking": False}  # vLLM, llama.cpp

        def kept(named: dict[str, Any]) -> dict[str, Any]:
            return {name: value for name, value in named.items() if name not in refused}

        return {**kept(fields), "extra_body": kept(extra)}

    def read(self, reply: Any) -> Reply:
        """The package's reply as ours.

        Raises:
            Disturbed: it holds no message, as proxies answer under HTTP 200.
            TeacherFailure: the model or its guard refuses to answer.
        """
        error = getattr(reply, "error", None)
        if isinstance(error, dict) and isinstance(error.get("code"), int):  # OpenRouter, under HTTP 200
            raise self.server.failure(error["code"], error, {})
        choices = getattr(reply, "choices", None)
        if not choices or not choices[0].message:
            raise Disturbed("the server's reply holds no message")
        message, reason = choices[0].message, choices[0].finish_reason or ""
        if getattr(message, "refusal", None):
            raise TeacherFailure("the model refuses to answer this prompt")
        if reason == "content_filter":
            raise TeacherFailure("the server's content filter withholds the answer")
        usage = reply.usage
        return {
            "text": without_thoughts(message.content or ""),
            "usage": {
                "prompt_tokens": (usage.prompt_tokens or 0) if usage else 0,
                "completion_tokens": (usage.completion_tokens or 0) if usage else 0,
            },
            "finish_reason": reason,
        }

    def connect(self) -> "AsyncOpenAI":
        """New connections to the server."""
        from openai import AsyncOpenAI

        return AsyncOpenAI(
            base_url=self.address,
            api_key=os.environ.get("OPENAI_API_KEY") or "none",  # local servers want none
            max_retries=0,  # `calls` tries again
            timeout=self.timeout_seconds,
        )

    async def close(self) -> None:
        """Closes the connections of the running event loop."""
        await self.connections.close()


def base_url() -> str:
    """OPENAI_BASE_URL with its `/v1`, which people write or leave out; OpenAI's own without the variable."""
    address = os.environ.get("OPENAI_BASE_URL", "").strip().rstrip("/")
    if not address:
        return OPENAI
    if not urlsplit(address).scheme or "://" not in address:
        address = f"http://{address}"
    return address if re.search(r"/v\d+\w*(?:/openai)?$", address) else f"{address}/v1"
