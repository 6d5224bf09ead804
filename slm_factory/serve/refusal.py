"""Requests that are refused: the HTTP status, and the reason in Ollama's and in OpenAI's words."""

from typing import Any

# What OpenAI's clients find in `type`.
TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    503: "overloaded_error",
}


class Refusal(Exception):
    """A request that gets no answer.

    `retry_after` is in seconds; `code` is OpenAI's short name of the reason; `nested` is what Ollama passes
    on from llama.cpp: JSON as text within its own error.
    """

    def __init__(
        self, status: int, reason: str, *, retry_after: int = 0, code: str | None = None, nested: str = ""
    ) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.retry_after = retry_after
        self.code = code
        self.nested = nested

    @property
    def headers(self) -> dict[str, str]:
        """Headers that go with the status."""
        headers = {"Retry-After": str(self.retry_after)} if self.retry_after else {}
        return headers | ({"WWW-Authenticate": "Bearer"} if self.status == 401 else {})


def body(path: str, status: int, reason: str, *, code: str | None = None, nested: str = "") -> dict[str, Any]:
    """The body of an error: OpenAI's below /v1/, Ollama's elsewhere."""
    if not path.startswith("/v1/"):
        return {"error": nested or reason}
    kind = TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    return {"error": {"message": reason, "type": kind, "param": None, "code": code}}
