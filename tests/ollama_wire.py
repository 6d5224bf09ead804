"""How Ollama's server writes: responses, errors, names, times; and HTTP for `fake_ollama`."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

Body = dict[str, Any]
JSON, JSON_UTF8, LINES = "application/json", "application/json; charset=utf-8", "application/x-ndjson"
EVENTS, PLAIN = "text/event-stream", "text/plain"
LOCAL = ("localhost", "127.0.0.1", "0.0.0.0")
NAME = re.compile(r"(?:[\w.-]+(?::\d+)?/)?(?:[\w-]+/)?[\w][\w.-]*(?::[\w][\w.-]*)?")
DEFAULT_KEEP_ALIVE = 300  # seconds


@dataclass
class Sent:
    """One response: a body, or lines that are streamed."""

    status: int = 200
    content_type: str = JSON_UTF8
    body: bytes = b""
    lines: list[bytes] | None = None
    headers: dict[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """An HTTP error with Ollama's words."""

    def __init__(self, status: int, words: str, content_type: str = JSON_UTF8) -> None:
        super().__init__(words)
        self.status, self.words, self.content_type = status, words, content_type


def keep_alive_seconds(value: Any) -> float:
    """A `keep_alive` in seconds: a number, or a Go duration; negative is for ever."""
    if value is None:
        return DEFAULT_KEEP_ALIVE
    if isinstance(value, str):
        parts = re.findall(r"(\d+(?:\.\d+)?)(ms|h|m|s)", value)
        if value.lstrip("-").isdigit():
            raise Refusal(400, f'time: missing unit in duration "{value}"')
        if not parts:
            raise Refusal(400, f'time: invalid duration "{value}"')
        value = sum(float(count) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[unit] for count, unit in parts)
    return 292 * 365 * 86400 if value < 0 else float(value)  # ever is the year 2319


def full_name(name: str) -> str:
    """A model name with its tag."""
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def timestamp(seconds: float | None = None) -> str:
    """RFC 3339 in UTC, trailing zeros of the fraction cut."""
    moment = (
        datetime.now(UTC)
        if seconds is None
        else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    )
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f").rstrip("0").rstrip(".") + "Z"


def encode(value: Any) -> bytes:
    """JSON as Go writes it: no blanks, and characters that mean something in HTML escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text.encode()


def error_body(path: str, refusal: Refusal) -> Body:
    """The body of an error, which /v1 words in OpenAI's way."""
    if not path.startswith("/v1/"):
        return {"error": refusal.words}
    kinds = {400: "invalid_request_error", 404: "not_found_error"}
    kind = kinds.get(refusal.status, "api_error")
    return {"error": {"message": refusal.words, "type": kind, "param": None, "code": None}}


def read_json(raw: bytes, path: str) -> Body:
    """The body of a request.

    Raises:
        Refusal: it is empty, no JSON, or has a field of a wrong type.
    """
    if not raw:
        raise Refusal(400, "EOF" if path.startswith("/v1/") else "missing request body")
    try:
        body = json.loads(raw)
    except ValueError:
        words = "unexpected EOF" if raw.lstrip().startswith(b"{") and b"}" not in raw else "invalid character"
        raise Refusal(400, words) from None
    for name, kind, words in (("model", str, "string"), ("stream", bool, "bool")):
        if not isinstance(body.get(name, kind()), kind):
            given = "number" if isinstance(body[name], int | float) else "string"
            place = (
                f"Go struct field {'GenerateRequest' if path == '/api/generate' else 'ChatRequest'}.{name}"
            )
            raise Refusal(400, f"json: cannot unmarshal {given} into {place} of type {words}")
    return body


Handle = Callable[[str, str, bytes, dict[str, str]], Sent]  # method, path, body, headers
Early = Callable[[str, str], Sent | None]  # method, path; a reply before the body is read


@contextmanager
def listening(handle: Handle, early: Early = lambda method, path: None) -> Iterator[str]:
    """Lets `handle` answer on a free local port, unless `early` does; yields the address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            at_once = early(self.command, urlsplit(self.path).path)
            if at_once is not None:
                self.close_connection = "Connection" in at_once.headers
                return self.send(at_once)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            places = (headers.get("host", ""), urlsplit(headers.get("origin", "")).netloc)
            if any(place and place.partition(":")[0] not in LOCAL for place in places):
                return self.send(Sent(403, ""))
            try:
                sent = handle(self.command, urlsplit(self.path).path, body, headers)
            except ConnectionAbortedError:  # the server died
                self.close_connection = True
                return
            self.send(sent)

        do_GET = do_HEAD = do_POST = do_DELETE = answer

        def send(self, sent: Sent) -> None:
            try:
                self.send_response(sent.status)
                if sent.content_type:
                    self.send_header("Content-Type", sent.content_type)
                for name, value in sent.headers.items():
                    self.send_header(name, value)
                if sent.lines is None:
                    self.send_header("Content-Length", str(len(sent.body)))
                    self.end_headers()
                    self.wfile.write(b"" if self.command == "HEAD" else sent.body)
                    return
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for line in [*sent.lines, b""]:
                    self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # the client went away, as some tests want

        def log_message(self, format: str, *arguments: Any) -> None:
            return

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{http.server_address[1]}"
    finally:
        http.shutdown()
        http.server_close()
