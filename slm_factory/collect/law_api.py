"""The national law API: what it lists and serves, asked politely and told apart from its error pages.

https://open.law.go.kr (DRF): `lawSearch.do` lists, `lawService.do` serves a record, both as XML. Errors come
under HTTP 200: `<Response><result>...</result><msg>...</msg></Response>` for a key that is not accepted, an
HTML page for a kind that the key was not granted, `<Law>...</Law>` for a record that does not exist.
"""

import logging
import re
import time
from collections.abc import Iterator
from typing import Self

import httpx
from lxml import etree
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_exponential

from slm_factory import __version__
from slm_factory.collect.law_kinds import KINDS, Item, Search, read_item
from slm_factory.core.errors import UserError
from slm_factory.core.text import normalize
from slm_factory.parsers.hostile import read_xml
from slm_factory.parsers.parsed import Refused

log = logging.getLogger(__name__)

BASE_URL = "https://www.law.go.kr/DRF"
APPLY = "open.law.go.kr grants the key, the address it is used from, and each kind of record"
MAX_BYTES = 64 * 2**20  # of one answer; the longest statutes have about 10 MB
MAX_WAIT_SECONDS = 120.0
HTML = re.compile(rb"\s*(?:<!doctype html|<html)", re.IGNORECASE)
MARKUP = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)


class Temporary(Exception):
    """The server failed in a way that may pass; `wait_seconds` is how long it asked to wait, or 0."""

    def __init__(self, reason: str, wait_seconds: float = 0.0) -> None:
        super().__init__(reason)
        self.wait_seconds = wait_seconds


class NoText(Exception):
    """The API lists the record and has no text for it."""


