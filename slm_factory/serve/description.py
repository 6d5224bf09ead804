"""What the OpenAPI description says about replies."""

from typing import Any

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


def refusals(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """The error replies of a route, with the form of their body."""
    return {
        status: {"description": why, "model": model} if status not in (403, 408) else {"description": why}
        for status, why in WHY.items()
    }


REFUSALS = refusals(OllamaError)
JSON_OBJECT = {"schema": {"type": "object"}}
TEXT = {"schema": {"type": "string"}}
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
        "content": {"application/json": JSON_OBJECT, "text/event-stream": TEXT},
    },
    **refusals(OpenAIError),
}
