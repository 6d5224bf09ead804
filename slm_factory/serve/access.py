"""Who may ask: the key, and what keeps foreign web pages away from a server on this machine."""

import hashlib
import hmac
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from slm_factory.core.errors import UserError
from slm_factory.serve import refusal
from slm_factory.serve.refusal import Refusal

LOCAL = {"localhost", "127.0.0.1", "::1", "0.0.0.0"}
OPEN = ("/health", "/page/")  # need no key: what watches the server, and the page itself, which asks for one
VARIABLE = "SLM_FACTORY_SERVE_KEY"
TOO_LARGE = "the body is too large"
SHORTEST = 16  # characters of a key


@dataclass(frozen=True)
class Keys:
    """Keys, of which a client shows one; none: everybody may ask."""

    digests: tuple[bytes, ...] = ()

    @classmethod
    def read(cls, file: Path | None, variable: str) -> "Keys":
        """The keys in `file`, one a line, and the one in the value of the environment `variable`.

        Raises:
            UserError: the file cannot be read, or a key is too short.
        """
        try:
            lines = file.read_text(encoding="utf-8").splitlines() if file else []
        except OSError as error:
            raise UserError(
                f"error: {file} cannot be read: {error.strerror}", "hint: a file with one key a line"
            ) from error
        keys = [key for line in (*lines, variable) if (key := line.strip())]
        if (file and not keys) or any(len(key) < SHORTEST for key in keys):
            raise UserError(
                f"error: a key has at least {SHORTEST} characters",
                'hint: python -c "import secrets; print(secrets.token_urlsafe(32))" makes one',
            )
        return cls(tuple(digest(key) for key in keys))

    def fit(self, authorization: str) -> bool:
        """Whether the header shows one of them; takes as long for a wrong key as for a right one."""
        scheme, _, key = authorization.partition(" ")
        shown = digest(key.strip())
        fits = [hmac.compare_digest(shown, known) for known in self.digests]
        return scheme.lower() == "bearer" and any(fits)


def digest(key: str) -> bytes:
    """What keys are compared by: all of one length."""
    return hashlib.sha256(key.encode()).digest()


class Guard:
    """Lets a request pass that may ask and is not too large.

    A web page of another place can reach a server on this machine through its visitor's browser. Such a
    request names its page in `Origin`, or, where the name was made to point here, the name in `Host`.
    """

    def __init__(self, app: ASGIApp, keys: Keys, max_body: int) -> None:
        self.app = app
        self.keys = keys
        self.max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, or answers 401 or 403."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = MutableHeaders(scope=scope)
        if scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}  # uvicorn, which has the other one, sends no body
        if scope["method"] == "POST":
            headers["content-type"] = "application/json"  # curl -d and Ollama's clients say something else
        answer = self.refuse(scope["path"], headers)
        await (answer or self.app)(scope, self.bounded(receive), send)

    def bounded(self, receive: Receive) -> Receive:
        """`receive`, up to the largest body."""
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self.max_body:
                raise HTTPException(413)
            return message

        return counted

    def refuse(self, path: str, headers: Headers) -> Response | None:
        """The response to a request that may not ask, None for one that may."""
        host = hostname(f"//{headers.get('host', '')}")
        if not self.keys.digests and host not in LOCAL and not host.endswith(".localhost"):
            return Response(status_code=403)
        if (origin := headers.get("origin")) and hostname(origin) not in {*LOCAL, host}:
            return Response(status_code=403)
        is_open = not self.keys.digests or path == "/" or path.startswith(OPEN)
        if not is_open and not self.keys.fit(headers.get("authorization", "")):
            return response(path, Refusal(401, "the key is missing or wrong", code="invalid_api_key"))
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) > self.max_body:  # else counted as it comes
            return response(path, Refusal(413, TOO_LARGE))
        return None


def response(path: str, refused: Refusal) -> Response:
    """The response to a request at `path` that is refused."""
    body = refusal.body(path, refused.status, refused.reason, code=refused.code, nested=refused.nested)
    return JSONResponse(body, refused.status, refused.headers)


def hostname(address: str) -> str:
    """The name in an address, in small letters, "" where it is none."""
    try:
        return (urlsplit(address).hostname or "").lower()
    except ValueError:
        return ""
