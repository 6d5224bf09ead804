"""OpenAI's routes: /v1/chat/completions, /v1/completions, /v1/models."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request as HttpRequest

from slm_factory.serve.conversation import request
from slm_factory.serve.description import EVENTS, OPENAI_REFUSALS
from slm_factory.serve.generation import Asked, Engine
from slm_factory.serve.model import Model
from slm_factory.serve.openai_form import ChatCompletion, Completion, OpenAIForm, Request
from slm_factory.serve.reply import Reply


def routes(engine: Engine) -> APIRouter:
    """The routes, answered by `engine`."""
    router = APIRouter(prefix="/v1", tags=["OpenAI"])
    shelf = engine.shelf

    @router.post("/chat/completions", responses=EVENTS)
    async def chat_completions(body: ChatCompletion, http: HttpRequest) -> Reply:
        """The next turn of a conversation."""
        messages = [message.plain() for message in body.messages]
        return reply(engine, body, messages, http, is_chat=True, more=body.more)

    @router.post("/completions", responses=EVENTS)
    async def completions(body: Completion, http: HttpRequest) -> Reply:
        """The answer to a prompt."""
        prompt = body.prompt if isinstance(body.prompt, str) else body.prompt[0]
        return reply(engine, body, [{"role": "user", "content": prompt}], http, is_chat=False, more={})

    @router.get("/models")
    async def models() -> dict[str, Any]:
        """The models that answer."""
        return {"object": "list", "data": [row(name, model) for name, model in shelf.names().items()]}

    @router.get("/models/{name:path}", responses=OPENAI_REFUSALS)
    async def model(name: str) -> dict[str, Any]:
        """One of them."""
        return row(name, shelf.find(name))

    return router


def reply(
    engine: Engine,
    body: Request,
    messages: list[dict[str, str]],
    http: HttpRequest,
    *,
    is_chat: bool,
    more: dict[str, Any],
) -> Reply:
    """The answer to a conversation; one that does not fit is refused, as OpenAI does."""
    asked = Asked(
        body.model,
        http.client.host if http.client else "",
        lambda model: request(model, messages, body.sampling, engine.max_tokens, **more),
    )
    with_usage = bool(body.stream_options and body.stream_options.include_usage)
    form = OpenAIForm(is_chat=is_chat, with_usage=with_usage)
    return Reply(engine, asked, form, streams=bool(body.stream))


def row(name: str, model: Model) -> dict[str, Any]:
    """A model in OpenAI's list."""
    created = int(model.modified.timestamp())
    return {"id": name, "object": "model", "created": created, "owned_by": "library"}
