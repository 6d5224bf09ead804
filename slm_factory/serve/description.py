"""What the OpenAPI description says about replies."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel


class OllamaError(BaseModel):
    """An error below /api, and of the page."""

    error: str


class OpenAIErrorDetail(BaseModel):
    """What went wrong."""

    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIError(BaseModel):
    """An error below /v1."""

    error: OpenAIErrorDetail


WHY = {
    400: "The request is not understood, or the conversation does not fit the model's context.",
    401: "The key is missing or wrong.",
    403: "The page that asks, or the name it asks by, is not of this machine.",
    404: "There is no such model.",
    408: "The request did not arrive in time.",
    413: "The body is too large.",
    429: "This client has enough requests in hand; see Retry-After.",
    503: "The queue is full; see Retry-After.",
}


EMPTY = (403, 408)  # have no body
TEXT = {"schema": {"type": "string"}}


def refusals(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """The error replies of a route, with the form of their body."""
    replies: dict[int | str, dict[str, Any]] = {
        status: {"description": why, "model": model} if status not in EMPTY else {"description": why}
        for status, why in WHY.items()
    }
    replies[404]["content"] = {"text/plain": TEXT}  # where the path is none
    return replies


REFUSALS = refusals(OllamaError)
OPENAI_REFUSALS = refusals(OpenAIError)
JSON_OBJECT = {"schema": {"type": "object"}}
STREAMED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "One object, or one a line.",
        "content": {"application/json": JSON_OBJECT, "application/x-ndjson": TEXT},
    },
    **REFUSALS,
}
EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "One object, or server-sent events.",
        "content": {"application/json": JSON_OBJECT, "text/event-stream": {}},
    },
    **OPENAI_REFUSALS,
}


def described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI description of `app`: FastAPI's without the status 422, which is never sent."""
    description = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    for operations in description["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
    for name in ("HTTPValidationError", "ValidationError"):
        description["components"]["schemas"].pop(name, None)
    description["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    description["security"] = [{}, {"key": []}]
    return description
