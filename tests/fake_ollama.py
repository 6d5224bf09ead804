"""A server with Ollama's HTTP API, as a real one (0.32) was seen to answer: statuses, headers, odd corners.

It runs no model: `respond` gives each answer. A route is a method in ROUTES that returns a `Sent`.
"""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

from slm_factory.core.tokens import estimate
from tests.ollama_wire import (
    EVENTS,
    JSON,
    JSON_UTF8,
    LINES,
    NAME,
    PLAIN,
    Body,
    Refusal,
    Sent,
    encode,
    error_body,
    full_name,
    keep_alive_seconds,
    listening,
    read_json,
    timestamp,
)

DEFAULT_CONTEXT = 4096  # tokens
OPTION_TYPES = {"temperature": "float32", "num_predict": "integer", "num_ctx": "integer", "seed": "integer"}
TYPES = {"float32": (int, float), "integer": (int, float), "array": (list,)}


@dataclass(frozen=True)
class Model:
    """A stored model; `native` ones run the GGUF's own template and refuse what does not fit."""

    context_length: int = 32768
    capabilities: tuple[str, ...] = ("completion",)
    native: bool = False
    digest: str = "ab" * 32
    size: int = 14_024_826
    modified_at: str = "2026-11-21T05:09:25.862324878Z"

    @property
    def details(self) -> Body:
        family = {"parent_model": "", "format": "gguf", "family": "qwen3", "families": ["qwen3"]}
        return {**family, "parameter_size": "6.82M", "quantization_level": "F16"}


@dataclass(frozen=True)
class Answer:
    """What the model says to one request, or how the request fails.

    `status` other than 200: an HTTP error with `error`. 200 with `error`: a last line that says it, without
    numbers. `is_whole` False: no last line at all, as when the repetition guard stops a model.
    """

    text: str = ""
    done_reason: str = "stop"
    thinking: str = ""
    status: int = 200
    error: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    is_whole: bool = True


Respond = Callable[[Body, int], Answer]


