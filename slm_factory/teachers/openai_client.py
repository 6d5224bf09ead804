"""A chat client for every server with the OpenAI API: vLLM, llama.cpp, LM Studio, hosted ones.

Endpoint and key come from OPENAI_BASE_URL and OPENAI_API_KEY and stay out of messages, logs and the store.
"""

import asyncio
import logging
import os
from typing import TYPE_CHECKING, Any

from slm_factory.core.errors import UserError
from slm_factory.teachers.teacher import TeacherFailure, TeacherSettings

if TYPE_CHECKING:  # the package takes a second to import
    from openai import APIStatusError, AsyncOpenAI

Message = dict[str, str]  # role, content

# After 408, 409, 429, 5xx and lost connections; the package waits as Retry-After says, else 0.5 s doubling.
RETRIES = 4
START_HINT = "hint: start the server, or set OPENAI_BASE_URL to its address; then run the same command again"


class OpenAIClient:
    """Sends chats to one model, with the options of the `teacher` section."""

    def __init__(self, settings: TeacherSettings) -> None:
        self.name = f"openai/{settings.model}"
        self.model = settings.model
        self.options: dict[str, Any] = {
            "temperature": settings.temperature,
            "max_tokens": settings.max_tokens,
            "seed": settings.seed,
        }
        self.timeout_seconds = settings.timeout_seconds
        self.takes_schema = True  # until the server refuses one
        self.connection: AsyncOpenAI | None = None
        self.loop: asyncio.AbstractEventLoop | None = None

    async def chat(self, messages: list[Message], schema: dict[str, Any]) -> dict[str, Any]:
        """The model's answer as {"text", "usage": {"prompt_tokens", "completion_tokens"}, "finish_reason"}.

        The server is asked to keep to `schema` (JSON Schema); one that cannot is asked without it from then
        on.

        Raises:
            TeacherFailure: this chat got no answer in time, or was refused.
            UserError: the server is down, or refuses the key or the model.
        """
        from openai import BadRequestError, UnprocessableEntityError

        if self.takes_schema:
            form = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
            try:
                return await self.send(messages, response_format=form)
            except (BadRequestError, UnprocessableEntityError):
                answer = await self.send_plain(messages)
                self.takes_schema = False  # without it the same chat was fine
                return answer
        return await self.send_plain(messages)

    async def send_plain(self, messages: list[Message]) -> dict[str, Any]:
        """The answer without a schema; what the server still refuses is a `TeacherFailure`."""
        from openai import BadRequestError, UnprocessableEntityError

        try:
            return await self.send(messages)
        except (BadRequestError, UnprocessableEntityError) as error:
            raise TeacherFailure(f"the server refused the request: {reason_of(error)}") from None

    async def send(self, messages: list[Message], **form: Any) -> dict[str, Any]:
        """One chat completion; see `chat`. Refused requests (400, 422) raise the package's own errors."""
        import openai

        try:
            reply = await self.connect().chat.completions.create(
                model=self.model,
                messages=messages,  # type: ignore[arg-type]
                **self.options,
                **form,
            )
        except openai.APITimeoutError:
            raise TeacherFailure(f"no answer within {self.timeout_seconds:g} s") from None
        except openai.APIConnectionError:
            raise UserError("error: the teacher's server does not answer", START_HINT) from None
        except (openai.BadRequestError, openai.UnprocessableEntityError):
            raise
        except openai.APIStatusError as error:
            raise self.explain(error) from None
        except ValueError:  # a proxy's HTML page under HTTP 200
            raise TeacherFailure("the server's reply is not JSON") from None
        choices = getattr(reply, "choices", None)
        if not choices or not choices[0].message:
            raise TeacherFailure("the server's reply holds no message")
        usage = reply.usage
        return {
            "text": choices[0].message.content or "",
            "usage": {
                "prompt_tokens": usage.prompt_tokens if usage else 0,
                "completion_tokens": usage.completion_tokens if usage else 0,
            },
            "finish_reason": choices[0].finish_reason or "",
        }

    def connect(self) -> "AsyncOpenAI":
        """The connection of the running event loop; a connection pool cannot be shared between two."""
        from openai import AsyncOpenAI

        loop = asyncio.get_running_loop()
        if self.connection is None or self.loop is not loop:
            self.loop = loop
            for library in ("httpx", "httpx2"):  # what the package sends through: it logs addresses
                logging.getLogger(library).setLevel(logging.WARNING)
            self.connection = AsyncOpenAI(
                base_url=base_url(),
                api_key=os.environ.get("OPENAI_API_KEY") or "none",  # local servers want none
                max_retries=RETRIES,
                timeout=self.timeout_seconds,
            )
        return self.connection

    def explain(self, error: "APIStatusError") -> Exception:
        """What an HTTP error means: for this chat (`TeacherFailure`) or for all of them (`UserError`)."""
        status = error.status_code
        if status in (401, 403):
            return UserError(
                f"error: the teacher's server refuses the key (HTTP {status})",
                "hint: export OPENAI_API_KEY=... and run the same command again",
            )
        if status == 404:
            return UserError(
                f"error: the teacher's server has no model '{self.model}' (HTTP 404)",
                "hint: set teacher.model in params.yaml, or correct the address in OPENAI_BASE_URL",
            )
        if error.code == "insufficient_quota":
            return UserError(
                "error: the teacher's account has no credit left (HTTP 429)",
                "hint: top it up and run the same command again; nothing that was answered is asked twice",
            )
        return TeacherFailure(f"the server answered HTTP {status}, {RETRIES + 1} times: {reason_of(error)}")


def base_url() -> str | None:
    """OPENAI_BASE_URL with its `/v1`, which people write or leave out; None means the package's default."""
    address = os.environ.get("OPENAI_BASE_URL", "").strip().rstrip("/")
    if not address:
        return None
    return address if address.endswith("/v1") else f"{address}/v1"


def reason_of(error: "APIStatusError") -> str:
    """The server's own words on a refused request, at most 200 characters, without the key."""
    body = error.body if isinstance(error.body, dict) else {}
    words = " ".join(str(body.get("message") or "it gives no reason").split())
    key = os.environ.get("OPENAI_API_KEY")
    return (words.replace(key, "***") if key else words)[:200]
