"""Ollama's routes: /api/generate, /api/chat, /api/tags, /api/show, /api/ps, /api/version."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Response
from pydantic import ConfigDict, Field
from starlette.requests import Request as HttpRequest

from slm_factory.serve.conversation import request, settings
from slm_factory.serve.description import REFUSALS, STREAMED
from slm_factory.serve.generation import Asked, Engine
from slm_factory.serve.model import Model, read_header
from slm_factory.serve.ollama_form import Asking, Chat, Generate, OllamaForm, Request
from slm_factory.serve.refusal import Refusal
from slm_factory.serve.reply import Reply
from slm_factory.serve.wire import encode, timestamp

EVER = timestamp(datetime(2319, 1, 1, tzinfo=UTC))  # models are never unloaded
VERSION = "0.32.15"  # of Ollama: whose words these routes speak

PART = "[A-Za-z0-9_][A-Za-z0-9_.-]*"
NAME = rf"^({PART}(:[0-9]+)?/)?({PART}/)?{PART}(:{PART})?$"  # host, namespace, model, tag


class Show(Asking):
    """POST /api/show."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["model"]}, {"required": ["name"]}]})
    model: str = Field("", pattern=NAME, examples=["slm"])
    name: str = Field("", pattern=NAME, description="the older name of `model`")
    verbose: bool = False


def answer(value: Any) -> Response:
    """A JSON reply."""
    return Response(encode(value), media_type=OllamaForm.whole_type)


def routes(engine: Engine) -> APIRouter:
    """The routes, answered by `engine`."""
    router = APIRouter(prefix="/api", tags=["Ollama"])
    shelf = engine.shelf

    @router.post("/chat", responses=STREAMED)
    async def chat(body: Chat, http: HttpRequest) -> Response:
        """The next turn of a conversation."""
        if not body.messages:
            return loaded(engine, body, is_chat=True)
        messages = [message.model_dump(include={"role", "content"}) for message in body.messages]
        return reply(engine, body, messages, http, is_chat=True)

    @router.post("/generate", responses=STREAMED)
    async def generate(body: Generate, http: HttpRequest) -> Response:
        """The answer to a prompt."""
        if not body.prompt:
            return loaded(engine, body, is_chat=False)
        if body.raw:
            return raw(engine, body, http)
        system = [{"role": "system", "content": body.system}] if body.system else []
        return reply(engine, body, [*system, {"role": "user", "content": body.prompt}], http, is_chat=False)

    @router.get("/tags")
    async def tags() -> Response:
        """The models that answer."""
        rows = [row(name, model) for name, model in shelf.names().items()]
        rows.sort(key=lambda one: one["modified_at"], reverse=True)
        return answer({"models": rows})

    @router.get("/ps")
    async def ps() -> Response:
        """The models in memory: all of them."""
        rows = [
            {name: value for name, value in row(name, model).items() if name != "modified_at"}
            | {"expires_at": EVER, "size_vram": 0, "context_length": model.source.context_tokens}
            for name, model in shelf.names().items()
        ]
        return answer({"models": rows})

    @router.post("/show", responses=REFUSALS)
    async def show(body: Show) -> Response:
        """All about a model."""
        name = body.model or body.name
        if not name:
            raise Refusal(400, "model is required")
        full = name if ":" in name.rpartition("/")[2] else f"{name}:latest"
        try:
            return answer(shown(shelf.find(name), verbose=body.verbose))
        except Refusal as refusal:
            raise Refusal(404, f"model '{full}' not found") from refusal

    @router.get("/version")
    async def version() -> Response:
        """The version of Ollama whose API this is."""
        return answer({"version": VERSION})

    return router


def reply(
    engine: Engine, body: Request, messages: list[dict[str, str]], http: HttpRequest, *, is_chat: bool
) -> Reply:
    """The answer to a conversation; turns that do not fit are dropped, the oldest first, as Ollama does."""
    more = {"response_format": body.response_format}
    asked = Asked(
        body.model,
        http.client.host if http.client else "",
        lambda model: request(model, messages, body.sampling, engine.max_tokens, **more),
        drops_oldest=body.truncate is not False,
    )
    form = OllamaForm(body.model, is_chat=is_chat)
    return Reply(engine, asked, form, streams=body.stream is not False)


def raw(engine: Engine, body: Generate, http: HttpRequest) -> Reply:
    """The answer to a prompt that is read as it stands.

    Raises:
        Refusal: 400, it comes with a system prompt.
    """
    if body.system:
        raise Refusal(400, "raw mode does not support template, system, or context")
    more = {"response_format": body.response_format} if body.response_format else {}
    asked = Asked(
        body.model,
        http.client.host if http.client else "",
        lambda model: {"prompt": body.prompt, **settings(model, body.sampling, engine.max_tokens), **more},
        is_chat=False,
    )
    form = OllamaForm(body.model, is_chat=False)
    return Reply(engine, asked, form, streams=body.stream is not False)


def loaded(engine: Engine, body: Request, *, is_chat: bool) -> Response:
    """What a request without a question gets: the model is there."""
    engine.shelf.find(body.model)
    form = OllamaForm(body.model, is_chat=is_chat)
    return Response(form.line("", {"done": True, "done_reason": "load"}).rstrip(), media_type=form.whole_type)


def row(name: str, model: Model) -> dict[str, Any]:
    """A model in Ollama's list."""
    lengths = {
        "context_length": model.context_length,
        "embedding_length": int(model.header.get(f"{model.family}.embedding_length") or 0),
    }
    return {
        "name": name,
        "model": name,
        "modified_at": timestamp(model.modified),
        "size": model.size,
        "digest": model.digest,
        "details": model.details() | lengths,
        "capabilities": ["completion"],
    }


def shown(model: Model, *, verbose: bool) -> dict[str, Any]:
    """The reply to /api/show; long lists of the tokenizer only where they are asked for."""
    header = read_header(model.source.file, verbose=True) if verbose else model.header
    texts = {
        "parameters": "\n".join(model.source.parameter_lines(30)),
        "template": model.source.template,
        "system": model.source.system,
    }
    return {
        "modelfile": model.source.modelfile,
        **{name: text for name, text in texts.items() if text},
        "details": model.details(),
        "model_info": {name: header[name] for name in sorted(header)},
        "capabilities": ["completion"],
        "modified_at": timestamp(model.modified),
    }