class FakeOllama:
    """The running server: its address, models, what is loaded, and every request to a model, in order."""

    def __init__(self, models: dict[str, Model], respond: Respond) -> None:
        self.url, self.respond = "", respond
        self.models = {full_name(name): model for name, model in models.items()}
        self.loaded: dict[str, tuple[int, float]] = {}  # num_ctx, seconds since 1970 until it is dropped
        self.requests: list[Body] = []
        self.headers: list[dict[str, str]] = []
        self.lock = threading.Lock()

    def stored_name(self, name: str) -> str:
        """The name as it is stored, whatever the letter case; "" when there is no such model."""
        wanted = full_name(name).lower()
        return next((stored for stored in self.models if stored.lower() == wanted), "")

    def find(self, name: str) -> Model | None:
        """The model of that name."""
        return self.models.get(self.stored_name(name))

    # -- generation

    def chat(self, body: Body) -> Sent:
        """POST /api/chat."""
        if not body.get("model"):
            raise Refusal(400, "model is required")
        messages = body.get("messages") or []
        if any(not isinstance(message.get("content", ""), str) for message in messages):
            place = "Go struct field ChatRequest.messages.content"
            raise Refusal(400, f"json: cannot unmarshal array into {place} of type string")
        return self.generation(body, "".join(message.get("content", "") for message in messages), "message")

    def generate(self, body: Body) -> Sent:
        """POST /api/generate."""
        if body.get("raw") and any(body.get(key) for key in ("template", "system", "context")):
            raise Refusal(400, "raw mode does not support template, system, or context")
        return self.generation(body, body.get("system", "") + body.get("prompt", ""), "response")

    def generation(self, body: Body, prompt: str, key: str) -> Sent:
        """What /api/chat and /api/generate have in common; `key` holds the text."""
        name, streams = body.get("model", ""), body.get("stream", True)
        model = self.find(name)
        if model is None:
            raise Refusal(404, f"model '{name}' not found", JSON if streams else JSON_UTF8)
        check(body, name, model)
        context = self.load(body, model)
        head = {"model": name, "created_at": timestamp()}
        if not prompt:
            reason = "unload" if body.get("keep_alive") == 0 else "load"
            return Sent(body=encode({**head, **said(key, ""), "done": True, "done_reason": reason}))
        read = self.read_tokens(prompt, context, model)
        answer = self.answer(body)
        if answer.status != 200:
            content_type = JSON if streams else JSON_UTF8
            return Sent(answer.status, content_type, encode({"error": answer.error}), headers=answer.headers)
        return reply(answer, head, key, read, streams)

    def answer(self, body: Body) -> Answer:
        """What `respond` says to the next request."""
        with self.lock:
            number = len(self.requests)
            self.requests.append(body)
        return self.respond(body, number)

    def load(self, body: Body, model: Model) -> int:
        """The context in tokens with which the model is loaded; it stays as `keep_alive` says."""
        asked = int(body.get("options", {}).get("num_ctx") or DEFAULT_CONTEXT)
        context = min(asked, model.context_length)
        seconds = keep_alive_seconds(body.get("keep_alive"))
        with self.lock:
            if seconds == 0:
                self.loaded.pop(self.stored_name(body["model"]), None)
            else:
                self.loaded[self.stored_name(body["model"])] = (context, time.time() + seconds)
        return context

    def read_tokens(self, prompt: str, context: int, model: Model) -> int:
        """`prompt_eval_count`: half the context when a Go template's prompt was cut. Nothing else tells."""
        tokens = estimate(prompt)
        if tokens <= context:
            return tokens
        if not model.native:
            return context // 2 + 2
        limit = f"exceeds the available context size ({context} tokens), try increasing it"
        words = f"request ({tokens} tokens) {limit}"
        numbers = {"type": "exceed_context_size_error", "n_prompt_tokens": tokens, "n_ctx": context}
        raise Refusal(
            400, json.dumps({"error": {"code": 400, "message": words, **numbers}}, separators=(",", ":"))
        )

    # -- models

    def tags(self, body: Body) -> Sent:
        """GET /api/tags."""
        models = [
            {
                **{"name": name, "model": name, "modified_at": model.modified_at, "size": model.size},
                "digest": model.digest,
                "details": {**model.details, "context_length": model.context_length, "embedding_length": 256},
                "capabilities": list(model.capabilities),
            }
            for name, model in sorted(self.models.items(), key=lambda item: item[1].modified_at, reverse=True)
        ]
        return Sent(body=encode({"models": models}))

    def ps(self, body: Body) -> Sent:
        """GET /api/ps."""
        with self.lock:
            loaded = {name: place for name, place in self.loaded.items() if place[1] > time.time()}
        models = [
            {
                **{"name": name, "model": name, "size": 24704449, "digest": self.models[name].digest},
                **{"details": self.models[name].details, "expires_at": timestamp(until)},
                **{"size_vram": 0, "context_length": context},
            }
            for name, (context, until) in loaded.items()
        ]
        return Sent(body=encode({"models": models}))

    def show(self, body: Body) -> Sent:
        """POST /api/show."""
        name = body.get("model") or body.get("name")
        if not name:
            raise Refusal(400, "model is required")
        if not NAME.fullmatch(name):
            raise Refusal(400, "invalid model name")
        model = self.find(name)
        if model is None:
            raise Refusal(404, f"model '{full_name(name)}' not found")
        info = {"general.architecture": "qwen3", "general.file_type": 1}
        return Sent(
            body=encode(
                {
                    "modelfile": f"# Modelfile\n\nFROM MODELS/blobs/sha256-{model.digest}\n",
                    "template": "{{ .Prompt }}",
                    "details": model.details,
                    "model_info": {**info, "qwen3.context_length": model.context_length},
                    "tensors": [],
                    "capabilities": list(model.capabilities),
                    "modified_at": model.modified_at,
                }
            )
        )

    def version(self, body: Body) -> Sent:
        """GET /api/version."""
        return Sent(body=encode({"version": "0.32.15"}))

    def status(self, body: Body) -> Sent:
        """GET /api/status."""
        return Sent(body=encode({"cloud": {"disabled": True, "source": "env"}}))

    # -- the OpenAI-style routes

    def v1_models(self, body: Body) -> Sent:
        """GET /v1/models; `data` is null when there is no model."""
        rows = [self.v1_row(name) for name in self.models]
        return Sent(content_type=JSON, body=encode({"object": "list", "data": rows or None}))

    def v1_row(self, name: str) -> Body:
        """A model as /v1/models shows it."""
        owner = name.rpartition("/")[0] or "library"
        return {"id": name, "object": "model", "created": 1795237818, "owned_by": owner}

    def v1_chat(self, body: Body) -> Sent:
        """POST /v1/chat/completions; it takes no num_ctx and knows no `max_completion_tokens`."""
        if not body.get("model"):
            raise Refusal(400, "model is required", JSON)
        if not body.get("messages"):
            raise Refusal(400, "[] is too short - 'messages'")
        model = self.find(body["model"])
        if model is None:
            raise Refusal(404, f"model '{body['model']}' not found", JSON)
        prompt = "".join(str(message.get("content", "")) for message in body["messages"])
        read = self.read_tokens(prompt, self.load({"model": body["model"]}, model), model)
        answer = self.answer(body)
        if answer.status != 200:
            raise Refusal(answer.status, answer.error, JSON)
        written = estimate(answer.text) + 1
        usage = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
        head = {
            "id": "chatcmpl-670",
            "created": 1795238274,
            "model": body["model"],
            "system_fingerprint": "fp_ollama",
        }
        if not body.get("stream"):
            message = {"role": "assistant", "content": answer.text}
            choice = {"index": 0, "message": message, "finish_reason": answer.done_reason}
            whole = {**head, "object": "chat.completion", "choices": [choice], "usage": usage}
            return Sent(content_type=JSON, body=encode(whole) + b"\n")
        deltas: list[tuple[Body, str | None]] = [
            ({"role": "assistant", "content": p}, None) for p in pieces(answer.text)
        ]
        events: list[Body] = [
            {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
            for delta, reason in [*deltas, ({}, answer.done_reason)]
        ]
        if body.get("stream_options", {}).get("include_usage"):
            events.append({"choices": [], "usage": usage})
        head["object"] = "chat.completion.chunk"
        sent = [b"data: " + encode({**head, **event}) + b"\n\n" for event in events]
        return Sent(content_type=EVENTS, lines=[*sent, b"data: [DONE]\n\n"])

    ROUTES: ClassVar = {
        ("POST", "/api/chat"): chat,
        ("POST", "/api/generate"): generate,
        ("POST", "/api/show"): show,
        ("GET", "/api/tags"): tags,
        ("GET", "/api/ps"): ps,
        ("GET", "/api/version"): version,
        ("GET", "/api/status"): status,
        ("GET", "/v1/models"): v1_models,
        ("POST", "/v1/chat/completions"): v1_chat,
    }

    def handle(self, method: str, path: str, raw: bytes, headers: dict[str, str]) -> Sent:
        """The response to one request."""
        self.headers.append(headers)
        asked = "GET" if method == "HEAD" else method
        if (asked, path) == ("GET", "/"):
            return Sent(content_type=PLAIN, body=b"Ollama is running")
        if asked == "GET" and path.startswith("/v1/models/"):
            return self.v1_model(path.removeprefix("/v1/models/"))
        route = self.ROUTES.get((asked, path))
        if route is None:
            allowed = [known for known, place in self.ROUTES if place == path]
            if allowed:
                return Sent(405, PLAIN, b"405 method not allowed", headers={"Allow": ", ".join(allowed)})
            return Sent(404, PLAIN, b"404 page not found")
        try:
            return route(self, read_json(raw, path) if method in ("POST", "DELETE") else {})
        except Refusal as refusal:
            return Sent(refusal.status, refusal.content_type, encode(error_body(path, refusal)))

    def v1_model(self, name: str) -> Sent:
        """GET /v1/models/NAME; it echoes the name as it was asked for."""
        if self.find(name):
            return Sent(content_type=JSON, body=encode({**self.v1_row(full_name(name)), "id": name}))
        refusal = Refusal(404, f"model '{full_name(name)}' not found")
        return Sent(404, JSON, encode(error_body("/v1/", refusal)))


def said(key: str, text: str, **more: Any) -> Body:
    """A text where /api/chat ("message") or /api/generate ("response") has it."""
    return {key: {"role": "assistant", "content": text, **more} if key == "message" else text}


def reply(answer: Answer, head: Body, key: str, read: int, streams: bool) -> Sent:
    """The answer as one object, or as lines of which the last has the numbers and no text."""
    end: Body = {"done": False}
    if answer.is_whole:
        end = {
            **{"done": True, "done_reason": answer.done_reason, "total_duration": 272296589},
            **{"load_duration": 1063250, "prompt_eval_count": read, "prompt_eval_duration": 3326000},
            **{"eval_count": estimate(answer.text) + 1, "eval_duration": 5129000},
        }
    thought = {"thinking": answer.thinking} if answer.thinking else {}
    if not streams:
        if answer.error:
            return Sent(500, JSON_UTF8, encode({"error": answer.error}))
        return Sent(body=encode({**head, **said(key, answer.text, **thought), **end}))
    lines = [{**head, **said(key, "", **thought), "done": False}] if thought else []
    lines += [{**head, **said(key, piece), "done": False} for piece in pieces(answer.text)]
    if answer.error:
        lines.append({"error": answer.error})
    elif answer.is_whole:
        lines.append({**head, **said(key, ""), **end})
    return Sent(content_type=LINES, lines=[encode(line) + b"\n" for line in lines])


def check(body: Body, name: str, model: Model) -> None:
    """Raises the refusal of fields that a generation cannot take."""
    for option, value in body.get("options", {}).items():
        kind = "array" if option == "stop" else OPTION_TYPES.get(option)
        if kind and (isinstance(value, bool) or not isinstance(value, TYPES[kind])):
            raise Refusal(500, f'option "{option}" must be of type {kind}')
    form = body.get("format")
    if not (form in ("", None, "json") or isinstance(form, dict)):
        expected = 'expected "json" or a valid JSON Schema object'
        raise Refusal(500, f"invalid format: {json.dumps(json.dumps(form))}; {expected}")
    if body.get("think") and "thinking" not in model.capabilities:
        raise Refusal(400, f'"{name}" does not support thinking')
    if body.get("tools") and "tools" not in model.capabilities:
        raise Refusal(400, f"registry.ollama.ai/library/{full_name(name)} does not support tools")


def pieces(text: str) -> list[str]:
    """A text in the pieces that are streamed."""
    return re.findall(r"\s*\S{1,8}|\s+", text)


@contextmanager
def serving(respond: Respond, models: dict[str, Model] | None = None) -> Iterator[FakeOllama]:
    """Serves on a free local port; `respond` gets a request body and its number, from 0."""
    ollama = FakeOllama({"m": Model()} if models is None else models, respond)
    with listening(ollama.handle) as ollama.url:
        yield ollama
