"""A server with Anthropic's Messages API, for the ways in which it answers and fails."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests import fake_openai
from tests.fake_openai import FakeServer

KINDS = {
    **{400: "invalid_request_error", 401: "authentication_error", 403: "permission_error"},
    **{404: "not_found_error", 413: "request_too_large", 429: "rate_limit_error"},
    **{500: "api_error", 529: "overloaded_error"},
}


@dataclass(frozen=True)
class Answer:
    """What the model says: `tool_input` through the tool, `text` beside it; or an error with its words."""

    tool_input: Any = None
    text: str = ""
    stop_reason: str = "tool_use"
    status: int = 200
    error: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def body(self, request: dict[str, Any]) -> str:
        """The response's body."""
        if self.status != 200:
            error = {"type": KINDS.get(self.status, "api_error"), "message": self.error}
            return json.dumps({"type": "error", "error": error, "request_id": "req_1"})
        content: list[dict[str, Any]] = [{"type": "text", "text": self.text}] if self.text else []
        if self.tool_input is not None:
            name = request["tools"][0]["name"]
            content.append({"type": "tool_use", "id": "toolu_1", "name": name, "input": self.tool_input})
        usage = {"input_tokens": 20, "cache_read_input_tokens": 5, "output_tokens": 7}
        return json.dumps(
            {
                **{"id": "msg_1", "type": "message", "role": "assistant", "model": request["model"]},
                **{"content": content, "stop_reason": self.stop_reason, "stop_sequence": None},
                "usage": {**usage, "cache_creation_input_tokens": 0},
            }
        )


@contextmanager
def serving(respond: Callable[[dict[str, Any], int], Answer]) -> Iterator[FakeServer]:
    """Serves on a free local port; `respond` gets a request body and its number, from 0."""

    def answer(request: dict[str, Any], number: int) -> fake_openai.Response:
        said = respond(request, number)
        return fake_openai.Response(status=said.status, headers=said.headers, body=said.body(request))

    with fake_openai.serving(answer) as server:
        yield server