class LawApi:
    """A connection to the API: one request at a time, at most `per_second`, each tried `attempts` times."""

    def __init__(
        self, key: str, base_url: str = BASE_URL, per_second: float = 2.0, timeout_seconds: float = 30.0,
        attempts: int = 5, first_wait_seconds: float = 1.0,
    ) -> None:  # fmt: skip
        logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs addresses, which hold the key
        self.key = key
        self.base_url = base_url.rstrip("/")
        self.pause_seconds = 1 / per_second
        self.timeout_seconds = timeout_seconds
        self.next_request = 0.0
        self.backoff = wait_exponential(multiplier=first_wait_seconds, max=MAX_WAIT_SECONDS)
        self.retrying = Retrying(
            stop=stop_after_attempt(attempts),
            wait=self.wait_after,
            retry=retry_if_exception_type(Temporary),
            reraise=True,
        )
        # Redirects are not followed: they would carry the key elsewhere.
        self.http = httpx.Client(
            timeout=timeout_seconds, headers={"User-Agent": f"slm-factory/{__version__}", "Accept": "*/*"}
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.http.close()

    def search(self, search: Search) -> tuple[int, Iterator[Item]]:
        """How many versions of records are found, and these, page by page as they are taken.

        Raises:
            UserError: the key is not accepted, or the server does not answer.
        """
        first = self.page(search, 1)
        total = int(first.findtext("totalCnt", ""))
        return total, self.items(search, first, total)

    def items(self, search: Search, page: etree._Element, total: int) -> Iterator[Item]:
        """The records on all pages, of which the first is there; without versions that are not in force."""
        number, seen = 1, 0
        while lines := [line for line in page if len(line)]:
            yield from filter(None, (read_item(search.kind, line) for line in lines))
            number, seen = number + 1, seen + len(lines)
            if seen >= total:
                return
            page = self.page(search, number)
        if seen < total:
            log.warning("collect: the list of kind %s ended after %d of %d records", search.kind, seen, total)

    def page(self, search: Search, number: int) -> etree._Element:
        """A page of the list.

        Raises:
            UserError: the key is not accepted, or the server does not answer.
        """
        try:
            root, _ = self.get("lawSearch.do", search.parameters(number), "totalCnt")
        except NoText as error:
            raise UserError(
                f"error: the law API refuses the list of kind {search.kind}: {error}", f"hint: {APPLY}"
            ) from error
        except Temporary as error:
            raise UserError(
                f"error: the law API does not list kind {search.kind}: {error}",
                "hint: run the same command again later; what is there is kept",
            ) from error
        return root

    def record(self, item: Item) -> bytes:
        """The XML of a record.

        Raises:
            NoText: the API has none for it.
            Temporary: the server failed at every attempt.
            UserError: the key is not accepted.
        """
        return self.get("lawService.do", {"target": KINDS[item.kind].target, **item.parameters}, "")[1]

    def get(self, page: str, parameters: dict[str, str], required: str) -> tuple[etree._Element, bytes]:
        """The answer to a request that is no error; it must have the element `required`."""
        return self.retrying(self.get_once, page, parameters, required)

    def get_once(self, page: str, parameters: dict[str, str], required: str) -> tuple[etree._Element, bytes]:
        """The answer to one request.

        Raises:
            NoText, Temporary, UserError: it is an error.
        """
        body = self.download(f"{self.base_url}/{page}", {"OC": self.key, "type": "XML", **parameters})
        if HTML.match(body):
            text = self.shown(body)
            raise not_granted(text) if "미신청" in text else Temporary(f"an HTML page: {text}")
        try:
            root = read_xml(body)
        except Refused as error:
            raise Temporary(f"half an answer, or none ({error.reason})") from None
        if root.findtext("result") is not None and root.findtext("msg") is not None:
            raise refused_key(self.shown(body))
        if len(root) == 0:
            raise NoText(self.shown(body))
        if required and not root.findtext(required, "").strip().isdigit():
            raise Temporary(f"an answer without {required}")
        return root, body.replace(b"OC=" + self.key.encode(), b"OC=")  # links in answers carry the key

    def download(self, url: str, parameters: dict[str, str]) -> bytes:
        """The body of an answer with status 200."""
        self.keep_pace()
        deadline = (
            time.monotonic() + 10 * self.timeout_seconds
        )  # a server may send a byte now and then for ever
        try:
            with self.http.stream("GET", url, params=parameters) as answer:
                check_status(answer)
                body = bytearray()
                for part in answer.iter_bytes():
                    body += part
                    if len(body) > MAX_BYTES or time.monotonic() > deadline:
                        raise Temporary(f"an answer without end ({len(body):,} bytes)")
                return bytes(body)
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise UserError(
                "error: the address of the law API is no http(s) address", "hint: see --base-url"
            ) from error
        except httpx.RequestError as error:  # its text may hold the address, and so the key
            raise Temporary(f"no answer ({type(error).__name__})") from None

    def keep_pace(self) -> None:
        """Waits until the next request may be sent."""
        time.sleep(max(self.next_request - time.monotonic(), 0))
        self.next_request = time.monotonic() + self.pause_seconds

    def wait_after(self, state: RetryCallState) -> float:
        """How long to wait before the next attempt, in seconds."""
        error = state.outcome.exception() if state.outcome else None
        asked = error.wait_seconds if isinstance(error, Temporary) else 0.0
        return min(max(asked, self.backoff(state)), MAX_WAIT_SECONDS)

    def shown(self, body: bytes) -> str:
        """The words of an error page, without markup and key, for a line of text."""
        text = normalize(MARKUP.sub(" ", body[:20_000].decode("utf-8", "replace")))
        return text.replace(self.key, "...")[:160]


def check_status(answer: httpx.Response) -> None:
    """Returns when the status is 200.

    Raises:
        Temporary: it may be another one later.
        UserError: the server refuses, or is elsewhere.
    """
    if answer.status_code == 200:
        return
    if answer.status_code in (401, 403):
        raise refused_key(f"HTTP {answer.status_code}")
    if answer.is_redirect or answer.status_code in (404, 405, 410):
        raise UserError(
            f"error: the law API is not at this address (HTTP {answer.status_code})", "hint: see --base-url"
        )
    wait = answer.headers.get("Retry-After", "")
    raise Temporary(f"HTTP {answer.status_code}", float(wait) if wait.isascii() and wait.isdigit() else 0.0)


def refused_key(text: str) -> UserError:
    """The error for a key that the API does not accept."""
    return UserError(
        f"error: the law API does not accept the key in LAW_OPEN_API_KEY: {text}", f"hint: {APPLY}"
    )


def not_granted(text: str) -> UserError:
    """The error for a kind of record that the key was not granted."""
    return UserError(
        f"error: the key in LAW_OPEN_API_KEY was not granted this kind: {text}", f"hint: {APPLY}"
    )
