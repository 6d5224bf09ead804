"""What the clients of model servers share: addresses, what an HTTP error means, the server's own words."""

import email.utils
import ipaddress
import json
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from slm_factory.core.errors import UserError
from slm_factory.teachers.chat import Disturbed, Overloaded
from slm_factory.teachers.teacher import TeacherFailure

OVERLOADED = (429, 503, 529)
# How servers say that prompt and answer are too long: OpenAI, vLLM, llama.cpp, Ollama, LM Studio, Anthropic.
CONTEXT = re.compile(r"context.?(?:length|size|window)|prompt is (?:too long|longer)", re.IGNORECASE)
NO_CREDIT = re.compile(r"insufficient_quota|credit balance|insufficient balance", re.IGNORECASE)
NO_MEMORY = re.compile(r"more system memory|out of memory", re.IGNORECASE)
# llama.cpp keeps to a schema by a grammar, and fails where it cannot read what came of it (its issue 27279);
# most such chats are answered without the schema.
UNREADABLE = re.compile(r"does not match the expected \S+ format")
MAX_WORDS = 200  # characters of a server's message that are kept with a row

LOCAL_NAMES = ("localhost", ".localhost", ".local", ".lan", ".internal", ".home.arpa")


@dataclass(frozen=True)
class Server:
    """How messages to people name a server; never by its address."""

    model: str
    address_variable: str
    key_variable: str
    start: str  # what starts it
    find_model: str = "set teacher.model in params.yaml to one that the server has"

    def is_down(self) -> Disturbed:
        """Nobody listens at the address."""
        return Disturbed(f"no server answers; {self.start}, or correct {self.address_variable}", is_down=True)

    def unreachable(self, error: Exception, timeout: type[Exception], seconds: float) -> Disturbed:
        """What went wrong on the way to the server or back, in a package that sends through httpx2."""
        import httpx2

        if isinstance(error, timeout):
            return Disturbed(f"no answer within {seconds:g} s")
        if isinstance(error.__cause__, httpx2.ConnectError):
            return self.is_down()
        return Disturbed("the connection to the server was lost")

    def failure(self, status: int, body: object, headers: Mapping[str, str]) -> Exception:
        """What an HTTP error means: Overloaded, Disturbed, TeacherFailure or UserError, see `ChatClient`."""
        words = words_of(body)
        again = "run the same command again; nothing that was answered is asked twice"
        if NO_CREDIT.search(words) or status == 402:
            return UserError(
                "error: the teacher's account has no credit left", f"hint: top it up and {again}"
            )
        if status in (401, 403):
            return UserError(
                f"error: the teacher's server refuses the key (HTTP {status})",
                f"hint: export {self.key_variable}=... and {again}",
            )
        if status == 404:
            return UserError(
                f"error: the teacher's server has no model '{self.model}' (HTTP 404)",
                f"hint: {self.find_model}, or correct {self.address_variable}",
            )
        if CONTEXT.search(words):
            return TeacherFailure(f"longer than the server's context, see teacher.context_tokens: {words}")
        if NO_MEMORY.search(words):
            return UserError(
                f"error: the teacher's server lacks memory: {words}",
                "hint: set a smaller teacher.model, teacher.context_tokens or teacher.concurrency",
            )
        if status in OVERLOADED:
            return Overloaded(f"the server is overloaded (HTTP {status}): {words}", retry_after(headers))
        if status in (408, 409) or status >= 500:
            return Disturbed(f"the server failed (HTTP {status}): {words}")
        return TeacherFailure(f"the server refused the request (HTTP {status}): {words}")


def words_of(body: object) -> str:
    """The server's own words in an error body, in one line, without addresses and keys."""
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except ValueError:
            words = str(body)
            return "an HTML page" if words.lstrip().startswith("<") else tidy(words)
    return tidy(find_words(body))


def find_words(body: Any) -> str:
    """What an error body says: OpenAI, Anthropic, Ollama and FastAPI write it in places of their own."""
    match body:
        case {"error": str() | dict() | list() as inner}:
            return words_of(inner) if isinstance(inner, str) else find_words(inner)
        case {"message": str() as words, "code": str() as code} if code not in words:
            return f"{words} ({code})"
        case {"message": str() as words}:
            return words
        case {"detail": inner}:
            return find_words(inner)
        case {"loc": list() as place, "msg": str() as words}:  # its `input` holds the prompt
            return f"{'.'.join(map(str, place))}: {words}"
        case list():
            return "; ".join(find_words(item) for item in body)
        case str():
            return body
    return ""


def tidy(words: str) -> str:
    """At most MAX_WORDS characters in one line, with addresses and keys taken out."""
    words = re.sub(r"\bhttps?://\S+", "(address)", " ".join(words.split()))
    words = re.sub(r"\b(?:sk|key)-[\w*.-]+", "(key)", words)
    return words[:MAX_WORDS] or "it gives no reason"


def refused_field(words: str, sent: Iterable[str], unnamed: Iterable[str]) -> str | None:
    """Which of the fields that were `sent` to leave out of a request that was refused with these words.

    One that the words name ("think" in "does not support thinking"), else the first of `unnamed`, which
    servers refuse in all wordings; None when leaving out cannot help.
    """
    if CONTEXT.search(words):
        return None
    fields = list(sent)
    named = [name for name in fields if re.search(rf"\b{name}", words, re.IGNORECASE)]
    return next(iter([*named, *(name for name in unnamed if name in fields)]), None)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The wait in seconds that a server asks for (RFC 9110, 10.2.3, or `retry-after-ms`), None for none."""
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[name]) * scale)
        except (KeyError, ValueError):
            continue
    try:
        date = email.utils.parsedate_to_datetime(headers["retry-after"])
    except (KeyError, ValueError):
        return None
    return max(0.0, date.timestamp() - time.time())


def is_remote(address: str) -> bool:
    """Whether text sent to `address` leaves the house: its host is no loopback or private one, by its looks.

    Names are not looked up: one without a dot, or below .local, .lan, .internal or .home.arpa, is taken for a
    neighbour.
    """
    host = (urlsplit(address if "//" in address else f"//{address}").hostname or "localhost").rstrip(".")
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith(LOCAL_NAMES)
