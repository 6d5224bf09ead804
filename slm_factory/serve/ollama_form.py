"""Ollama's requests, and its replies to /api/generate and /api/chat."""

import json
import time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.config import JsonDict

from slm_factory.serve.generation import Generation
from slm_factory.serve.refusal import Refusal
from slm_factory.serve.wire import encode, nanoseconds, timestamp

INT32 = 2**31 - 1
DURATION = r"^(-?([0-9]+([.][0-9]*)?(ns|us|µs|ms|s|m|h))+|0)$"  # Go's

Nothing = list[Any]


def whole(value: Any) -> Any:
    """A number without a fraction as the integer that it is: 6.0 is one in JSON."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def exact(value: Any) -> Any:
    """A boolean; Python would take 0 for False.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(value, bool):
        raise ValueError("Input should be a valid boolean")
    return value


# Whole numbers of some ranges; the ranges stand inside, so that the description tells them.
Count = Annotated[int, Field(ge=1, le=INT32), BeforeValidator(whole)]
Number = Annotated[int, Field(ge=-1, le=INT32), BeforeValidator(whole)]
Budget = Annotated[int, Field(ge=-2, le=INT32), BeforeValidator(whole)]
Off = Annotated[Literal[False], BeforeValidator(exact)]


class Asking(BaseModel):
    """A request's fields; those that nobody knows are ignored, as Ollama does; no type is bent to another."""

    model_config = ConfigDict(strict=True, extra="ignore")


class Options(Asking):
    """Sampling. Of the others that Ollama knows, num_ctx among them, none changes a model that is loaded."""

    temperature: float | None = Field(None, ge=0, le=100)
    top_k: Number | None = None
    top_p: float | None = Field(None, ge=0, le=1)
    min_p: float | None = Field(None, ge=0, le=1)
    typical_p: float | None = Field(None, ge=0, le=1)
    repeat_penalty: float | None = Field(None, gt=0, le=100)
    repeat_last_n: Number | None = None
    presence_penalty: float | None = Field(None, ge=-100, le=100)
    frequency_penalty: float | None = Field(None, ge=-100, le=100)
    seed: Number | None = None
    num_predict: Budget | None = None
    stop: list[str] | None = Field(None, max_length=64)

    def sampling(self) -> dict[str, Any]:
        """The options in llama.cpp's names."""
        given = self.model_dump(exclude_none=True)
        if "num_predict" in given:
            given["max_tokens"] = given.pop("num_predict")
        return given


class Request(Asking):
    """What /api/generate and /api/chat have in common."""

    model: str = Field(examples=["slm"])
    stream: bool | None = None  # None: yes
    options: Options | None = None
    format: Literal["json", ""] | dict[str, Any] | None = Field(None, description='"json", or a JSON Schema')
    keep_alive: float | Annotated[str, Field(pattern=DURATION)] | None = Field(
        None, description="seconds or a Go duration; the model stays anyway"
    )
    think: Off | None = Field(None, description="no served model thinks")
    truncate: bool | None = Field(None, description="false: a conversation too long is refused, never cut")

    @property
    def sampling(self) -> dict[str, Any]:
        """The options that are given, in llama.cpp's names."""
        return self.options.sampling() if self.options else {}

    @property
    def response_format(self) -> dict[str, Any] | None:
        """`format` in OpenAI's words, which llama.cpp reads."""
        if isinstance(self.format, dict):
            return {"type": "json_schema", "json_schema": {"name": "answer", "schema": self.format}}
        return {"type": "json_object"} if self.format == "json" else None


class Message(Asking):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str = ""
    images: Nothing | None = Field(None, max_length=0, description="no served model sees")


class Chat(Request):
    """POST /api/chat."""

    messages: list[Message] | None = None
    tools: Nothing | None = Field(None, max_length=0, description="no served model calls tools")


IS_RAW: JsonDict = {"properties": {"raw": {"const": True}}, "required": ["raw"]}
NO_SYSTEM: JsonDict = {"properties": {"system": {"maxLength": 0}}}


class Generate(Request):
    """POST /api/generate."""

    model_config = ConfigDict(json_schema_extra={"if": IS_RAW, "then": NO_SYSTEM})
    prompt: str = ""
    system: str = ""
    raw: bool = Field(False, description="the prompt is read as it stands, without system prompt and turns")
    suffix: Literal[""] | None = Field(None, description="no served model fills in")
    template: Literal[""] | None = Field(None, description="the trained turn form is used")
    context: Nothing | None = Field(None, max_length=0, description="send conversations to /api/chat")
    images: Nothing | None = Field(None, max_length=0, description="no served model sees")


class OllamaForm:
    """A reply in Ollama's words; `is_chat` puts the text into a message. One JSON object a line."""

    streamed_type = "application/x-ndjson"
    whole_type = "application/json; charset=utf-8"

    def __init__(self, model: str, *, is_chat: bool) -> None:
        self.model = model
        self.is_chat = is_chat
        self.reason = "stop"
        self.totals: dict[str, Any] = {}

    def lines(self, events: list[bytes], generation: Generation) -> bytes:
        """A line with the text of all events, where there is any."""
        text = "".join(self.read(event, generation) for event in events)
        return self.line(text, {"done": False}) if text else b""

    def end(self) -> bytes:
        """The line with the counts."""
        return self.line("", self.last())

    def whole(self, events: list[bytes], generation: Generation) -> bytes:
        """The last line with the whole text."""
        text = "".join(self.read(event, generation) for event in events)
        return self.line(text, self.last()).rstrip()

    def failure(self, refusal: Refusal) -> bytes:
        """A line that says what went wrong; no `done` follows."""
        return encode({"error": refusal.nested or refusal.reason}) + b"\n"

    def last(self) -> dict[str, Any]:
        """What ends a reply."""
        return {"done": True, "done_reason": self.reason, **self.totals}

    def line(self, text: str, more: dict[str, Any]) -> bytes:
        """One object of the reply."""
        said = {"message": {"role": "assistant", "content": text}} if self.is_chat else {"response": text}
        return encode({"model": self.model, "created_at": timestamp(), **said, **more}) + b"\n"

    def read(self, event: bytes, generation: Generation) -> str:
        """The text of an event; its reason to end and its counts are kept."""
        chunk = json.loads(event)
        if usage := chunk.get("usage"):
            self.totals = counts(usage, chunk["timings"], generation)
        text = ""
        for choice in chunk["choices"]:
            self.reason = choice["finish_reason"] or self.reason
            text += choice["text"] if "text" in choice else choice["delta"].get("content") or ""
        return text


def counts(usage: dict[str, int], timings: dict[str, float], generation: Generation) -> dict[str, int]:
    """Tokens, and times in nanoseconds; the time to load is what was waited for a place."""
    return {
        "total_duration": nanoseconds(time.monotonic() - generation.arrived),
        "load_duration": nanoseconds(generation.began - generation.arrived),
        "prompt_eval_count": usage["prompt_tokens"],
        "prompt_eval_duration": nanoseconds(timings["prompt_ms"] / 1000),
        "eval_count": usage["completion_tokens"],
        "eval_duration": nanoseconds(timings["predicted_ms"] / 1000),
    }
