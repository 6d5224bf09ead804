"""The application: routes, errors in the words of whoever asks, and the page."""

import functools
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from slm_factory import __version__
from slm_factory.serve import ollama_api, openai_api, page_api
from slm_factory.serve.access import TOO_LARGE, Guard, Keys, response
from slm_factory.serve.description import described
from slm_factory.serve.generation import Engine
from slm_factory.serve.passages import Passages
from slm_factory.serve.refusal import Refusal

Lifespan = Callable[[Any], AbstractAsyncContextManager[None]]

# What Ollama says where a path or method is wrong; its clients look for it.
PLAIN = {404: "404 page not found", 405: "405 method not allowed"}
UNABLE = {"think": "thinking", "tools": "tools", "images": "images", "suffix": "insert"}
OPTION_TYPES = {"float": "float32", "int": "integer", "list": "array"}


def make(
    engine: Engine,
    keys: Keys,
    passages: Passages,
    feedback_file: Path,
    max_body: int,
    lifespan: Lifespan | None = None,
) -> FastAPI:
    """The application; bodies over `max_body` bytes are refused."""
    app = FastAPI(
        title="slm-factory serve",
        version=__version__,
        description="A model made by slm-factory, in the words of Ollama and of OpenAI.",
        docs_url=None,  # their pages fetch scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
    )
    page = page_api.routes(engine, passages, feedback_file)
    app.openapi = functools.partial(described, app)  # type: ignore[method-assign]
    for routes in (ollama_api.routes(engine), openai_api.routes(engine), page):
        app.include_router(routes)
    app.add_exception_handler(Refusal, refused)
    app.add_exception_handler(RequestValidationError, not_understood)
    app.add_exception_handler(HTTPException, wrong)
    app.add_middleware(Guard, keys=keys, max_body=max_body)
    app.add_middleware(Counted, engine=engine)
    return app


class Counted:
    """Counts requests by route and status."""

    def __init__(self, app: Any, engine: Engine) -> None:
        self.app = app
        self.requests = engine.metrics.requests

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Passes the request on, and looks at what is sent."""

        async def seen(message: Any) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "other")
                self.requests.labels(route, str(message["status"])).inc()
            await send(message)

        await self.app(scope, receive, seen)


async def refused(request: Request, problem: Exception) -> Response:
    """A refusal as it stands."""
    assert isinstance(problem, Refusal)
    return response(request.url.path, problem)


async def not_understood(request: Request, problem: Exception) -> Response:
    """400 for a body or a parameter that is not as described; the first fault is told."""
    assert isinstance(problem, RequestValidationError)
    name = problem.body.get("model") if isinstance(problem.body, dict) else None
    return response(request.url.path, Refusal(400, explained(problem.errors()[0], name)))


async def wrong(request: Request, problem: Exception) -> Response:
    """Wrong paths and methods, bodies too large."""
    assert isinstance(problem, HTTPException)
    if problem.status_code in PLAIN:
        return PlainTextResponse(PLAIN[problem.status_code], problem.status_code, problem.headers)
    reason = TOO_LARGE if problem.status_code == 413 else str(problem.detail)
    return response(request.url.path, Refusal(problem.status_code, reason))


def explained(fault: Any, model: Any) -> str:
    """What is wrong with a request to a model, in Ollama's words where it has some."""
    place = [str(part) for part in fault["loc"][1:]]
    if fault["type"] == "json_invalid":
        return f"invalid JSON: {fault['ctx']['error']}"
    if fault["type"] == "missing":
        return "missing request body" if not place else f"{'.'.join(place)} is required"
    if place[:1] == ["options"] and (kind := OPTION_TYPES.get(fault["type"].partition("_")[0])):
        return f'option "{place[1]}" must be of type {kind}'
    if place and (unable := UNABLE.get(place[-1])) and fault["type"] in ("literal_error", "too_long"):
        return f'"{model}" does not support {unable}'
    if place[:1] == ["keep_alive"] and isinstance(fault["input"], str):
        is_bare = fault["input"].lstrip("-").replace(".", "", 1).isdecimal()
        return f'time: {"missing unit in" if is_bare else "invalid"} duration "{fault["input"]}"'
    if fault["type"] == "string_pattern_mismatch":
        return "invalid model name"
    return f"{'.'.join(place) or 'body'}: {fault['msg']}"
