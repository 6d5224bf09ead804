"""A chat client for Ollama, through its own API: only there can the context be set and thinking switched off.

The address comes from OLLAMA_HOST, as for Ollama's own programs.
"""

import os
from typing import TYPE_CHECKING, Any

from slm_factory.teachers.chat import (
    Disturbed,
    Message,
    Reply,
    Usage,
    plain_messages,
    without_thoughts,
)
from slm_factory.teachers.connections import Connections
from slm_factory.teachers.servers import OVERLOADED, Server, is_remote, refused_field, words_of
from slm_factory.teachers.teacher import TeacherFailure, TeacherSettings

if TYPE_CHECKING:
    import httpx
    from ollama import AsyncClient, ChatResponse


class OllamaClient:
    """Sends chats to one model, with the options of the `teacher` section."""

    def __init__(self, settings: TeacherSettings) -> None:
        self.name = f"ollama/{settings.model}"
        self.model = settings.model
        self.options: dict[str, Any] = {
            "temperature": settings.temperature,
            "num_predict": settings.max_tokens,
            "seed": settings.seed,
            "think": settings.thinking,
        }
        self.context_tokens = settings.context_tokens
        self.max_tokens = settings.max_tokens
        self.timeout_seconds = settings.timeout_seconds
        self.keep_alive_seconds = settings.keep_alive_seconds
        # A server here may pass the text on: models named so run at ollama.com.
        self.is_remote = is_remote(os.environ.get("OLLAMA_HOST", "")) or self.model.endswith(
            (":cloud", "-cloud")
        )
        self.server = Server(
            settings.model,
            "OLLAMA_HOST",
            "OLLAMA_API_KEY",
            start="start it with: ollama serve",
            find_model=f"ollama pull {settings.model}",
        )
        self.refused: set[str] = set()  # "think" and "format", once the server has refused them
        self.connections = Connections(self.connect)

    async def chat(self, messages: list[Message], schema: dict[str, Any] | None) -> Reply:
        """See `ChatClient.chat`. A request that is refused is sent again without what the server refuses."""
        from ollama import ResponseError

        refused = set(self.refused)
        while True:
            try:
                answer = await self.send(messages, schema, refused)
            except ResponseError as error:
                culprit = None
                if error.status_code == 400:
                    sent = {"think", "format"} - refused
                    culprit = refused_field(said(error), sent, ["format"])
                if culprit is None:
                    raise self.failure(error) from None
                refused.add(culprit)
            else:
                self.refused |= refused
                return answer

    async def send(self, messages: list[Message], schema: dict[str, Any] | None, refused: set[str]) -> Reply:
        """The answer to one request; what the server refuses raises the package's own error.

        It is streamed, since proxies cut connections that are silent for a minute.
        """
        import httpx

        options = {name: value for name, value in self.options.items() if name != "think"}
        parts: list[str] = []
        last: ChatResponse | None = None
        try:
            stream = await self.connections.open().chat(
                model=self.model,
                messages=plain_messages(messages),
                stream=True,
                think=None if "think" in refused else self.options["think"],
                format=None if "format" in refused else schema,
                # Without num_ctx the server takes its default and cuts longer prompts silently.
                options={**options, "num_ctx": self.context_tokens},
                keep_alive=self.keep_alive_seconds,
            )
            async for last in stream:
                parts.append(last.message.content or "")
        except httpx.ConnectError:
            raise self.server.is_down() from None
        except httpx.TimeoutException:
            raise Disturbed(f"no answer within {self.timeout_seconds:g} s") from None
        except httpx.TransportError:
            raise Disturbed("the connection to the server was lost") from None
        except (ValueError, AttributeError):  # the package's, on lines that are no JSON objects
            raise Disturbed("the server's reply is not what Ollama answers") from None
        return read("".join(parts), last)

    def failure(self, error: Any) -> Exception:
        """What the package's `ResponseError` means; its status is -1 when the stream broke off with words."""
        if error.status_code == -1:
            return Disturbed(f"the server broke off: {said(error)}")
        return self.server.failure(error.status_code, error.error, {})

    async def notice_overload(self, response: "httpx.Response") -> None:
        """Raises `Overloaded` with the wait that is asked for, which the package's errors leave out."""
        if response.status_code in OVERLOADED:
            await response.aread()
            raise self.server.failure(response.status_code, response.text, response.headers)

    def connect(self) -> "AsyncClient":
        """New connections to the server."""
        from ollama import AsyncClient

        return AsyncClient(timeout=self.timeout_seconds, event_hooks={"response": [self.notice_overload]})

    async def close(self) -> None:
        """Closes the connections of the running event loop."""
        await self.connections.close()


def read(text: str, last: "ChatResponse | None") -> Reply:
    """The streamed text and what its last line says, as a reply.

    Raises:
        Disturbed: the stream was empty, as when the engine fails.
        TeacherFailure: it ended without a last line, as when a model repeats one token for ever.
    """
    if last is None or not (last.done or text):
        raise Disturbed("the server answered nothing")
    if not last.done:
        raise TeacherFailure("the server broke off an answer that repeats itself")
    usage: Usage = {
        "prompt_tokens": last.prompt_eval_count or 0,
        "completion_tokens": last.eval_count or 0,
    }
    return {"text": without_thoughts(text), "usage": usage, "finish_reason": last.done_reason or ""}


def said(error: Any) -> str:
    """The server's own words in the package's `ResponseError`."""
    return words_of(error.error)
