"""OpenAI's requests, and its replies to /v1/chat/completions and /v1/completions."""

import json
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from slm_factory.serve.generation import Generation
from slm_factory.serve.ollama_form import Asking, Count, Nothing, Number, Off, whole
from slm_factory.serve.refusal import Refusal, body

Choice = dict[str, Any]
One = Annotated[int, Field(ge=1, le=1), BeforeValidator(whole)]
Few = Annotated[int, Field(ge=0, le=20), BeforeValidator(whole)]


class TextPart(Asking):
    """A part of a message."""

    type: Literal["text"]
    text: str


class Message(Asking):
    """One turn of a conversation."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[TextPart] | None = None

    def plain(self) -> dict[str, str]:
        """Role and text."""
        parts = self.content if isinstance(self.content, list) else []
        text = "".join(part.text for part in parts) or (self.content if isinstance(self.content, str) else "")
        return {"role": "system" if self.role == "developer" else self.role, "content": text}


class StreamOptions(Asking):
    """How a stream ends."""

    include_usage: bool = False


class JsonSchema(Asking):
    """The form of an answer."""

    name: str = "answer"
    schema_: dict[str, Any] = Field({}, alias="schema")


class ResponseFormat(Asking):
    """Text, any JSON object, or JSON of a schema."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None


class Request(Asking):
    """What both routes have in common."""

    model: str = Field(examples=["slm"])
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    max_tokens: Count | None = None
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, ge=0, le=1)
    presence_penalty: float | None = Field(None, ge=-2, le=2)
    frequency_penalty: float | None = Field(None, ge=-2, le=2)
    seed: Number | None = None
    stop: str | list[str] | None = None
    n: One | None = Field(None, description="one answer")

    @property
    def sampling(self) -> dict[str, Any]:
        """What is given, in llama.cpp's names."""
        names = {"max_tokens", "temperature", "top_p", "presence_penalty", "frequency_penalty", "seed"}
        stop = [self.stop] if isinstance(self.stop, str) else self.stop or []
        return self.model_dump(include=names, exclude_none=True) | {"stop": stop}


class ChatCompletion(Request):
    """POST /v1/chat/completions."""

    messages: list[Message] = Field(min_length=1)
    max_completion_tokens: Count | None = None
    response_format: ResponseFormat | None = None
    logprobs: bool | None = None
    top_logprobs: Few | None = None
    tools: Nothing | None = Field(None, max_length=0, description="no served model calls tools")

    @property
    def sampling(self) -> dict[str, Any]:
        """What is given, in llama.cpp's names; max_completion_tokens wins."""
        longest = {"max_tokens": self.max_completion_tokens} if self.max_completion_tokens else {}
        return super().sampling | longest

    @property
    def more(self) -> dict[str, Any]:
        """The rest of the request, as llama.cpp reads it."""
        form = (
            self.response_format.model_dump(by_alias=True, exclude_none=True)
            if self.response_format
            else None
        )
        likelihood = {"logprobs": True, "top_logprobs": self.top_logprobs} if self.logprobs else {}
        return {"response_format": form, **likelihood}


class Completion(Request):
    """POST /v1/completions: the prompt is asked as a question, as Ollama does."""

    prompt: str | Annotated[list[str], Field(min_length=1, max_length=1)] = Field(examples=["안녕하세요"])
    suffix: Literal[""] | None = Field(None, description="no served model fills in")
    echo: Off | None = None


class OpenAIForm:
    """A reply in OpenAI's words; events of a streamed chat are llama.cpp's own, byte for byte."""

    streamed_type = "text/event-stream"
    whole_type = "application/json"

    def __init__(self, *, is_chat: bool, with_usage: bool) -> None:
        self.is_chat = is_chat
        self.with_usage = with_usage

    def lines(self, events: list[bytes], generation: Generation) -> bytes:
        """A server-sent event for each event; the one with the counts only where it is wanted."""
        wanted = (event for event in events if self.with_usage or not event.startswith(b'{"choices":[],'))
        return b"".join(b"data: %b\n\n" % (event if self.is_chat else worded(event)) for event in wanted)

    def end(self) -> bytes:
        """The mark at the end."""
        return b"data: [DONE]\n\n"

    def whole(self, events: list[bytes], generation: Generation) -> bytes:
        """All events joined to a completion."""
        chunks = [json.loads(event) for event in events]
        choices = [choice for chunk in chunks for choice in chunk["choices"]]
        text = "".join(choice["delta"].get("content") or "" for choice in choices)
        reason = next(
            (choice["finish_reason"] for choice in reversed(choices) if choice["finish_reason"]), "stop"
        )
        logs = [one for choice in choices for one in (choice.get("logprobs") or {}).get("content") or ()]
        logprobs = {"content": logs} if logs else None
        said: Choice = {"message": {"role": "assistant", "content": text}} if self.is_chat else {"text": text}
        choice = {"index": 0, **said, "logprobs": logprobs, "finish_reason": reason}
        kept = {name: chunks[0][name] for name in ("id", "created", "model", "system_fingerprint")}
        usage = next(chunk["usage"] for chunk in reversed(chunks) if "usage" in chunk)
        kind = "chat.completion" if self.is_chat else "text_completion"
        return json.dumps(
            {**kept, "object": kind, "choices": [choice], "usage": usage}, ensure_ascii=False
        ).encode()

    def failure(self, refusal: Refusal) -> bytes:
        """An event that says what went wrong; no mark of the end follows."""
        return (
            b"data: %b\n\n"
            % json.dumps(body("/v1/", refusal.status, refusal.reason, code=refusal.code)).encode()
        )


def worded(event: bytes) -> bytes:
    """An event of a chat as one of a completion."""
    chunk = json.loads(event)
    choices = [
        {
            "index": 0,
            "text": choice["delta"].get("content") or "",
            "logprobs": None,
            "finish_reason": choice["finish_reason"],
        }
        for choice in chunk["choices"]
    ]
    return json.dumps({**chunk, "object": "text_completion", "choices": choices}, ensure_ascii=False).encode()
